"""The audit trail in storage."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from ledgerbank_domain.audit.audit_event import AuditEvent, AuditFilter
from ledgerbank_domain.identity.page import KeysetPage, KeysetRequest, Sort

LATEST_FIRST = Sort(field="occurred_at", descending=True)


class AuditTrail(Protocol):
    """All that was done or refused, for ever.

    Append-only, in storage as well, but for what was exported (:class:`AuditExports`).
    """

    @abstractmethod
    def add_many(self, events: Sequence[AuditEvent]) -> None:
        """Adds the events, of which no two have one key.

        One whose name, ``repeat_key`` and minute are there already only raises the ``count`` of the one that
        is: nothing else of an event ever changes.
        """

    @abstractmethod
    def list_about(self, target_id: UUID) -> list[AuditEvent]:
        """Everything recorded about one target, oldest first."""

    @abstractmethod
    def list_keyset(self, wanted: AuditFilter, *, request: KeysetRequest) -> KeysetPage[AuditEvent]:
        """Events by ``occurred_at``. Raises ValueError for another sort field."""
