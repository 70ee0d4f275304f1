"""Which lines stand for which of a bank's transactions, in memory."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from ledgerbank_adapters.memory.storage.memory_import_row import ImportRow, import_row_id
from ledgerbank_adapters.memory.storage.memory_ledger_tables import MemoryLedgerTables
from ledgerbank_adapters.memory.storage.memory_session import MemorySession
from ledgerbank_domain.banking.bank_transaction_import import BankTransactionImport, ImportedSpan
from ledgerbank_domain.ports.repositories.bank_import_repository import BankTransactionImportRepository
from ledgerbank_domain.ports.unit_of_work import TransactionConflict


class MemoryBankTransactionImportRepository(BankTransactionImportRepository):
    def __init__(self, session: MemorySession) -> None:
        self._session = session

    def add_many(self, imports: Sequence[BankTransactionImport]) -> None:
        table = self._tables.bank_transaction_imports
        for row in map(ImportRow, imports):
            if row.id in table:
                raise self._session.failed_with(
                    TransactionConflict(f"{row.record.external_transaction_id} was imported meanwhile")
                )
            self._session.insert(table, row)

    def save_many(self, imports: Sequence[BankTransactionImport]) -> None:
        for row in map(ImportRow, imports):
            self._session.update(self._tables.bank_transaction_imports, row)

    def find_many(
        self, account_id: UUID, external_transaction_ids: Collection[str]
    ) -> Mapping[str, BankTransactionImport]:
        row_ids = [import_row_id(account_id, external_id) for external_id in external_transaction_ids]
        found = self._tables.bank_transaction_imports.find_all(row_ids).values()
        return {row.record.external_transaction_id: row.record for row in found}

    def list_standing(
        self, account_id: UUID, *, since: datetime | None, before: datetime
    ) -> Sequence[BankTransactionImport]:
        tables = self._tables
        by_time = tables.imports_of_account
        row_ids = by_time.ids(account_id) if since is None else by_time.ids_since(account_id, since)
        standing = [
            row.record
            for row in tables.bank_transaction_imports.rows(row_ids)
            if row.record.transaction_id is not None and row.record.posted_at < before
        ]
        return sorted(standing, key=lambda record: (record.posted_at, record.external_transaction_id))

    def list_pending(self, account_id: UUID) -> Sequence[BankTransactionImport]:
        row_ids = self._tables.pending_imports_of_account.ids(account_id)
        pending = [row.record for row in self._tables.bank_transaction_imports.rows(row_ids)]
        return sorted(pending, key=lambda record: (record.posted_at, record.external_transaction_id))

    def imported_span(self, account_id: UUID, *, pending_since: datetime) -> ImportedSpan:
        tables = self._tables

        def posted_at(row_id: UUID) -> datetime:
            return tables.bank_transaction_imports.rows([row_id])[0].record.posted_at

        pending = map(posted_at, tables.pending_imports_of_account.iterate_ids(account_id))
        return ImportedSpan(
            newest=next(map(posted_at, tables.imports_of_account.ids(account_id)[-1:]), None),
            oldest_pending=next((each for each in pending if each >= pending_since), None),
        )

    @property
    def _tables(self) -> MemoryLedgerTables:
        return self._session.tables.ledger
