"""Looking at an account's past: who may, and what of it nothing that is still to be booked can change."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from ledgerbank_domain.banking.account import Account
from ledgerbank_domain.banking.account_policy import may_view_account
from ledgerbank_domain.banking.booking_horizon import BookingHorizon
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork
from ledgerbank_domain.services.conduct.conflict_retry import retried_on_conflict
from ledgerbank_domain.services.conduct.outcome import Outcome, result_of


def viewable_accounts(work: UnitOfWork, requests: Sequence[tuple[Actor, UUID]]) -> list[Outcome[Account]]:
    """Accounts for many callers: each found one, ``account_not_found``, or ``unauthorized_access``."""
    accounts = work.accounts.find_many({account_id for _, account_id in requests})
    return [_viewable(actor, accounts.get(account_id)) for actor, account_id in requests]


def viewable_account(work: UnitOfWork, actor: Actor, account_id: UUID) -> Account:
    """Raises ``account_not_found``, then ``unauthorized_access``."""
    return result_of(viewable_accounts(work, [(actor, account_id)])[0])


@retried_on_conflict
def account_and_horizon(
    start_unit_of_work: StartUnitOfWork, actor: Actor, account_id: UUID
) -> tuple[Outcome[Account], BookingHorizon]:
    """The account once no booking on it is under way, and how far its past reaches then.

    Who may not see an account cannot hold it up either: it is locked only after that was asked.
    """
    with start_unit_of_work() as work:
        found = viewable_accounts(work, [(actor, account_id)])[0]
        account = None if isinstance(found, DomainError) else work.accounts.get_for_update(account_id)
        return account or found, BookingHorizon.of(account, now=work.now())


def known_by(horizon: BookingHorizon, known_at: datetime | None) -> datetime:
    """Up to when bookings count: as asked, or (None) all that there are.

    Raises ``invalid_datetime_format`` for an instant to come.
    """
    asked = known_at or horizon.settled
    if asked > horizon.booked:
        raise still_to_come("known_at")
    # In this very instant something may still be booked, which would belong to an answer known now.
    return min(asked, horizon.settled)


def still_to_come(field: str) -> DomainError:
    """The error that refuses to tell of an instant before it has come."""
    return DomainError(Reason.INVALID_DATETIME_FORMAT, field=field, message="The instant is in the future.")


def _viewable(actor: Actor, account: Account | None) -> Outcome[Account]:
    if account is None:
        return DomainError(Reason.ACCOUNT_NOT_FOUND)
    return account if may_view_account(actor, account) else DomainError(Reason.UNAUTHORIZED_ACCESS)
