"""OAuth states in memory."""

from collections.abc import Collection, Iterable
from datetime import datetime
from itertools import islice
from uuid import UUID

from ledgerbank_adapters.memory.storage.memory_banking_tables import MemoryBankingTables
from ledgerbank_adapters.memory.storage.memory_session import MemorySession
from ledgerbank_domain.banking.oauth_state import OAuthState
from ledgerbank_domain.ports.repositories.oauth_state_repository import OAuthStateRepository


class MemoryOAuthStateRepository(OAuthStateRepository):
    def __init__(self, session: MemorySession) -> None:
        self._session = session

    def add(self, state: OAuthState) -> None:
        self._session.insert(self._tables.oauth_states, state)

    def find_by_hash_for_update(self, state_hash: str) -> OAuthState | None:
        state_id = self._tables.state_by_hash.find(state_hash)
        return None if state_id is None else self._tables.oauth_states.find(state_id)

    def find_for_update(self, state_id: UUID) -> OAuthState | None:
        return self._tables.oauth_states.find(state_id)

    def list_kept_for_update(self, login_id: UUID) -> list[OAuthState]:
        of_login = self._tables.oauth_states.rows(self._tables.states_of_login.ids(login_id))
        return [state for state in of_login if state.kept is not None]

    def save(self, state: OAuthState) -> None:
        self._session.update(self._tables.oauth_states, state)

    def list_sealed(self, *, after: UUID | None, limit: int) -> list[OAuthState]:
        sealed: Iterable[UUID] = self._tables.sealed_states.iterate_ids(True)
        following = (state_id for state_id in sealed if after is None or state_id > after)
        return list(islice(self._tables.oauth_states.iterate(following), limit))

    def delete_of_logins(self, login_ids: Collection[UUID]) -> None:
        for login_id in login_ids:
            for state in self._tables.oauth_states.rows(self._tables.states_of_login.ids(login_id)):
                self._session.delete(self._tables.oauth_states, state)

    def delete_expired(self, before: datetime, *, limit: int) -> int:
        expired = self._tables.states_by_expiry.ids_before(True, before)[:limit]
        for state in self._tables.oauth_states.rows(expired):
            self._session.delete(self._tables.oauth_states, state)
        return len(expired)

    @property
    def _tables(self) -> MemoryBankingTables:
        return self._session.tables.banking
