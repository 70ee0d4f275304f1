"""What users are told about e-mail addresses, and about passwords that they forgot."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from ledgerbank_domain.notifications.notification import Notification, NotificationTemplate


def email_confirmation(*, user_id: UUID, expires_at: datetime) -> Notification:
    """Has the owner of an address confirm it by a link, until then."""
    return _with_link(
        NotificationTemplate.EMAIL_CONFIRMATION, user_id, {"expires_at": expires_at.isoformat()}
    )


def password_reset(*, user_id: UUID, expires_at: datetime) -> Notification:
    """Lets a user choose a new password by a link, until then."""
    return _with_link(NotificationTemplate.PASSWORD_RESET, user_id, {"expires_at": expires_at.isoformat()})


def registration_attempted(*, user_id: UUID, expires_at: datetime) -> Notification:
    """Somebody gave this user's address as theirs. If it was the user: a link to choose a new password by."""
    params = {"expires_at": expires_at.isoformat()}
    return _with_link(NotificationTemplate.REGISTRATION_ATTEMPTED, user_id, params)


def email_change_requested(*, user_id: UUID, old: str, new: str, at: datetime, cause: str) -> Notification:
    """Tells the old address that another one is to take its place, once that is confirmed."""
    return Notification(
        user_id=user_id,
        template=NotificationTemplate.EMAIL_CHANGE_REQUESTED,
        params={"new_email": new, "requested_at": at.isoformat()},
        cause=cause,
        address=old,
    )


def email_changed(*, user_id: UUID, old: str, new: str, at: datetime, cause: str) -> Notification:
    """Tells the old address that another one has taken its place."""
    return Notification(
        user_id=user_id,
        template=NotificationTemplate.EMAIL_CHANGED,
        params={"new_email": new, "changed_at": at.isoformat()},
        cause=cause,
        address=old,
    )


def _with_link(template: NotificationTemplate, user_id: UUID, params: Mapping[str, str]) -> Notification:
    """Before its token is known, which is its cause."""
    return Notification(user_id=user_id, template=template, params=params, cause="a token")
