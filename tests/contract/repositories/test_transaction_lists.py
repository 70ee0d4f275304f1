"""How the lines of accounts are listed, over every storage."""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.support.scenes.entity_builder import EntityBuilder
from tests.support.scenes.transaction_reading import lines

from ledgerbank_domain.banking.transaction import Transaction, TransactionFilter
from ledgerbank_domain.identity.page import Cursor, KeysetRequest, Sort
from ledgerbank_domain.ledger.journal import (
    Direction,
    EntryKind,
)
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork

START = datetime(2025, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("field", ["posted_at", "amount"])
@pytest.mark.parametrize("seed", range(2))
def test_lines_inserted_between_two_pages_cause_no_gap_and_no_duplicate(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, *, seed: int, field: str, descending: bool
) -> None:
    chance = random.Random(seed)
    account = given.an_account()
    sort = Sort(field=field, descending=descending)
    wanted = TransactionFilter(account_id=account.id)

    def a_line() -> Transaction:
        nonlocal account
        account, _, line = given.a_movement(
            account, Decimal(chance.randrange(1, 4)), at=START + timedelta(minutes=chance.randrange(4))
        )
        return line

    present_all_along = [a_line() for _ in range(10)]
    read: list[Transaction] = []
    cursor: Cursor | None = None
    while True:
        with start_unit_of_work() as work:
            page = work.transactions.list_keyset(
                wanted, request=KeysetRequest(limit=3, sort=sort, after=cursor)
            )
        assert len(page.items) <= 3
        read.extend(page.items)
        cursor = page.next_cursor
        if cursor is None:
            break
        if len(read) < 25:
            a_line()

    keys = [(getattr(line, field) if field == "posted_at" else line.amount.amount, line.id) for line in read]
    assert keys == sorted(keys, reverse=descending)
    assert len(set(keys)) == len(keys)
    assert {line.id for line in present_all_along} <= {line.id for line in read}


def test_lines_of_two_currencies_sort_by_the_plain_number(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    user = given.a_user()
    amounts = [("GBP", "2.50"), ("JPY", "11"), ("BHD", "2.501"), ("CLF", "2.4999")]
    for code, amount in amounts:
        given.a_movement(given.an_account(user, currency=code), Decimal(amount))

    found = lines(start_unit_of_work, user_id=user.id, sort=Sort(field="amount"), limit=1)

    assert [str(line.amount) for line in found] == ["2.4999", "2.50", "2.501", "11"]


def has(**wanted: Any) -> dict[str, Any]:
    return wanted


@pytest.mark.parametrize(
    ("wanted", "descriptions"),
    [
        (has(), ["Rent 100%", "Refund_1", "Coffee \\ cake", "Salary"]),
        (has(direction=Direction.DEBIT), ["Rent 100%", "Coffee \\ cake"]),
        (has(posted_from=START + timedelta(hours=1)), ["Refund_1", "Coffee \\ cake", "Salary"]),
        (has(posted_from=START + timedelta(hours=1, microseconds=1)), ["Coffee \\ cake", "Salary"]),
        (has(posted_to=START + timedelta(hours=2)), ["Rent 100%", "Refund_1", "Coffee \\ cake"]),
        (has(posted_to=START + timedelta(hours=2, microseconds=-1)), ["Rent 100%", "Refund_1"]),
        (has(min_amount=Decimal(20)), ["Rent 100%", "Refund_1"]),
        (has(min_amount=Decimal("20.0001")), ["Rent 100%"]),
        (has(max_amount=Decimal(10)), ["Coffee \\ cake", "Salary"]),
        (has(max_amount=Decimal("9.9999")), ["Salary"]),
        (has(min_amount=Decimal(10), max_amount=Decimal(20)), ["Refund_1", "Coffee \\ cake"]),
        (has(text="RE"), ["Rent 100%", "Refund_1"]),
        (has(text="%"), ["Rent 100%"]),
        (has(text="_"), ["Refund_1"]),
        (has(text="\\"), ["Coffee \\ cake"]),
        (has(text="nothing like it"), []),
        (has(text="a", direction=Direction.CREDIT), ["Salary"]),
    ],
)
def test_a_list_of_lines_honours_every_filter(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, wanted: dict[str, Any], descriptions: list[str]
) -> None:
    account = given.an_account(balance="1000")
    for hours, (amount, description) in enumerate(
        [("-30", "Rent 100%"), ("20", "Refund_1"), ("-10", "Coffee \\ cake"), ("5", "Salary")]
    ):
        account = given.a_movement(
            account, Decimal(amount), description=description, at=START + timedelta(hours=hours)
        )[0]
    given.an_account(balance="5")

    found = lines(
        start_unit_of_work,
        account_id=account.id,
        user_id=account.user_id,
        sort=Sort(field="posted_at"),
        **wanted,
    )

    assert [line.description for line in found if line.kind is not EntryKind.OPENING] == descriptions


def test_lines_are_listed_of_one_account_or_of_all_accounts_of_a_user(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    user = given.a_user()
    first, second = given.an_account(user, balance="1"), given.an_account(user, balance="2")
    foreign = given.an_account(balance="3")

    def amounts(**wanted: Any) -> list[str]:
        return [str(line.amount) for line in lines(start_unit_of_work, sort=Sort(field="amount"), **wanted)]

    assert amounts(account_id=first.id) == ["1.00"]
    assert amounts(user_id=user.id) == ["1.00", "2.00"]
    assert amounts(user_id=user.id, account_id=second.id) == ["2.00"]
    assert amounts(user_id=user.id, account_id=foreign.id) == []
