"""Journal entries in memory."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from uuid import UUID

from ledgerbank_adapters.memory.storage.memory_session import MemorySession
from ledgerbank_adapters.memory.storage.memory_tables import MemoryTables
from ledgerbank_domain.banking.account import Account
from ledgerbank_domain.banking.booking import check_booking_is_complete
from ledgerbank_domain.banking.transaction import Transaction
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ledger.journal import JournalEntry
from ledgerbank_domain.ports.repositories.journal_repository import JournalRepository


class MemoryJournalRepository(JournalRepository):
    def __init__(self, session: MemorySession) -> None:
        self._session = session

    def add_many(
        self,
        entries: Sequence[JournalEntry],
        *,
        accounts: Collection[Account],
        transactions: Sequence[Transaction],
    ) -> None:
        check_booking_is_complete(entries, accounts=accounts, transactions=transactions)
        for entry in entries:
            self._session.insert(self._tables.ledger.journal_entries, entry)
        for line in transactions:
            self._session.insert(self._tables.ledger.transactions, line)
        for account in accounts:
            self._save_balance(account)

    def find(self, entry_id: UUID) -> JournalEntry | None:
        return self._tables.ledger.journal_entries.find(entry_id)

    def find_reversal_of(self, entry_id: UUID) -> JournalEntry | None:
        reversal_id = self._tables.ledger.reversal_of_entry.find(entry_id)
        return None if reversal_id is None else self.find(reversal_id)

    def _save_balance(self, account: Account) -> None:
        stored = self._tables.banking.accounts.find(account.id)
        if stored is None:
            raise RuntimeError(f"account {account.id} is not stored: it must be added first")
        if not stored.may_hold(account.balance):
            raise self._session.failed_with(DomainError(Reason.NEGATIVE_BALANCE, account_id=str(account.id)))
        self._session.update(
            self._tables.banking.accounts,
            replace(
                stored,
                balance=account.balance,
                day_spent=account.day_spent,
                line_count=account.line_count,
                last_posted_at=account.last_posted_at,
                last_booked_at=account.last_booked_at,
                updated_at=account.updated_at,
            ),
        )

    @property
    def _tables(self) -> MemoryTables:
        return self._session.tables
