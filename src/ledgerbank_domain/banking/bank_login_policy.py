"""Who may look at bank logins, have them synced, connect and change them."""

from uuid import UUID

from ledgerbank_domain.banking.bank_login import BankLogin
from ledgerbank_domain.identity.actor import Actor


def may_view_login(actor: Actor, login: BankLogin) -> bool:
    """Who may list its owner's logins; the same may have it synced."""
    return may_list_logins_of(actor, login.user_id)


def may_list_logins_of(actor: Actor, user_id: UUID) -> bool:
    """One's own; staff and the system anybody's."""
    return actor.owns(user_id) or actor.is_staff or actor.is_system


def may_change_login(actor: Actor, login: BankLogin) -> bool:
    """Connect, change and disconnect: everybody, administrators included, their own only."""
    return actor.owns(login.user_id) or actor.is_system
