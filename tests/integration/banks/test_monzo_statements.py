"""How Monzo's transactions become movements, page by page, in its window of full history and after it."""

import json
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from tests.support.scenes.gateway_world import GatewayWorld
from tests.support.scenes.monzo_answers import ACCOUNT, ok

from ledgerbank_adapters.memory import MemoryClock
from ledgerbank_adapters.monzo import MonzoGateway
from ledgerbank_domain.banking.bank_statement import StatementPage
from ledgerbank_domain.banking.feed_warning import FeedFault, RecordKind, UnreadRecord
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason

# As https://docs.monzo.com/#list-transactions shows one, with its merchant expanded.
TRANSACTION = {
    "amount": -510,
    "created": "2015-08-22T12:20:18Z",
    "currency": "GBP",
    "description": "THE DE BEAUVOIR DELI C LONDON        GBR",
    "id": "tx_00008zIcpb1TB4yeIFXMzx",
    "merchant": {
        "address": {"latitude": 51.54151, "longitude": -0.08482400000002599, "postcode": "N1 3JD"},
        "created": "2015-08-22T12:20:18Z",
        "group_id": "grp_00008zIcpbBOaAr7TTP3sv",
        "id": "merch_00008zIcpbAKe8shBxXUtl",
        "name": "The De Beauvoir Deli Co.",
    },
    "metadata": {},
    "notes": "Salmon sandwich 🍞",
    "is_load": False,
    "settled": "2015-08-23T12:20:18Z",
    "category": "eating_out",
}


def one_page(monzo: MonzoGateway, clock: MemoryClock, **question: Any) -> StatementPage:
    asked = {"since": None, "before": clock.now(), **question}
    return monzo.list_transactions(access_token="token", account=ACCOUNT, **asked)


def test_after_five_minutes_all_means_the_last_ninety_days(monzo_world: GatewayWorld) -> None:
    tokens = monzo_world.connect()
    account = monzo_world.account(tokens)
    movements = monzo_world.at_the_bank(account).movements.values()

    def found(since: datetime | None) -> set[str]:
        pages = monzo_world.pages(tokens, account, since=since)
        return {
            external_id
            for page in pages
            for external_id in (*page.void_ids, *(each.external_id for each in page.movements))
        }

    assert found(None) == {movement.id for movement in movements}
    monzo_world.clock.advance(timedelta(minutes=5))

    young = monzo_world.clock.now() - timedelta(days=90) + timedelta(minutes=5)
    kept = {movement.id for movement in movements if movement.created >= young}
    assert 0 < len(kept) < len(movements)
    assert found(None) == kept
    assert found(monzo_world.clock.now() - timedelta(days=200)) == kept
    recent = monzo_world.clock.now() - timedelta(days=30)
    assert found(recent) == {movement.id for movement in movements if movement.created >= recent}


def test_a_window_that_closes_between_two_pages_goes_on_with_what_may_still_be_read(
    monzo_world: GatewayWorld,
) -> None:
    tokens = monzo_world.connect()
    account, before = monzo_world.account(tokens), monzo_world.clock.now()
    first = monzo_world.gateway.list_transactions(
        access_token=tokens.access_token, account=account, since=None, before=before, limit=10
    )
    assert first.next_page is not None
    monzo_world.clock.advance(timedelta(minutes=6))

    second = monzo_world.gateway.list_transactions(
        access_token=tokens.access_token, account=account, since=None, before=before, page=first.next_page
    )

    young = monzo_world.clock.now() - timedelta(days=90) + timedelta(minutes=5)
    movements = monzo_world.at_the_bank(account).movements.values()
    standing = [each for each in movements if each.stands and each.amount]
    assert {found.external_id for found in second.movements} == {
        each.id for each in standing if young <= each.created < before
    }


def test_a_second_refusal_of_old_history_is_an_error(
    monzo: MonzoGateway, asked: list[httpx.Request], answers: list[httpx.Response], clock: MemoryClock
) -> None:
    answers.append(httpx.Response(403, json={"code": "forbidden.verification_required", "message": "x"}))

    with pytest.raises(DomainError) as refused:
        one_page(monzo, clock)

    assert refused.value.reason is Reason.BANK_API_ERROR
    assert len(asked) == 2


@pytest.mark.parametrize("code", ["forbidden.insufficient_permissions", "forbidden", ""])
def test_another_403_on_transactions_is_not_asked_again(
    monzo: MonzoGateway,
    asked: list[httpx.Request],
    answers: list[httpx.Response],
    clock: MemoryClock,
    code: str,
) -> None:
    answers.append(httpx.Response(403, json={"code": code}))

    with pytest.raises(DomainError) as refused:
        one_page(monzo, clock)

    assert refused.value.reason is Reason.BANK_API_ERROR
    assert len(asked) == 1


def test_a_question_is_written_as_documented(
    monzo: MonzoGateway, asked: list[httpx.Request], answers: list[httpx.Response], clock: MemoryClock
) -> None:
    answers.append(ok({"transactions": []}))

    one_page(monzo, clock, since=clock.now() - timedelta(days=1), limit=30)
    one_page(monzo, clock, since=clock.now() - timedelta(days=1), page="tx_1&x=2")

    assert parse_qs(asked[0].url.query.decode()) == {
        "account_id": [ACCOUNT.external_id],
        "expand[]": ["merchant"],
        "limit": ["30"],
        "since": ["2025-01-14T11:59:59.999Z"],
        "before": ["2025-01-15T12:00:00.000Z"],
    }
    assert parse_qs(asked[1].url.query.decode())["since"] == ["tx_1&x=2"]
    assert asked[0].headers["authorization"] == "Bearer token"


def test_a_documented_transaction_becomes_the_ports(
    monzo: MonzoGateway, answers: list[httpx.Response], clock: MemoryClock
) -> None:
    answers.append(ok({"transactions": [TRANSACTION]}))

    (found,) = one_page(monzo, clock).movements

    assert found.description == "The De Beauvoir Deli Co. - Salmon sandwich 🍞"
    assert (found.direction.value, str(found.amount), found.pending) == ("DEBIT", "5.10", False)
    assert found.posted_at.isoformat() == "2015-08-22T12:20:18+00:00"


@pytest.mark.parametrize(
    ("change", "description"),
    [
        ({"merchant": None, "notes": ""}, "THE DE BEAUVOIR DELI C LONDON        GBR"),
        ({"merchant": "merch_1", "notes": "n"}, "THE DE BEAUVOIR DELI C LONDON        GBR - n"),
        ({"merchant": {"name": None}, "notes": None}, "THE DE BEAUVOIR DELI C LONDON        GBR"),
        ({"merchant": None, "description": " ", "notes": ""}, "Transaction"),
        ({"merchant": None, "description": "a\x00\ud800b", "notes": ""}, "ab"),
        ({"merchant": None, "description": "x" * 300}, "x" * 255),
        ({"merchant": None, "description": "x" * 254}, "x" * 254 + " "),
    ],
)
def test_a_description_is_made_of_what_says_something(
    monzo: MonzoGateway,
    answers: list[httpx.Response],
    clock: MemoryClock,
    change: dict[str, object],
    description: str,
) -> None:
    body = json.dumps({"transactions": [{**TRANSACTION, **change}]})
    answers.append(httpx.Response(200, content=body.encode()))

    (found,) = one_page(monzo, clock).movements

    assert found.description == description.strip()


@pytest.mark.parametrize(
    ("change", "pending"), [({"settled": ""}, True), ({"settled": None}, True), ({"settled": "x"}, False)]
)
def test_what_is_not_settled_is_pending(
    monzo: MonzoGateway,
    answers: list[httpx.Response],
    clock: MemoryClock,
    change: dict[str, object],
    pending: bool,
) -> None:
    answers.append(ok({"transactions": [{**TRANSACTION, **change}]}))

    (found,) = one_page(monzo, clock).movements

    assert found.pending is pending


@pytest.mark.parametrize("change", [{"amount": 0}, {"decline_reason": "CARD_INACTIVE"}])
def test_what_was_declined_or_moves_nothing_is_void(
    monzo: MonzoGateway, answers: list[httpx.Response], clock: MemoryClock, change: dict[str, object]
) -> None:
    answers.append(ok({"transactions": [{**TRANSACTION, **change}]}))

    page = one_page(monzo, clock)

    assert page.movements == ()
    assert page.void_ids == {TRANSACTION["id"]}


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"amount": -5.1}, ("amount", FeedFault.UNREADABLE)),
        ({"amount": None}, ("amount", FeedFault.MISSING)),
        ({"amount": 10**25}, ("amount", FeedFault.UNREADABLE)),
        ({"amount": 10**15}, ("amount", FeedFault.UNREADABLE)),
        ({"created": None}, ("created", FeedFault.MISSING)),
        ({"created": ""}, ("created", FeedFault.MISSING)),
        ({"created": "yesterday"}, ("created", FeedFault.UNREADABLE)),
        ({"created": "2015-02-30"}, ("created", FeedFault.UNREADABLE)),
        ({"created": 1440246018}, ("created", FeedFault.UNREADABLE)),
        ({"created": "0001-01-01T00:00:00Z"}, ("created", FeedFault.UNREADABLE)),
        ({"created": "1899-12-31T23:59:59Z"}, ("created", FeedFault.UNREADABLE)),
        ({"currency": "EUR"}, ("currency", FeedFault.CONTRADICTORY)),
        ({"currency": "???"}, ("currency", FeedFault.UNKNOWN)),
        ({"id": ""}, ("transaction id", FeedFault.MISSING)),
        ({"id": "\x00"}, ("transaction id", FeedFault.UNREADABLE)),
        ({"id": None}, ("id", FeedFault.MISSING)),
    ],
)
def test_a_transaction_that_cannot_be_read_is_left_out_and_named(
    monzo: MonzoGateway,
    answers: list[httpx.Response],
    clock: MemoryClock,
    change: dict[str, object],
    fault: tuple[str, FeedFault],
) -> None:
    last = {**TRANSACTION, "id": "tx_last"}
    answers.append(ok({"transactions": [TRANSACTION, {**TRANSACTION, "id": "tx_odd"} | change, last]}))

    page = one_page(monzo, clock)

    assert [found.external_id for found in page.movements] == [TRANSACTION["id"], "tx_last"]
    told = None if "id" in change else "tx_odd"
    assert page.unread == (
        UnreadRecord(kind=RecordKind.MOVEMENT, external_id=told, field=fault[0], fault=fault[1]),
    )


@pytest.mark.parametrize("record", [None, [], "tx", 7, {}], ids=repr)
def test_what_is_no_transaction_at_all_is_left_out(
    monzo: MonzoGateway, answers: list[httpx.Response], clock: MemoryClock, record: object
) -> None:
    answers.append(ok({"transactions": [record, TRANSACTION]}))

    page = one_page(monzo, clock)

    assert [found.external_id for found in page.movements] == [TRANSACTION["id"]]
    assert [unread.external_id for unread in page.unread] == [None]


@pytest.mark.parametrize(
    ("change", "read"),
    [
        ({"amount": "-510"}, ("DEBIT", "5.10", "2015-08-22T12:20:18+00:00")),
        ({"amount": "+510.0"}, ("CREDIT", "5.10", "2015-08-22T12:20:18+00:00")),
        ({"created": "2015-08-22T12:20:18"}, ("DEBIT", "5.10", "2015-08-22T12:20:18+00:00")),
        ({"created": "2015-08-22T13:20:18+0100"}, ("DEBIT", "5.10", "2015-08-22T12:20:18+00:00")),
        ({"created": "2015-08-22"}, ("DEBIT", "5.10", "2015-08-22T00:00:00+00:00")),
        ({"currency": "gbp"}, ("DEBIT", "5.10", "2015-08-22T12:20:18+00:00")),
        ({"description": 7, "notes": [], "merchant": 7}, ("DEBIT", "5.10", "2015-08-22T12:20:18+00:00")),
        ({"description": None, "notes": None}, ("DEBIT", "5.10", "2015-08-22T12:20:18+00:00")),
    ],
)
def test_a_transaction_is_read_however_the_bank_spells_it(
    monzo: MonzoGateway,
    answers: list[httpx.Response],
    clock: MemoryClock,
    change: dict[str, object],
    read: tuple[str, str, str],
) -> None:
    answers.append(ok({"transactions": [{**TRANSACTION, **change}]}))

    (found,) = one_page(monzo, clock).movements

    assert (found.direction.value, str(found.amount), found.posted_at.isoformat()) == read


def test_a_name_that_stands_twice_spoils_its_transaction_alone(
    monzo: MonzoGateway, answers: list[httpx.Response], clock: MemoryClock
) -> None:
    good = json.dumps(TRANSACTION)
    bad = good[:-1] + ', "amount": -999}'
    answers.append(httpx.Response(200, content=f'{{"transactions": [{bad}, {good}]}}'.encode()))

    page = one_page(monzo, clock)

    assert [str(found.amount) for found in page.movements] == ["5.10"]
    assert [unread.external_id for unread in page.unread] == [None]


def test_a_full_page_of_what_cannot_be_read_leads_to_the_next_one(
    monzo: MonzoGateway, answers: list[httpx.Response], clock: MemoryClock
) -> None:
    odd = {**TRANSACTION, "created": ""}
    answers.append(ok({"transactions": [{**odd, "id": "tx_1"}, {**odd, "id": "tx_2"}]}))

    assert one_page(monzo, clock, limit=2).next_page == "tx_2"


def test_the_next_page_starts_after_the_youngest_in_whichever_order_they_came(
    monzo: MonzoGateway, answers: list[httpx.Response], clock: MemoryClock
) -> None:
    old, young, twin = (
        {**TRANSACTION, "id": name, "created": f"2025-01-0{day}T00:00:00Z"}
        for name, day in [("tx_old", 1), ("tx_young", 2), ("tx_twin", 2)]
    )
    answers += [ok({"transactions": [young, old]}), ok({"transactions": [young, twin]})]

    assert one_page(monzo, clock, limit=2).next_page == "tx_young"
    assert one_page(monzo, clock, limit=2).next_page == "tx_twin"


def test_what_is_dated_ahead_of_the_question_is_not_told_yet(
    monzo: MonzoGateway, answers: list[httpx.Response], clock: MemoryClock
) -> None:
    last, first_after = clock.now() - timedelta(microseconds=1), clock.now()
    answers.append(
        ok(
            {
                "transactions": [
                    {**TRANSACTION, "id": "tx_last", "created": last.isoformat()},
                    {**TRANSACTION, "id": "tx_now", "created": first_after.isoformat()},
                    {**TRANSACTION, "id": "tx_end_of_time", "created": "9999-12-31T23:59:59Z"},
                    {**TRANSACTION, "id": "tx_void", "created": "9999-12-31T23:59:59Z", "amount": 0},
                ]
            }
        )
    )

    page = one_page(monzo, clock)

    assert [transaction.external_id for transaction in page.movements] == ["tx_last"]
    assert page.void_ids == frozenset()


def test_pages_that_lead_nowhere_end_with_an_error(
    monzo: MonzoGateway, answers: list[httpx.Response], clock: MemoryClock
) -> None:
    answers.append(ok({"transactions": [TRANSACTION]}))

    with pytest.raises(DomainError) as refused:
        one_page(monzo, clock, limit=1, page=TRANSACTION["id"])
    assert refused.value.reason is Reason.BANK_API_ERROR
