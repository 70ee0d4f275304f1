"""Which lines stand for which of a bank's transactions, in memory."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from ledgerbank_adapters.memory.storage.memory_import_row import ImportRow, NameRow, import_row_id
from ledgerbank_adapters.memory.storage.memory_ledger_tables import MemoryLedgerTables
from ledgerbank_adapters.memory.storage.memory_session import MemorySession
from ledgerbank_domain.banking.bank_transaction_import import (
    BankTransactionImport,
    ImportedSpan,
    ToldHistory,
)
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
        tables = self._tables
        found: dict[str, BankTransactionImport] = {}
        for asked in external_transaction_ids:
            row = tables.bank_transaction_imports.find(import_row_id(account_id, asked))
            named = tables.bank_transaction_names.find(import_row_id(account_id, asked))
            if row is None and named is not None:
                row = tables.bank_transaction_imports.find(named.import_id)
            if row is not None:
                found[asked] = row.record
        return found

    def add_names(self, account_id: UUID, names: Mapping[str, str], *, at: datetime) -> None:  # noqa: ARG002
        table = self._tables.bank_transaction_names
        for name, own_name in names.items():
            row = NameRow(account_id=account_id, name=name, external_transaction_id=own_name)
            if row.id in table:
                raise self._session.failed_with(TransactionConflict(f"{name} was named meanwhile"))
            self._session.insert(table, row)

    def list_names(
        self, account_id: UUID, external_transaction_ids: Collection[str]
    ) -> Mapping[str, Sequence[str]]:
        tables = self._tables
        found: dict[str, Sequence[str]] = {}
        for own_name in external_transaction_ids:
            row_ids = tables.names_of_import.ids(import_row_id(account_id, own_name))
            if names := [row.name for row in tables.bank_transaction_names.rows(row_ids)]:
                found[own_name] = names
        return found

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
            newest=next(map(posted_at, tables.fed_imports_of_account.ids(account_id)[-1:]), None),
            oldest_pending=next((each for each in pending if each >= pending_since), None),
        )

    def told_history(self, account_id: UUID) -> ToldHistory:
        tables = self._tables
        records = [
            row.record
            for row in tables.bank_transaction_imports.rows(tables.imports_of_account.ids(account_id))
        ]
        in_feed = [record for record in records if record.in_feed]
        return ToldHistory(
            oldest=min((record.posted_at for record in records), default=None),
            oldest_in_feed=min((record.posted_at for record in in_feed), default=None),
            feed_began_at=min((record.inserted_at for record in in_feed), default=None),
        )

    @property
    def _tables(self) -> MemoryLedgerTables:
        return self._session.tables.ledger
