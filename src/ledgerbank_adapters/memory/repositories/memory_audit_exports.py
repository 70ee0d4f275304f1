"""How far the audit trail was exported, in memory."""

from datetime import datetime
from uuid import UUID

from ledgerbank_adapters.memory.storage.memory_tables import AuditExportRow
from ledgerbank_adapters.memory.storage.memory_transaction import MemoryTransaction
from ledgerbank_domain.audit.audit_export_rules import SHORTEST_RETENTION, AuditPosition
from ledgerbank_domain.ports.audit_exports import AuditExports

_THE_TRAIL = UUID(int=0)


class MemoryAuditExports(AuditExports):
    def __init__(self, transaction: MemoryTransaction) -> None:
        self._transaction = transaction

    def lock_position(self) -> AuditPosition | None:
        return self._position()

    def save_position(self, position: AuditPosition) -> None:
        table = self._transaction.tables.audit_exports
        save = self._transaction.update if _THE_TRAIL in table else self._transaction.insert
        save(table, AuditExportRow(id=_THE_TRAIL, position=position))

    def oldest_unit_began(self) -> datetime | None:
        # Units take turns: while one asks, there is no other.
        return None

    def delete_exported_before(self, before: datetime, *, limit: int) -> int:
        position, table = self._position(), self._transaction.tables.audit_events
        if position is None:
            return 0
        exported = [
            event for event in table if event.occurred_at < before and AuditPosition.of(event) <= position
        ]
        removed = sorted(exported, key=AuditPosition.of)[:limit]
        if removed and removed[-1].occurred_at > self._transaction.now() - SHORTEST_RETENTION:
            raise RuntimeError("audit_events is append-only: DELETE is refused")
        for event in removed:
            self._transaction.delete(table, event)
        return len(removed)

    def _position(self) -> AuditPosition | None:
        row = self._transaction.tables.audit_exports.find(_THE_TRAIL)
        return None if row is None else row.position
