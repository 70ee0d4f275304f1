"""Handing out what is due: the most urgent first, over everything there is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ledgerbank_domain.jobs.job import Job, JobKind, JobLease
from ledgerbank_domain.jobs.job_timing import PERIODS, JobTiming, period_start
from ledgerbank_domain.ports.clock import Clock
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.job_transport import JobBatch, JobTransport, JobTransportError
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork
from ledgerbank_domain.services.conflict_retry import retried_on_conflict

MAX_MADE_AVAILABLE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class JobDispatchService:
    """``clock`` is the storage's: workers on machines whose clocks differ agree on what is due.

    To look at it may take a connection of its own, so it is read before a unit of work begins.
    """

    start_unit_of_work: StartUnitOfWork
    clock: Clock
    ids: IdGenerator
    timing: JobTiming

    def dispatch(self, *, owner_id: UUID, capacity: Mapping[str, int], transport: JobTransport) -> int:
        """Leases due jobs and sends them, and returns how many batches were sent.

        ``capacity`` is how many batches of this owner may be under way at once, by queue. No more than that
        is ever handed out, so what becomes due later with a higher priority waits for one batch at most.

        Raises :class:`JobTransportError`; what could not be sent is free again.
        """
        self._make_due_available()
        batches = self._lease(owner_id, capacity)
        try:
            for batch in batches:
                transport.send(batch)
        except JobTransportError:
            self.give_back(owner_id=owner_id)
            raise
        return len(batches)

    @retried_on_conflict
    def give_back(self, *, owner_id: UUID) -> int:
        """Frees what this owner handed out and no worker has begun; returns how many jobs."""
        now = self.clock.now()
        with self.start_unit_of_work() as work:
            freed = work.jobs.give_back_leases(owner_id, at=now)
            work.commit()
        return freed

    @retried_on_conflict
    def plan_periodic_jobs(self) -> int:
        """Adds the periodic jobs of the current periods, once over all processes; returns how many.

        While the job of an earlier period still waits for a worker none is added: runs that were missed are
        made up for by one.
        """
        now = self.clock.now()
        with self.start_unit_of_work() as work:
            waiting = work.jobs.list_available_kinds(PERIODS)
            added = work.jobs.add_new(
                [self._periodic_job(kind, now) for kind in PERIODS if kind not in waiting]
            )
            work.commit()
        return added

    def _make_due_available(self) -> None:
        """All that is due: the last to become so may be the first to go. In transactions that stay short."""
        now = self.clock.now()
        while self._make_available(now) == MAX_MADE_AVAILABLE:
            pass

    @retried_on_conflict
    def _make_available(self, now: datetime) -> int:
        with self.start_unit_of_work() as work:
            made = work.jobs.make_due_available(now=now, limit=MAX_MADE_AVAILABLE)
            work.commit()
        return made

    @retried_on_conflict
    def _lease(self, owner_id: UUID, capacity: Mapping[str, int]) -> list[JobBatch]:
        now = self.clock.now()
        with self.start_unit_of_work() as work:
            under_way = work.jobs.count_leased(owner_id, now=now)
            batches = [
                batch
                for queue, places in capacity.items()
                for batch in self._lease_from(
                    work, queue, places - under_way.get(queue, 0), owner_id=owner_id, now=now
                )
            ]
            work.commit()
        return batches

    def _lease_from(
        self, work: UnitOfWork, queue: str, places: int, *, owner_id: UUID, now: datetime
    ) -> list[JobBatch]:
        batches: list[JobBatch] = []
        for _ in range(places):
            lease = JobLease(
                token=self.ids.new_id(), owner_id=owner_id, expires_at=now + self.timing.handed_out_for
            )
            limit = self.timing.jobs_per_batch(queue)
            jobs = work.jobs.lease_available(queue, lease=lease, now=now, limit=limit)
            if jobs:
                batches.append(_batch(jobs, lease))
            if len(jobs) < limit:
                break
        return batches

    def _periodic_job(self, kind: JobKind, now: datetime) -> Job:
        period = period_start(kind, now).isoformat()
        return Job.new(kind, job_id=self.ids.new_id(), args={}, at=now, unique_key=f"{kind.value}:{period}")


def _batch(jobs: list[Job], lease: JobLease) -> JobBatch:
    return JobBatch(kind=jobs[0].kind, job_ids=tuple(job.id for job in jobs), lease_token=lease.token)
