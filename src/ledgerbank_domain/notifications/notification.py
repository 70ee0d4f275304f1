"""Notifications: what users are told by mail, as it is kept in a job until it is sent."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID

from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.payments.payment import Payment
from ledgerbank_domain.users.api_key import ApiKey

MAX_CAUSE_LENGTH = 128


class NotificationTemplate(Enum):
    """Which letter a notification becomes; ``mail_templates`` has a function for each."""

    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - a template's name
    LOGINS_FAILED = "logins_failed"
    LOGIN_FROM_NEW_DEVICE = "login_from_new_device"
    SESSIONS_ENDED = "sessions_ended"
    SECOND_FACTOR_ADDED = "second_factor_added"
    SECOND_FACTOR_REMOVED = "second_factor_removed"
    RECOVERY_CODES_RENEWED = "recovery_codes_renewed"
    RECOVERY_CODE_USED = "recovery_code_used"
    SECOND_FACTOR_GUESSED = "second_factor_guessed"
    API_KEY_CREATED = "api_key_created"
    EMAIL_CONFIRMATION = "email_confirmation"
    PASSWORD_RESET = "password_reset"  # noqa: S105 - a template's name
    REGISTRATION_ATTEMPTED = "registration_attempted"
    EMAIL_CHANGE_REQUESTED = "email_change_requested"
    EMAIL_CHANGED = "email_changed"
    PAYMENT_COMPLETED = "payment_completed"
    PAYMENT_FAILED = "payment_failed"
    BANK_LOGIN_NEEDS_ATTENTION = "bank_login_needs_attention"
    BANK_ACCESS_NOT_ENDED = "bank_access_not_ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """One mail to be: whom it is for, which one, and what it tells.

    ``cause`` names what happened: of several notifications with one template and cause one is sent.
    ``params`` are what the template asks for, as text, and never a secret: administrators see jobs. A mail
    that brings a token names it by its id, as ``token_id``. ``address`` is where it goes, unless that is
    the user's address of when it is sent, or the one that its token is for.
    """

    user_id: UUID
    template: NotificationTemplate
    params: Mapping[str, str]
    cause: str
    address: str | None = None

    def __post_init__(self) -> None:
        if not 1 <= len(self.cause) <= MAX_CAUSE_LENGTH:
            raise ValueError(f"a cause has 1 to {MAX_CAUSE_LENGTH} characters, not {len(self.cause)}")

    @property
    def unique_key(self) -> str:
        """The key of its job, by which the same news is sent once only."""
        return f"notification.send:{self.template.value}:{self.cause}"

    def as_args(self) -> dict[str, Any]:
        """The arguments of its job, JSON-ready."""
        return {
            "user_id": str(self.user_id),
            "template": self.template.value,
            "params": dict(self.params),
            **({} if self.address is None else {"address": self.address}),
        }

    def bringing(self, token_id: UUID) -> "Notification":
        """The same, with a link that has this token in it; a token is mailed once."""
        return replace(self, params={**self.params, "token_id": str(token_id)}, cause=str(token_id))


def password_changed(*, user_id: UUID, at: datetime, cause: str) -> Notification:
    """Tells a user that their password is a new one; ``cause`` is an id of its own for each change."""
    return Notification(
        user_id=user_id,
        template=NotificationTemplate.PASSWORD_CHANGED,
        params={"changed_at": at.isoformat()},
        cause=cause,
    )


def logins_failed(*, user_id: UUID, ip: str | None, at: datetime, cause: str) -> Notification:
    """Somebody goes on guessing the user's password, the last time from there."""
    return Notification(
        user_id=user_id,
        template=NotificationTemplate.LOGINS_FAILED,
        params={"failed_at": at.isoformat(), "ip": ip or ""},
        cause=cause,
    )


def api_key_created(key: ApiKey, *, ip: str | None) -> Notification:
    """Tells a user that a program may act for them from now on. The key is the cause: it is made once."""
    return Notification(
        user_id=key.user_id,
        template=NotificationTemplate.API_KEY_CREATED,
        params={
            "name": key.name,
            "scopes": ", ".join(key.scope_names),
            "expires_at": key.expires_at.isoformat(),
            "created_at": key.inserted_at.isoformat(),
            "ip": ip or "",
        },
        cause=str(key.id),
    )


def payment_completed(payment: Payment, *, at: datetime) -> Notification:
    """Tells the payer that money moved. The payment is the cause: it completes once."""
    return Notification(
        user_id=payment.user_id,
        template=NotificationTemplate.PAYMENT_COMPLETED,
        params=_payment_params(payment, at),
        cause=str(payment.id),
    )


def payment_failed(payment: Payment, *, reason: Reason, at: datetime, cause: str) -> Notification:
    """Tells the payer that no money moved.

    ``cause`` names the failure: a payment that is tried again may fail again.
    """
    return Notification(
        user_id=payment.user_id,
        template=NotificationTemplate.PAYMENT_FAILED,
        params={**_payment_params(payment, at), "reason": reason.code},
        cause=cause,
    )


def bank_login_needs_attention(
    *, user_id: UUID, bank_name: str, username: str, reason: Reason, at: datetime, cause: str
) -> Notification:
    """Tells a customer that syncs with a bank fail, and what they can do.

    ``cause`` names the episode: what goes on failing for the same reason is told once.
    """
    return Notification(
        user_id=user_id,
        template=NotificationTemplate.BANK_LOGIN_NEEDS_ATTENTION,
        params={
            "bank_name": bank_name,
            "username": username,
            "reason": reason.code,
            "failed_at": at.isoformat(),
        },
        cause=cause,
    )


def bank_access_not_ended(
    *, user_id: UUID, bank_name: str, username: str, reason: Reason, since: datetime, cause: str
) -> Notification:
    """Tells a customer that their bank did not confirm the end of an access, and what they can do."""
    return Notification(
        user_id=user_id,
        template=NotificationTemplate.BANK_ACCESS_NOT_ENDED,
        params={
            "bank_name": bank_name,
            "username": username,
            "reason": reason.code,
            "disconnected_at": since.isoformat(),
        },
        cause=cause,
    )


def _payment_params(payment: Payment, at: datetime) -> dict[str, str]:
    return {
        "payment_id": str(payment.id),
        "amount": str(payment.amount),
        "currency": payment.currency.code,
        "direction": payment.direction.value,
        "description": payment.description,
        "at": at.isoformat(),
    }
