"""What users are told about their second factor."""

from datetime import datetime
from uuid import UUID

from ledgerbank_domain.notifications.notification import Notification, NotificationTemplate


def second_factor_added(*, user_id: UUID, replaced: bool, ip: str | None, at: datetime) -> Notification:
    """From now on logging in asks for it; ``replaced``: in place of another one."""
    return _notice(
        NotificationTemplate.SECOND_FACTOR_ADDED,
        user_id,
        at,
        cause=f"{user_id}:{at.isoformat()}",
        ip=ip or "",
        replaced="yes" if replaced else "",
    )


def second_factor_removed(
    *, user_id: UUID, by_administrator: bool, ip: str | None, at: datetime
) -> Notification:
    """Logging in takes a password alone again."""
    return _notice(
        NotificationTemplate.SECOND_FACTOR_REMOVED,
        user_id,
        at,
        cause=f"{user_id}:{at.isoformat()}",
        ip="" if by_administrator else ip or "",
        by_administrator="yes" if by_administrator else "",
    )


def recovery_codes_renewed(*, user_id: UUID, ip: str | None, at: datetime) -> Notification:
    """Those from before count no more."""
    return _notice(
        NotificationTemplate.RECOVERY_CODES_RENEWED,
        user_id,
        at,
        cause=f"{user_id}:{at.isoformat()}",
        ip=ip or "",
    )


def recovery_code_used(*, user_id: UUID, left: int, ip: str | None, at: datetime, cause: str) -> Notification:
    """Somebody used a recovery code; ``cause`` is an id of its own for each."""
    return _notice(
        NotificationTemplate.RECOVERY_CODE_USED, user_id, at, cause=cause, ip=ip or "", left=str(left)
    )


def second_factor_guessed(
    *, user_id: UUID, ip: str | None, blocked: bool, at: datetime, cause: str
) -> Notification:
    """Somebody who knows the password guesses codes; ``blocked``: so often that only recovery codes count."""
    return _notice(
        NotificationTemplate.SECOND_FACTOR_GUESSED,
        user_id,
        at,
        cause=cause,
        ip=ip or "",
        blocked="yes" if blocked else "",
    )


def _notice(
    template: NotificationTemplate, user_id: UUID, at: datetime, *, cause: str, **params: str
) -> Notification:
    return Notification(
        user_id=user_id, template=template, params={"at": at.isoformat(), **params}, cause=cause
    )
