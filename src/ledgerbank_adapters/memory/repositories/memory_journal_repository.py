"""The journal and the lines of customers' accounts in memory."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from ledgerbank_adapters.memory.storage.memory_paging import SortFields, keyset_page_of
from ledgerbank_adapters.memory.storage.memory_tables import MemoryTables
from ledgerbank_adapters.memory.storage.memory_transaction import MemoryTransaction
from ledgerbank_domain.banking.account import Account
from ledgerbank_domain.banking.booking import check_booking_is_complete
from ledgerbank_domain.banking.transaction import Transaction, TransactionFilter
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.page import KeysetPage, KeysetRequest
from ledgerbank_domain.identity.text_folding import search_form
from ledgerbank_domain.ledger.journal import JournalEntry
from ledgerbank_domain.money.exact_decimals import EXACT
from ledgerbank_domain.ports.repositories.banking_repository import JournalRepository, TransactionRepository

_SORT_FIELDS: SortFields[Transaction] = {
    "posted_at": lambda line: line.posted_at,
    "amount": lambda line: line.amount.amount,
}


class MemoryTransactionRepository(TransactionRepository):
    def __init__(self, transaction: MemoryTransaction) -> None:
        self._transaction = transaction

    def find_many(self, transaction_ids: Collection[UUID]) -> Mapping[UUID, Transaction]:
        found = self._transaction.tables.transactions.find_all(transaction_ids)
        return {line_id: self._as_it_stands(line) for line_id, line in found.items()}

    def list_keyset(self, wanted: TransactionFilter, *, request: KeysetRequest) -> KeysetPage[Transaction]:
        matching = [line for line in self._candidates(wanted) if _matches(line, wanted)]
        page = keyset_page_of(matching, request, _SORT_FIELDS)
        return replace(page, items=tuple(self._as_it_stands(line) for line in page.items))

    def balance_at(self, account_id: UUID, at: datetime, *, known_at: datetime) -> Decimal:
        tables = self._transaction.tables
        lines = tables.transactions.rows(tables.lines_of_account.ids_until(account_id, at))
        total = Decimal(0)
        for line in lines:
            if line.inserted_at <= known_at:
                total = EXACT.add(total, line.signed_amount.amount)
        return total

    def _as_it_stands(self, line: Transaction) -> Transaction:
        """A line never changes, but a bank settles what it reported: so the import record tells."""
        tables = self._transaction.tables
        row_id = tables.import_by_line.find(line.id)
        row = None if row_id is None else tables.bank_transaction_imports.find(row_id)
        return replace(line, pending=row is not None and row.record.pending)

    def _candidates(self, wanted: TransactionFilter) -> Iterable[Transaction]:
        tables = self._transaction.tables
        if wanted.account_id is not None:
            return tables.transactions.rows(tables.lines_of_account.ids(wanted.account_id))
        if wanted.user_id is not None:
            return tables.transactions.rows(tables.lines_of_user.ids(wanted.user_id))
        return tables.transactions


class MemoryJournalRepository(JournalRepository):
    def __init__(self, transaction: MemoryTransaction) -> None:
        self._transaction = transaction

    def add_many(
        self,
        entries: Sequence[JournalEntry],
        *,
        accounts: Collection[Account],
        transactions: Sequence[Transaction],
    ) -> None:
        check_booking_is_complete(entries, accounts=accounts, transactions=transactions)
        for entry in entries:
            self._transaction.insert(self._tables.journal_entries, entry)
        for line in transactions:
            self._transaction.insert(self._tables.transactions, line)
        for account in accounts:
            self._save_balance(account)

    def find(self, entry_id: UUID) -> JournalEntry | None:
        return self._tables.journal_entries.find(entry_id)

    def find_reversal_of(self, entry_id: UUID) -> JournalEntry | None:
        reversal_id = self._tables.reversal_of_entry.find(entry_id)
        return None if reversal_id is None else self.find(reversal_id)

    def _save_balance(self, account: Account) -> None:
        stored = self._tables.accounts.find(account.id)
        if stored is None:
            raise RuntimeError(f"account {account.id} is not stored: it must be added first")
        if not stored.may_hold(account.balance):
            raise self._transaction.failed_with(
                DomainError(Reason.NEGATIVE_BALANCE, account_id=str(account.id))
            )
        self._transaction.update(
            self._tables.accounts,
            replace(
                stored,
                balance=account.balance,
                line_count=account.line_count,
                last_posted_at=account.last_posted_at,
                last_booked_at=account.last_booked_at,
                updated_at=account.updated_at,
            ),
        )

    @property
    def _tables(self) -> MemoryTables:
        return self._transaction.tables


def _matches(line: Transaction, wanted: TransactionFilter) -> bool:
    return (
        wanted.account_id in (None, line.account_id)
        and wanted.user_id in (None, line.user_id)
        and wanted.direction in (None, line.direction)
        and (wanted.posted_from is None or line.posted_at >= wanted.posted_from)
        and (wanted.posted_to is None or line.posted_at <= wanted.posted_to)
        and (wanted.min_amount is None or line.amount.amount >= wanted.min_amount)
        and (wanted.max_amount is None or line.amount.amount <= wanted.max_amount)
        and (wanted.text is None or search_form(wanted.text) in search_form(line.description))
    )
