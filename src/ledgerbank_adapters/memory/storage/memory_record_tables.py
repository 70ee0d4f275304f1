"""The tables of what happened: stored answers and audit events."""

from collections.abc import Hashable
from dataclasses import dataclass
from uuid import UUID

from ledgerbank_adapters.memory.storage.memory_identity_tables import MemoryIdentityTables
from ledgerbank_adapters.memory.storage.memory_index import OrderedIndex, UniqueIndex
from ledgerbank_adapters.memory.storage.memory_table import ForeignKey, MemoryTable
from ledgerbank_domain.audit.audit_event import AuditEvent
from ledgerbank_domain.audit.audit_export_rules import AuditPosition
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.idempotency.idempotency_record import IdempotencyRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditExportRow:
    """Up to where the audit trail was exported."""

    id: UUID
    position: AuditPosition


class MemoryRecordTables:
    """Audit events, how far they were exported, and the records of idempotency keys."""

    def __init__(self, identity: MemoryIdentityTables) -> None:
        self.audit_about = OrderedIndex[AuditEvent](
            group_of=lambda event: event.target_id, order_of=lambda event: event.occurred_at
        )
        self.audit_by_repeat = UniqueIndex[AuditEvent]("repeat_key", repeat_of, reason=None)
        self.audit_events = MemoryTable[AuditEvent](
            "audit_events", unique=[self.audit_by_repeat], indexes=[self.audit_about]
        )
        self.audit_exports = MemoryTable[AuditExportRow]("audit_exports")

        self.record_by_key = UniqueIndex[IdempotencyRecord](
            "key", lambda record: (record.user_id, record.key), reason=None
        )
        self.records_by_expiry = OrderedIndex[IdempotencyRecord](
            group_of=lambda _: True, order_of=lambda record: record.expires_at
        )
        self.idempotency_records = MemoryTable[IdempotencyRecord](
            "idempotency_records",
            unique=[self.record_by_key],
            indexes=[self.records_by_expiry],
            references=[ForeignKey("user_id", identity.users, Reason.USER_NOT_FOUND)],
        )


def repeat_of(event: AuditEvent) -> Hashable | None:
    """What an event that stands for several is found by."""
    return None if event.repeat_key is None else (event.name, event.repeat_key, event.repeat_minute)
