"""Who may look at accounts."""

from uuid import UUID

from ledgerbank_domain.banking.account import Account
from ledgerbank_domain.identity.actor import Actor


def may_view_account(actor: Actor, account: Account) -> bool:
    """Also its transactions, health and balance."""
    return actor.owns(account.user_id) or actor.is_staff or actor.is_system


def may_list_accounts_of(actor: Actor, user_id: UUID) -> bool:
    return actor.owns(user_id) or actor.is_staff or actor.is_system
