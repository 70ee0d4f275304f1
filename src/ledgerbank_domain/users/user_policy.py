"""Who may administer, change and delete users."""

from ledgerbank_domain.identity.actor import Actor, Role
from ledgerbank_domain.users.user import User, UserChanges, UserStatus


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
