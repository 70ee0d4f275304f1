"""Received webhook events in memory."""

from datetime import datetime
from uuid import UUID

from ledgerbank_adapters.memory.storage.memory_banking_tables import MemoryBankingTables, WebhookEventRow
from ledgerbank_adapters.memory.storage.memory_session import MemorySession
from ledgerbank_domain.ports.repositories.webhook_event_repository import WebhookEventRepository


class MemoryWebhookEventRepository(WebhookEventRepository):
    def __init__(self, session: MemorySession) -> None:
        self._session = session

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
        self._session.insert(self._tables.webhook_events, row)
        return True

    def delete_received_before(self, before: datetime, *, limit: int) -> int:
        old = self._tables.webhook_events_by_age.ids_before(True, before)[:limit]
        for row in self._tables.webhook_events.rows(old):
            self._session.delete(self._tables.webhook_events, row)
        return len(old)

    @property
    def _tables(self) -> MemoryBankingTables:
        return self._session.tables.banking
