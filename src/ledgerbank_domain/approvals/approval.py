"""Approvals: an act that one of staff asked for, and that another administrator lets happen or not."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from typing import Any, Self
from uuid import UUID

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.text_rules import parse_text
from ledgerbank_domain.identity.value_rules import (
    require_ids,
    require_instants,
    require_member,
    require_optional_ids,
    require_optional_instants,
    require_optional_member,
    require_optional_texts,
    require_texts,
)

MAX_REASON_LENGTH = 255
MAX_SUBJECT_LENGTH = 300


class ApprovalStatus(Enum):
    """PENDING waits; every other one is final."""

    PENDING = "PENDING"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    WITHDRAWN = "WITHDRAWN"
    EXPIRED = "EXPIRED"


class ActKind(Enum):
    """The acts that take two, each with what it is done to: ``target_type``."""

    _value_: str
    target_type: str | None

    USER_CREATE = ("user.create", "user")
    USER_UPDATE = ("user.update", "user")
    SECOND_FACTOR_REMOVE = ("user.remove_second_factor", "user")
    ACCOUNT_UPDATE = ("account.update", "account")
    PAYMENT_REVERSE = ("payment.reverse", "payment")
    ENTRY_REVERSE = ("journal_entry.reverse", "journal_entry")

    def __new__(cls, act: str, target_type: str | None = None) -> Self:
        """The value is the act's name alone; ``target_type`` goes beside it."""
        kind = object.__new__(cls)
        kind._value_ = act
        kind.target_type = target_type
        return kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """What somebody asked for, why, and who decided.

    ``target_id`` is what the act is done to; None as long as that does not exist. ``subject`` is what one
    request of its kind may be pending about at a time. ``arguments`` are what the act is done with: gone once
    it is decided, so that nothing in them outlives its purpose. ``basis`` is what was there when it was asked
    for: when it is not there any more, another act than the one that was looked at would be approved.
    ``changes`` tells people what would change: each field with ``old`` and ``new``.
    """

    id: UUID
    kind: ActKind
    target_id: UUID | None
    subject: str
    arguments: Mapping[str, Any] = field(repr=False)
    basis: Mapping[str, Any]
    changes: Mapping[str, Any]
    reason: str
    requested_by: UUID
    status: ApprovalStatus = ApprovalStatus.PENDING
    expires_at: datetime
    decided_by: UUID | None = None
    decided_at: datetime | None = None
    decision_reason: str | None = None
    inserted_at: datetime
    updated_at: datetime

    def __post_init__(self) -> None:
        require_ids(id=self.id, requested_by=self.requested_by)
        require_optional_ids(target_id=self.target_id, decided_by=self.decided_by)
        require_member(ActKind, self.kind, Reason.INVALID_FILTER, field="act")
        require_member(ApprovalStatus, self.status, Reason.INVALID_STATUS, field="status")
        require_texts(MAX_SUBJECT_LENGTH, subject=self.subject)
        require_texts(MAX_REASON_LENGTH, reason_for_it=self.reason)
        require_optional_texts(MAX_REASON_LENGTH, decision_reason=self.decision_reason)
        require_instants(expires_at=self.expires_at, inserted_at=self.inserted_at, updated_at=self.updated_at)
        require_optional_instants(decided_at=self.decided_at)

    @property
    def is_pending(self) -> bool:
        """Whether nobody has decided it; it may have expired all the same (:meth:`as_of`)."""
        return self.status is ApprovalStatus.PENDING

    def as_of(self, now: datetime) -> "Approval":
        """The approval as it is at that instant: one that waited for too long is EXPIRED."""
        return self.expired(at=self.expires_at) if self.is_pending and self.expires_at <= now else self

    def check_pending(self, now: datetime) -> None:
        """Raises ``already_processed`` when it is decided, withdrawn or has expired."""
        status = self.as_of(now).status
        if status is not ApprovalStatus.PENDING:
            raise DomainError(Reason.ALREADY_PROCESSED, field="status", status=status.value)

    def approved(self, *, by: UUID, at: datetime, target_id: UUID | None) -> "Approval":
        """The approval once its act is done, to ``target_id``."""
        decided = self._ended(ApprovalStatus.APPROVED, by=by, at=at)
        return replace(decided, target_id=target_id or self.target_id)

    def rejected(self, *, by: UUID, at: datetime, reason: str) -> "Approval":
        """The approval after somebody refused it."""
        return replace(self._ended(ApprovalStatus.REJECTED, by=by, at=at), decision_reason=reason)

    def withdrawn(self, *, at: datetime) -> "Approval":
        """The approval after who asked for it took it back."""
        return self._ended(ApprovalStatus.WITHDRAWN, by=self.requested_by, at=at)

    def expired(self, *, at: datetime) -> "Approval":
        """The approval after nobody decided it in time."""
        return self._ended(ApprovalStatus.EXPIRED, by=None, at=at)

    def _ended(self, status: ApprovalStatus, *, by: UUID | None, at: datetime) -> "Approval":
        return replace(self, status=status, decided_by=by, decided_at=at, updated_at=at, arguments={})


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalFilter:
    """Which approvals to list; None means any. One that has expired is EXPIRED from that instant on."""

    status: ApprovalStatus | None = None

    def __post_init__(self) -> None:
        require_optional_member(ApprovalStatus, self.status, Reason.INVALID_STATUS, field="status")


def parse_approval_reason(value: object) -> str:
    """1 to 255 characters, trimmed. Raises ``invalid_field_format``."""
    return parse_text(value, reason=Reason.INVALID_FIELD_FORMAT, max_length=MAX_REASON_LENGTH)
