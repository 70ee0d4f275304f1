"""The audit trail in storage."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from ledgerbank_domain.audit.audit_event import AuditEvent


class AuditTrail(Protocol):
    """Append-only, in storage as well."""

    @abstractmethod
    def add_many(self, events: Sequence[AuditEvent]) -> None: ...

    @abstractmethod
    def list_about(self, target_id: UUID) -> list[AuditEvent]:
        """Everything recorded about one target, oldest first."""
