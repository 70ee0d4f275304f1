"""Tampering with the books by SQL, as a superuser with every trigger switched off, is seen by the proof."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import Engine
from tests.support.scenes.entity_builder import EntityBuilder

from ledgerbank_adapters.memory import MemoryClock
from ledgerbank_adapters.postgres import PostgresStartUnitOfWork
from ledgerbank_adapters.postgres.statements.postgres_session import PostgresSession
from ledgerbank_adapters.system import Uuid7IdGenerator
from ledgerbank_domain.banking.account import Account
from ledgerbank_domain.banking.booking import booking_times
from ledgerbank_domain.ledger.journal import Direction, JournalEntry, reversal
from ledgerbank_domain.ledger.ledger_discrepancy import Discrepancy, LedgerCheck
from ledgerbank_domain.payments.payment import Payment, PaymentType
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork


@dataclass(frozen=True, kw_only=True)
class Books:
    """An account with an opening of 100.00, a completed debit payment of 10.00 and a movement of 5.00 in."""

    account: Account
    opening: JournalEntry
    payment: Payment
    last: JournalEntry

    def ids(self) -> dict[str, UUID]:
        assert self.payment.journal_entry_id is not None
        return {
            "account": self.account.id,
            "opening": self.opening.id,
            "opening_line": self.opening.postings[0].id,
            "opening_clearing": self.opening.postings[1].id,
            "payment": self.payment.id,
            "payment_entry": self.payment.journal_entry_id,
            "last": self.last.id,
            "last_line": self.last.postings[0].id,
            "unknown": UUID(int=1),
        }


@pytest.fixture
def start_unit_of_work(postgres_engine: Engine) -> StartUnitOfWork:
    return PostgresStartUnitOfWork(postgres_engine)


@pytest.fixture
def given(start_unit_of_work: StartUnitOfWork) -> EntityBuilder:
    return EntityBuilder(start_unit_of_work=start_unit_of_work, clock=MemoryClock(), ids=Uuid7IdGenerator())


@pytest.fixture
def books(given: EntityBuilder) -> Books:
    account, opening, _ = given.a_movement(given.an_account(), Decimal(100))
    account, payment = given.a_completed_payment(account, amount="10")
    account, last, _ = given.a_movement(account, Decimal(5))
    return Books(account=account, opening=opening, payment=payment, last=last)


def proved(start_unit_of_work: StartUnitOfWork) -> list[Discrepancy]:
    with start_unit_of_work() as work:
        return work.ledger.find_discrepancies()


def session_of(work: UnitOfWork) -> PostgresSession:
    session = work.ledger._session  # type: ignore[attr-defined]
    assert isinstance(session, PostgresSession)
    return session


def tamper(database_url: str, statement: str, ids: dict[str, UUID]) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("SET session_replication_role = replica")
        assert connection.execute(statement, ids).rowcount >= 1


ENTRY = LedgerCheck.ENTRY_BALANCED
TOTAL = LedgerCheck.CURRENCY_TOTAL_ZERO
BALANCE = LedgerCheck.BALANCE_EQUALS_LINES
CHAIN = LedgerCheck.BALANCE_AFTER_CHAINS
PAYMENT = LedgerCheck.PAYMENT_HAS_ONE_ENTRY
REVERSED = LedgerCheck.REVERSED_PAYMENT_HAS_REVERSAL
TIMES = LedgerCheck.TIMES_IN_ORDER
SPENT = LedgerCheck.DAY_SPENT_CHAINS

NEW_CLEARING_LINE = """
    INSERT INTO clearing_lines
    SELECT gen_random_uuid(), %(unknown)s, 0, bank_id, direction, amount, currency, inserted_at
    FROM clearing_lines WHERE id = %(opening_clearing)s
"""
# What is done, and every check that then fails with the row it names (None: a whole currency).
TAMPERINGS = {
    "when a line was booked": (
        "UPDATE transactions SET inserted_at = inserted_at - interval '1 hour' WHERE id = %(payment_line)s",
        {(TIMES, "transactions", "payment_line")},
    ),
    "when a payment was posted": (
        "UPDATE transactions SET posted_at = posted_at - interval '1 second' WHERE id = %(payment_line)s",
        {(TIMES, "transactions", "payment_line")},
    ),
    "when the last line was posted": (
        "UPDATE transactions SET posted_at = posted_at + interval '1 second' WHERE id = %(last_line)s",
        {(TIMES, "user_bank_accounts", "account")},
    ),
    "when an account was last booked on": (
        "UPDATE user_bank_accounts SET last_booked_at = NULL WHERE id = %(account)s",
        {(TIMES, "user_bank_accounts", "account")},
    ),
    "what a line says was spent": (
        "UPDATE transactions SET day_spent = day_spent + 1 WHERE id = %(payment_line)s",
        {(SPENT, "transactions", "payment_line"), (SPENT, "transactions", "last_line")},
    ),
    "what an account says was spent": (
        "UPDATE user_bank_accounts SET day_spent = 0 WHERE id = %(account)s",
        {(SPENT, "user_bank_accounts", "account")},
    ),
    "the amount of a line": (
        "UPDATE transactions SET amount = 101, balance_after = 101 WHERE id = %(opening_line)s",
        {
            (ENTRY, "journal_entries", "opening"),
            (TOTAL, "journal_entries", None),
            (BALANCE, "user_bank_accounts", "account"),
            (CHAIN, "transactions", "payment_line"),
        },
    ),
    "the direction of a line": (
        "UPDATE transactions SET direction = 'DEBIT' WHERE id = %(last_line)s",
        {
            (ENTRY, "journal_entries", "last"),
            (TOTAL, "journal_entries", None),
            (BALANCE, "user_bank_accounts", "account"),
            (CHAIN, "transactions", "last_line"),
            (SPENT, "transactions", "last_line"),
        },
    ),
    "the currency of a line": (
        "UPDATE transactions SET currency = 'EUR' WHERE id = %(last_line)s",
        {
            (ENTRY, "journal_entries", "last"),
            (TOTAL, "journal_entries", None),
            (BALANCE, "user_bank_accounts", "account"),
        },
    ),
    "the balance after a line": (
        "UPDATE transactions SET balance_after = balance_after + 1 WHERE id = %(last_line)s",
        {(CHAIN, "transactions", "last_line")},
    ),
    "a line moved in the chain": (
        "UPDATE transactions SET line_number = 7 WHERE id = %(last_line)s",
        {(CHAIN, "transactions", "last_line")},
    ),
    "a line taken away": (
        "DELETE FROM transactions WHERE id = %(opening_line)s",
        {
            (ENTRY, "journal_entries", "opening"),
            (TOTAL, "journal_entries", None),
            (BALANCE, "user_bank_accounts", "account"),
            (CHAIN, "transactions", "payment_line"),
            (CHAIN, "user_bank_accounts", "account"),
        },
    ),
    "the last line taken away with its balance": (
        """
        WITH gone AS (DELETE FROM transactions WHERE id = %(last_line)s RETURNING account_id, amount)
        UPDATE user_bank_accounts SET balance = balance - gone.amount FROM gone WHERE id = gone.account_id
        """,
        {
            (ENTRY, "journal_entries", "last"),
            (TOTAL, "journal_entries", None),
            (CHAIN, "user_bank_accounts", "account"),
        },
    ),
    "the amount of a clearing line": (
        "UPDATE clearing_lines SET amount = 99 WHERE id = %(opening_clearing)s",
        {(ENTRY, "journal_entries", "opening"), (TOTAL, "journal_entries", None)},
    ),
    "a clearing line taken away": (
        "DELETE FROM clearing_lines WHERE id = %(opening_clearing)s",
        {(ENTRY, "journal_entries", "opening"), (TOTAL, "journal_entries", None)},
    ),
    "a clearing line out of nowhere": (
        NEW_CLEARING_LINE,
        {(ENTRY, "journal_entries", "unknown"), (TOTAL, "journal_entries", None)},
    ),
    "the currency of an entry": (
        "UPDATE journal_entries SET currency = 'EUR' WHERE id = %(opening)s",
        {(ENTRY, "journal_entries", "opening")},
    ),
    "an entry without lines": (
        """
        INSERT INTO journal_entries
        SELECT %(unknown)s, kind, currency, description, posted_at, NULL, NULL, inserted_at
        FROM journal_entries WHERE id = %(opening)s
        """,
        {(ENTRY, "journal_entries", "unknown")},
    ),
    "a balance": (
        "UPDATE user_bank_accounts SET balance = balance + 1000 WHERE id = %(account)s",
        {(BALANCE, "user_bank_accounts", "account")},
    ),
    "the currency of an account": (
        "UPDATE user_bank_accounts SET currency = 'EUR' WHERE id = %(account)s",
        {(BALANCE, "user_bank_accounts", "account")},
    ),
    "an account taken away": (
        "DELETE FROM user_bank_accounts WHERE id = %(account)s",
        {(BALANCE, "user_bank_accounts", "account")},
    ),
    "the number of an account's lines": (
        "UPDATE user_bank_accounts SET line_count = 4 WHERE id = %(account)s",
        {(CHAIN, "user_bank_accounts", "account")},
    ),
    "the amount of a payment": (
        "UPDATE user_payments SET amount = 1 WHERE id = %(payment)s",
        {(PAYMENT, "user_payments", "payment")},
    ),
    "the direction of a payment": (
        "UPDATE user_payments SET direction = 'CREDIT' WHERE id = %(payment)s",
        {(PAYMENT, "user_payments", "payment")},
    ),
    "the currency of a payment": (
        "UPDATE user_payments SET currency = 'EUR' WHERE id = %(payment)s",
        {(PAYMENT, "user_payments", "payment")},
    ),
    "the account of a payment": (
        "UPDATE user_payments SET user_bank_account_id = %(unknown)s WHERE id = %(payment)s",
        {(PAYMENT, "user_payments", "payment")},
    ),
    "the entry of a payment": (
        "UPDATE user_payments SET journal_entry_id = %(opening)s WHERE id = %(payment)s",
        {(PAYMENT, "user_payments", "payment")},
    ),
    "the payment of an entry": (
        "UPDATE journal_entries SET payment_id = NULL WHERE id = %(payment_entry)s",
        {(PAYMENT, "user_payments", "payment")},
    ),
    "a payment cancelled after it was executed": (
        """
        UPDATE user_payments SET status = 'CANCELLED', posted_at = NULL, journal_entry_id = NULL
        WHERE id = %(payment)s
        """,
        {(PAYMENT, "user_payments", "payment")},
    ),
    "a payment said to be reversed": (
        """
        UPDATE user_payments SET reversed_at = posted_at, reversal_entry_id = %(last)s WHERE id = %(payment)s
        """,
        {(REVERSED, "user_payments", "payment")},
    ),
    "an entry made the reversal of a payment's": (
        """
        UPDATE journal_entries SET kind = 'REVERSAL', reverses_entry_id = %(payment_entry)s
        WHERE id = %(last)s
        """,
        {(REVERSED, "user_payments", "payment"), (SPENT, "transactions", "last_line")},
    ),
    "a receiver made up": (
        """
        UPDATE user_payments SET payment_type = 'TRANSFER', counterparty_account_id = %(unknown)s
        WHERE id = %(payment)s
        """,
        {(PAYMENT, "user_payments", "payment")},
    ),
}


@pytest.mark.parametrize(("statement", "expected"), TAMPERINGS.values(), ids=TAMPERINGS.keys())
def test_the_proof_names_every_row_that_was_tampered_with(
    start_unit_of_work: StartUnitOfWork,
    books: Books,
    database_url: str,
    statement: str,
    expected: set[tuple[LedgerCheck, str, str | None]],
) -> None:
    with start_unit_of_work() as work:
        assert books.payment.journal_entry_id is not None
        payment_entry = work.journal.find(books.payment.journal_entry_id)
    assert payment_entry is not None
    ids = books.ids() | {"payment_line": payment_entry.postings[0].id}

    tamper(database_url, statement, ids)

    found = proved(start_unit_of_work)
    assert {(told.check, told.table, told.row_id) for told in found} == {
        (check, table, None if name is None else ids[name]) for check, table, name in expected
    }
    assert all(told.expected != told.found for told in found)


def test_good_books_prove(start_unit_of_work: StartUnitOfWork, given: EntityBuilder, books: Books) -> None:
    undoing = reversal(
        books.last,
        entry_id=given.ids.new_id(),
        posting_ids=[given.ids.new_id(), given.ids.new_id()],
        description="A correction",
        at=given.clock.now(),
        booked_at=booking_times([books.account], now=given.clock.now()).booked_at,
    )
    account, line = books.account.booked(undoing, undoing.postings[0])
    given.stored(lambda work: work.journal.add_many([undoing], accounts=[account], transactions=[line]))
    given.a_payment(account)
    given.an_account(currency="JPY", balance="5")

    assert proved(start_unit_of_work) == []


def test_a_transfer_must_reach_the_receiver_it_names(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, books: Books, database_url: str
) -> None:
    receiver, bystander = given.an_account(), given.an_account()
    payment = given.a_payment(
        books.account,
        amount="10",
        payment_type=PaymentType.TRANSFER,
        counterparty_account_id=receiver.id,
    )
    entry = given.new_movement(
        books.account,
        payment.amount,
        direction=Direction.DEBIT,
        against=receiver.ledger_account,
        payment_id=payment.id,
    )
    payer, out = books.account.booked(entry, entry.postings[0])
    receiver, into = receiver.booked(entry, entry.postings[1])
    completed = payment.completed(journal_entry_id=entry.id, at=given.clock.now())

    def transfer(work: UnitOfWork) -> None:
        work.journal.add_many([entry], accounts=[payer, receiver], transactions=[out, into])
        work.payments.save_many([completed])

    given.stored(transfer)
    assert proved(start_unit_of_work) == []

    divert = "UPDATE user_payments SET counterparty_account_id = %(bystander)s WHERE id = %(payment)s"
    tamper(database_url, divert, {"bystander": bystander.id, "payment": payment.id})

    assert [told.row_id for told in proved(start_unit_of_work)] == [payment.id]


def test_a_balance_under_its_floor_is_found_even_where_the_constraint_is_gone(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    account = given.an_account()
    with start_unit_of_work() as work:
        # Seen by this unit alone, and undone with it.
        session = session_of(work)
        session.run_sql(
            "ALTER TABLE user_bank_accounts DROP CONSTRAINT user_bank_accounts_balance_floor_check"
        )
        session.run_sql(
            "UPDATE user_bank_accounts SET balance = -1, line_count = 1 WHERE id = %(id)s", {"id": account.id}
        )

        found = work.ledger.find_discrepancies()

    floors = [told for told in found if told.check is LedgerCheck.BALANCE_ABOVE_FLOOR]
    assert [(told.table, told.row_id, told.expected, told.found) for told in floors] == [
        ("user_bank_accounts", account.id, "at least 0", "-1")
    ]


def test_a_wrong_entry_is_told_with_all_its_lines(
    start_unit_of_work: StartUnitOfWork, books: Books, database_url: str
) -> None:
    tamper(database_url, "UPDATE clearing_lines SET amount = 99 WHERE id = %(opening_clearing)s", books.ids())

    entry, total = proved(start_unit_of_work)

    assert str(entry) == (
        f"entry_balanced: journal_entries {books.opening.id}:"
        " expected two or more lines in GBP that sum to 0,"
        f" found DEBIT 99 GBP in clearing_lines {books.opening.postings[1].id},"
        f" CREDIT 100 GBP in transactions {books.opening.postings[0].id}"
    )
    assert str(total) == "currency_total_zero: journal_entries: expected 0, found GBP 1"


def test_the_proof_sees_one_instant_and_holds_up_no_writer(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, books: Books
) -> None:
    with start_unit_of_work() as work:
        assert work.ledger.find_discrepancies() == []
        # Another unit books meanwhile, on the same account, without waiting for this one.
        given.a_movement(books.account, Decimal(1))
        assert work.ledger.find_discrepancies() == []


def test_the_proof_lifts_the_limit_of_time_for_itself_only(start_unit_of_work: StartUnitOfWork) -> None:
    with start_unit_of_work() as work:
        session = session_of(work)
        before = session.run_sql("SHOW statement_timeout").scalar_one()
        work.ledger.find_discrepancies()
        after = session.run_sql("SHOW statement_timeout").scalar_one()

    assert before == after == "30s"
