"""Failed logins, and the clients that users logged in with, in memory."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from ledgerbank_adapters.memory.storage.memory_identity_tables import (
    LoginClientRow,
    LoginFailuresRow,
    MemoryIdentityTables,
    client_id,
    failures_id,
)
from ledgerbank_adapters.memory.storage.memory_session import MemorySession
from ledgerbank_domain.ports.repositories.login_attempt_repository import LoginAttemptRepository
from ledgerbank_domain.users.login_client import LoginClient
from ledgerbank_domain.users.login_failures import LoginFailures


class MemoryLoginAttemptRepository(LoginAttemptRepository):
    def __init__(self, session: MemorySession) -> None:
        self._session = session

    def get_many_for_update(self, subjects: Collection[str], *, at: datetime) -> Mapping[str, LoginFailures]:
        return {subject: self._found_or_added(subject, at) for subject in sorted(set(subjects))}

    def find_for_update(self, subject: str) -> LoginFailures | None:
        row = self._tables.failures.find(failures_id(subject))
        return None if row is None else row.failures

    def save(self, failures: LoginFailures) -> None:
        self._session.update(self._tables.failures, LoginFailuresRow(failures))

    def remember_client(self, user_id: UUID, client: LoginClient, *, at: datetime) -> None:
        row = LoginClientRow(user_id=user_id, client=client, last_used_at=at)
        if row.id in self._tables.clients:
            self._session.update(self._tables.clients, row)
        else:
            self._session.insert(self._tables.clients, row)

    def knows_client(self, user_id: UUID, client: LoginClient) -> bool:
        return client_id(user_id, client) in self._tables.clients

    def knows_any_client(self, user_id: UUID) -> bool:
        return bool(self._tables.clients_of_user.ids(user_id))

    def knows_network(self, user_id: UUID, network: str) -> bool:
        known = self._tables.clients.rows(self._tables.clients_of_user.ids(user_id))
        return any(row.client.network == network for row in known)

    def delete_failures_before(self, before: datetime, *, limit: int) -> int:
        old = self._tables.failures_by_age.ids_before(True, before)[:limit]
        for row in self._tables.failures.rows(old):
            self._session.delete(self._tables.failures, row)
        return len(old)

    def delete_clients_before(self, before: datetime, *, limit: int) -> int:
        old = self._tables.clients_by_age.ids_before(True, before)[:limit]
        for row in self._tables.clients.rows(old):
            self._session.delete(self._tables.clients, row)
        return len(old)

    def _found_or_added(self, subject: str, at: datetime) -> LoginFailures:
        found = self.find_for_update(subject)
        if found is not None:
            return found
        added = LoginFailures.none_yet(subject, at=at)
        self._session.insert(self._tables.failures, LoginFailuresRow(added))
        return added

    @property
    def _tables(self) -> MemoryIdentityTables:
        return self._session.tables.identity
