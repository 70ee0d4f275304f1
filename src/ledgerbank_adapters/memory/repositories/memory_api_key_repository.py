"""API keys in memory."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from ledgerbank_adapters.memory.storage.memory_identity_tables import MemoryIdentityTables
from ledgerbank_adapters.memory.storage.memory_session import MemorySession
from ledgerbank_domain.ports.repositories.api_key_repository import ApiKeyOwner, ApiKeyRepository, ApiKeyUse
from ledgerbank_domain.users.api_key import ApiKey


class MemoryApiKeyRepository(ApiKeyRepository):
    def __init__(self, session: MemorySession) -> None:
        self._session = session

    def add(self, key: ApiKey) -> None:
        self._session.insert(self._tables.api_keys, key)

    def list_unrevoked_of_user(self, user_id: UUID) -> list[ApiKey]:
        tables = self._tables
        keys = tables.api_keys.rows(tables.keys_of_user.ids(user_id))
        return sorted(keys, key=lambda key: (key.inserted_at, key.id), reverse=True)

    def revoke(self, key_ids: Collection[UUID], *, at: datetime) -> None:
        for key in self._tables.api_keys.find_all(key_ids).values():
            if key.revoked_at is None:
                self._session.update(self._tables.api_keys, key.revoked(at=at))

    def find_owners(self, key_ids: Collection[UUID]) -> Mapping[UUID, ApiKeyOwner]:
        tables = self._tables
        return {
            key.id: ApiKeyOwner(
                key=key,
                user=tables.users.find_all([key.user_id])[key.user_id],
                has_second_factor=tables.confirmed_factor_of_user.find(key.user_id) is not None,
            )
            for key in tables.api_keys.find_all(key_ids).values()
        }

    def note_uses(self, uses: Sequence[ApiKeyUse]) -> None:
        for use in uses:
            key = self._tables.api_keys.find(use.key_id)
            if key is not None:
                noted = replace(key, last_used_at=use.at, last_used_ip=use.ip)
                self._session.update(self._tables.api_keys, noted)

    def delete_expired(self, before: datetime, *, limit: int) -> int:
        tables = self._tables
        expired = tables.api_keys.rows(tables.keys_by_expiry.ids_before(True, before)[:limit])
        for key in expired:
            self._session.delete(tables.api_keys, key)
        return len(expired)

    @property
    def _tables(self) -> MemoryIdentityTables:
        return self._session.tables.identity
