"""Switching roads: an account goes on under another provider or by files, as the account that it is."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from ledgerbank_domain.audit.audit_event import AuditName
from ledgerbank_domain.audit.changed_fields import changes_between
from ledgerbank_domain.banking.account import Account, AccountSource, AccountStatus
from ledgerbank_domain.banking.account_policy import may_change_source, may_open_account
from ledgerbank_domain.banking.account_source_change import AccountSourceChange
from ledgerbank_domain.banking.bank_login import BankLogin
from ledgerbank_domain.banking.booking import booking_times
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.identity.scope import Scope
from ledgerbank_domain.identity.value_rules import require_ids
from ledgerbank_domain.ledger.journal import (
    ClearingAccount,
    Direction,
    EntryKind,
    JournalEntry,
    Posting,
    movement,
)
from ledgerbank_domain.money.money import Money
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork
from ledgerbank_domain.services.audit.audit_writer import AuditWriter
from ledgerbank_domain.services.banks.bank_gateway_lookup import Gateways, bank_of_branch, gateway_of
from ledgerbank_domain.services.banks.bank_sync_schedule import schedule_sync
from ledgerbank_domain.services.conduct.authority_check import locked_actor
from ledgerbank_domain.services.conduct.conflict_retry import retried_on_conflict
from ledgerbank_domain.services.conduct.permission_check import require_permission
from ledgerbank_domain.services.conduct.scope_check import needs_scope


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSourceService:
    """Lets owners choose who tells of their accounts."""

    start_unit_of_work: StartUnitOfWork
    ids: IdGenerator
    audit: AuditWriter
    gateways: Gateways

    @needs_scope(Scope.BANKS_WRITE)
    @retried_on_conflict
    def change(self, actor: Actor, *, account_id: UUID, change: AccountSourceChange) -> Account:
        """The account with another source: id, history and cursor are kept, and a login's sync is asked for.

        What the new provider lists of the past is matched with what is booked. The balance moves to the other
        bank's clearing account with the account. A book that the login's first sync opened for it meanwhile
        ends: it is emptied and CLOSED. Naming the source that an account has makes sure of it: what its
        number was known by is forgotten.

        Raises ``account_not_found``, ``unauthorized_access`` for anybody but its owner, ``already_processed``
        for a CLOSED one, ``account_held_here`` for one whose lines were booked here; for a provider
        ``bank_login_not_found``, ``insufficient_permissions`` for somebody else's login, ``bank_inactive``
        where nothing speaks to its bank, ``bank_login_inactive`` when it is not connected, and
        ``resource_already_exists`` for an id that another account has which cannot be this one.
        """
        require_ids(account_id=account_id)
        with self.start_unit_of_work() as work:
            actor = locked_actor(work, actor)
            login = self._login_in(work, actor, change)
            account, others = _locked_with_others(work, actor, account_id)
            if account.status is AccountStatus.CLOSED:
                raise DomainError(Reason.ALREADY_PROCESSED)
            now = work.now()
            if login is None:
                changed = account.fed_by_files(at=now)
            else:
                changed = self._told_by(work, account, login, change, at=now)
                if (rival := _rival(others, changed)) is not None:
                    self._end_in(work, actor, rival, at=now)
                self._move_to_bank_in(work, account, changed.bank_id, at=now)
                schedule_sync(
                    work,
                    login,
                    ids=self.ids,
                    now=now,
                    is_fresh=True,
                    correlation_id=actor.origin.correlation_id,
                )
            work.accounts.save_source(changed)
            self._record_in(work, actor, account, changed, at=now)
            work.commit()
        return changed

    def _login_in(self, work: UnitOfWork, actor: Actor, change: AccountSourceChange) -> BankLogin | None:
        if change.user_bank_login_id is None:
            return None
        login = work.bank_logins.find_for_update(change.user_bank_login_id)
        if login is None:
            raise DomainError(Reason.BANK_LOGIN_NOT_FOUND, field="user_bank_login_id")
        require_permission(may_open_account(actor, login))
        if gateway_of(bank_of_branch(work, login.bank_branch_id), self.gateways) is None:
            raise DomainError(Reason.BANK_INACTIVE)
        if not login.is_connected:
            raise DomainError(Reason.BANK_LOGIN_INACTIVE, field="user_bank_login_id")
        return login

    def _told_by(
        self,
        work: UnitOfWork,
        account: Account,
        login: BankLogin,
        change: AccountSourceChange,
        *,
        at: datetime,
    ) -> Account:
        if login.user_id != account.user_id:
            raise DomainError(Reason.INSUFFICIENT_PERMISSIONS, field="user_bank_login_id")
        bank = bank_of_branch(work, login.bank_branch_id)
        return account.told_by(
            login.id, bank_id=bank.id, external_account_id=change.external_account_id, at=at
        )

    def _end_in(self, work: UnitOfWork, actor: Actor, account: Account, *, at: datetime) -> None:
        """Nothing of what is there twice stays: neither the money nor the claim to the bank's id."""
        ended = replace(account, external_account_id=None, updated_at=at)
        if not account.balance.is_zero:
            entry = movement(
                entry_id=self.ids.new_id(),
                posting_ids=(self.ids.new_id(), self.ids.new_id()),
                kind=EntryKind.RECONCILIATION,
                account=account.ledger_account,
                against=ClearingAccount(account.bank_id),
                direction=Direction.DEBIT if account.balance.is_positive else Direction.CREDIT,
                amount=_size(account.balance),
                description="Kept in another book from here on",
                at=at,
                booked_at=booking_times([account], now=at).booked_at,
            )
            ended, line = ended.booked(entry, entry.postings[0])
            work.journal.add_many([entry], accounts=[ended], transactions=[line])
        ended = replace(ended, status=AccountStatus.CLOSED, missing_since=None, updated_at=at)
        work.accounts.save_source(ended)
        self._record_in(work, actor, account, ended, at=at)

    def _move_to_bank_in(self, work: UnitOfWork, account: Account, bank_id: UUID, *, at: datetime) -> None:
        """What the one bank held for the customer is held by the other: no line of the customer's."""
        if bank_id == account.bank_id or account.balance.is_zero:
            return
        # The bank's side of a balance is the other way round.
        leaves = Direction.CREDIT if account.balance.is_positive else Direction.DEBIT
        entry = JournalEntry(
            id=self.ids.new_id(),
            kind=EntryKind.RECONCILIATION,
            description="Account goes on at another bank",
            posted_at=at,
            inserted_at=at,
            postings=tuple(
                Posting(
                    id=self.ids.new_id(),
                    account=ClearingAccount(each),
                    direction=direction,
                    amount=_size(account.balance),
                )
                for each, direction in ((account.bank_id, leaves), (bank_id, leaves.opposite))
            ),
        )
        work.journal.add_many([entry], accounts=[], transactions=[])

    def _record_in(
        self, work: UnitOfWork, actor: Actor, before: Account, after: Account, *, at: datetime
    ) -> None:
        self.audit.record(
            work,
            AuditName.ACCOUNT_UPDATED,
            actor=actor,
            about=after.id,
            facts=changes_between(before, after),
            at=at,
        )


def _locked_with_others(
    work: UnitOfWork, actor: Actor, account_id: UUID
) -> tuple[Account, Collection[Account]]:
    """The account and all others of its owner, who never changes: all are locked in one step."""
    seen = work.accounts.get(account_id)
    if not may_change_source(actor, seen):
        raise DomainError(Reason.UNAUTHORIZED_ACCESS)
    books = {each.id: each for each in work.accounts.list_of_user_for_update(seen.user_id)}
    return books.pop(account_id), books.values()


def _rival(others: Collection[Account], changed: Account) -> Account | None:
    """The book that the login's bank opened for the same id, if it did.

    Raises ``resource_already_exists`` for one that cannot be this account.
    """
    place = (changed.bank_id, changed.external_account_id)
    rival = next((each for each in others if (each.bank_id, each.external_account_id) == place), None)
    if rival is None:
        return None
    told = {rival.number_hash, changed.number_hash} - {None}
    is_other = len(told) > 1 or rival.currency != changed.currency
    is_opened_by_it = (rival.source, rival.user_bank_login_id) == (
        AccountSource.PROVIDER,
        changed.user_bank_login_id,
    )
    if is_other or not is_opened_by_it:
        raise DomainError(Reason.RESOURCE_ALREADY_EXISTS, field="external_account_id")
    return rival


def _size(balance: Money) -> Money:
    return balance if balance.is_positive else -balance
