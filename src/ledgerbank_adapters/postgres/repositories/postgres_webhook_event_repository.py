"""Received webhook events in PostgreSQL."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from ledgerbank_adapters.postgres.schema.banking_tables import webhook_events
from ledgerbank_adapters.postgres.statements.postgres_session import PostgresSession
from ledgerbank_domain.ports.repositories.webhook_event_repository import WebhookEventRepository

# It waits for a transaction that notes the same event, and does nothing once that has committed.
ADD_EVENT = (
    insert(webhook_events)
    .on_conflict_do_nothing(index_elements=[webhook_events.c.provider, webhook_events.c.event_id])
    .returning(webhook_events.c.id)
)


DELETE_OLD_EVENTS = """
    DELETE FROM webhook_events
    WHERE id = ANY(ARRAY(
        SELECT id FROM webhook_events
        WHERE inserted_at < %(before)s
        ORDER BY inserted_at
        LIMIT %(limit)s
        FOR UPDATE SKIP LOCKED
    ))
"""


class PostgresWebhookEventRepository(WebhookEventRepository):
    def __init__(self, session: PostgresSession) -> None:
        self._session = session

    def add_new(
        self, *, row_id: UUID, provider: str, event_id: str, event_type: str, ignored: bool, at: datetime
    ) -> bool:
        row = {
            "id": row_id,
            "provider": provider,
            "event_id": event_id,
            "event_type": event_type,
            "ignored": ignored,
            "inserted_at": at,
            "updated_at": at,
        }
        return self._session.run(ADD_EVENT, row).one_or_none() is not None

    def delete_received_before(self, before: datetime, *, limit: int) -> int:
        return self._session.run_sql(DELETE_OLD_EVENTS, {"before": before, "limit": limit}).rowcount
