"""Bringing the audit trail out of storage, so that it need not grow for ever."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ledgerbank_domain.audit.audit_event import AuditEvent, AuditFilter
from ledgerbank_domain.audit.audit_export_rules import AuditPosition, last_settled_instant
from ledgerbank_domain.identity.page import MAX_PAGE_SIZE, Cursor, KeysetRequest, Sort
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork

OLDEST_FIRST = Sort(field="occurred_at")

WriteEvents = Callable[[Sequence[AuditEvent]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditExportService:
    """Brings the audit trail out of storage, so that what is old may be removed from it."""

    start_unit_of_work: StartUnitOfWork

    def export(self, write: WriteEvents) -> int:
        """Writes what was not exported yet, oldest first, and tells how many events that were.

        ``write`` returns when the events are safe; only then it is remembered that they are. Exports at the
        same time share the events between them. What a failed one wrote last may be written again by the
        next: an event can come twice, and is never left out.
        """
        exported = 0
        while written := self._export_page(write):
            exported += written
        return exported

    def _export_page(self, write: WriteEvents) -> int:
        with self.start_unit_of_work() as work:
            events = _settled_after(work, work.audit_exports.lock_position())
            if events:
                write(events)
                work.audit_exports.save_position(AuditPosition.of(events[-1]))
                work.commit()
        return len(events)


def _settled_after(work: UnitOfWork, position: AuditPosition | None) -> Sequence[AuditEvent]:
    until = last_settled_instant(work.now(), oldest_unit_began=work.audit_exports.oldest_unit_began())
    request = KeysetRequest(limit=MAX_PAGE_SIZE, sort=OLDEST_FIRST, after=_cursor(position))
    return work.audit.list_keyset(AuditFilter(occurred_to=until), request=request).items


def _cursor(position: AuditPosition | None) -> Cursor | None:
    if position is None:
        return None
    return Cursor(field="occurred_at", value=position.occurred_at, id=position.event_id)
