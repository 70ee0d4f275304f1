"""The audit trail in memory."""

import json
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from ledgerbank_adapters.memory.memory_transaction import MemoryTransaction
from ledgerbank_domain.audit.audit_event import AuditEvent
from ledgerbank_domain.ports.audit_trail import AuditTrail


class MemoryAuditTrail(AuditTrail):
    def __init__(self, transaction: MemoryTransaction) -> None:
        self._transaction = transaction

    def add_many(self, events: Sequence[AuditEvent]) -> None:
        """Raises ``TypeError`` for metadata that JSON cannot hold."""
        for event in events:
            self._transaction.insert(self._transaction.tables.audit_events, _as_stored(event))

    def list_about(self, target_id: UUID) -> list[AuditEvent]:
        tables = self._transaction.tables
        return [_as_stored(event) for event in tables.audit_events.rows(tables.audit_about.ids(target_id))]


def _as_stored(event: AuditEvent) -> AuditEvent:
    # A dict stays changeable in a frozen event: the trail keeps, and hands out, copies as JSON sees them.
    return replace(event, metadata=json.loads(json.dumps(dict(event.metadata))))
