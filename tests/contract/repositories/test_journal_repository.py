"""What every journal promises: money is neither made nor lost, whatever is booked at once."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as for_all
from hypothesis import strategies as st
from tests.support.racing_threads import race
from tests.support.scenes.entity_builder import EntityBuilder, book, only_account
from tests.support.scenes.transaction_reading import lines

from ledgerbank_domain.banking.account import Account, AccountType
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ledger.journal import (
    ClearingAccount,
    Direction,
    EntryKind,
    JournalEntry,
    LedgerAccount,
    Posting,
    reversal,
)
from ledgerbank_domain.money.currency import CURRENCIES
from ledgerbank_domain.money.money import Money
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, TransactionConflict


def assert_the_books_are_good(start_unit_of_work: StartUnitOfWork) -> None:
    with start_unit_of_work() as work:
        assert work.ledger.find_discrepancies() == []


def test_an_empty_ledger_is_proved(start_unit_of_work: StartUnitOfWork) -> None:
    assert_the_books_are_good(start_unit_of_work)


def test_a_booked_entry_is_found_with_its_postings_in_order(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    account = given.an_account()
    booked, entry, line = given.a_movement(
        account, Decimal("12.34"), kind=EntryKind.OPENING, description="Opening \U0001f600"
    )

    with start_unit_of_work() as work:
        assert work.journal.find(entry.id) == entry
        assert work.journal.find(given.ids.new_id()) is None
        assert only_account(work, account.id) == booked
    assert lines(start_unit_of_work, account_id=account.id) == [line]
    assert_the_books_are_good(start_unit_of_work)


def test_an_entry_of_many_postings_comes_back_as_it_was_built(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    accounts = [given.an_account(balance="50"), given.an_account(), given.an_account()]
    places: list[tuple[LedgerAccount, Direction, str]] = [
        (ClearingAccount(accounts[0].bank_id), Direction.CREDIT, "10"),
        (accounts[0].ledger_account, Direction.DEBIT, "30"),
        (accounts[1].ledger_account, Direction.CREDIT, "15"),
        (accounts[2].ledger_account, Direction.CREDIT, "5"),
    ]
    entry = JournalEntry(
        id=given.ids.new_id(),
        kind=EntryKind.IMPORT,
        description="Split",
        posted_at=given.clock.now(),
        inserted_at=given.clock.now(),
        # Neither the order of ids nor that of the tables they go to.
        postings=tuple(
            Posting(
                id=given.ids.new_id(),
                account=place,
                direction=direction,
                amount=Money(Decimal(amount), CURRENCIES["GBP"]),
            )
            for place, direction, amount in reversed(places)
        ),
    )

    given.stored(lambda work: book(work, [entry]))

    with start_unit_of_work() as work:
        assert work.journal.find(entry.id) == entry
    assert_the_books_are_good(start_unit_of_work)


def test_entries_of_one_batch_may_follow_each_other_on_one_account(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    account = given.an_account(balance="100")
    entries = [given.new_movement(account, Decimal(amount)) for amount in (-60, 5, -45, 70)]

    given.stored(lambda work: book(work, entries))

    found = sorted(lines(start_unit_of_work, account_id=account.id), key=lambda line: line.line_number)
    assert [str(line.balance_after) for line in found] == ["100.00", "40.00", "45.00", "0.00", "70.00"]
    assert [line.line_number for line in found] == [1, 2, 3, 4, 5]
    with start_unit_of_work() as work:
        stored = only_account(work, account.id)
    assert (str(stored.balance), stored.line_count) == ("70.00", 5)
    assert_the_books_are_good(start_unit_of_work)


def test_booking_nothing_changes_nothing(start_unit_of_work: StartUnitOfWork, given: EntityBuilder) -> None:
    account = given.an_account(balance="100")

    given.stored(lambda work: work.journal.add_many([], accounts=[], transactions=[]))

    with start_unit_of_work() as work:
        assert only_account(work, account.id) == account


def test_booking_changes_nothing_of_an_account_but_its_balance(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    account = given.an_account()
    entry = given.new_movement(account, Decimal(10))
    booked, line = account.booked(entry, entry.postings[0])
    meddled = replace(booked, account_name="Meddled")

    given.stored(lambda work: work.journal.add_many([entry], accounts=[meddled], transactions=[line]))

    with start_unit_of_work() as work:
        assert only_account(work, account.id) == booked


def test_storage_itself_refuses_a_balance_under_its_floor(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    account = given.an_account(balance="10")
    generous = replace(account, credit_limit=Money(Decimal(1000), account.currency))
    entry = given.new_movement(account, Decimal("-10.01"))
    booked, line = generous.booked(entry, entry.postings[0])

    with start_unit_of_work() as work, pytest.raises(DomainError) as refusal:
        work.journal.add_many([entry], accounts=[booked], transactions=[line])

    assert refusal.value.reason is Reason.NEGATIVE_BALANCE
    with start_unit_of_work() as work:
        assert only_account(work, account.id) == account
        assert work.journal.find(entry.id) is None
    assert_the_books_are_good(start_unit_of_work)


def test_an_entry_is_reversed_once(start_unit_of_work: StartUnitOfWork, given: EntityBuilder) -> None:
    account = given.an_account()
    _, entry, _ = given.a_movement(account, Decimal(25))

    def undo() -> None:
        undoing = reversal(
            entry,
            entry_id=given.ids.new_id(),
            posting_ids=[given.ids.new_id(), given.ids.new_id()],
            description="A correction",
            at=given.clock.now(),
        )
        # From money that is there, so that nothing but the second reversal can be what is wrong.
        given.stored(lambda work: book(work, [given.new_movement(account, Decimal(100)), undoing]))

    undo()
    with pytest.raises(DomainError) as refusal:
        undo()

    assert refusal.value.reason is Reason.ALREADY_REVERSED
    with start_unit_of_work() as work:
        assert only_account(work, account.id).balance == Money(Decimal(100), account.currency)
    assert_the_books_are_good(start_unit_of_work)


def test_a_payment_has_one_entry_only(start_unit_of_work: StartUnitOfWork, given: EntityBuilder) -> None:
    account, payment = given.a_completed_payment(given.an_account(balance="100"))
    again = given.new_movement(account, Decimal(-1), payment_id=payment.id)

    with start_unit_of_work() as work, pytest.raises(DomainError) as refusal:
        book(work, [again])

    assert refusal.value.reason is Reason.RESOURCE_ALREADY_EXISTS


def test_a_line_computed_from_an_outdated_balance_is_a_conflict(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    outdated = given.an_account(balance="100")
    current, _, _ = given.a_movement(outdated, Decimal(5))
    entry = given.new_movement(outdated, Decimal(7))
    booked, line = outdated.booked(entry, entry.postings[0])

    with start_unit_of_work() as work, pytest.raises(TransactionConflict):
        work.journal.add_many([entry], accounts=[booked], transactions=[line])

    with start_unit_of_work() as work:
        assert only_account(work, current.id) == current
    assert_the_books_are_good(start_unit_of_work)


def test_twenty_threads_that_pay_into_one_account_lose_no_update(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    account = given.an_account()
    rounds = 3

    def pay_in(_: int) -> None:
        for _ in range(rounds):
            with start_unit_of_work() as work:
                locked = work.accounts.find_many_for_update([account.id])[account.id]
                book(work, [given.new_movement(locked, Decimal(1))])
                work.commit()

    assert race(pay_in, threads=20) == [None] * 20
    with start_unit_of_work() as work:
        stored = only_account(work, account.id)
    assert (stored.balance.amount, stored.line_count) == (Decimal(20 * rounds), 20 * rounds)
    assert_the_books_are_good(start_unit_of_work)


def test_threads_that_transfer_in_circles_neither_deadlock_nor_overdraw(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    accounts = [given.an_account(balance="5") for _ in range(3)]

    def transfer(number: int) -> str:
        payer, payee = accounts[number % 3], accounts[(number + 1 + number % 2) % 3]
        with start_unit_of_work() as work:
            entry = given.new_movement(
                payer, Decimal(-4), against=payee.ledger_account, kind=EntryKind.TRANSFER
            )
            book(work, [entry])
            work.commit()
        return "paid"

    outcomes = race(transfer, threads=16)

    assert {outcome.reason if isinstance(outcome, DomainError) else outcome for outcome in outcomes} <= {
        "paid",
        Reason.NEGATIVE_BALANCE,
    }
    assert "paid" in outcomes
    with start_unit_of_work() as work:
        found = work.accounts.find_many([account.id for account in accounts]).values()
    assert sum(account.balance.amount for account in found) == 15
    assert min(account.balance.amount for account in found) >= 0
    assert_the_books_are_good(start_unit_of_work)


movements = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.integers(0, 4),
        st.integers(-5000, 5000).filter(bool),
        st.sampled_from([1, 2, 3]),
    ),
    max_size=12,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@for_all(movements=movements)
def test_any_sequence_of_entries_keeps_every_check_of_the_ledger(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, movements: list[tuple[int, int, int, int]]
) -> None:
    """Movements of (account, counterparty or clearing, minor units, size of the batch it may close)."""
    credit = Money(Decimal(20), CURRENCIES["GBP"])
    accounts = [
        given.an_account(),
        given.an_account(balance="12.5", account_type=AccountType.CREDIT, credit_limit=credit),
        given.an_account(balance="100"),
        given.an_account(account_type=AccountType.CREDIT, credit_limit=credit),
    ]
    expected = {account.id: account.balance.amount for account in accounts}
    batch: list[JournalEntry] = []

    for number, other, minor_units, batch_size in movements:
        account, amount = accounts[number], Decimal(minor_units).scaleb(-2)
        batch.append(given.new_movement(account, amount, **a_counterparty(accounts, number, other)))
        if len(batch) < batch_size:
            continue
        if is_booked(start_unit_of_work, batch):
            add_up(expected, batch)
        batch = []

    with start_unit_of_work() as work:
        stored = work.accounts.find_many(expected)
        assert {account.id: account.balance.amount for account in stored.values()} == expected
        assert work.ledger.find_discrepancies() == []
    for account in stored.values():
        assert account.balance >= -account.credit_limit


def a_counterparty(accounts: list[Account], number: int, other: int) -> dict[str, Any]:
    if other in (number, len(accounts)):
        return {}
    return {"against": accounts[other].ledger_account, "kind": EntryKind.TRANSFER}


def is_booked(start_unit_of_work: StartUnitOfWork, batch: list[JournalEntry]) -> bool:
    try:
        with start_unit_of_work() as work:
            book(work, batch)
            work.commit()
    except DomainError as refusal:
        if refusal.reason is not Reason.NEGATIVE_BALANCE:
            raise
        return False
    return True


def add_up(balances: dict[Any, Decimal], batch: list[JournalEntry]) -> None:
    for entry in batch:
        for posting in entry.postings:
            if not isinstance(posting.account, ClearingAccount):
                balances[posting.account.account_id] += posting.signed_amount.amount


def test_a_proof_is_not_disturbed_by_writers(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    account = given.an_account(balance="100")

    def write_or_prove(number: int) -> int:
        if number % 2:
            with start_unit_of_work() as work:
                return len(work.ledger.find_discrepancies())
        for _ in range(5):
            with start_unit_of_work() as work:
                book(work, [given.new_movement(account, Decimal(-1))])
                work.commit()
        return 0

    assert race(write_or_prove, threads=8) == [0] * 8
