"""The journal in PostgreSQL: whatever the number of entries, a booking is four statements."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Uuid, bindparam, null, select, union_all

from ledgerbank_adapters.postgres.schema.banking_tables import user_bank_accounts
from ledgerbank_adapters.postgres.schema.ledger_tables import clearing_lines, journal_entries, transactions
from ledgerbank_adapters.postgres.statements.postgres_session import PostgresSession
from ledgerbank_adapters.postgres.statements.postgres_set_statements import (
    as_arrays,
    insert_statement,
    update_statement,
)
from ledgerbank_domain.banking.account import Account
from ledgerbank_domain.banking.booking import check_booking_is_complete
from ledgerbank_domain.banking.transaction import Transaction
from ledgerbank_domain.identity.text_folding import search_form
from ledgerbank_domain.ledger.journal import (
    ClearingAccount,
    CustomerAccount,
    Direction,
    EntryKind,
    JournalEntry,
    Posting,
)
from ledgerbank_domain.money.currency import stored_currency
from ledgerbank_domain.money.money import Money
from ledgerbank_domain.ports.repositories.journal_repository import JournalRepository

INSERT_ENTRIES = insert_statement(journal_entries)
INSERT_TRANSACTIONS = insert_statement(transactions)
INSERT_CLEARING_LINES = insert_statement(clearing_lines)
UPDATE_BALANCES = update_statement(
    user_bank_accounts,
    "balance",
    "day_spent",
    "line_count",
    "last_posted_at",
    "last_booked_at",
    "updated_at",
)

ENTRY = select(journal_entries).where(journal_entries.c.id == bindparam("id", type_=Uuid()))
REVERSAL_OF = select(journal_entries.c.id).where(
    journal_entries.c.reverses_entry_id == bindparam("id", type_=Uuid())
)
_LINES = [
    select(
        lines.c.id,
        lines.c.entry_position,
        account_id,
        bank_id,
        lines.c.direction,
        lines.c.amount,
        lines.c.currency,
    ).where(lines.c.journal_entry_id == bindparam("entry_id", type_=Uuid()))
    for lines, account_id, bank_id in (
        (transactions, transactions.c.account_id, null().cast(Uuid()).label("bank_id")),
        (clearing_lines, null().cast(Uuid()).label("account_id"), clearing_lines.c.bank_id),
    )
]
LINES_OF_ENTRY = union_all(*_LINES).order_by("entry_position")


class PostgresJournalRepository(JournalRepository):
    def __init__(self, session: PostgresSession) -> None:
        self._session = session

    def add_many(
        self,
        entries: Sequence[JournalEntry],
        *,
        accounts: Collection[Account],
        transactions: Sequence[Transaction],
    ) -> None:
        check_booking_is_complete(entries, accounts=accounts, transactions=transactions)
        if not entries:
            return
        self._session.run_sql(INSERT_ENTRIES, as_arrays([_entry_row(entry) for entry in entries]))
        positions = {
            posting.id: position for entry in entries for position, posting in enumerate(entry.postings)
        }
        if transactions:
            lines = [_transaction_row(line, positions[line.id]) for line in transactions]
            self._session.run_sql(INSERT_TRANSACTIONS, as_arrays(lines))
        if clearing := [row for entry in entries for row in _clearing_rows(entry)]:
            self._session.run_sql(INSERT_CLEARING_LINES, as_arrays(clearing))
        if accounts:
            balances = as_arrays([_balance_row(account) for account in accounts])
            if self._session.run_sql(UPDATE_BALANCES, balances).rowcount != len(accounts):
                raise LookupError("an account to be booked on does not exist")

    def find_reversal_of(self, entry_id: UUID) -> JournalEntry | None:
        reversal_id = self._session.run(REVERSAL_OF, {"id": entry_id}).scalar_one_or_none()
        return None if reversal_id is None else self.find(reversal_id)

    def find(self, entry_id: UUID) -> JournalEntry | None:
        entry = self._session.run(ENTRY, {"id": entry_id}).one_or_none()
        if entry is None:
            return None
        lines = self._session.run(LINES_OF_ENTRY, {"entry_id": entry_id})
        return JournalEntry(
            id=entry.id,
            kind=EntryKind(entry.kind),
            description=entry.description,
            posted_at=entry.posted_at,
            postings=tuple(_posting(line) for line in lines),
            payment_id=entry.payment_id,
            reverses_entry_id=entry.reverses_entry_id,
            inserted_at=entry.inserted_at,
        )


def _entry_row(entry: JournalEntry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "kind": entry.kind.value,
        "currency": entry.currency.code,
        "description": entry.description,
        "posted_at": entry.posted_at,
        "payment_id": entry.payment_id,
        "reverses_entry_id": entry.reverses_entry_id,
        "inserted_at": entry.inserted_at,
    }


def _transaction_row(line: Transaction, position: int) -> dict[str, Any]:
    return {
        "id": line.id,
        "account_id": line.account_id,
        "user_id": line.user_id,
        "journal_entry_id": line.journal_entry_id,
        "entry_position": position,
        "line_number": line.line_number,
        "kind": line.kind.value,
        "direction": line.direction.value,
        "amount": line.amount.amount,
        "currency": line.amount.currency.code,
        "balance_after": line.balance_after.amount,
        "day_spent": line.day_spent.amount,
        "description": line.description,
        "description_search": search_form(line.description),
        "posted_at": line.posted_at,
        "payment_id": line.payment_id,
        "external_transaction_id": line.external_transaction_id,
        "inserted_at": line.inserted_at,
        "updated_at": line.updated_at,
    }


def _clearing_rows(entry: JournalEntry) -> list[dict[str, Any]]:
    return [
        {
            "id": posting.id,
            "journal_entry_id": entry.id,
            "entry_position": position,
            "bank_id": posting.account.bank_id,
            "direction": posting.direction.value,
            "amount": posting.amount.amount,
            "currency": posting.amount.currency.code,
            "inserted_at": entry.inserted_at,
        }
        for position, posting in enumerate(entry.postings)
        if isinstance(posting.account, ClearingAccount)
    ]


def _balance_row(account: Account) -> dict[str, Any]:
    return {
        "id": account.id,
        "balance": account.balance.amount,
        "day_spent": account.day_spent.amount,
        "line_count": account.line_count,
        "last_posted_at": account.last_posted_at,
        "last_booked_at": account.last_booked_at,
        "updated_at": account.updated_at,
    }


def _posting(line: Row[Any]) -> Posting:
    on_customer = line.account_id is not None
    return Posting(
        id=line.id,
        account=CustomerAccount(line.account_id) if on_customer else ClearingAccount(line.bank_id),
        direction=Direction(line.direction),
        amount=Money(line.amount, stored_currency(line.currency)),
    )
