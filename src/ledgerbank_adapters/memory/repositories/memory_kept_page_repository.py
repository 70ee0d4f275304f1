"""Kept pages in memory."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from ledgerbank_adapters.memory.storage.memory_ledger_tables import MemoryLedgerTables
from ledgerbank_adapters.memory.storage.memory_session import MemorySession
from ledgerbank_domain.banking.kept_page import KeptPage
from ledgerbank_domain.ports.repositories.kept_page_repository import KeptPageRepository


class MemoryKeptPageRepository(KeptPageRepository):
    def __init__(self, session: MemorySession) -> None:
        self._session = session

    def add_many(self, pages: Sequence[KeptPage]) -> None:
        for page in pages:
            self._session.insert(self._tables.kept_pages, page)

    def list_of_account(self, account_id: UUID) -> list[KeptPage]:
        return self._tables.kept_pages.rows(self._tables.kept_pages_of_account.ids(account_id))

    def list_accounts(self, account_ids: Collection[UUID]) -> set[UUID]:
        return {each for each in account_ids if self._tables.kept_pages_of_account.ids(each)}

    def delete_of_account(self, account_id: UUID) -> int:
        return self._delete(self.list_of_account(account_id))

    def delete_of_logins(self, login_ids: Collection[UUID]) -> int:
        pages = [page for page in self._all() if page.question.login_id in login_ids]
        return self._delete(pages)

    def delete_kept_before(self, before: datetime, *, limit: int) -> int:
        outdated = [page for page in self._all() if page.inserted_at < before]
        return self._delete(sorted(outdated, key=lambda page: page.inserted_at)[:limit])

    def _all(self) -> list[KeptPage]:
        return list(self._tables.kept_pages)

    def _delete(self, pages: Sequence[KeptPage]) -> int:
        for page in pages:
            self._session.delete(self._tables.kept_pages, page)
        return len(pages)

    @property
    def _tables(self) -> MemoryLedgerTables:
        return self._session.tables.ledger
