"""How far the audit trail was exported, in PostgreSQL."""

from datetime import datetime

from ledgerbank_adapters.postgres.statements.postgres_session import PostgresSession
from ledgerbank_domain.audit.audit_export_rules import AuditPosition
from ledgerbank_domain.ports.audit_exports import AuditExports

# One statement makes the row where there is none yet, and locks it.
LOCK_POSITION = """
    INSERT INTO audit_exports (trail) VALUES ('audit_events')
    ON CONFLICT (trail) DO UPDATE SET trail = excluded.trail
    RETURNING occurred_at, event_id
"""
SAVE_POSITION = """
    UPDATE audit_exports SET occurred_at = %(occurred_at)s, event_id = %(event_id)s
    WHERE trail = 'audit_events'
"""
# All processes of the product share a role, so each sees the others' transactions without more rights.
OLDEST_UNIT = """
    SELECT min(xact_start) AS began FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""
DELETE_EXPORTED = """
    DELETE FROM audit_events
    WHERE id = ANY(ARRAY(
        SELECT event.id FROM audit_events AS event
        JOIN audit_exports AS exported ON exported.trail = 'audit_events'
            AND (event.occurred_at, event.id) <= (exported.occurred_at, exported.event_id)
        WHERE event.occurred_at < %(before)s
        ORDER BY event.occurred_at, event.id
        LIMIT %(limit)s
        FOR UPDATE OF event SKIP LOCKED
    ))
"""


class PostgresAuditExports(AuditExports):
    """That only such events are deleted is held by a trigger as well."""

    def __init__(self, session: PostgresSession) -> None:
        self._session = session

    def lock_position(self) -> AuditPosition | None:
        row = self._session.run_sql(LOCK_POSITION).one()
        if row.event_id is None:
            return None
        return AuditPosition(occurred_at=row.occurred_at, event_id=row.event_id)

    def save_position(self, position: AuditPosition) -> None:
        self._session.run_sql(
            SAVE_POSITION, {"occurred_at": position.occurred_at, "event_id": position.event_id}
        )

    def oldest_unit_began(self) -> datetime | None:
        began: datetime | None = self._session.run_sql(OLDEST_UNIT).scalar_one()
        return began

    def delete_exported_before(self, before: datetime, *, limit: int) -> int:
        return self._session.run_sql(DELETE_EXPORTED, {"before": before, "limit": limit}).rowcount
