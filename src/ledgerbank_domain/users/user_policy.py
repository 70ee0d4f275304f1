"""Who may administer, change and delete users."""

from uuid import UUID

from ledgerbank_domain.identity.actor import Actor, Role
from ledgerbank_domain.users.user import User, UserChanges, UserStatus

_RANKS = {Role.USER: 0, Role.SUPPORT: 1, Role.ADMIN: 2}


def may_administer_users(actor: Actor) -> bool:
    """List, look up, count, and create users with a role."""
    return actor.is_admin or actor.is_system


def may_update_user(actor: Actor, target: User, changes: UserChanges) -> bool:
    """Admins may change anybody, but not delete themselves; others only their own name and email.

    Support may change other people's name and email as well; no route offers it.
    """
    if actor.is_admin:
        return not (actor.owns(target.id) and changes.status is UserStatus.DELETED)
    if changes.are_privileged:
        return False
    return actor.owns(target.id) or actor.role is Role.SUPPORT


def may_delete_user(actor: Actor, target: User) -> bool:
    """Admins only, and nobody deletes themselves."""
    return actor.is_admin and not actor.owns(target.id)


def creation_takes_two(role: Role) -> bool:
    """Whether making a user of that role is an act for two, where the bank wants two: staff is."""
    return role is not Role.USER


def update_takes_two(actor: Actor, target: User, changes: UserChanges) -> bool:
    """Whether it is an act for two: another role, staff that comes back, or somebody else's address.

    Who reads somebody's mails can choose their password anew, and be them; one's own address is one's own.
    Suspending and deleting are not for two: who is a danger must be stopped at once, by whoever sees it.
    """
    if changes.status is UserStatus.DELETED:
        return False
    changes_role = changes.role not in (None, target.role)
    becomes_active = changes.status is UserStatus.ACTIVE and not target.is_active
    is_mailed_elsewhere = changes.email not in (None, target.email) and not actor.owns(target.id)
    return changes_role or is_mailed_elsewhere or (becomes_active and target.role is not Role.USER)


def raises_rights(target: User, changes: UserChanges) -> bool:
    """Whether the target may do more afterwards than before."""
    more_role = changes.role is not None and _RANKS[changes.role] > _RANKS[target.role]
    return more_role or (changes.status is UserStatus.ACTIVE and not target.is_active)


def begins_anew(before: User, after: User) -> bool:
    """Whether somebody becomes one of the two who are asked: staff who may do more than before.

    Whoever made them, or once was let in as them, must not be the other one as well: they choose a password
    that nobody else knows.
    """
    may_do_more = _RANKS[after.role] > _RANKS[before.role] or (after.is_active and not before.is_active)
    return may_do_more and after.is_active and after.role is not Role.USER


def may_remove_second_factor(actor: Actor, user_id: UUID) -> bool:
    """Admins only, for who lost theirs; their own is removed with a code of it, or by another admin."""
    return actor.is_admin and not actor.owns(user_id)
