"""The traces of conversations with banks, in memory."""

from collections.abc import Iterable
from datetime import datetime
from itertools import islice
from uuid import UUID

from ledgerbank_adapters.memory.storage.memory_tables import MemoryTables, WebhookEventRow
from ledgerbank_adapters.memory.storage.memory_transaction import MemoryTransaction
from ledgerbank_domain.banking.oauth_state import OAuthState
from ledgerbank_domain.ports.repositories.bank_connection_repository import (
    OAuthStateRepository,
    WebhookEventRepository,
)


class MemoryOAuthStateRepository(OAuthStateRepository):
    def __init__(self, transaction: MemoryTransaction) -> None:
        self._transaction = transaction

    def add(self, state: OAuthState) -> None:
        self._transaction.insert(self._tables.oauth_states, state)

    def find_by_hash_for_update(self, state_hash: str) -> OAuthState | None:
        state_id = self._tables.state_by_hash.find(state_hash)
        return None if state_id is None else self._tables.oauth_states.find(state_id)

    def find_for_update(self, state_id: UUID) -> OAuthState | None:
        return self._tables.oauth_states.find(state_id)

    def save(self, state: OAuthState) -> None:
        self._transaction.update(self._tables.oauth_states, state)

    def list_sealed(self, *, after: UUID | None, limit: int) -> list[OAuthState]:
        sealed: Iterable[UUID] = self._tables.sealed_states.iterate_ids(True)
        following = (state_id for state_id in sealed if after is None or state_id > after)
        return list(islice(self._tables.oauth_states.iterate(following), limit))

    def delete_expired(self, before: datetime, *, limit: int) -> int:
        expired = self._tables.states_by_expiry.ids_before(True, before)[:limit]
        for state in self._tables.oauth_states.rows(expired):
            self._transaction.delete(self._tables.oauth_states, state)
        return len(expired)

    @property
    def _tables(self) -> MemoryTables:
        return self._transaction.tables


class MemoryWebhookEventRepository(WebhookEventRepository):
    def __init__(self, transaction: MemoryTransaction) -> None:
        self._transaction = transaction

    def add_new(
        self, *, row_id: UUID, provider: str, event_id: str, event_type: str, ignored: bool, at: datetime
    ) -> bool:
        row = WebhookEventRow(
            id=row_id,
            provider=provider,
            event_id=event_id,
            event_type=event_type,
            ignored=ignored,
            inserted_at=at,
        )
        if not self._tables.webhook_events.is_free_for(row):
            return False
        self._transaction.insert(self._tables.webhook_events, row)
        return True

    def delete_received_before(self, before: datetime, *, limit: int) -> int:
        old = self._tables.webhook_events_by_age.ids_before(True, before)[:limit]
        for row in self._tables.webhook_events.rows(old):
            self._transaction.delete(self._tables.webhook_events, row)
        return len(old)

    @property
    def _tables(self) -> MemoryTables:
        return self._transaction.tables
