"""Asking for syncs: the one job of a login, and periodically those that are due."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from ledgerbank_domain.banking.bank_login import BankLogin
from ledgerbank_domain.jobs.job import WAITING_STATES, Job, JobKind, JobState
from ledgerbank_domain.ports.bank_gateway import BankGateway
from ledgerbank_domain.ports.clock import Clock
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork
from ledgerbank_domain.services.banks.bank_gateway_lookup import Gateways, bank_of_branch, gateway_of
from ledgerbank_domain.services.conduct.conflict_retry import retried_on_conflict
from ledgerbank_domain.services.jobs.scheduled_job import ScheduledJob

SAME_SYNC_WITHIN = timedelta(seconds=300)
DEFAULT_WEBHOOK_SPACING = timedelta(seconds=15)
LOGINS_AT_ONCE = 200
# In the arguments of a job.
CAUSED_BY_NEWS = "caused_by_news"
NO_MORE_ARGS: Mapping[str, Any] = {}
_DOES_NOT_COUNT = frozenset({JobState.CANCELLED, JobState.DISCARDED})


def sync_job_key(login_id: UUID) -> str:
    """The ``unique_key`` of the newest ``bank.sync`` job of a login."""
    return f"{JobKind.BANK_SYNC.value}:{login_id}"


def schedule_sync(
    work: UnitOfWork,
    login: BankLogin,
    *,
    ids: IdGenerator,
    now: datetime,
    is_fresh: bool = False,
    correlation_id: str | None = None,
) -> ScheduledJob:
    """A sync of a login that ``work`` has locked: the one asked for less than 300 s ago, or a new one.

    Who asks has one that waits begin at once, unless the bank does not want to be asked. One that was tried
    already goes on, however long ago it was asked for: else it would never come to its last attempt.
    ``is_fresh``: a new one in any case, because the login was connected anew. ``now`` is the storage clock's.
    """
    holders = work.jobs.list_with_key_for_update(JobKind.BANK_SYNC, sync_job_key(login.id))
    for job in holders:
        if not is_fresh and _stands_for_a_new_one(job, now=now):
            forward = job if login.is_put_off_at(now) else job.brought_forward(at=now)
            if forward is not job:
                work.jobs.save_many([forward])
            return ScheduledJob(job=forward, deduplicated=True)
    new = _sync_of(login, job_id=ids.new_id(), now=now, correlation_id=correlation_id)
    return _in_place_of(work, holders, new, now=now)


def schedule_sync_for_news(
    work: UnitOfWork,
    login: BankLogin,
    *,
    ids: IdGenerator,
    now: datetime,
    not_before: datetime,
    correlation_id: str | None = None,
) -> ScheduledJob:
    """A sync because the bank has news: the one that has not begun, or a new one.

    One that runs, or has just ended, may have asked before there was this news. ``not_before`` is how soon
    the bank may be asked again (:class:`SyncPace`).
    """
    holders = work.jobs.list_with_key_for_update(JobKind.BANK_SYNC, sync_job_key(login.id))
    for job in holders:
        if job.state in WAITING_STATES:
            return ScheduledJob(job=job, deduplicated=True)
    new = _sync_of(
        login,
        job_id=ids.new_id(),
        now=now,
        run_at=not_before if not_before > now else None,
        args={CAUSED_BY_NEWS: True},
        correlation_id=correlation_id,
    )
    return _in_place_of(work, holders, new, now=now)


def _stands_for_a_new_one(job: Job, *, now: datetime) -> bool:
    """Whether whoever asks now is served by it; not by one that news caused and that has to wait."""
    waits = job.state in WAITING_STATES
    if waits and is_caused_by_news(job) and job.run_at > now:
        return False
    if waits and job.attempted_at is not None:
        return True
    return job.state not in _DOES_NOT_COUNT and now - job.inserted_at < SAME_SYNC_WITHIN


def _sync_of(
    login: BankLogin,
    *,
    job_id: UUID,
    now: datetime,
    run_at: datetime | None = None,
    args: Mapping[str, Any] = NO_MORE_ARGS,
    correlation_id: str | None,
) -> Job:
    return Job.new(
        JobKind.BANK_SYNC,
        job_id=job_id,
        args={"bank_login_id": str(login.id), **args},
        at=now,
        run_at=run_at,
        unique_key=sync_job_key(login.id),
        correlation_id=correlation_id,
    )


def _in_place_of(work: UnitOfWork, holders: Sequence[Job], new: Job, *, now: datetime) -> ScheduledJob:
    """One sync of a login waits, never two: what waited until now has the new one in its place."""
    replaced = [job.cancelled(at=now) if job.state in WAITING_STATES else job for job in holders]
    work.jobs.save_many([job.without_unique_key(at=now) for job in replaced])
    work.jobs.add_many([new])
    return ScheduledJob(job=new, deduplicated=False)


def sync_interval(gateway: BankGateway) -> timedelta:
    """How far apart syncs are that no customer asked for, by the bank's budget; zero without one."""
    return timedelta(seconds=gateway.min_sync_interval_seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncPace:
    """How soon after each other syncs may follow that no customer asked for.

    ``webhook_spacing`` lies between the end of one and the begin of the next that news of the bank causes.
    """

    webhook_spacing: timedelta = DEFAULT_WEBHOOK_SPACING

    def next_for_news(self, login: BankLogin, gateway: BankGateway) -> datetime | None:
        """When a sync may begin that news causes, by the bank's budget as well; None: at any time."""
        earliest = [
            since + pause
            for since, pause in (
                (login.last_ended_at, self.webhook_spacing),
                (login.last_attempt_at, sync_interval(gateway)),
            )
            if since is not None
        ]
        return max(earliest, default=None)


DEFAULT_PACE = SyncPace()


def may_sync_unattended(login: BankLogin) -> bool:
    """Whether something other than the customer, like a webhook, may cause a sync."""
    return login.may_sync and not login.needs_consent


def is_caused_by_news(job: Job) -> bool:
    """Whether a webhook asked for this sync."""
    return bool(job.args.get(CAUSED_BY_NEWS))


@dataclass(frozen=True, slots=True, kw_only=True)
class DueSyncService:
    """Schedules a sync for each connected login that was not synchronized for its bank's interval."""

    start_unit_of_work: StartUnitOfWork
    storage_clock: Clock
    ids: IdGenerator
    gateways: Gateways

    def run_job(self, job: Job, deadline: datetime) -> None:
        """What a ``bank.schedule_due`` job does. Stops at the deadline: the next one goes on."""
        after: UUID | None = None
        while (now := self.storage_clock.now()) < deadline:
            logins = self._connected(after)
            if not logins:
                return
            for login, gateway in logins:
                if gateway is not None and login.needs_sync(now, min_interval=sync_interval(gateway)):
                    self._schedule(login.id, gateway, correlation_id=job.correlation_id)
            after = logins[-1][0].id

    def _connected(self, after: UUID | None) -> list[tuple[BankLogin, BankGateway | None]]:
        with self.start_unit_of_work() as work:
            logins = work.bank_logins.list_connected(after=after, limit=LOGINS_AT_ONCE)
            gateways = {
                branch_id: gateway_of(bank_of_branch(work, branch_id), self.gateways)
                for branch_id in {login.bank_branch_id for login in logins}
            }
        return [(login, gateways[login.bank_branch_id]) for login in logins]

    @retried_on_conflict
    def _schedule(self, login_id: UUID, gateway: BankGateway, *, correlation_id: str | None) -> None:
        with self.start_unit_of_work() as work:
            login = work.bank_logins.find_for_update(login_id)
            now = work.now()
            if login is None or not login.needs_sync(now, min_interval=sync_interval(gateway)):
                return
            if not work.users.get(login.user_id).is_active:
                return
            # One that waits to be tried again must not be joined by another one each minute.
            if work.jobs.list_unfinished_syncs_for_update([login_id]):
                return
            schedule_sync(work, login, ids=self.ids, now=now, correlation_id=correlation_id)
            work.commit()
