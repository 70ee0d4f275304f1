"""Bringing one account in line with its bank: look, compare, book."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from ledgerbank_domain.audit.audit_event import AuditName
from ledgerbank_domain.audit.changed_fields import changes_between
from ledgerbank_domain.banking.account import Account, AccountSource, AccountStatus
from ledgerbank_domain.banking.balance_proof import (
    BalanceProof,
    Completeness,
    completeness_by,
    with_completeness,
)
from ledgerbank_domain.banking.bank_statement import BankStatement, ShownAccount
from ledgerbank_domain.banking.feed_warning import FeedFault, FeedWarning, RecordKind
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ledger.journal import EntryKind
from ledgerbank_domain.payments.payment import Payment
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.sync_observer import BalanceCheck, SyncObserver
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork
from ledgerbank_domain.reconciliation.booking_plan import (
    ASKED_EARLIER,
    BookingPlan,
    KnownImports,
    plan_booking,
)
from ledgerbank_domain.reconciliation.movement_matching import MAX_DAYS_APART
from ledgerbank_domain.reconciliation.planned_booking import Booking, book
from ledgerbank_domain.services.audit.audit_writer import AuditWriter
from ledgerbank_domain.services.bank_syncs.account_looks import AccountLooks
from ledgerbank_domain.services.bank_syncs.bank_sync_lease import SyncRun
from ledgerbank_domain.services.bank_syncs.booking_writing import reversed_entries_of, write_booking
from ledgerbank_domain.services.conduct.conflict_retry import retried_on_conflict
from ledgerbank_domain.services.payments.payment_cancellation import take_back_payments_of_closed_account

MAX_LOOKS = 5
# Locks are held for a moment, and no transaction grows with a history.
MAX_LINES_AT_ONCE = 500
DEFAULT_LOOKBACK = timedelta(days=10)
# What is pending for longer is still followed, but no longer keeps the whole time since it from being done.
PENDING_WAITED_FOR = timedelta(days=30)
_CLOSED_WITH_THE_BANK = frozenset({AccountStatus.ACTIVE, AccountStatus.INACTIVE})
# A bank may bring its balance up to date later than its list.
BALANCE_MAY_LAG_BY = timedelta(days=2)
DIFFERENCES = frozenset({EntryKind.OPENING, EntryKind.RECONCILIATION})


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """A look that was booked. ``is_adjusted``: a line says what the bank's balance holds beyond its list.

    ``missed`` are movements that stand, and that the bank lists no longer.
    """

    at: datetime
    is_adjusted: bool
    missed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sliced:
    """More than is booked at once: the first of it, planned for the account as it was then."""

    account: Account
    known: KnownImports
    plans: Sequence[BookingPlan]


@dataclass(frozen=True, slots=True, kw_only=True)
class BankAccountSync:
    """Brings one account in line with what its bank says of it."""

    start_unit_of_work: StartUnitOfWork
    ids: IdGenerator
    audit: AuditWriter
    observer: SyncObserver
    lookback: timedelta = DEFAULT_LOOKBACK

    def sync(self, run: SyncRun, account_id: UUID, shown: ShownAccount) -> list[FeedWarning]:
        """Books what the bank tells of the account, so that the balances tie; gives what it could not take.

        A movement may come between the bank's list and its balance. So what the balance is off is booked only
        when two looks in a row agree on it; when five do not, only what is listed, and the next sync goes on.

        Raises ``amount_exceeds_limit``, then nothing of the account is booked; ``bank_api_error`` when it
        moved during every look and cannot be opened so; :class:`SyncLeaseLost`, and what
        :class:`BankConversation` raises.
        """
        looks = self._looks(run, account_id, shown)
        before: BankStatement | None = None
        for number in range(1, MAX_LOOKS + 1):
            statement = looks.first() if before is None else looks.next()
            agrees = before is not None and before.balance_beyond == statement.balance_beyond
            booked = self._book(run, account_id, shown, statement, agrees=agrees, is_last=number == MAX_LOOKS)
            if booked is not None:
                looks.forget()
                return _warnings(run, shown, statement, booked)
            before = statement
        raise AssertionError("the last look is always booked")

    def in_turn(self, accounts: Sequence[tuple[UUID, ShownAccount]]) -> list[tuple[UUID, ShownAccount]]:
        """Those last whose history takes long: the others need not wait for it at each attempt."""
        with self.start_unit_of_work() as work:
            long = work.kept_pages.list_accounts([account_id for account_id, _ in accounts])
        return sorted(accounts, key=lambda account: account[0] in long)

    def _looks(self, run: SyncRun, account_id: UUID, shown: ShownAccount) -> AccountLooks:
        with self.start_unit_of_work() as work:
            waited_for = work.now() - PENDING_WAITED_FOR
            span = work.bank_imports.imported_span(account_id, pending_since=waited_for)
        return AccountLooks(
            run=run,
            account_id=account_id,
            shown=shown,
            since=span.looked_at_from(self.lookback),
            lookback=self.lookback,
            start_unit_of_work=self.start_unit_of_work,
            ids=self.ids,
        )

    def _book(
        self,
        run: SyncRun,
        account_id: UUID,
        shown: ShownAccount,
        statement: BankStatement,
        *,
        agrees: bool,
        is_last: bool,
    ) -> Booked | None:
        """What became of it; None when it takes another look: nothing is booked then.

        What is long is booked from its beginning on, so many lines at once: an attempt that ends in between
        leaves the first lines of the account, as they are for good.
        """
        while True:
            outcome = self._book_once(run, account_id, shown, statement, agrees=agrees, is_last=is_last)
            if not isinstance(outcome, _Sliced):
                return outcome
            self._book_slices(run, outcome)

    def _book_slices(self, run: SyncRun, sliced: "_Sliced") -> None:
        account = sliced.account
        for plan in sliced.plans:
            run.conversation.check_deadline()
            booked = self._book_slice(run, plan, sliced.known, account)
            if booked is None:
                return
            account = booked
            run.progress.made = True

    @retried_on_conflict
    def _book_slice(
        self, run: SyncRun, plan: BookingPlan, known: KnownImports, before: Account
    ) -> Account | None:
        """The account after it; None when it is not what it was planned for any more."""
        with self.start_unit_of_work() as work:
            run.fence.lock_login(work)
            account = work.accounts.get_for_update(before.id)
            is_as_planned = account.line_count == before.line_count and _is_told_by(run, account)
            if not is_as_planned or account.status is AccountStatus.CLOSED:
                return None
            booking = book(plan, account, known, reversed_entries={}, new_id=self.ids.new_id, at=work.now())
            write_booking(work, booking)
            work.commit()
        return booking.account

    @retried_on_conflict
    def _book_once(
        self,
        run: SyncRun,
        account_id: UUID,
        shown: ShownAccount,
        statement: BankStatement,
        *,
        agrees: bool,
        is_last: bool,
    ) -> "Booked | _Sliced | None":
        """What became of it; None when it takes another look: nothing is booked then, nor of a long plan."""
        with self.start_unit_of_work() as work:
            pending = self._locked(work, run, account_id, closes=shown.is_closed)
            account = work.accounts.get_for_update(account_id)
            now = work.now()
            if account.status is AccountStatus.CLOSED or not _is_told_by(run, account):
                return Booked(at=now, is_adjusted=False)
            known = _known_imports(work, account, statement)
            plan = plan_booking(account, statement, known, at=now)
            proof = _proof(plan, account, at=now)
            is_behind = _is_behind(run, plan, account, statement, known, at=now)
            if agrees and not is_behind:
                # Files may have told of it before: then it was opened by them.
                is_first_sync = account.last_sync_at is None and account.line_count == 0
                plan = plan.with_difference(is_first_sync=is_first_sync, at=now)
            elif not plan.difference.is_zero:
                if not is_last and not agrees:
                    return None
                if not is_behind:
                    _check_opened(account)
            if plans := plan.slices(account, known, size=MAX_LINES_AT_ONCE):
                return _Sliced(account=account, known=known, plans=plans)
            reversed_entries = reversed_entries_of(work, plan)
            booking = book(
                plan, account, known, reversed_entries=reversed_entries, new_id=self.ids.new_id, at=now
            )
            proves = proof.holds or (agrees and not is_behind)
            told = _completeness(run, account, booking, proof) if proves else account.completeness
            booking = replace(booking, account=replace(booking.account, completeness=told))
            written = self._write_in(work, run, account, booking, shown, at=now)
            if written.status is AccountStatus.CLOSED:
                take_back_payments_of_closed_account(work, pending, audit=self.audit, actor=run.actor, at=now)
            work.commit()
        if proves:
            self.observer.feed_balance_checked(
                provider=run.conversation.gateway.provider, check=_check_of(account, written)
            )
        adjusts = any(line.kind in DIFFERENCES for line in plan.lines)
        return Booked(at=now, is_adjusted=adjusts, missed=plan.missed)

    def _locked(self, work: UnitOfWork, run: SyncRun, account_id: UUID, *, closes: bool) -> Sequence[Payment]:
        """What closing the account would take back, with the login and, where it may be closed, its owner."""
        if not closes:
            run.fence.lock_login(work)
            return ()
        work.users.get_for_update(run.login.user_id)
        run.fence.lock_login(work)
        return work.payments.list_pending_of_account_for_update(run.login.user_id, account_id)

    def _write_in(
        self,
        work: UnitOfWork,
        run: SyncRun,
        before: Account,
        booking: Booking,
        shown: ShownAccount,
        *,
        at: datetime,
    ) -> Account:
        account = replace(booking.account, last_sync_at=at, updated_at=at)
        if shown.is_closed and account.balance.is_zero and account.status in _CLOSED_WITH_THE_BANK:
            account = replace(account, status=AccountStatus.CLOSED)
        write_booking(work, replace(booking, account=account))
        if account.status is not before.status:
            changes = changes_between(before, account)
            self.audit.record(
                work, AuditName.ACCOUNT_UPDATED, actor=run.actor, about=account.id, facts=changes, at=at
            )
        return account


def _warnings(
    run: SyncRun, shown: ShownAccount, statement: BankStatement, booked: Booked
) -> list[FeedWarning]:
    of_account, at = shown.external_id, booked.at
    left_out = [record.warning(of_account=of_account, at=at) for record in statement.unread]
    stands_adjusted = left_out and (booked.is_adjusted or _was_adjusted(run, of_account))
    adjusted = FeedWarning(
        kind=RecordKind.ACCOUNT,
        external_account_id=of_account,
        external_id=of_account,
        field="balance",
        why=FeedFault.ADJUSTED,
        at=at,
    )
    vanished = [
        FeedWarning(
            kind=RecordKind.MOVEMENT,
            external_account_id=of_account,
            external_id=external_id,
            field="id",
            why=FeedFault.VANISHED,
            at=at,
        )
        for external_id in booked.missed
    ]
    return [*([adjusted] if stands_adjusted else []), *left_out, *vanished]


def _was_adjusted(run: SyncRun, of_account: str) -> bool:
    return any(
        warning.why is FeedFault.ADJUSTED and warning.external_account_id == of_account
        for warning in run.login.warnings
    )


def _known_imports(work: UnitOfWork, account: Account, statement: BankStatement) -> KnownImports:
    begins_at = statement.begins_at
    standing = work.bank_imports.list_standing(
        account.id,
        # Another road may date before it what this one lists from there on.
        since=None if begins_at is None else begins_at - ASKED_EARLIER - timedelta(days=MAX_DAYS_APART),
        before=statement.ends_at + timedelta(days=1),
    )
    pending = work.bank_imports.list_pending(account.id)
    told = work.bank_imports.find_many(account.id, statement.external_ids)
    found = (*pending, *standing, *told.values())
    records = {record.external_transaction_id: record for record in found} | dict(told)
    lines = work.transactions.find_many({each.transaction_id for each in found if each.transaction_id})
    return KnownImports(
        records=records,
        lines=lines,
        standing=standing,
        pending=pending,
        last_look_at=account.last_sync_at,
    )


def _is_told_by(run: SyncRun, account: Account) -> bool:
    """Whether this login is still the account's source: its owner may have chosen another road meanwhile."""
    return account.source is AccountSource.PROVIDER and account.user_bank_login_id == run.login.id


def _check_opened(account: Account) -> None:
    """An opening is booked first or never."""
    if account.last_sync_at is None and account.line_count == 0:
        raise DomainError(Reason.BANK_API_ERROR, message="The account moved whenever the bank was asked")


def _proof(plan: BookingPlan, account: Account, *, at: datetime) -> BalanceProof:
    """What the bank states beside what its list makes of the books, before any adjustment."""
    booked = plan.final_balance(account)
    return BalanceProof(at=at, stated=booked + plan.difference, booked=booked)


def _completeness(
    run: SyncRun, before: Account, booking: Booking, proof: BalanceProof
) -> tuple[Completeness, ...]:
    told = completeness_by(run.conversation.gateway.provider, before.completeness)
    lines = booking.account.line_count
    if before.line_count == 0:
        # Where the books begin, the bank's balance is what they begin with.
        return with_completeness(before.completeness, told.opened(lines=lines, at=proof.at))
    return with_completeness(before.completeness, told.checked(proof, lines=lines))


def _is_behind(
    run: SyncRun,
    plan: BookingPlan,
    account: Account,
    statement: BankStatement,
    known: KnownImports,
    *,
    at: datetime,
) -> bool:
    """Whether the balance does not hold yet what the list does: for two days, then it is a difference."""
    told = completeness_by(run.conversation.gateway.provider, account.completeness)
    if told.closes_a_gap(plan.difference):
        return False
    recent = [shown for shown in statement.movements if at - shown.posted_at < BALANCE_MAY_LAG_BY]
    return plan.lags(known, recent, proved_at=told.proved_at)


def _check_of(before: Account, after: Account) -> BalanceCheck:
    gaps = [sum(len(each.gaps) for each in account.completeness) for account in (before, after)]
    if gaps[1] > gaps[0]:
        return BalanceCheck.GAP
    return BalanceCheck.CLOSED if gaps[1] < gaps[0] else BalanceCheck.PROVED
