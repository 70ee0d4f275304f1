"""Executing payments: the one place where customers' money moves."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from ledgerbank_domain.audit.audit_event import AuditName
from ledgerbank_domain.banking.account import Account
from ledgerbank_domain.banking.booking import booking_times
from ledgerbank_domain.banking.transaction import Transaction
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.identity.scope import Scope
from ledgerbank_domain.identity.value_rules import require_ids
from ledgerbank_domain.ledger.journal import (
    ClearingAccount,
    CustomerAccount,
    EntryKind,
    JournalEntry,
    movement,
)
from ledgerbank_domain.payments.payment import Payment, PaymentStatus
from ledgerbank_domain.payments.payment_limits import PaymentLimits
from ledgerbank_domain.payments.payment_policy import may_process_payment
from ledgerbank_domain.payments.payment_rules import PROCESSING_RULES, PaymentFacts, first_broken_rule
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork
from ledgerbank_domain.services.audit.audit_writer import AuditWriter
from ledgerbank_domain.services.conduct.authority_check import actor_among, actor_ids
from ledgerbank_domain.services.conduct.batch_items import each_by_itself, fault_of_order
from ledgerbank_domain.services.conduct.conflict_retry import retried_on_conflict
from ledgerbank_domain.services.conduct.outcome import Outcome, result_of
from ledgerbank_domain.services.conduct.permission_check import require_permission
from ledgerbank_domain.services.conduct.scope_check import each_needs_scope, needs_scope
from ledgerbank_domain.services.payments.payment_audit import payment_target
from ledgerbank_domain.services.payments.recent_activity import RecentActivity
from ledgerbank_domain.users.user import User

_PENDING = frozenset({PaymentStatus.PENDING})
_STARTED_OR_PENDING = frozenset({PaymentStatus.PENDING, PaymentStatus.PROCESSING})


@dataclass(slots=True, kw_only=True)
class _Batch:
    """Everything a batch decides on, read under lock, and running balances while it goes."""

    now: datetime
    startable: frozenset[PaymentStatus]
    users: Mapping[UUID, User]
    payments: dict[UUID, Payment]
    accounts: dict[UUID, Account]
    activity: RecentActivity
    entries: list[JournalEntry] = field(default_factory=list)
    transactions: list[Transaction] = field(default_factory=list)
    processed: list[tuple[Actor, Payment]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentProcessingService:
    """Executes payments: the one place where customers' money is moved by their wish."""

    start_unit_of_work: StartUnitOfWork
    ids: IdGenerator
    limits: PaymentLimits
    audit: AuditWriter

    @needs_scope(Scope.PAYMENTS_WRITE)
    def process(self, actor: Actor, *, payment_id: UUID) -> Payment:
        """Executes one payment: a batch of one.

        Raises ``payment_not_found``, ``insufficient_permissions``, ``already_processed``, then what
        ``PROCESSING_RULES`` stand for; the payment then stays as it was.
        """
        require_ids(payment_id=payment_id)
        return result_of(self.process_many([(actor, payment_id)])[0])

    @each_needs_scope(Scope.PAYMENTS_WRITE)
    @retried_on_conflict
    def process_many(self, requests: Sequence[tuple[Actor, UUID]]) -> list[Outcome[Payment]]:
        """Executes payments of many callers in one transaction, in the order given.

        Each is executed or refused by itself: a refusal never touches its neighbours, and a payment
        asked for twice is executed once. Earlier payments count for later ones (funds, limits, twins).
        """
        if not requests:
            return []
        with self.start_unit_of_work() as work:
            outcomes = self.process_in(work, requests)
            work.commit()
        return outcomes

    def process_in(
        self, work: UnitOfWork, requests: Sequence[tuple[Actor, UUID]], *, started_by_jobs: bool = False
    ) -> list[Outcome[Payment]]:
        """:meth:`process_many` as part of a larger transaction.

        ``started_by_jobs``: the requests come from the payments' own jobs, so PROCESSING is as good as
        PENDING.
        """
        startable = _STARTED_OR_PENDING if started_by_jobs else _PENDING

        def process(askable: Sequence[tuple[Actor, UUID]]) -> list[Outcome[Payment]]:
            batch = self._locked_batch(work, askable, startable)
            outcomes = [self._process_one(batch, actor, payment_id) for actor, payment_id in askable]
            self._write_in(work, batch)
            return outcomes

        return each_by_itself(requests, process, fault_of=fault_of_order)

    def _locked_batch(
        self, work: UnitOfWork, requests: Sequence[tuple[Actor, UUID]], startable: frozenset[PaymentStatus]
    ) -> _Batch:
        """Locks users, then payments, then accounts, each by ascending id; only then reads the facts.

        The users are those who ask, who pay and who receive. Their locks keep everybody what they are until
        the money has moved; that of the paying account makes the limit and the duplicate rule safe. The
        first, unlocked look only tells whom to lock: a payment's user, account and counterparty never
        change, and no account changes its owner.
        """
        seen = work.payments.find_many({payment_id for _, payment_id in requests}).values()
        receiving = work.accounts.find_many(_receiving(seen))
        receivers = {account.user_id for account in receiving.values()}
        payers = {payment.user_id for payment in seen}
        users = work.users.find_many_for_update(
            payers | receivers | actor_ids([actor for actor, _ in requests])
        )
        payments = dict(work.payments.find_many_for_update({payment.id for payment in seen}))
        accounts = dict(work.accounts.find_many_for_update(_account_ids(payments.values())))
        now = work.now()
        activity = RecentActivity.gather(
            work,
            signatures={payment.signature for payment in payments.values()},
            limits=self.limits,
            now=now,
        )
        return _Batch(
            now=now,
            startable=startable,
            users=users,
            payments=payments,
            accounts=accounts,
            activity=activity,
        )

    def _process_one(self, batch: _Batch, actor: Actor, payment_id: UUID) -> Outcome[Payment]:
        try:
            return self._check_and_execute(batch, actor, payment_id)
        except DomainError as refusal:
            return refusal

    def _check_and_execute(self, batch: _Batch, actor: Actor, payment_id: UUID) -> Payment:
        actor = actor_among(batch.users, actor)
        payment = batch.payments.get(payment_id)
        if payment is None:
            raise DomainError(Reason.PAYMENT_NOT_FOUND)
        require_permission(may_process_payment(actor, payment, self.limits))
        if payment.status not in batch.startable:
            raise DomainError(Reason.ALREADY_PROCESSED)
        error = first_broken_rule(PROCESSING_RULES, self._facts(batch, actor, payment))
        if error is not None:
            raise error
        return self._execute(batch, actor, payment)

    def _facts(self, batch: _Batch, actor: Actor, payment: Payment) -> PaymentFacts:
        account = batch.accounts[payment.user_bank_account_id]
        counterparty_id = payment.counterparty_account_id
        counterparty = batch.accounts.get(counterparty_id) if counterparty_id else None
        return PaymentFacts(
            actor=actor,
            limits=self.limits,
            payer_id=payment.user_id,
            payer_is_active=batch.users[payment.user_id].is_active,
            account=account,
            counterparty_account_id=counterparty_id,
            counterparty=counterparty,
            counterparty_owner_is_active=counterparty is None or batch.users[counterparty.user_id].is_active,
            amount=payment.amount.amount,
            currency_code=payment.currency.code,
            direction=payment.direction,
            payment_type=payment.payment_type,
            spent_today=account.spent_on_day_of(batch.now),
            has_recent_twin=batch.activity.has_twin(payment.signature, payment_id=payment.id),
        )

    def _execute(self, batch: _Batch, actor: Actor, payment: Payment) -> Payment:
        """Changes the batch only once nothing can be refused any more."""
        entry = self._entry(batch, payment)
        booked = [
            batch.accounts[posting.account.account_id].booked(entry, posting)
            for posting in entry.postings
            if isinstance(posting.account, CustomerAccount)
        ]
        completed = payment.completed(journal_entry_id=entry.id, at=entry.posted_at)
        for account, transaction in booked:
            batch.accounts[account.id] = account
            batch.transactions.append(transaction)
        batch.payments[payment.id] = completed
        batch.entries.append(entry)
        batch.processed.append((actor, completed))
        batch.activity.include(completed, limits=self.limits)
        return completed

    def _entry(self, batch: _Batch, payment: Payment) -> JournalEntry:
        """A transfer goes to the counterparty's account; anything else against the bank's clearing."""
        account = batch.accounts[payment.user_bank_account_id]
        counterparty_id = payment.counterparty_account_id
        touched = [account, batch.accounts[counterparty_id]] if counterparty_id else [account]
        times = booking_times(touched, now=batch.now)
        return movement(
            entry_id=self.ids.new_id(),
            posting_ids=(self.ids.new_id(), self.ids.new_id()),
            kind=EntryKind.TRANSFER if counterparty_id else EntryKind.PAYMENT,
            account=account.ledger_account,
            against=CustomerAccount(counterparty_id) if counterparty_id else ClearingAccount(account.bank_id),
            direction=payment.direction,
            amount=payment.amount,
            description=payment.description,
            at=times.posted_at,
            booked_at=times.booked_at,
            payment_id=payment.id,
        )

    def _write_in(self, work: UnitOfWork, batch: _Batch) -> None:
        touched = {transaction.account_id for transaction in batch.transactions}
        work.journal.add_many(
            batch.entries,
            accounts=[batch.accounts[account_id] for account_id in touched],
            transactions=batch.transactions,
        )
        work.payments.save_many([payment for _, payment in batch.processed])
        self.audit.record_each(
            work,
            AuditName.PAYMENT_PROCESSED,
            [(actor, payment_target(actor, payment)) for actor, payment in batch.processed],
            at=batch.now,
        )


def _account_ids(payments: Collection[Payment]) -> set[UUID]:
    return {payment.user_bank_account_id for payment in payments} | _receiving(payments)


def _receiving(payments: Collection[Payment]) -> set[UUID]:
    return {payment.counterparty_account_id for payment in payments if payment.counterparty_account_id}
