"""Approvals in storage."""

from abc import abstractmethod
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from ledgerbank_domain.approvals.approval import ActKind, Approval, ApprovalFilter
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.page import KeysetPage, KeysetRequest
from ledgerbank_domain.ports.repositories.presence import present


class ApprovalRepository(Protocol):
    """What staff asked for; of a kind and subject one is pending at most."""

    @abstractmethod
    def add(self, approval: Approval) -> None:
        """Raises ``resource_already_exists`` when one of its kind is pending about the same subject.

        After that error the unit of work can only be left.
        """

    @abstractmethod
    def save(self, approval: Approval) -> None:
        """Updates an approval locked by this unit of work: what became of it, never what was asked for."""

    @abstractmethod
    def find(self, approval_id: UUID) -> Approval | None:
        """The one with this id, if it exists."""

    @abstractmethod
    def find_for_update(self, approval_id: UUID) -> Approval | None:
        """Locked, if it exists."""

    def get_for_update(self, approval_id: UUID) -> Approval:
        """Locked. Raises ``resource_not_found``."""
        return present(self.find_for_update(approval_id), Reason.RESOURCE_NOT_FOUND)

    @abstractmethod
    def find_pending_for_update(self, kind: ActKind, subject: str) -> Approval | None:
        """The one that is stored as PENDING about this, locked; it may have expired."""

    @abstractmethod
    def list_keyset(
        self, wanted: ApprovalFilter, *, now: datetime, request: KeysetRequest
    ) -> KeysetPage[Approval]:
        """By ``inserted_at`` and ``id``, as they are stored.

        The filter asks for what they are at ``now``.
        """

    @abstractmethod
    def list_overdue_for_update(self, now: datetime, *, limit: int) -> Sequence[Approval]:
        """Some that are stored as PENDING and have expired, locked: none is waited for."""

    @abstractmethod
    def delete_decided_before(self, before: datetime, *, limit: int) -> int:
        """Removes what was decided before then; returns how many, at most ``limit``."""
