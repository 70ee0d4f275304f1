"""How far the audit trail was exported, in storage."""

from abc import abstractmethod
from datetime import datetime
from typing import Protocol

from ledgerbank_domain.audit.audit_export_rules import AuditPosition


class AuditExports(Protocol):
    """The one way in which anything ever leaves the trail: exported first, removed when it is old."""

    @abstractmethod
    def lock_position(self) -> AuditPosition | None:
        """Up to where the trail was exported. One unit at a time: another one waits here."""

    @abstractmethod
    def save_position(self, position: AuditPosition) -> None:
        """Remembers up to where everything is safe elsewhere; only later events go next time."""

    @abstractmethod
    def oldest_unit_began(self) -> datetime | None:
        """When the oldest unit of work began that may still add to the trail; None when there is none."""

    @abstractmethod
    def delete_exported_before(self, before: datetime, *, limit: int) -> int:
        """Removes exported events that occurred earlier, the oldest first, and tells how many.

        Raises RuntimeError when one of them is younger than ``SHORTEST_RETENTION``.
        """
