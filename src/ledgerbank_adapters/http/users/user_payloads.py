"""Users as JSON shows them."""

from typing import Annotated, TypedDict

from ledgerbank_adapters.http.fields.wire_values import WireId, WireInstant, wire_id, wire_instant
from ledgerbank_domain.identity.actor import Role
from ledgerbank_domain.users.user import User, UserStats, UserStatus


class UserPayload(TypedDict):
    """``active``, ``suspended`` and ``deleted`` repeat the status for clients that ask for flags."""

    id: WireId
    email: str
    full_name: str
    status: Annotated[str, UserStatus]
    role: Annotated[str, Role]
    active: bool
    suspended: bool
    deleted: bool
    verified: bool
    inserted_at: WireInstant
    updated_at: WireInstant


class UserStatsPayload(TypedDict):
    total_users: int
    active_users: int
    suspended_users: int
    admin_users: int


def user_payload(user: User) -> UserPayload:
    return {
        "id": wire_id(user.id),
        "email": user.email,
        "full_name": user.full_name,
        "status": user.status.value,
        "role": user.role.value,
        "active": user.status is UserStatus.ACTIVE,
        "suspended": user.status is UserStatus.SUSPENDED,
        "deleted": user.status is UserStatus.DELETED,
        "verified": user.verified,
        "inserted_at": wire_instant(user.inserted_at),
        "updated_at": wire_instant(user.updated_at),
    }


def user_stats_payload(stats: UserStats) -> UserStatsPayload:
    return {
        "total_users": stats.total_users,
        "active_users": stats.active_users,
        "suspended_users": stats.suspended_users,
        "admin_users": stats.admin_users,
    }
