"""What happened, who did it, and from where: written with the act itself and never changed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID

from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import NOWHERE, Actor, Origin, Role

MAX_USER_AGENT_LENGTH = 255


class AuditSeverity(Enum):
    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class AuditOutcome(Enum):
    SUCCESS = "success"
    FAILURE = "failure"


class AuditName(Enum):
    """The events that are recorded, by area."""

    LOGIN_SUCCEEDED = "auth.login_succeeded"
    LOGIN_FAILED = "auth.login_failed"
    REFRESH_REUSED = "auth.refresh_reused"
    LOGOUT = "auth.logout"
    LOGOUT_ALL = "auth.logout_all"
    SESSION_REVOKED = "auth.session_revoked"
    USER_REGISTERED = "user.registered"
    PASSWORD_CHANGED = "user.password_changed"  # noqa: S105 - an event's name, not a secret
    PROFILE_UPDATED = "user.profile_updated"
    ADMIN_USER_CREATED = "admin.user_created"
    ADMIN_USER_UPDATED = "admin.user_updated"
    ADMIN_USER_DELETED = "admin.user_deleted"
    PAYMENT_CREATED = "payment.created"
    PAYMENT_PROCESSED = "payment.processed"
    PAYMENT_CANCELLED = "payment.cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """``metadata`` holds small JSON-ready facts and never a secret."""

    id: UUID
    occurred_at: datetime
    name: AuditName
    outcome: AuditOutcome = AuditOutcome.SUCCESS
    severity: AuditSeverity = AuditSeverity.INFO
    reason: Reason | None = None
    actor_user_id: UUID | None = None
    actor_role: Role | None = None
    target_type: str | None = None
    target_id: UUID | None = None
    origin: Origin = NOWHERE
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AuditTarget:
    """What an event is about: ``type`` is ``user``, ``payment``, ``session`` ..."""

    type: str
    id: UUID


def success(
    name: AuditName, *, event_id: UUID, actor: Actor, target: AuditTarget, at: datetime
) -> AuditEvent:
    """An act that was carried out."""
    return AuditEvent(
        id=event_id,
        occurred_at=at,
        name=name,
        actor_user_id=actor.user_id,
        actor_role=actor.role,
        target_type=target.type,
        target_id=target.id,
        origin=actor.origin,
    )
