"""How movements to which a bank of the UK standard gives no id are known, at this look and the next."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from tests.support.scenes.open_banking_answers import ACCOUNT, BASE_URL

from ledgerbank_adapters.memory import MemoryClock
from ledgerbank_adapters.open_banking_uk import OpenBankingUkGateway
from ledgerbank_domain.banking.bank_statement import BankStatement, ShownBalance, ShownMovement, StatementPage
from ledgerbank_domain.money.currency import CURRENCIES
from ledgerbank_domain.money.money import Money

UNNAMED: dict[str, Any] = {
    "AccountId": "22289",
    "TransactionReference": "Ref 1",
    "Amount": {"Amount": "10.00", "Currency": "GBP"},
    "CreditDebitIndicator": "Debit",
    "Status": "BOOK",
    "BookingDateTime": "2017-04-05T00:00:00+00:00",
    "TransactionInformation": "Coffee",
}
NAMED = {**UNNAMED, "TransactionId": "123", "TransactionInformation": "Tea"}
PENDING = {**UNNAMED, "Status": "PDNG"}
OTHER = {**UNNAMED, "TransactionInformation": "Cake"}
NEWER = {**UNNAMED, "BookingDateTime": "2017-04-06T00:00:00+00:00"}


def told(page: list[dict[str, Any]], links: dict[str, str]) -> httpx.Response:
    """In ASCII, so that it can hold what UTF-8 cannot."""
    return httpx.Response(200, content=json.dumps({"Data": {"Transaction": page}, "Links": links}))


@pytest.fixture
def look(gateway: OpenBankingUkGateway, answers: list[httpx.Response], clock: MemoryClock) -> Any:
    """What a look at these pages tells; ``since`` as an instant."""

    def statement(*pages: list[dict[str, Any]], since: str | None = None) -> BankStatement:
        links = [{"Next": f"{BASE_URL}/page/{number}"} for number in range(1, len(pages))]
        answers[:] = [told(page, link) for page, link in zip(pages, [*links, {}], strict=True)]
        found: list[StatementPage] = []
        for _ in pages:
            found.append(
                gateway.list_transactions(
                    access_token="token",
                    account=ACCOUNT,
                    since=None if since is None else datetime.fromisoformat(since),
                    before=clock.now(),
                    page=found[-1].next_page if found else None,
                )
            )
        nothing = ShownBalance(amount=Money.zero(CURRENCIES["GBP"]), counts_pending=False)
        return BankStatement.from_pages(found, balance=nothing, begins_at=None, ends_at=clock.now())

    return statement


def ids(statement: BankStatement) -> list[str]:
    return sorted(found.external_id for found in statement.movements)


def test_a_booked_movement_without_an_id_is_read_and_known_again(look: Any) -> None:
    (found,) = look([UNNAMED]).movements

    assert found == ShownMovement(
        external_id=found.external_id,
        direction=found.direction,
        amount=found.amount,
        description="Coffee",
        posted_at=datetime(2017, 4, 5, tzinfo=UTC),
        pending=False,
        is_named=False,
    )
    assert (found.direction.value, str(found.amount)) == ("DEBIT", "10.00")
    assert ids(look([UNNAMED])) == [found.external_id]
    assert look([UNNAMED]).unread == ()


@pytest.mark.parametrize(
    "change",
    [
        {"TransactionId": ""},
        {"TransactionId": None},
        {"Status": "Booked"},
        {"TransactionInformation": " COFFEE  "},
        {"MerchantDetails": {"MerchantName": "Deli"}},
        {"Amount": {"Amount": 10, "Currency": "GBP"}},
        {"BookingDateTime": "2017-04-05"},
        {"BookingDateTime": "2017-04-05T01:00:00+01:00"},
        {"ValueDateTime": "2017-04-09T00:00:00+00:00"},
        {"StatementReference": ["April"]},
    ],
)
def test_what_a_bank_may_tell_later_or_spell_anew_makes_no_other_of_it(
    look: Any, change: dict[str, object]
) -> None:
    assert ids(look([{**UNNAMED, **change}])) == ids(look([UNNAMED]))


@pytest.mark.parametrize(
    "change",
    [
        {"TransactionReference": "Ref 2"},
        {"TransactionReference": None},
        {"TransactionInformation": "Coffe"},
        {"TransactionReference": "Ref", "TransactionInformation": "1 Coffee"},
        {"TransactionInformation": "\ud800"},
        {"Amount": {"Amount": "10.01", "Currency": "GBP"}},
        {"CreditDebitIndicator": "Credit"},
        {"BookingDateTime": "2017-04-06T00:00:00+00:00"},
    ],
    ids=ascii,
)
def test_what_differs_is_another(look: Any, change: dict[str, object]) -> None:
    assert len(set(ids(look([UNNAMED])) + ids(look([{**UNNAMED, **change}])))) == 2


def test_without_any_other_text_the_merchant_tells_them_apart(look: Any) -> None:
    silent = {**UNNAMED, "TransactionReference": None, "TransactionInformation": None}
    deli, cafe = ({**silent, "MerchantDetails": {"MerchantName": name}} for name in ("Deli", "Cafe"))

    assert ids(look([deli, cafe])) == ids(look([cafe, deli]))
    assert {each.external_id.split("/")[1] for each in look([deli, cafe]).movements} == {"1"}


def test_equals_of_one_day_stay_as_many_as_they_are_in_whatever_order(look: Any) -> None:
    two = look([UNNAMED, OTHER, UNNAMED])

    assert len(set(ids(two))) == 3
    assert ids(look([UNNAMED, UNNAMED, OTHER])) == ids(look([OTHER, UNNAMED, UNNAMED])) == ids(two)
    assert (
        set(ids(look([UNNAMED, OTHER]))) < set(ids(two)) < set(ids(look([UNNAMED, UNNAMED, UNNAMED, OTHER])))
    )


def test_equals_on_two_pages_are_two(look: Any) -> None:
    assert ids(look([UNNAMED, OTHER], [NAMED, UNNAMED])) == ids(look([UNNAMED, OTHER, NAMED, UNNAMED]))


@pytest.mark.parametrize(
    "pages",
    [
        ([NEWER, UNNAMED, OTHER], [OTHER, NAMED]),
        ([NEWER, UNNAMED, OTHER], [UNNAMED, OTHER, NAMED]),
        ([NEWER, UNNAMED, OTHER, NAMED], [NEWER, UNNAMED, OTHER, NAMED]),
        ([NEWER, UNNAMED, OTHER], [], [NAMED]),
        ([NEWER, UNNAMED], [UNNAMED, OTHER], [OTHER, NAMED]),
    ],
)
def test_what_a_page_repeats_of_the_one_before_is_not_doubled(
    look: Any, pages: tuple[list[dict[str, Any]], ...]
) -> None:
    assert ids(look(*pages)) == ids(look([NEWER, UNNAMED, OTHER, NAMED]))


def test_a_look_that_begins_within_the_day_knows_what_it_sees_by_the_same_ids(look: Any) -> None:
    at = [{**UNNAMED, "BookingDateTime": f"2017-04-05T{hour}:00:00Z"} for hour in ("08", "12", "12", "18")]
    whole = look(at)

    later = look(at, since="2017-04-05T12:00:00+00:00")

    assert ids(later) == sorted(each.external_id for each in whole.movements if each.posted_at.hour >= 12)
    assert len(ids(later)) == 3


def test_a_pending_movement_without_an_id_is_seen_once_it_is_booked_and_once_only(look: Any) -> None:
    assert look([PENDING, PENDING]).movements == ()
    assert ids(look([{**NAMED, "Status": "PDNG"}, PENDING])) == ids(look([NAMED])) == ["123"]
    assert len(ids(look([PENDING, UNNAMED]))) == 1


@pytest.mark.parametrize(
    "change", [{"Status": "RJCT"}, {"Amount": {"Amount": "0.00", "Currency": "GBP"}}, {"Status": "FUTR"}]
)
def test_what_does_not_stand_and_has_no_id_is_nothing(look: Any, change: dict[str, object]) -> None:
    statement = look([{**UNNAMED, **change}])

    assert (statement.movements, statement.void_ids, statement.unread) == ((), frozenset(), ())
