"""Reversals: undoing what was booked by mistake: an entry with the same lines, mirrored, today."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from ledgerbank_domain.audit.audit_event import AuditName
from ledgerbank_domain.banking.account import Account, AccountStatus
from ledgerbank_domain.banking.booking import booking_times
from ledgerbank_domain.banking.transaction import Transaction
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.identity.value_rules import require_ids
from ledgerbank_domain.ledger.journal import CustomerAccount, JournalEntry, reversal
from ledgerbank_domain.ledger.ledger_policy import may_reverse
from ledgerbank_domain.ledger.reversal_reason import parse_reversal_reason
from ledgerbank_domain.payments.payment import Payment
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, TransactionConflict, UnitOfWork
from ledgerbank_domain.services.audit.audit_writer import AuditWriter
from ledgerbank_domain.services.conduct.authority_check import actor_among, actor_ids, locked_actor
from ledgerbank_domain.services.conduct.conflict_retry import retried_on_conflict
from ledgerbank_domain.services.conduct.four_eyes import FourEyes
from ledgerbank_domain.services.conduct.permission_check import require_permission
from ledgerbank_domain.services.conduct.scope_check import session_only


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerReversalService:
    """Undoes by a mirrored entry what was booked by mistake.

    A payment that is reversed stays COMPLETED, and tells when and by which entry. It no longer counts as
    spent, nor as the twin of another one: what was a mistake may be done again, rightly.

    Everything here raises ``insufficient_permissions`` for whoever is no administrator, and for one alone
    where it takes two, ``not_reversible``
    for what is no payment that moved money, ``already_reversed``, ``account_inactive`` when an account of it
    is CLOSED, and ``negative_balance`` when one would fall below its floor.
    """

    start_unit_of_work: StartUnitOfWork
    ids: IdGenerator
    audit: AuditWriter
    four_eyes: FourEyes = field(default_factory=FourEyes)

    @session_only
    @retried_on_conflict
    def reverse_payment(self, actor: Actor, *, payment_id: UUID, reason: str) -> Payment:
        """Moves a payment's money back, and gives the payment as it is then.

        Raises ``payment_not_found``, and ``invalid_field_format`` for a reason that is none.
        """
        require_ids(payment_id=payment_id)
        told = parse_reversal_reason(reason)
        with self.start_unit_of_work() as work:
            seen = work.payments.find(payment_id)
            if seen is None:
                require_permission(may_reverse(locked_actor(work, actor)))
                raise DomainError(Reason.PAYMENT_NOT_FOUND)
            entry = None if seen.journal_entry_id is None else work.journal.find(seen.journal_entry_id)
            actor = self._locked_actor(work, actor, entry)
            payment = work.payments.get_for_update(payment_id)
            if payment.journal_entry_id != seen.journal_entry_id:
                raise TransactionConflict("the payment was executed in this very moment")
            if entry is None:
                raise DomainError(Reason.NOT_REVERSIBLE)
            _, reversed_payment = self._reverse_in(work, actor, entry, payment, told)
            work.commit()
        return reversed_payment or payment

    @session_only
    @retried_on_conflict
    def reverse_entry(self, actor: Actor, *, entry_id: UUID, reason: str) -> JournalEntry:
        """Undoes an entry, its payment with it, and gives the entry that does so.

        Raises ``resource_not_found`` for an entry that nobody knows, and ``invalid_field_format`` for a
        reason that is none.
        """
        require_ids(entry_id=entry_id)
        told = parse_reversal_reason(reason)
        with self.start_unit_of_work() as work:
            # An entry never changes: what is to be locked may be read off it.
            entry = work.journal.find(entry_id)
            actor = self._locked_actor(work, actor, entry)
            if entry is None:
                raise DomainError(Reason.RESOURCE_NOT_FOUND)
            payment = None
            if entry.payment_id is not None:
                payment = work.payments.get_for_update(entry.payment_id)
            undoing, _ = self._reverse_in(work, actor, entry, payment, told)
            work.commit()
        return undoing

    def _locked_actor(self, work: UnitOfWork, actor: Actor, entry: JournalEntry | None) -> Actor:
        """The actor as they are now, locked with the owners of the accounts that the entry touches."""
        accounts = work.accounts.find_many(_account_ids(entry))
        owners = {account.user_id for account in accounts.values()}
        users = work.users.find_many_for_update(owners | actor_ids([actor]))
        actor = actor_among(users, actor)
        require_permission(may_reverse(actor))
        self.four_eyes.check(actor, takes_two=True)
        return actor

    def _reverse_in(
        self, work: UnitOfWork, actor: Actor, entry: JournalEntry, payment: Payment | None, reason: str
    ) -> tuple[JournalEntry, Payment | None]:
        if not entry.is_reversible:
            raise DomainError(Reason.NOT_REVERSIBLE)
        accounts = dict(work.accounts.find_many_for_update(_account_ids(entry)))
        # Whoever reverses an entry holds its accounts, so that no reversal can appear behind this look.
        if work.journal.find_reversal_of(entry.id) is not None:
            raise DomainError(Reason.ALREADY_REVERSED)
        _check_none_is_closed(accounts)
        now = work.now()
        times = booking_times(accounts.values(), now=now)
        undoing = reversal(
            entry,
            entry_id=self.ids.new_id(),
            posting_ids=[self.ids.new_id() for _ in entry.postings],
            description=reason,
            at=times.posted_at,
            booked_at=times.booked_at,
        )
        lines = _booked(accounts, undoing, undone=entry)
        work.journal.add_many([undoing], accounts=list(accounts.values()), transactions=lines)
        if payment is not None:
            payment = payment.reversed(entry_id=undoing.id, at=undoing.posted_at)
            work.payments.save_many([payment])
        self.audit.record(
            work,
            AuditName.LEDGER_REVERSED,
            actor=actor,
            about=entry.id if payment is None else payment.id,
            target_type=None if payment is None else "payment",
            at=now,
        )
        return undoing, payment


def _account_ids(entry: JournalEntry | None) -> set[UUID]:
    postings = () if entry is None else entry.postings
    return {
        posting.account.account_id for posting in postings if isinstance(posting.account, CustomerAccount)
    }


def _check_none_is_closed(accounts: Mapping[UUID, Account]) -> None:
    """Nothing is booked on a CLOSED account; one that is only stopped must not keep what is not its own."""
    for account in accounts.values():
        if account.status is AccountStatus.CLOSED:
            raise DomainError(Reason.ACCOUNT_INACTIVE, account_id=str(account.id))


def _booked(accounts: dict[UUID, Account], entry: JournalEntry, *, undone: JournalEntry) -> list[Transaction]:
    """The lines of the entry; ``accounts`` are what they are after it."""
    lines = []
    for posting in entry.postings:
        if isinstance(posting.account, CustomerAccount):
            account, line = accounts[posting.account.account_id].booked(entry, posting, undone=undone)
            accounts[account.id] = account
            lines.append(line)
    return lines
