"""Statement files of accounts in memory."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from ledgerbank_adapters.memory.storage.memory_ledger_tables import MemoryLedgerTables
from ledgerbank_adapters.memory.storage.memory_paging import SortFields, keyset_page_of
from ledgerbank_adapters.memory.storage.memory_session import MemorySession
from ledgerbank_domain.banking.statement_import import ImportState, StatementFacts, StatementImport
from ledgerbank_domain.identity.page import KeysetPage, KeysetRequest
from ledgerbank_domain.ports.repositories.statement_import_repository import StatementImportRepository

_SORT_FIELDS: SortFields[StatementImport] = {"inserted_at": lambda each: each.inserted_at}


class MemoryStatementImportRepository(StatementImportRepository):
    def __init__(self, session: MemorySession) -> None:
        self._session = session

    def add(self, statement_import: StatementImport) -> None:
        self._session.insert(self._tables.statement_imports, statement_import)

    def save(self, statement_import: StatementImport) -> None:
        self._session.update(self._tables.statement_imports, statement_import)

    def find(self, import_id: UUID) -> StatementImport | None:
        return self._tables.statement_imports.find(import_id)

    def find_for_update(self, import_id: UUID) -> StatementImport | None:
        return self._tables.statement_imports.find(import_id)

    def list_keyset(self, account_id: UUID, *, request: KeysetRequest) -> KeysetPage[StatementImport]:
        heads = [replace(each, judged=()) for each in self._of_account(account_id)]
        return keyset_page_of(heads, request, _SORT_FIELDS)

    def list_confirmed_facts(self, account_id: UUID) -> Sequence[StatementFacts]:
        confirmed = [
            (each.confirmed_at, each.id, each.facts)
            for each in self._of_account(account_id)
            if each.confirmed_at is not None
        ]
        return [facts for _, _, said in sorted(confirmed, key=lambda each: each[:2]) for facts in said]

    def delete_previews_beyond(self, account_id: UUID, *, newest: int) -> None:
        previews = [each for each in self._of_account(account_id) if each.state is ImportState.PREVIEWED]
        previews.sort(key=lambda each: (each.inserted_at, each.id), reverse=True)
        for each in previews[newest:]:
            self._session.delete(self._tables.statement_imports, each)

    def delete_expired(self, now: datetime, *, limit: int) -> int:
        tables = self._tables
        expired = tables.statement_imports.rows(tables.previews_by_expiry.ids_until(True, now)[:limit])
        for each in expired:
            self._session.delete(tables.statement_imports, each)
        return len(expired)

    def _of_account(self, account_id: UUID) -> list[StatementImport]:
        tables = self._tables
        return tables.statement_imports.rows(tables.statement_imports_of_account.ids(account_id))

    @property
    def _tables(self) -> MemoryLedgerTables:
        return self._session.tables.ledger
