"""The proof of a memory ledger finds every row that was tampered with."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from tests.support.scenes.domain_samples import gbp
from tests.support.scenes.entity_builder import EntityBuilder

from ledgerbank_adapters.memory import MemoryClock, MemoryDatabase, MemoryIdGenerator, MemoryStartUnitOfWork
from ledgerbank_domain.banking.account import Account
from ledgerbank_domain.banking.transaction import Transaction
from ledgerbank_domain.ledger.ledger_discrepancy import LedgerCheck
from ledgerbank_domain.payments.payment import Payment, PaymentStatus

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


class Books:
    """An account with an opening line and one completed payment, good until something tampers."""

    def __init__(self) -> None:
        self.database = MemoryDatabase(MemoryClock())
        self.start_unit_of_work = MemoryStartUnitOfWork(self.database)
        self.given = EntityBuilder(
            start_unit_of_work=self.start_unit_of_work, clock=self.database.clock, ids=MemoryIdGenerator()
        )
        opened = self.given.an_account(balance="100")
        self.account, self.payment = self.given.a_completed_payment(opened, amount="30")
        self.tables = self.database.tables

    def found(self) -> set[tuple[LedgerCheck, UUID | None]]:
        with self.start_unit_of_work() as work:
            return {(found.check, found.row_id) for found in work.ledger.find_discrepancies()}


@pytest.fixture
def books() -> Books:
    return Books()


def tampered_account(books: Books, account: Account) -> None:
    books.tables.banking.accounts.put(account.id, account)


def tampered_payment(books: Books, payment: Payment) -> None:
    books.tables.payment.payments.put(payment.id, payment)


def last_line(books: Books) -> UUID:
    return max(books.tables.ledger.transactions, key=lambda line: line.line_number).id


def test_good_books_are_proved(books: Books) -> None:
    assert books.found() == set()


def test_a_payment_that_says_it_was_reversed_and_was_not_is_found(books: Books) -> None:
    tampered_payment(books, books.payment.reversed(entry_id=UUID(int=7), at=books.given.clock.now()))

    assert books.found() == {(LedgerCheck.REVERSED_PAYMENT_HAS_REVERSAL, books.payment.id)}


def test_a_changed_balance_is_found(books: Books) -> None:
    tampered_account(books, replace(books.account, balance=gbp("70.01")))

    assert books.found() == {(LedgerCheck.BALANCE_EQUALS_LINES, books.account.id)}


def test_a_balance_under_its_floor_is_found(books: Books) -> None:
    tampered_account(books, replace(books.account, balance=gbp("-0.01")))

    assert books.found() == {
        (LedgerCheck.BALANCE_EQUALS_LINES, books.account.id),
        (LedgerCheck.BALANCE_ABOVE_FLOOR, books.account.id),
    }


def test_a_changed_line_is_found_from_every_side(books: Books) -> None:
    line = books.tables.ledger.transactions.find(last_line(books))
    assert line is not None
    books.tables.ledger.transactions.put(line.id, replace(line, amount=gbp(29)))

    assert books.found() == {
        (LedgerCheck.ENTRY_BALANCED, line.journal_entry_id),
        (LedgerCheck.CURRENCY_TOTAL_ZERO, None),
        (LedgerCheck.BALANCE_EQUALS_LINES, books.account.id),
        (LedgerCheck.BALANCE_AFTER_CHAINS, line.id),
        (LedgerCheck.DAY_SPENT_CHAINS, line.id),
    }


def test_a_changed_balance_after_is_found(books: Books) -> None:
    line = books.tables.ledger.transactions.find(last_line(books))
    assert line is not None
    books.tables.ledger.transactions.put(line.id, replace(line, balance_after=gbp(71)))

    assert books.found() == {(LedgerCheck.BALANCE_AFTER_CHAINS, line.id)}


def test_what_was_spent_is_found_wrong_on_a_line_and_on_its_account(books: Books) -> None:
    line = books.tables.ledger.transactions.find(last_line(books))
    assert line is not None
    books.tables.ledger.transactions.put(line.id, replace(line, day_spent=gbp(29)))

    assert books.found() == {
        (LedgerCheck.DAY_SPENT_CHAINS, line.id),
        (LedgerCheck.DAY_SPENT_CHAINS, books.account.id),
    }


@pytest.mark.parametrize(
    "change",
    [
        lambda line: replace(line, inserted_at=LONG_AGO),
        lambda line: replace(line, posted_at=LONG_AGO),
        lambda line: replace(line, posted_at=LONG_AGO, inserted_at=LONG_AGO),
    ],
    ids=["booked", "posted", "both"],
)
def test_a_payment_booked_or_posted_before_the_line_in_front_of_it_is_found(
    books: Books, change: Callable[[Transaction], Transaction]
) -> None:
    line = books.tables.ledger.transactions.find(last_line(books))
    assert line is not None
    books.tables.ledger.transactions.put(line.id, change(line))

    assert books.found() == {
        (LedgerCheck.TIMES_IN_ORDER, line.id),
        (LedgerCheck.TIMES_IN_ORDER, books.account.id),
    }


def test_a_lost_line_is_found(books: Books) -> None:
    line = books.tables.ledger.transactions.find(last_line(books))
    assert line is not None
    books.tables.ledger.transactions.put(line.id, None)

    assert {
        (LedgerCheck.ENTRY_BALANCED, line.journal_entry_id),
        (LedgerCheck.CURRENCY_TOTAL_ZERO, None),
        (LedgerCheck.BALANCE_EQUALS_LINES, books.account.id),
        (LedgerCheck.BALANCE_AFTER_CHAINS, books.account.id),
    } <= books.found()


@pytest.mark.parametrize(
    "status", [status for status in PaymentStatus if status is not PaymentStatus.COMPLETED]
)
def test_an_entry_of_a_payment_that_is_not_completed_is_found(books: Books, status: PaymentStatus) -> None:
    tampered_payment(books, replace(books.payment, status=status))

    assert books.found() == {(LedgerCheck.PAYMENT_HAS_ONE_ENTRY, books.payment.id)}


def test_a_completed_payment_without_an_entry_of_its_own_is_found(books: Books) -> None:
    never_booked = books.given.new_payment(
        books.account,
        status=PaymentStatus.COMPLETED,
        posted_at=books.payment.posted_at,
        journal_entry_id=books.payment.journal_entry_id,
    )
    tampered_payment(books, never_booked)

    assert books.found() == {(LedgerCheck.PAYMENT_HAS_ONE_ENTRY, never_booked.id)}


def test_a_payment_of_another_amount_than_its_entry_is_found(books: Books) -> None:
    tampered_payment(books, replace(books.payment, amount=gbp("29.99")))

    assert books.found() == {(LedgerCheck.PAYMENT_HAS_ONE_ENTRY, books.payment.id)}


def test_what_is_found_names_the_row_and_says_what_is_wrong(books: Books) -> None:
    tampered_account(books, replace(books.account, balance=gbp(71)))

    with books.start_unit_of_work() as work:
        [found] = work.ledger.find_discrepancies()

    assert str(found) == (
        f"balance_equals_lines: user_bank_accounts {books.account.id}: expected 70.00, found 71.00"
    )
