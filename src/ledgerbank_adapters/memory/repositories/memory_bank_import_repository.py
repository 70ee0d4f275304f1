"""Which lines stand for which of a bank's transactions, in memory."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from ledgerbank_adapters.memory.storage.memory_import_row import ImportRow, import_row_id
from ledgerbank_adapters.memory.storage.memory_ledger_tables import MemoryLedgerTables
from ledgerbank_adapters.memory.storage.memory_session import MemorySession
from ledgerbank_domain.banking.bank_transaction_import import BankTransactionImport
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

    def synced_since(self, account_id: UUID) -> datetime | None:
        tables = self._tables
        for row_id in tables.pending_imports_of_account.iterate_ids(account_id):
            return tables.bank_transaction_imports.rows([row_id])[0].record.posted_at
        for row_id in tables.imports_of_account.ids(account_id)[-1:]:
            return tables.bank_transaction_imports.rows([row_id])[0].record.posted_at
        return None

    @property
    def _tables(self) -> MemoryLedgerTables:
        return self._session.tables.ledger
