"""Payments before and after money moves: drafting, looking at them, and taking them back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from ledgerbank_domain.audit.audit_event import AuditName
from ledgerbank_domain.banking.account import Account
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Category, Reason
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.identity.page import Page, PageRequest
from ledgerbank_domain.identity.scope import Scope
from ledgerbank_domain.identity.value_rules import require_ids
from ledgerbank_domain.money.money import Money
from ledgerbank_domain.payments.payment import Payment, PaymentDraft, PaymentFilter, PaymentSignature
from ledgerbank_domain.payments.payment_limits import PaymentLimits
from ledgerbank_domain.payments.payment_policy import (
    may_cancel_payment,
    may_list_payments_of,
    may_process_payment,
    may_view_payment,
)
from ledgerbank_domain.payments.payment_rules import (
    AFFORDABILITY_RULES,
    CREATION_RULES,
    PERMISSION_RULES,
    PaymentFacts,
    first_broken_rule,
)
from ledgerbank_domain.payments.step_up import outgoing_of
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork
from ledgerbank_domain.services.audit.audit_writer import AuditWriter
from ledgerbank_domain.services.audit.staff_reading import Reading, commit_staff_readings
from ledgerbank_domain.services.conduct.authority_check import actor_among, actor_ids, locked_actor
from ledgerbank_domain.services.conduct.batch_items import each_by_itself, fault_of_order, fault_of_pair
from ledgerbank_domain.services.conduct.conflict_retry import retried_on_conflict
from ledgerbank_domain.services.conduct.outcome import Outcome, result_of
from ledgerbank_domain.services.conduct.permission_check import require_permission
from ledgerbank_domain.services.conduct.scope_check import each_needs_scope, needs_scope
from ledgerbank_domain.services.jobs.job_cancellation import cancel_waiting_jobs
from ledgerbank_domain.services.payments.payment_audit import payment_target
from ledgerbank_domain.services.payments.payment_job_lookup import lock_unfinished_payment_jobs
from ledgerbank_domain.services.payments.payment_step_up import PaymentStepUp
from ledgerbank_domain.services.payments.recent_activity import RecentActivity
from ledgerbank_domain.users.user import User


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentValidation:
    """A dry run: what was asked, of which account, and the first rule it would break (None: it passes)."""

    draft: PaymentDraft
    account: Account
    error: DomainError | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentOutlook:
    """A payment, whether the caller may process it now, and whether it has a recent twin."""

    payment: Payment
    can_process: bool
    is_duplicate: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentStats:
    """The caller's accounts and newest payments."""

    user_id: UUID
    accounts: tuple[Account, ...]
    recent_payments: tuple[Payment, ...]


RECENT_PAYMENTS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentService:
    """Making, trying out, reading and cancelling payments; none of it moves money."""

    start_unit_of_work: StartUnitOfWork
    ids: IdGenerator
    limits: PaymentLimits
    audit: AuditWriter
    step_up: PaymentStepUp

    @needs_scope(Scope.PAYMENTS_WRITE)
    def create(self, actor: Actor, draft: PaymentDraft) -> Payment:
        """Stores a PENDING payment. No money moves and funds are not looked at.

        Raises ``account_not_found``, ``unauthorized_access``, ``insufficient_permissions``, then what
        ``CREATION_RULES`` stand for, and last ``step_up_required`` for what must be confirmed first.
        """
        return result_of(self.create_many([(actor, draft)])[0])

    @each_needs_scope(Scope.PAYMENTS_WRITE)
    def create_many(self, requests: Sequence[tuple[Actor, PaymentDraft]]) -> list[Outcome[Payment]]:
        """Drafts of many callers in one transaction; each is stored or refused by itself."""
        return each_by_itself(requests, self._create_askable, fault_of=_fault_of_request)

    @retried_on_conflict
    def _create_askable(self, requests: Sequence[tuple[Actor, PaymentDraft]]) -> list[Outcome[Payment]]:
        with self.start_unit_of_work() as work:
            parties = _held_parties(work, requests)
            now = work.now()
            drafted = [(actor, self._create_one(actor, draft, parties, at=now)) for actor, draft in requests]
            outcomes = self.step_up.held_up_in(
                work, drafted, accounts=parties.accounts, users=parties.users, at=now
            )
            self._store_in(work, requests, outcomes, at=now)
            work.commit()
        return outcomes

    @needs_scope(Scope.PAYMENTS_WRITE)
    def validate(self, actor: Actor, draft: PaymentDraft) -> PaymentValidation:
        """A dry run of creating and processing the payment right now; stores nothing.

        Raises what is wrong with the input or with the caller's rights: ``account_not_found`` (the
        counterparty's too), ``unauthorized_access``, ``insufficient_permissions`` and
        ``invalid_amount_format``. A broken business rule is the result's ``error``, and ``step_up_required``
        for what no rule objects to and that must be confirmed first.
        """
        with self.start_unit_of_work() as work:
            parties = _seen_parties(work, draft)
            account = parties.accounts.get(draft.user_bank_account_id)
            if account is None:
                raise _unknown_account()
            facts = self._facts(actor, draft, account, parties)
            refusal = first_broken_rule(PERMISSION_RULES, facts)
            if refusal is not None:
                raise refusal
            facts = self._with_recent_activity(work, facts, draft)
            error = first_broken_rule((*CREATION_RULES, *AFFORDABILITY_RULES), facts)
            if error is None:
                payer = parties.users[account.user_id]
                error = self.step_up.objection_seen(work, actor, outgoing_of(facts), payer)
            reading = Reading(actor=actor, owner_id=account.user_id, what="account", id=account.id)
            commit_staff_readings(work, [reading], audit=self.audit)
        if error is not None and error.category in (Category.VALIDATION, Category.NOT_FOUND):
            raise error
        return PaymentValidation(draft=draft, account=account, error=error)

    @needs_scope(Scope.PAYMENTS_READ)
    def get(self, actor: Actor, *, payment_id: UUID) -> Payment:
        """One payment, whoever's. Raises ``payment_not_found``, then ``insufficient_permissions``."""
        require_ids(payment_id=payment_id)
        return result_of(self.get_many([(actor, payment_id)])[0])

    @each_needs_scope(Scope.PAYMENTS_READ)
    def get_many(self, requests: Sequence[tuple[Actor, UUID]]) -> list[Outcome[Payment]]:
        """Payments for many callers in one query; each answered by itself."""
        return each_by_itself(requests, self._get_askable, fault_of=fault_of_order)

    def _get_askable(self, requests: Sequence[tuple[Actor, UUID]]) -> list[Outcome[Payment]]:
        with self.start_unit_of_work() as work:
            payments = work.payments.find_many({payment_id for _, payment_id in requests})
            outcomes = [_viewable(actor, payments.get(payment_id)) for actor, payment_id in requests]
            readings = [
                Reading(actor=actor, owner_id=found.user_id, what="payment", id=found.id)
                for (actor, _), found in zip(requests, outcomes, strict=True)
                if isinstance(found, Payment)
            ]
            commit_staff_readings(work, readings, audit=self.audit)
        return outcomes

    @needs_scope(Scope.PAYMENTS_READ)
    def list_page(self, actor: Actor, wanted: PaymentFilter, *, request: PageRequest) -> Page[Payment]:
        """Payments of one user, newest first.

        Raises ``insufficient_permissions`` for somebody else's, whatever the caller's role.
        """
        require_permission(may_list_payments_of(actor, wanted.user_id))
        with self.start_unit_of_work() as work:
            return work.payments.list_page(wanted, request=request)

    @needs_scope(Scope.PAYMENTS_READ)
    def outlook(self, actor: Actor, *, payment_id: UUID) -> PaymentOutlook:
        """Whether the caller may process a payment now, and whether it looks made twice.

        Raises ``payment_not_found``, then ``insufficient_permissions``.
        """
        require_ids(payment_id=payment_id)
        with self.start_unit_of_work() as work:
            payment = result_of(_viewable(actor, work.payments.find(payment_id)))
            activity = RecentActivity.gather(
                work, signatures=[payment.signature], limits=self.limits, now=work.now()
            )
            reading = Reading(actor=actor, owner_id=payment.user_id, what="payment", id=payment_id)
            commit_staff_readings(work, [reading], audit=self.audit)
        return PaymentOutlook(
            payment=payment,
            can_process=payment.is_pending and may_process_payment(actor, payment, self.limits),
            is_duplicate=activity.has_twin(payment.signature, payment_id=payment.id),
        )

    @needs_scope(Scope.PAYMENTS_READ)
    def stats(self, actor: Actor) -> PaymentStats:
        """The caller's own accounts and their ten newest payments, at one moment."""
        user_id = actor.required_user_id()
        newest = PageRequest(page_size=RECENT_PAYMENTS)
        with self.start_unit_of_work() as work:
            return PaymentStats(
                user_id=user_id,
                accounts=tuple(work.accounts.list_of_user(user_id)),
                recent_payments=work.payments.list_page(PaymentFilter(user_id=user_id), request=newest).items,
            )

    @needs_scope(Scope.PAYMENTS_WRITE)
    @retried_on_conflict
    def cancel(self, actor: Actor, *, payment_id: UUID) -> Payment:
        """Takes a PENDING payment back for good, and the job that would have processed it.

        Raises ``payment_not_found``, ``insufficient_permissions``, then ``already_processed``.
        """
        require_ids(payment_id=payment_id)
        with self.start_unit_of_work() as work:
            actor = locked_actor(work, actor)
            payment = work.payments.get_for_update(payment_id)
            require_permission(may_cancel_payment(actor, payment))
            now = work.now()
            cancelled = payment.cancelled(at=now)
            work.payments.save_many([cancelled])
            jobs = lock_unfinished_payment_jobs(work, [payment_id])
            cancel_waiting_jobs(work, jobs, at=now)
            self.audit.record(
                work,
                AuditName.PAYMENT_CANCELLED,
                actor=actor,
                about=payment_id,
                at=now,
            )
            work.commit()
        return cancelled

    def _create_one(
        self, actor: Actor, draft: PaymentDraft, parties: "_Parties", *, at: datetime
    ) -> Outcome[Payment]:
        try:
            actor = actor_among(parties.users, actor)
        except DomainError as refusal:
            return refusal
        account = parties.accounts.get(draft.user_bank_account_id)
        if account is None:
            return _unknown_account()
        facts = self._facts(actor, draft, account, parties)
        error = first_broken_rule((*PERMISSION_RULES, *CREATION_RULES), facts)
        if error is not None:
            return error
        return Payment(
            id=self.ids.new_id(),
            user_id=account.user_id,
            user_bank_account_id=account.id,
            amount=Money(draft.amount, account.currency),
            direction=draft.direction,
            payment_type=draft.payment_type,
            description=draft.description,
            counterparty_account_id=draft.counterparty_account_id,
            inserted_at=at,
            updated_at=at,
        )

    def _store_in(
        self,
        work: UnitOfWork,
        requests: Sequence[tuple[Actor, PaymentDraft]],
        outcomes: Sequence[Outcome[Payment]],
        *,
        at: datetime,
    ) -> None:
        created = [
            (actor, payment)
            for (actor, _), payment in zip(requests, outcomes, strict=True)
            if isinstance(payment, Payment)
        ]
        work.payments.add_many([payment for _, payment in created])
        self.audit.record_each(
            work,
            AuditName.PAYMENT_CREATED,
            [(actor, payment_target(actor, payment)) for actor, payment in created],
            at=at,
        )

    def _facts(
        self, actor: Actor, draft: PaymentDraft, account: Account, parties: "_Parties"
    ) -> PaymentFacts:
        counterparty_id = draft.counterparty_account_id
        counterparty = parties.accounts.get(counterparty_id) if counterparty_id else None
        return PaymentFacts(
            actor=actor,
            limits=self.limits,
            payer_id=account.user_id,
            payer_is_active=parties.users[account.user_id].is_active,
            account=account,
            counterparty_account_id=counterparty_id,
            counterparty=counterparty,
            counterparty_owner_is_active=(
                counterparty is None or parties.users[counterparty.user_id].is_active
            ),
            amount=draft.amount,
            currency_code=draft.currency_code or account.currency.code,
            direction=draft.direction,
            payment_type=draft.payment_type,
            spent_today=Money.zero(account.currency),
            has_recent_twin=False,
        )

    def _with_recent_activity(
        self, work: UnitOfWork, facts: PaymentFacts, draft: PaymentDraft
    ) -> PaymentFacts:
        signature = PaymentSignature(
            user_id=facts.payer_id,
            user_bank_account_id=facts.account.id,
            counterparty_account_id=facts.counterparty_account_id,
            amount=facts.amount,
            currency_code=facts.account.currency.code,
            description=draft.description,
            direction=facts.direction,
        )
        now = work.now()
        activity = RecentActivity.gather(work, signatures=[signature], limits=self.limits, now=now)
        return replace(
            facts,
            spent_today=facts.account.spent_on_day_of(now),
            has_recent_twin=activity.has_twin(signature),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parties:
    """The accounts that drafts name, and the users who ask, pay and would receive."""

    accounts: Mapping[UUID, Account]
    users: Mapping[UUID, User]


def _held_parties(work: UnitOfWork, requests: Sequence[tuple[Actor, PaymentDraft]]) -> _Parties:
    """The shared lock keeps who asks and who pays as they are.

    Deleting a user and closing an account of theirs take back what is pending, and hold the user for it:
    neither must gain a payment behind that. So the accounts, which never change their owners, are looked at
    again once those are held. Who would receive is looked at under lock when money moves.
    """
    drafts = [draft for _, draft in requests]
    paying = work.accounts.find_many({draft.user_bank_account_id for draft in drafts})
    payer_ids = {account.user_id for account in paying.values()}
    held = work.users.find_many_for_share(payer_ids | actor_ids([actor for actor, _ in requests]))
    accounts = _accounts_of(work, drafts)
    others = {account.user_id for account in accounts.values()} - held.keys()
    return _Parties(accounts=accounts, users={**work.users.find_many(others), **held})


def _seen_parties(work: UnitOfWork, draft: PaymentDraft) -> _Parties:
    accounts = _accounts_of(work, [draft])
    users = work.users.find_many({account.user_id for account in accounts.values()})
    return _Parties(accounts=accounts, users=users)


def _accounts_of(work: UnitOfWork, drafts: Sequence[PaymentDraft]) -> Mapping[UUID, Account]:
    wanted = {draft.user_bank_account_id for draft in drafts}
    wanted |= {draft.counterparty_account_id for draft in drafts if draft.counterparty_account_id}
    return work.accounts.find_many(wanted)


def _fault_of_request(item: object) -> DomainError | None:
    return fault_of_pair(item, Actor, PaymentDraft, names=("actor", "draft"))


def _viewable(actor: Actor, payment: Payment | None) -> Outcome[Payment]:
    if payment is None:
        return DomainError(Reason.PAYMENT_NOT_FOUND)
    return payment if may_view_payment(actor, payment) else DomainError(Reason.INSUFFICIENT_PERMISSIONS)


def _unknown_account() -> DomainError:
    return DomainError(Reason.ACCOUNT_NOT_FOUND, field="user_bank_account_id")
