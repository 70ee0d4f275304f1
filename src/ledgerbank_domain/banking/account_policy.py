"""Who may look at accounts, open and change them."""

from uuid import UUID

from ledgerbank_domain.banking.account import Account, AccountChanges, AccountStatus
from ledgerbank_domain.banking.bank_login import BankLogin
from ledgerbank_domain.identity.actor import Actor

STAFF_STATUSES = frozenset({AccountStatus.FROZEN, AccountStatus.SUSPENDED})
"""Set and lifted by support and administrators only."""


def may_view_account(actor: Actor, account: Account) -> bool:
    """Also its transactions, health and balance."""
    return actor.owns(account.user_id) or actor.is_staff or actor.is_system


def may_import_statements(actor: Actor, account: Account) -> bool:
    """One's own: nobody brings statements of somebody else's account."""
    return actor.owns(account.user_id) or actor.is_system


def may_list_accounts_of(actor: Actor, user_id: UUID) -> bool:
    """One's own; staff and the system anybody's."""
    return actor.owns(user_id) or actor.is_staff or actor.is_system


def may_open_account(actor: Actor, login: BankLogin) -> bool:
    """Everybody, administrators included, opens accounts at their own bank logins only."""
    return actor.owns(login.user_id) or actor.is_system


def may_open_account_for(actor: Actor, user_id: UUID) -> bool:
    """At the house bank: everybody for themselves, administrators for anybody."""
    return actor.owns(user_id) or actor.is_admin or actor.is_system


def may_change_source(actor: Actor, account: Account) -> bool:
    """Who tells of an account is its owner's to say."""
    return actor.owns(account.user_id) or actor.is_system


def may_update_account(actor: Actor, account: Account) -> bool:
    """At all: which fields is the next question."""
    return actor.owns(account.user_id) or actor.is_staff or actor.is_system


def forbidden_account_field(actor: Actor, account: Account, changes: AccountChanges) -> str | None:
    """The first field that this actor may not change, or not in this way; None when they may do it all."""
    if changes.immutable_fields:
        return changes.immutable_fields[0]
    if changes.credit_limit is not None and not (actor.is_admin or actor.is_system):
        return "credit_limit"
    touches_staff_status = STAFF_STATUSES & {changes.status, account.status}
    if changes.status and touches_staff_status and not (actor.is_staff or actor.is_system):
        return "status"
    return None


def account_update_takes_two(account: Account, changes: AccountChanges) -> bool:
    """Whether the change is an act for two, where the bank wants two.

    Another credit limit is one, and so is lifting what staff had stopped, by whichever way: only closing the
    account, which is final, and stopping it otherwise are not.
    """
    limit = changes.credit_limit
    if limit is not None and limit != account.credit_limit.amount:
        return True
    stays_stopped = STAFF_STATUSES | {AccountStatus.CLOSED}
    return (
        account.status in STAFF_STATUSES
        and changes.status is not None
        and changes.status not in stays_stopped
    )
