"""How far the audit trail was exported, in memory."""

from datetime import datetime
from uuid import UUID

from ledgerbank_adapters.memory.storage.memory_record_tables import AuditExportRow
from ledgerbank_adapters.memory.storage.memory_session import MemorySession
from ledgerbank_domain.audit.audit_export_rules import SHORTEST_RETENTION, AuditPosition
from ledgerbank_domain.ports.audit_exports import AuditExports

_THE_TRAIL = UUID(int=0)


class MemoryAuditExports(AuditExports):
    def __init__(self, session: MemorySession) -> None:
        self._session = session

    def lock_position(self) -> AuditPosition | None:
        return self._position()

    def save_position(self, position: AuditPosition) -> None:
        table = self._session.tables.record.audit_exports
        save = self._session.update if _THE_TRAIL in table else self._session.insert
        save(table, AuditExportRow(id=_THE_TRAIL, position=position))

    def oldest_unit_began(self) -> datetime | None:
        # Units take turns: while one asks, there is no other.
        return None

    def delete_exported_before(self, before: datetime, *, limit: int) -> int:
        position, table = self._position(), self._session.tables.record.audit_events
        if position is None:
            return 0
        exported = [
            event for event in table if event.occurred_at < before and AuditPosition.of(event) <= position
        ]
        removed = sorted(exported, key=AuditPosition.of)[:limit]
        if removed and removed[-1].occurred_at > self._session.now() - SHORTEST_RETENTION:
            raise RuntimeError("audit_events is append-only: DELETE is refused")
        for event in removed:
            self._session.delete(table, event)
        return len(removed)

    def _position(self) -> AuditPosition | None:
        row = self._session.tables.record.audit_exports.find(_THE_TRAIL)
        return None if row is None else row.position
