"""An account is known again by its number or its movements; where neither decides it, it is doubtful."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from tests.support.scenes.domain_samples import an_account

from ledgerbank_domain.banking.account import Account, AccountSource, AccountType
from ledgerbank_domain.banking.bank_statement import ShownAccount, ShownMovement
from ledgerbank_domain.banking.transaction import Transaction
from ledgerbank_domain.ledger.journal import Direction, EntryKind
from ledgerbank_domain.money.currency import parse_currency
from ledgerbank_domain.money.money import Money
from ledgerbank_domain.reconciliation.account_recognition import (
    Recognition,
    Sameness,
    by_looks,
    by_movements,
    by_number,
    recognised,
)

GBP = parse_currency("GBP")
NOON = datetime(2025, 6, 10, 12, tzinfo=UTC)
ONE, OTHER = UUID(int=1), UUID(int=2)
SHOWN = ShownAccount(
    external_id="new",
    name="Current",
    account_type=AccountType.CHECKING,
    currency=GBP,
    last_four="6819",
    is_closed=False,
)


def known(**fields: Any) -> Account:
    return replace(an_account(source=AccountSource.PROVIDER, last_four="6819"), **fields)


def listed(amount: str, text: str, day: float, *, pending: bool = False) -> ShownMovement:
    return ShownMovement(
        external_id=f"{amount} {text} {day}",
        direction=Direction.DEBIT,
        amount=Money(Decimal(amount), GBP),
        description=text,
        posted_at=NOON + timedelta(days=day),
        pending=pending,
    )


def line(amount: str, text: str, day: float) -> Transaction:
    money = Money(Decimal(amount), GBP)
    posted_at = NOON + timedelta(days=day)
    return Transaction(
        id=UUID(int=int(day * 10) + 1000),
        account_id=ONE,
        user_id=OTHER,
        journal_entry_id=UUID(int=9),
        line_number=1,
        kind=EntryKind.IMPORT,
        direction=Direction.DEBIT,
        amount=money,
        balance_after=money,
        day_spent=Money.zero(GBP),
        description=text,
        posted_at=posted_at,
        inserted_at=posted_at,
        updated_at=posted_at,
    )


@pytest.mark.parametrize(
    ("stored", "hashes", "currency", "sameness"),
    [
        ("key now. number", ["key now. number", "key then number"], "GBP", Sameness.SAME),
        ("key then number", ["key now. number", "key then number"], "GBP", Sameness.SAME),
        ("key then other", ["key now. number", "key then number"], "GBP", Sameness.DIFFERENT),
        ("key lost number", ["key now. number", "key then number"], "GBP", Sameness.UNCLEAR),
        ("key now. number", ["key now. number"], "EUR", Sameness.DIFFERENT),
        (None, ["key now. number"], "GBP", Sameness.UNCLEAR),
        ("key now. number", [], "GBP", Sameness.UNCLEAR),
    ],
)
def test_a_number_decides_within_a_currency(
    stored: str | None, hashes: list[str], currency: str, sameness: Sameness
) -> None:
    shown = replace(SHOWN, currency=parse_currency(currency))

    assert by_number(shown, hashes, known(number_hash=stored)) is sameness


@pytest.mark.parametrize(
    ("fields", "sameness"),
    [
        ({}, Sameness.UNCLEAR),
        ({"last_four": None}, Sameness.UNCLEAR),
        ({"last_four": "0000"}, Sameness.DIFFERENT),
        ({"account_type": AccountType.SAVINGS}, Sameness.DIFFERENT),
    ],
)
def test_looks_never_say_that_two_are_one(fields: dict[str, Any], sameness: Sameness) -> None:
    assert by_looks(SHOWN, known(**fields)) is sameness


HISTORY = [line(str(5 + day), f"Shop {day}", day) for day in range(10)]
SAME_HISTORY = [listed(str(5 + day), f"Shop {day}", day) for day in range(10)]


@pytest.mark.parametrize(
    ("shown", "sameness"),
    [
        (SAME_HISTORY, Sameness.SAME),
        (SAME_HISTORY[4:], Sameness.SAME),
        ([*SAME_HISTORY, listed("80", "Later", 12)], Sameness.SAME),
        ([*SAME_HISTORY, listed("80", "Held", 5, pending=True)], Sameness.SAME),
        ([*SAME_HISTORY, listed("80", "In between", 5)], Sameness.UNCLEAR),
        ([each for each in SAME_HISTORY if each.description != "Shop 5"], Sameness.UNCLEAR),
        ([listed("99", f"Elsewhere {day}", day) for day in range(10)], Sameness.DIFFERENT),
        ([listed("99", "Much later", 40)], Sameness.UNCLEAR),
        ([], Sameness.UNCLEAR),
    ],
)
def test_movements_of_the_same_time_are_the_same_one_by_one(
    shown: list[ShownMovement], sameness: Sameness
) -> None:
    assert by_movements(shown, HISTORY) is sameness
    assert by_movements(shown, []) is Sameness.UNCLEAR


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({("a", ONE): Sameness.SAME, ("a", OTHER): Sameness.UNCLEAR}, ({"a": ONE}, {})),
        ({("a", ONE): Sameness.UNCLEAR}, ({}, {"a": (ONE,)})),
        ({("a", ONE): Sameness.DIFFERENT}, ({}, {})),
        ({("a", ONE): Sameness.SAME, ("a", OTHER): Sameness.SAME}, ({}, {"a": (ONE, OTHER)})),
        ({("a", ONE): Sameness.SAME, ("b", ONE): Sameness.SAME}, ({}, {"a": (ONE,), "b": (ONE,)})),
        (
            {("a", ONE): Sameness.SAME, ("b", ONE): Sameness.UNCLEAR, ("b", OTHER): Sameness.UNCLEAR},
            ({"a": ONE}, {"b": (OTHER,)}),
        ),
        ({("a", ONE): Sameness.SAME, ("b", ONE): Sameness.UNCLEAR}, ({"a": ONE}, {})),
    ],
)
def test_two_are_one_where_both_are_sure_of_nobody_else(
    found: dict[tuple[str, UUID], Sameness],
    expected: tuple[dict[str, UUID], dict[str, tuple[UUID, ...]]],
) -> None:
    assert recognised(found) == Recognition(known=expected[0], doubtful=expected[1])
