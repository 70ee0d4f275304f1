"""Accounts: opening, looking at and changing them, and reading what was booked on them."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from ledgerbank_domain.audit.audit_event import AuditName
from ledgerbank_domain.audit.changed_fields import changes_between
from ledgerbank_domain.banking.account import (
    Account,
    AccountChanges,
    AccountFilter,
    AccountSource,
    AccountStatus,
    NewAccount,
)
from ledgerbank_domain.banking.account_policy import (
    account_update_takes_two,
    forbidden_account_field,
    may_list_accounts_of,
    may_open_account,
    may_open_account_for,
    may_update_account,
)
from ledgerbank_domain.banking.bank import Bank, BankStatus
from ledgerbank_domain.banking.bank_login import BankLogin
from ledgerbank_domain.banking.house_bank import HOUSE_BANK_ID
from ledgerbank_domain.banking.transaction import Transaction, TransactionFilter
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.identity.page import KeysetPage, KeysetRequest, Page, PageRequest
from ledgerbank_domain.identity.scope import Scope
from ledgerbank_domain.identity.value_rules import require_ids, require_optional_instants
from ledgerbank_domain.money.money import Money
from ledgerbank_domain.payments.account_health import AccountHealth
from ledgerbank_domain.payments.payment import Payment
from ledgerbank_domain.payments.payment_limits import PaymentLimits
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork
from ledgerbank_domain.services.accounts.account_past import (
    account_and_horizon,
    known_by,
    still_to_come,
    viewable_account,
    viewable_accounts,
)
from ledgerbank_domain.services.audit.audit_writer import AuditWriter
from ledgerbank_domain.services.audit.staff_reading import Reading, commit_staff_readings
from ledgerbank_domain.services.banks.bank_gateway_lookup import bank_of_branch
from ledgerbank_domain.services.conduct.authority_check import actor_among, actor_ids, locked_actor
from ledgerbank_domain.services.conduct.batch_items import each_by_itself, fault_of_order
from ledgerbank_domain.services.conduct.conflict_retry import retried_on_conflict
from ledgerbank_domain.services.conduct.four_eyes import FourEyes
from ledgerbank_domain.services.conduct.outcome import Outcome, result_of
from ledgerbank_domain.services.conduct.permission_check import require_permission
from ledgerbank_domain.services.conduct.scope_check import each_needs_scope, needs_scope, session_only
from ledgerbank_domain.services.payments.payment_cancellation import take_back_payments_of_closed_account


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceAt:
    """What an account held after everything that was posted at or before ``at``.

    As far as it had been booked by ``known_at``: asked so again, the answer is the same for ever.
    """

    account_id: UUID
    balance: Money
    at: datetime
    known_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountService:
    """Opening, changing and reading accounts, their balances and their lines."""

    start_unit_of_work: StartUnitOfWork
    ids: IdGenerator
    limits: PaymentLimits
    audit: AuditWriter
    four_eyes: FourEyes = field(default_factory=FourEyes)

    @session_only
    @retried_on_conflict
    def create(self, actor: Actor, new_account: NewAccount) -> Account:
        """Opens an empty, ACTIVE account: at the house bank, or at one of the caller's own bank logins.

        Raises at the house bank ``insufficient_permissions`` for another user, ``user_not_found``,
        ``account_inactive`` for one who is not ACTIVE, and ``bank_inactive``; at a login
        ``bank_login_not_found``, ``insufficient_permissions`` for somebody else's and for another ``user_id``
        than its owner's, and ``account_fed_by_bank`` for an external id where the bank itself says which
        account has it; at both ``resource_already_exists`` for an external id that another account of that
        customer at that bank has.
        """
        with self.start_unit_of_work() as work:
            if new_account.user_bank_login_id is None:
                actor, account = self._open_at_house_in(work, actor, new_account)
            else:
                actor, account = self._open_at_login_in(
                    work, actor, new_account, login_id=new_account.user_bank_login_id
                )
            work.accounts.add(account)
            self._record_in(work, AuditName.ACCOUNT_CREATED, actor, account)
            work.commit()
        return account

    @session_only
    @retried_on_conflict
    def update(self, actor: Actor, *, account_id: UUID, changes: AccountChanges) -> Account:
        """Changes name and status, and for administrators the credit limit.

        Closing an account takes its PENDING payments back, and their jobs.

        Raises ``missing_fields``, ``account_not_found``, ``unauthorized_access`` for somebody else's account,
        ``account_fed_by_bank`` for a balance that is the bank's to tell, ``insufficient_permissions`` naming
        the field the caller may not change, or for what they may not do alone, and what
        :meth:`Account.with_changes` raises.
        """
        require_ids(account_id=account_id)
        if changes.is_empty:
            raise DomainError(Reason.MISSING_FIELDS)
        with self.start_unit_of_work() as work:
            actor, pending = self._locked_for_update(work, actor, account_id, changes)
            account = work.accounts.get_for_update(account_id)
            if not may_update_account(actor, account):
                raise DomainError(Reason.UNAUTHORIZED_ACCESS)
            if account.fed and "balance" in changes.immutable_fields:
                raise DomainError(Reason.ACCOUNT_FED_BY_BANK, field="balance")
            forbidden = forbidden_account_field(actor, account, changes)
            if forbidden is not None:
                raise DomainError(Reason.INSUFFICIENT_PERMISSIONS, field=forbidden)
            self.four_eyes.check(actor, takes_two=account_update_takes_two(account, changes))
            now = work.now()
            changed = account.with_changes(changes, at=now)
            work.accounts.save(changed)
            take_back_payments_of_closed_account(work, pending, audit=self.audit, actor=actor, at=now)
            own = actor.owns(account.user_id)
            event = AuditName.ACCOUNT_UPDATED if own else AuditName.ADMIN_ACCOUNT_UPDATED
            self._record_in(work, event, actor, changed, before=account)
            work.commit()
        return changed

    @needs_scope(Scope.ACCOUNTS_READ)
    def list_page(self, actor: Actor, wanted: AccountFilter, *, request: PageRequest) -> Page[Account]:
        """The accounts of ``wanted.user_id``. Raises ``insufficient_permissions`` for somebody else's."""
        require_permission(may_list_accounts_of(actor, wanted.user_id))
        with self.start_unit_of_work() as work:
            page = work.accounts.list_page(wanted, request=request)
            self._commit_reading(work, actor, wanted.user_id, "accounts")
        return page

    @needs_scope(Scope.ACCOUNTS_READ)
    def get(self, actor: Actor, *, account_id: UUID) -> Account:
        """One account, whoever's. Raises ``account_not_found``, then ``unauthorized_access``."""
        require_ids(account_id=account_id)
        return result_of(self.get_many([(actor, account_id)])[0])

    @each_needs_scope(Scope.ACCOUNTS_READ)
    def get_many(self, requests: Sequence[tuple[Actor, UUID]]) -> list[Outcome[Account]]:
        """Accounts for many callers in one query; each answered by itself."""
        return each_by_itself(requests, self._get_askable, fault_of=fault_of_order)

    def _get_askable(self, requests: Sequence[tuple[Actor, UUID]]) -> list[Outcome[Account]]:
        with self.start_unit_of_work() as work:
            outcomes = viewable_accounts(work, requests)
            readings = [
                Reading(actor=actor, owner_id=found.user_id, what="account", id=found.id)
                for (actor, _), found in zip(requests, outcomes, strict=True)
                if isinstance(found, Account)
            ]
            commit_staff_readings(work, readings, audit=self.audit)
        return outcomes

    @needs_scope(Scope.ACCOUNTS_READ)
    def balance_at(
        self,
        actor: Actor,
        *,
        account_id: UUID,
        at: datetime | None = None,
        known_at: datetime | None = None,
    ) -> BalanceAt:
        """The balance at an instant (None: now), from what was booked up to another one (None: all that is).

        Waits for a booking on the account that is under way, since that may be posted at or before ``at``.
        Raises ``invalid_datetime_format`` for what is no instant and for instants to come,
        ``account_not_found``, then ``unauthorized_access``.
        """
        require_ids(account_id=account_id)
        require_optional_instants(at=at, known_at=known_at)
        found, horizon = account_and_horizon(self.start_unit_of_work, actor, account_id)
        asked_at = at or horizon.posted
        if asked_at > horizon.posted:
            raise still_to_come("at")
        asked_known_at = known_by(horizon, known_at)
        account = result_of(found)
        # What was booked by then is all there will ever be: nobody is held up while it is summed.
        with self.start_unit_of_work() as work:
            balance = work.transactions.balance_at(account_id, asked_at, known_at=asked_known_at)
            self._commit_reading(work, actor, account.user_id, "balance", account_id)
        return BalanceAt(
            account_id=account_id,
            balance=Money(balance, account.currency),
            at=asked_at,
            known_at=asked_known_at,
        )

    @needs_scope(Scope.ACCOUNTS_READ)
    def health(self, actor: Actor, *, account_id: UUID) -> AccountHealth:
        """What the account may still spend today. Raises ``account_not_found``, ``unauthorized_access``."""
        require_ids(account_id=account_id)
        with self.start_unit_of_work() as work:
            account = viewable_account(work, actor, account_id)
            spent = account.spent_on_day_of(work.now())
            self._commit_reading(work, actor, account.user_id, "account_health", account_id)
        return AccountHealth.of(account, spent=spent, limits=self.limits)

    @needs_scope(Scope.ACCOUNTS_READ)
    def list_transactions(
        self, actor: Actor, *, account_id: UUID, wanted: TransactionFilter, request: KeysetRequest
    ) -> KeysetPage[Transaction]:
        """The account's lines that ``wanted`` lets through.

        Raises ``account_not_found``, then ``unauthorized_access``.
        """
        require_ids(account_id=account_id)
        with self.start_unit_of_work() as work:
            account = viewable_account(work, actor, account_id)
            page = work.transactions.list_keyset(replace(wanted, account_id=account_id), request=request)
            self._commit_reading(work, actor, account.user_id, "transactions", account_id)
        return page

    @needs_scope(Scope.ACCOUNTS_READ)
    def list_all_transactions(
        self, actor: Actor, *, wanted: TransactionFilter, request: KeysetRequest
    ) -> KeysetPage[Transaction]:
        """The lines of one account, of one user, or, when ``wanted`` names neither, of the caller.

        Raises ``account_not_found``, ``unauthorized_access`` for somebody else's account, and
        ``insufficient_permissions`` for another user.
        """
        with self.start_unit_of_work() as work:
            if wanted.account_id is not None:
                owner_id = viewable_account(work, actor, wanted.account_id).user_id
            else:
                owner_id = wanted.user_id or actor.required_user_id()
                wanted = replace(wanted, user_id=owner_id)
            if wanted.user_id is not None and not may_list_accounts_of(actor, wanted.user_id):
                raise DomainError(Reason.INSUFFICIENT_PERMISSIONS)
            page = work.transactions.list_keyset(wanted, request=request)
            self._commit_reading(work, actor, owner_id, "transactions", wanted.account_id)
        return page

    def _locked_for_update(
        self, work: UnitOfWork, actor: Actor, account_id: UUID, changes: AccountChanges
    ) -> tuple[Actor, Sequence[Payment]]:
        """The actor as they are now, and what closing the account would take back, all locked.

        Whoever makes a payment holds the owner of its account: so none can appear behind this look. The first
        one, without a lock, only tells whom to lock: an account never changes its owner.
        """
        seen = work.accounts.find(account_id)
        if seen is None or changes.status is not AccountStatus.CLOSED:
            return locked_actor(work, actor), ()
        users = work.users.find_many_for_update({seen.user_id, *actor_ids([actor])})
        actor = actor_among(users, actor)
        if not may_update_account(actor, seen):
            raise DomainError(Reason.UNAUTHORIZED_ACCESS)
        return actor, work.payments.list_pending_of_account_for_update(seen.user_id, account_id)

    def _open_at_house_in(
        self, work: UnitOfWork, actor: Actor, new_account: NewAccount
    ) -> tuple[Actor, Account]:
        """Both are held: one who is being deleted must not gain an account behind that."""
        owner_id = new_account.user_id or actor.required_user_id()
        users = work.users.find_many_for_share({owner_id, *actor_ids([actor])})
        actor = actor_among(users, actor)
        require_permission(may_open_account_for(actor, owner_id))
        if owner_id not in users:
            raise DomainError(Reason.USER_NOT_FOUND, field="user_id")
        if not users[owner_id].is_active:
            raise DomainError(Reason.ACCOUNT_INACTIVE, field="user_id")
        house = work.banks.get(HOUSE_BANK_ID)
        if house.status is not BankStatus.ACTIVE:
            raise DomainError(Reason.BANK_INACTIVE)
        return actor, self._open_in(work, new_account, user_id=owner_id, bank=house)

    def _open_at_login_in(
        self, work: UnitOfWork, actor: Actor, new_account: NewAccount, *, login_id: UUID
    ) -> tuple[Actor, Account]:
        actor = locked_actor(work, actor)
        login = _own_login(work, actor, login_id)
        if new_account.user_id not in (None, login.user_id):
            raise DomainError(Reason.INSUFFICIENT_PERMISSIONS, field="user_id")
        bank = bank_of_branch(work, login.bank_branch_id)
        if bank.feeds_accounts and new_account.external_account_id is not None:
            raise DomainError(Reason.ACCOUNT_FED_BY_BANK, field="external_account_id")
        return actor, self._open_in(work, new_account, user_id=login.user_id, bank=bank)

    def _open_in(self, work: UnitOfWork, new_account: NewAccount, *, user_id: UUID, bank: Bank) -> Account:
        now = work.now()
        return Account(
            id=self.ids.new_id(),
            user_id=user_id,
            user_bank_login_id=new_account.user_bank_login_id,
            bank_id=bank.id,
            source=AccountSource.PROVIDER if bank.feeds_accounts else AccountSource.NONE,
            account_type=new_account.account_type,
            account_name=new_account.account_name or f"{new_account.account_type.value.capitalize()} account",
            balance=Money.zero(new_account.currency),
            credit_limit=Money.zero(new_account.currency),
            day_spent=Money.zero(new_account.currency),
            last_four=new_account.last_four,
            external_account_id=new_account.external_account_id,
            inserted_at=now,
            updated_at=now,
        )

    def _commit_reading(
        self, work: UnitOfWork, actor: Actor, owner_id: UUID, what: str, account_id: UUID | None = None
    ) -> None:
        reading = Reading(actor=actor, owner_id=owner_id, what=what, id=account_id)
        commit_staff_readings(work, [reading], audit=self.audit)

    def _record_in(
        self,
        work: UnitOfWork,
        name: AuditName,
        actor: Actor,
        account: Account,
        *,
        before: Account | None = None,
    ) -> None:
        facts = {} if before is None else changes_between(before, account)
        self.audit.record(work, name, actor=actor, about=account.id, facts=facts, at=account.updated_at)


def _own_login(work: UnitOfWork, actor: Actor, login_id: UUID) -> BankLogin:
    login = work.bank_logins.find(login_id)
    if login is None:
        raise DomainError(Reason.BANK_LOGIN_NOT_FOUND, field="user_bank_login_id")
    require_permission(may_open_account(actor, login))
    return login
