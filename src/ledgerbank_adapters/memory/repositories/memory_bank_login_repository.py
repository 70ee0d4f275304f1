"""Bank logins in memory."""

from collections.abc import Collection, Iterable, Mapping
from itertools import islice
from uuid import UUID

from ledgerbank_adapters.memory.storage.memory_banking_tables import MemoryBankingTables
from ledgerbank_adapters.memory.storage.memory_paging import page_of
from ledgerbank_adapters.memory.storage.memory_session import MemorySession
from ledgerbank_domain.banking.bank_login import BankLogin, BankLoginFilter
from ledgerbank_domain.identity.page import Page, PageRequest
from ledgerbank_domain.ports.repositories.bank_login_repository import BankLoginRepository


class MemoryBankLoginRepository(BankLoginRepository):
    def __init__(self, session: MemorySession) -> None:
        self._session = session

    def add(self, login: BankLogin) -> None:
        self._session.insert(self._tables.bank_logins, login)

    def save(self, login: BankLogin) -> None:
        self._session.update(self._tables.bank_logins, login)

    def find_many(self, login_ids: Collection[UUID]) -> Mapping[UUID, BankLogin]:
        return self._tables.bank_logins.find_all(login_ids)

    def find_for_update(self, login_id: UUID) -> BankLogin | None:
        return self._tables.bank_logins.find(login_id)

    def find_by_username_for_update(
        self, *, user_id: UUID, bank_branch_id: UUID, username: str
    ) -> BankLogin | None:
        login_id = self._tables.login_by_username.find((user_id, bank_branch_id, username))
        return None if login_id is None else self._tables.bank_logins.find(login_id)

    def list_of_user_for_update(self, user_id: UUID) -> list[BankLogin]:
        return sorted(self._of_user(user_id), key=lambda login: login.id)

    def list_page(self, wanted: BankLoginFilter, *, request: PageRequest) -> Page[BankLogin]:
        newest_first = reversed(self._of_user(wanted.user_id))
        return page_of([login for login in newest_first if wanted.status in (None, login.status)], request)

    def list_connected(self, *, after: UUID | None, limit: int) -> list[BankLogin]:
        return list(islice((login for login in self._sealed_after(after) if login.may_sync), limit))

    def list_sealed(self, *, after: UUID | None, limit: int) -> list[BankLogin]:
        return list(islice(self._sealed_after(after), limit))

    def _of_user(self, user_id: UUID) -> list[BankLogin]:
        """Oldest first."""
        return self._tables.bank_logins.rows(self._tables.logins_of_user.ids(user_id))

    def _sealed_after(self, after: UUID | None) -> Iterable[BankLogin]:
        sealed = self._tables.sealed_logins.iterate_ids(True)
        return self._tables.bank_logins.iterate(
            login_id for login_id in sealed if after is None or login_id > after
        )

    @property
    def _tables(self) -> MemoryBankingTables:
        return self._session.tables.banking
