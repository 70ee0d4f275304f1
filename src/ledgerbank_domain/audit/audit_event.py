"""Audit events: what happened, who did it, and from where, written with the act itself and never changed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from typing import Any, Self
from uuid import UUID

from ledgerbank_domain.audit.redaction import redacted
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import NOWHERE, Actor, Origin, Role
from ledgerbank_domain.identity.value_rules import (
    require_optional_ids,
    require_optional_instants,
    require_optional_member,
)

MAX_METHOD_LENGTH = 32
MAX_PATH_LENGTH = 512
MAX_USER_AGENT_LENGTH = 255


class AuditSeverity(Enum):
    """How much attention an event asks for; what was refused is at least a WARNING."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class AuditOutcome(Enum):
    """Whether the act was carried out, or was refused or came to nothing."""

    SUCCESS = "success"
    FAILURE = "failure"


class AuditName(Enum):
    """The events that are recorded, by area, each with what it is about, if anything: ``target_type``."""

    _value_: str
    target_type: str | None

    LOGIN_SUCCEEDED = ("auth.login_succeeded", "session")
    LOGIN_CHALLENGED = ("auth.login_challenged", "user")
    LOGIN_FAILED = ("auth.login_failed", "user")
    TOKEN_REJECTED = "auth.token_rejected"  # noqa: S105 - an event's name, not a secret
    REFRESH_REUSED = ("auth.refresh_reused", "user")
    LOGOUT = ("auth.logout", "session")
    LOGOUT_ALL = ("auth.logout_all", "user")
    SESSION_REVOKED = ("auth.session_revoked", "session")
    API_KEY_CREATED = ("api_key.created", "api_key")
    API_KEY_REVOKED = ("api_key.revoked", "api_key")
    AUTHZ_DENIED = "authz.denied"
    RATE_LIMIT_EXCEEDED = ("rate_limit.exceeded", "user")
    POLICY_VIOLATION = "policy.violation"
    SUSPICIOUS = ("security.suspicious", "user")
    USER_EXPORTED = ("user.exported", "user")
    USER_REGISTERED = ("user.registered", "user")
    PASSWORD_CHANGED = ("user.password_changed", "user")
    SECOND_FACTOR_ADDED = ("user.second_factor_added", "user")
    SECOND_FACTOR_REMOVED = ("user.second_factor_removed", "user")
    RECOVERY_CODES_RENEWED = ("user.recovery_codes_renewed", "user")
    RECOVERY_CODE_USED = ("user.recovery_code_used", "user")
    USER_ERASED = ("user.erased", "user")
    PASSWORD_RESET = ("user.password_reset", "user")
    EMAIL_CONFIRMED = ("user.email_confirmed", "user")
    EMAIL_CHANGE_REQUESTED = ("user.email_change_requested", "user")
    MAIL_REQUESTED = ("user.mail_requested", "user")
    PROFILE_UPDATED = ("user.profile_updated", "user")
    ADMIN_USER_CREATED = ("admin.user_created", "user")
    ADMIN_USER_UPDATED = ("admin.user_updated", "user")
    ADMIN_PASSWORD_RESET_STARTED = ("admin.password_reset_started", "user")
    ADMIN_USER_DELETED = ("admin.user_deleted", "user")
    ADMIN_SECOND_FACTOR_REMOVED = ("admin.second_factor_removed", "user")
    ADMIN_SESSIONS_REVOKED = ("admin.sessions_revoked", "user")
    ADMIN_BANK_CREATED = ("admin.bank_created", "bank")
    ADMIN_BANK_UPDATED = ("admin.bank_updated", "bank")
    ADMIN_BRANCH_CREATED = ("admin.branch_created", "bank_branch")
    ADMIN_JOB_RETRIED = ("admin.job_retried", "job")
    ADMIN_JOB_CANCELLED = ("admin.job_cancelled", "job")
    ADMIN_ACCOUNT_UPDATED = ("admin.account_updated", "account")
    STAFF_READ = ("staff.read", "user")
    APPROVAL_REQUESTED = ("approval.requested", "approval")
    APPROVAL_APPROVED = ("approval.approved", "approval")
    APPROVAL_REJECTED = ("approval.rejected", "approval")
    APPROVAL_WITHDRAWN = ("approval.withdrawn", "approval")
    APPROVAL_EXPIRED = ("approval.expired", "approval")
    LEDGER_REVERSED = ("ledger.reversed", "journal_entry")
    ACCOUNT_CREATED = ("account.created", "account")
    ACCOUNT_UPDATED = ("account.updated", "account")
    STATEMENT_IMPORTED = ("account.statement_imported", "account")
    BANK_LOGIN_CREATED = ("bank_login.created", "bank_login")
    BANK_LOGIN_CONSENTED = ("bank_login.consented", "bank_login")
    BANK_LOGIN_CONNECTED = ("bank_login.connected", "bank_login")
    BANK_LOGIN_UPDATED = ("bank_login.updated", "bank_login")
    BANK_LOGIN_DISCONNECTED = ("bank_login.disconnected", "bank_login")
    BANK_LOGIN_SYNCED = ("bank_login.synced", "bank_login")
    BANK_LOGIN_SYNC_FAILED = ("bank_login.sync_failed", "bank_login")
    WEBHOOK_REJECTED = "webhook.rejected"
    PAYMENT_CREATED = ("payment.created", "payment")
    PAYMENT_PROCESSED = ("payment.processed", "payment")
    PAYMENT_FAILED = ("payment.failed", "payment")
    PAYMENT_CANCELLED = ("payment.cancelled", "payment")
    PAYMENT_SCHEDULED = ("payment.scheduled", "payment")
    STEP_UP_CONFIRMED = ("payment.step_up_confirmed", "user")
    PAYEE_ADDED = ("payee.added", "payee")
    PAYEE_REMOVED = ("payee.removed", "payee")

    def __new__(cls, event: str, target_type: str | None = None) -> Self:
        """The value is the event's name alone; ``target_type`` goes beside it."""
        name = object.__new__(cls)
        name._value_ = event
        name.target_type = target_type
        return name


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """One act or refusal, as it is remembered.

    ``metadata`` holds small JSON-ready facts and never a secret. ``status`` is what the request was answered,
    where that was known when the event was written. What a client says of itself is cut: nobody shall fill
    the trail with one long path.

    One with a ``repeat_key`` stands for every event of its name and key within a minute; ``count`` tells how
    many there were. It is the first of them that is described.
    """

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
    status: int | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    repeat_key: str | None = None
    count: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "origin", _cut(self.origin))

    @property
    def repeat_minute(self) -> datetime | None:
        """The minute within which it stands for others as well."""
        return None if self.repeat_key is None else minute_of(self.occurred_at)


def minute_of(instant: datetime) -> datetime:
    """When the minute began within which alike events are one."""
    return instant.replace(second=0, microsecond=0)


def _cut(origin: Origin) -> Origin:
    method, path, user_agent = origin.method or "", origin.path or "", origin.user_agent or ""
    if (
        len(method) <= MAX_METHOD_LENGTH
        and len(path) <= MAX_PATH_LENGTH
        and len(user_agent) <= MAX_USER_AGENT_LENGTH
    ):
        return origin
    return replace(
        origin,
        method=method[:MAX_METHOD_LENGTH] or None,
        path=path[:MAX_PATH_LENGTH] or None,
        user_agent=user_agent[:MAX_USER_AGENT_LENGTH] or None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which events to list; None means any. Both instants are included."""

    name: AuditName | None = None
    actor_user_id: UUID | None = None
    outcome: AuditOutcome | None = None
    occurred_from: datetime | None = None
    occurred_to: datetime | None = None

    def __post_init__(self) -> None:
        require_optional_ids(actor_user_id=self.actor_user_id)
        require_optional_member(AuditName, self.name, Reason.INVALID_FILTER, field="name")
        require_optional_member(AuditOutcome, self.outcome, Reason.INVALID_FILTER, field="outcome")
        require_optional_instants(date_from=self.occurred_from, date_to=self.occurred_to)


@dataclass(frozen=True, slots=True)
class AuditTarget:
    """What an event is about; no ``id``: about many at once. ``facts`` go along as the event's metadata.

    ``type`` is for the few acts that are about something else than their event's name tells.
    """

    id: UUID | None
    facts: Mapping[str, Any] = field(default_factory=dict)
    type: str | None = None


def success(
    name: AuditName, *, event_id: UUID, actor: Actor, target: AuditTarget, at: datetime
) -> AuditEvent:
    """The event of an act that was carried out; secrets are taken out of the target's facts."""
    return AuditEvent(
        id=event_id,
        occurred_at=at,
        name=name,
        actor_user_id=actor.user_id,
        actor_role=actor.role,
        target_type=target.type or name.target_type,
        target_id=target.id,
        origin=actor.origin,
        status=actor.origin.success_status,
        metadata={**redacted(target.facts), **_program_of(actor)},
    )


def failure(
    name: AuditName,
    *,
    event_id: UUID,
    reason: Reason,
    actor: Actor,
    target: AuditTarget | None,
    at: datetime,
) -> AuditEvent:
    """The event of an act that was refused, or came to nothing: a WARNING with the reason.

    The target's facts are left out: what was asked for did not happen.
    """
    return AuditEvent(
        id=event_id,
        occurred_at=at,
        name=name,
        outcome=AuditOutcome.FAILURE,
        severity=AuditSeverity.WARNING,
        reason=reason,
        actor_user_id=actor.user_id,
        actor_role=actor.role,
        target_type=(target.type or name.target_type) if target else None,
        target_id=target.id if target else None,
        origin=actor.origin,
        metadata=_program_of(actor),
    )


def _program_of(actor: Actor) -> dict[str, str]:
    """The key that the actor acted with, where it was not they themselves."""
    return {} if actor.api_key_id is None else {"api_key_id": str(actor.api_key_id)}
