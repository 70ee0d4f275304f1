"""Failed logins, and the networks that users logged in from, in memory."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from ledgerbank_adapters.memory.storage.memory_identity_tables import (
    LoginFailuresRow,
    LoginNetworkRow,
    MemoryIdentityTables,
    failures_id,
    network_id,
)
from ledgerbank_adapters.memory.storage.memory_session import MemorySession
from ledgerbank_domain.ports.repositories.login_attempt_repository import LoginAttemptRepository
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

    def remember_network(self, user_id: UUID, network: str, *, at: datetime) -> None:
        row = LoginNetworkRow(user_id=user_id, network=network, last_used_at=at)
        if row.id in self._tables.networks:
            self._session.update(self._tables.networks, row)
        else:
            self._session.insert(self._tables.networks, row)

    def knows_network(self, user_id: UUID, network: str) -> bool:
        return network_id(user_id, network) in self._tables.networks

    def delete_failures_before(self, before: datetime, *, limit: int) -> int:
        old = self._tables.failures_by_age.ids_before(True, before)[:limit]
        for row in self._tables.failures.rows(old):
            self._session.delete(self._tables.failures, row)
        return len(old)

    def delete_networks_before(self, before: datetime, *, limit: int) -> int:
        old = self._tables.networks_by_age.ids_before(True, before)[:limit]
        for row in self._tables.networks.rows(old):
            self._session.delete(self._tables.networks, row)
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
