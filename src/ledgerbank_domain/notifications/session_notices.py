"""What users are told about their sessions."""

from datetime import datetime
from uuid import UUID

from ledgerbank_domain.notifications.notification import Notification, NotificationTemplate


def login_from_new_device(
    *, user_id: UUID, device: str, ip: str | None, at: datetime, cause: str
) -> Notification:
    """Somebody logged in as the user with a client that the user never logged in with before."""
    return Notification(
        user_id=user_id,
        template=NotificationTemplate.LOGIN_FROM_NEW_DEVICE,
        params={"logged_in_at": at.isoformat(), "device": device, "ip": ip or ""},
        cause=cause,
    )


def sessions_ended(*, user_id: UUID, at: datetime, cause: str) -> Notification:
    """Tells a user that an administrator logged them out."""
    return Notification(
        user_id=user_id,
        template=NotificationTemplate.SESSIONS_ENDED,
        params={"ended_at": at.isoformat()},
        cause=cause,
    )
