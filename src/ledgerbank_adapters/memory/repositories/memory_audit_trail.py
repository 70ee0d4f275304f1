"""The audit trail in memory."""

import json
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from ledgerbank_adapters.memory.storage.memory_paging import SortFields, keyset_page_of
from ledgerbank_adapters.memory.storage.memory_record_tables import repeat_of
from ledgerbank_adapters.memory.storage.memory_session import MemorySession
from ledgerbank_domain.audit.audit_event import AuditEvent, AuditFilter
from ledgerbank_domain.identity.page import KeysetPage, KeysetRequest
from ledgerbank_domain.ports.audit_trail import AuditTrail

_SORT_FIELDS: SortFields[AuditEvent] = {"occurred_at": lambda event: event.occurred_at}


class MemoryAuditTrail(AuditTrail):
    def __init__(self, session: MemorySession) -> None:
        self._session = session

    def add_many(self, events: Sequence[AuditEvent]) -> None:
        """Raises ``TypeError`` for metadata that JSON cannot hold."""
        tables = self._session.tables.record
        for event in events:
            key = repeat_of(event)
            first_id = None if key is None else tables.audit_by_repeat.find(key)
            first = None if first_id is None else tables.audit_events.find(first_id)
            if first is None:
                self._session.insert(tables.audit_events, _as_stored(event))
            else:
                self._session.update(tables.audit_events, replace(first, count=first.count + 1))

    def list_about(self, target_id: UUID) -> list[AuditEvent]:
        tables = self._session.tables.record
        return [_as_stored(event) for event in tables.audit_events.rows(tables.audit_about.ids(target_id))]

    def list_keyset(self, wanted: AuditFilter, *, request: KeysetRequest) -> KeysetPage[AuditEvent]:
        if request.sort.field not in _SORT_FIELDS:
            raise ValueError(f"audit events cannot be sorted by {request.sort.field}")
        events = [event for event in self._session.tables.record.audit_events if _is_wanted(event, wanted)]
        page = keyset_page_of(events, request, _SORT_FIELDS)
        return replace(page, items=tuple(_as_stored(event) for event in page.items))


def _is_wanted(event: AuditEvent, wanted: AuditFilter) -> bool:
    return (
        wanted.name in (None, event.name)
        and wanted.actor_user_id in (None, event.actor_user_id)
        and wanted.outcome in (None, event.outcome)
        and (wanted.occurred_from is None or event.occurred_at >= wanted.occurred_from)
        and (wanted.occurred_to is None or event.occurred_at <= wanted.occurred_to)
    )


def _as_stored(event: AuditEvent) -> AuditEvent:
    # A dict stays changeable in a frozen event: the trail keeps, and hands out, copies as JSON sees them.
    return replace(event, metadata=json.loads(json.dumps(dict(event.metadata))))
