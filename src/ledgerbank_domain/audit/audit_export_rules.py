"""How far the audit trail was exported, and what may be exported and removed."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self
from uuid import UUID

from ledgerbank_domain.audit.audit_event import AuditEvent, minute_of

# An event tells when it occurred and is seen when its unit of work ends: one from before may still come.
SETTLING_TIME = timedelta(minutes=5)
# What was just exported may not be safe yet where it was brought: storage itself keeps it so long.
SHORTEST_RETENTION = timedelta(days=1)
_INSTANT_BEFORE = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class AuditPosition:
    """A place in the trail, of which everything up to and with it was exported."""

    occurred_at: datetime
    event_id: UUID

    @classmethod
    def of(cls, event: AuditEvent) -> Self:
        """The place that is reached once this event was exported."""
        return cls(occurred_at=event.occurred_at, event_id=event.id)


def last_settled_instant(now: datetime, *, oldest_unit_began: datetime | None) -> datetime:
    """Up to when nothing can be added to the trail any more, nor counted with what is there."""
    settled = now - SETTLING_TIME
    if oldest_unit_began is None:
        return settled
    return min(settled, minute_of(oldest_unit_began) - _INSTANT_BEFORE)
