"""One sync per login at a time: taking the lease, what it fences, and how it ends."""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TypeAlias
from uuid import UUID

from ledgerbank_domain.audit.audit_event import AuditName, AuditTarget
from ledgerbank_domain.banking.bank import Bank
from ledgerbank_domain.banking.bank_login import BankLogin, LoginError, SealedTokens, SyncLease
from ledgerbank_domain.banking.feed_warning import FeedFault, FeedWarning
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import SYSTEM, Actor, Origin
from ledgerbank_domain.jobs.job import WAITING_STATES, Job
from ledgerbank_domain.notifications.notification import bank_login_needs_attention
from ledgerbank_domain.ports.bank_gateway import BankGateway
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.sync_observer import SyncObserver, SyncOutcome
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork
from ledgerbank_domain.services.audit.audit_writer import AuditWriter
from ledgerbank_domain.services.bank_syncs.bank_conversation import BankConversation, BankConversations
from ledgerbank_domain.services.bank_syncs.bank_sync_fence import SyncFence, SyncLeaseLost
from ledgerbank_domain.services.banks.bank_gateway_lookup import Gateways, bank_of_branch, gateway_of
from ledgerbank_domain.services.banks.bank_sync_schedule import DEFAULT_PACE, SyncPace, is_caused_by_news
from ledgerbank_domain.services.conduct.conflict_retry import retried_on_conflict
from ledgerbank_domain.services.jobs.job_work import JobPostponed
from ledgerbank_domain.services.notifications.notification_service import queue_notification

HELD_BEYOND_THE_DEADLINE = timedelta(seconds=60)
LOOKED_AT_AGAIN_AFTER = timedelta(seconds=3)


NOT_LEFT_OUT = frozenset({FeedFault.ADJUSTED, FeedFault.VANISHED, FeedFault.NO_WEBHOOK, FeedFault.NOT_SHOWN})


@dataclass(slots=True, kw_only=True)
class SyncProgress:
    """``made``: something of what takes more than one attempt was done, and is kept."""

    made: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncRun:
    """A sync that has begun. ``login`` is as it was when the lease was taken."""

    login: BankLogin
    bank: Bank
    conversation: BankConversation
    fence: SyncFence
    job_id: UUID
    correlation_id: str | None
    progress: SyncProgress = field(default_factory=SyncProgress)

    @property
    def actor(self) -> Actor:
        """The system, on behalf of whoever caused the sync."""
        return replace(SYSTEM, origin=Origin(correlation_id=self.correlation_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncSucceeded:
    """The login is in line with its bank, but for what ``left_out`` and ``warnings`` tell."""

    left_out: DomainError | None
    warnings: tuple[FeedWarning, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncFailed:
    """The login goes to ERROR, and its owner is told."""

    error: DomainError


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncPutOff:
    """The job is tried again, and the owner is not told yet.

    ``told`` is what the login shows of it, ``until`` how long the job waits at least. With both, that is how
    long the bank does not want to be asked, by whomever.
    """

    outcome: SyncOutcome
    told: DomainError | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncGivenUp:
    """The sync came to nothing, and nobody is to blame."""

    outcome: SyncOutcome


SyncEnd: TypeAlias = SyncSucceeded | SyncFailed | SyncPutOff | SyncGivenUp


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncLeases:
    """The one way into a sync and the one way out: one sync of a login at a time."""

    start_unit_of_work: StartUnitOfWork
    ids: IdGenerator
    audit: AuditWriter
    gateways: Gateways
    conversations: BankConversations
    observer: SyncObserver
    pace: SyncPace = DEFAULT_PACE

    @retried_on_conflict
    def take(self, job: Job, *, deadline: datetime) -> SyncRun | None:
        """Begins a sync. None when there is nothing to do.

        That is when the login is not connected or paused, its owner is not ACTIVE, its bank has no gateway,
        or a sync that began after this one was asked for succeeded.

        Raises :class:`JobPostponed` while another sync of the login runs, while the bank does not want to be
        asked, and for one that news of the bank caused until it may be asked again.
        """
        with self.start_unit_of_work() as work:
            login = work.bank_logins.find_for_update(UUID(job.args["bank_login_id"]))
            now = work.now()
            if login is None or not login.may_sync or not work.users.get(login.user_id).is_active:
                return None
            bank = bank_of_branch(work, login.bank_branch_id)
            gateway = gateway_of(bank, self.gateways)
            if gateway is None:
                return None
            if (until := _held_until(work, login, now=now)) is not None:
                raise JobPostponed(min(until, now + LOOKED_AT_AGAIN_AFTER))
            if _is_fulfilled(login, job):
                return None
            if login.put_off_until is not None and login.put_off_until > now:
                raise JobPostponed(login.put_off_until)
            if is_caused_by_news(job):
                self._check_pace(login, gateway, now=now)
            lease = SyncLease(
                token=self.ids.new_id(),
                worker_id=_worker_of(job),
                expires_at=deadline + HELD_BEYOND_THE_DEADLINE,
            )
            leased = login.leased(lease, at=now)
            work.bank_logins.save(leased)
            work.commit()
        fence = SyncFence(login_id=login.id, token=lease.token)
        return SyncRun(
            login=leased,
            bank=bank,
            conversation=self.conversations.begin(
                leased, gateway, deadline=deadline, keep_tokens=partial(self._keep_tokens, fence)
            ),
            fence=fence,
            job_id=job.id,
            correlation_id=job.correlation_id,
        )

    def _check_pace(self, login: BankLogin, gateway: BankGateway, *, now: datetime) -> None:
        """What it waited for may have ended later than when it was planned."""
        earliest = self.pace.next_for_news(login, gateway)
        if earliest is not None and earliest > now:
            raise JobPostponed(earliest)

    def end(self, run: SyncRun, end: SyncEnd) -> SyncOutcome:
        """The only way out of a run; gives how it is counted.

        A failure of a sync that has lost its lease is nobody's concern any more: it is SUPERSEDED. So is one
        to be tried again beside another sync that waits anyway.

        Raises :class:`SyncLeaseLost` when a success comes too late, which is no end yet.
        """
        outcome = self._settle(run, end)
        self.observer.bank_sync_ended(provider=run.conversation.gateway.provider, outcome=outcome)
        return outcome

    def _settle(self, run: SyncRun, end: SyncEnd) -> SyncOutcome:
        match end:
            case SyncSucceeded():
                self._commit_success(run, end)
                self._count_left_out(run, end)
                return SyncOutcome.SUCCEEDED
            case SyncFailed():
                return self._settle_failure(run, end)
            case SyncPutOff():
                return end.outcome if self._put_off(run, end) else SyncOutcome.SUPERSEDED
            case SyncGivenUp():
                self._release(run)
                return end.outcome

    def _count_left_out(self, run: SyncRun, end: SyncSucceeded) -> None:
        provider = run.conversation.gateway.provider
        for why, count in Counter(warning.why for warning in end.warnings).items():
            if why not in NOT_LEFT_OUT:
                self.observer.feed_records_skipped(provider=provider, why=why, count=count)

    def _settle_failure(self, run: SyncRun, end: SyncFailed) -> SyncOutcome:
        try:
            self._commit_failure(run, end.error)
        except SyncLeaseLost:
            self._release(run)
            return SyncOutcome.SUPERSEDED
        return SyncOutcome.FAILED

    @retried_on_conflict
    def _keep_tokens(self, fence: SyncFence, tokens: SealedTokens) -> bool:
        """Keeps the tokens that the bank gave in place of the old ones, which are used up.

        Also for a login that was paused meanwhile, and for one that was disconnected, whose access is ended
        with them. False when nobody wants them any more.

        Raises :class:`SyncLeaseLost` when the lease was lost otherwise.
        """
        with self.start_unit_of_work() as work:
            login = work.bank_logins.find_for_update(fence.login_id)
            if login is None or login.tokens is None:
                return False
            if login.ending_since is not None:
                work.bank_logins.save(login.refreshed(tokens, at=work.now()))
                work.commit()
                raise SyncLeaseLost
            if not fence.holds(login):
                raise SyncLeaseLost
            work.bank_logins.save(login.refreshed(tokens, at=work.now()))
            work.commit()
        return True

    @retried_on_conflict
    def _release(self, run: SyncRun) -> None:
        """Gives the lease back, if it is still held."""
        with self.start_unit_of_work() as work:
            login = work.bank_logins.find_for_update(run.login.id)
            if login is not None and run.fence.holds(login):
                work.bank_logins.save(login.released(at=work.now()))
                work.commit()

    @retried_on_conflict
    def _put_off(self, run: SyncRun, end: SyncPutOff) -> bool:
        """Whether it is to be tried again: not when the lease was lost, nor when another sync waits."""
        with self.start_unit_of_work() as work:
            login = work.bank_logins.find_for_update(run.login.id)
            if login is None or not run.fence.holds(login):
                return False
            now = work.now()
            told = None if end.told is None else _login_error(end.told, at=now)
            work.bank_logins.save(login.put_off(told, until=end.until if told else None, at=now))
            others = work.jobs.list_unfinished_syncs_for_update([login.id])
            work.commit()
        return not any(job.state in WAITING_STATES and job.id != run.job_id for job in others)

    @retried_on_conflict
    def _commit_success(self, run: SyncRun, end: SyncSucceeded) -> None:
        with self.start_unit_of_work() as work:
            login = run.fence.lock_login(work)
            now = work.now()
            told = None if end.left_out is None else _login_error(end.left_out, at=now)
            work.bank_logins.save(login.synced(left_out=told, warnings=end.warnings, at=now))
            self.audit.record(work, AuditName.BANK_LOGIN_SYNCED, actor=run.actor, about=login.id, at=now)
            work.commit()

    @retried_on_conflict
    def _commit_failure(self, run: SyncRun, error: DomainError) -> None:
        with self.start_unit_of_work() as work:
            login = run.fence.lock_login(work)
            now = work.now()
            failed = login.failed(_login_error(error, at=now), at=now)
            work.bank_logins.save(failed)
            self.audit.record_each_failure(
                work,
                AuditName.BANK_LOGIN_SYNC_FAILED,
                [(run.actor, AuditTarget(login.id), error.reason)],
                at=now,
            )
            # Whoever was told of an outage has not been told yet that they must do something themselves.
            if login.is_active or (failed.needs_consent and not login.needs_consent):
                self._notify_in(work, run, error.reason, at=now)
            work.commit()

    def _notify_in(self, work: UnitOfWork, run: SyncRun, reason: Reason, *, at: datetime) -> None:
        notification = bank_login_needs_attention(
            user_id=run.login.user_id,
            bank_name=run.bank.name,
            username=run.login.username,
            reason=reason,
            at=at,
            cause=f"{run.login.id}:{at.isoformat()}",
        )
        queue_notification(work, notification, ids=self.ids, at=at, correlation_id=run.correlation_id)


def _held_until(work: UnitOfWork, login: BankLogin, *, now: datetime) -> datetime | None:
    """None when nobody holds the login's lease, or a worker that has died since."""
    lease = login.lease
    if lease is None or not login.is_leased_at(now):
        return None
    return lease.expires_at if work.job_workers.is_alive(lease.worker_id, now=now) else None


def _worker_of(job: Job) -> UUID:
    if job.lease is None:
        raise ValueError(f"no attempt of job {job.id} is running")
    return job.lease.owner_id


def _is_fulfilled(login: BankLogin, job: Job) -> bool:
    """Whether a sync that began after this one was asked for has succeeded since."""
    return (
        login.last_attempt_at is not None
        and login.last_sync_at is not None
        and login.is_active
        and login.last_attempt_at > job.inserted_at
        and login.last_sync_at >= login.last_attempt_at
    )


def _login_error(error: DomainError, *, at: datetime) -> LoginError:
    return LoginError(reason=error.reason, message=error.message, at=at)
