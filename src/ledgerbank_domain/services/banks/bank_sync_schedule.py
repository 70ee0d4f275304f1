"""Asking for syncs: the one job of a login, and periodically those that are due."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from ledgerbank_domain.banking.bank_login import BankLogin
from ledgerbank_domain.jobs.job import Job, JobKind, JobState
from ledgerbank_domain.ports.bank_gateway import BankGateway
from ledgerbank_domain.ports.clock import Clock
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork
from ledgerbank_domain.services.banks.bank_gateway_lookup import Gateways, bank_of_branch, gateway_of
from ledgerbank_domain.services.conduct.conflict_retry import retried_on_conflict
from ledgerbank_domain.services.jobs.scheduled_job import ScheduledJob

SAME_SYNC_WITHIN = timedelta(seconds=300)
LOGINS_AT_ONCE = 200
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

    ``is_fresh``: a new one in any case, because the login was connected anew. ``now`` is the storage clock's.
    """
    key = sync_job_key(login.id)
    holders = work.jobs.list_with_key_for_update(JobKind.BANK_SYNC, key)
    for job in holders:
        if not is_fresh and job.state not in _DOES_NOT_COUNT and now - job.inserted_at < SAME_SYNC_WITHIN:
            return ScheduledJob(job=job, deduplicated=True)
    work.jobs.save_many([job.without_unique_key(at=now) for job in holders])
    job = Job.new(
        JobKind.BANK_SYNC,
        job_id=ids.new_id(),
        args={"bank_login_id": str(login.id)},
        at=now,
        unique_key=key,
        correlation_id=correlation_id,
    )
    work.jobs.add_many([job])
    return ScheduledJob(job=job, deduplicated=False)


def sync_interval(gateway: BankGateway) -> timedelta:
    """How far apart syncs are that no customer asked for, by the bank's budget; zero without one."""
    return timedelta(seconds=gateway.min_sync_interval_seconds)


def may_sync_unattended(login: BankLogin, gateway: BankGateway, *, now: datetime) -> bool:
    """Whether something other than the customer, like a webhook, may cause a sync now."""
    if not login.may_sync or login.needs_consent:
        return False
    return login.last_attempt_at is None or now - login.last_attempt_at >= sync_interval(gateway)


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
