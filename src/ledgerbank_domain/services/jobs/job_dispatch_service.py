"""Handing out jobs that are due: the most urgent first, over everything there is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ledgerbank_domain.identity.value_rules import require_ids
from ledgerbank_domain.jobs.job import Job, JobKind, JobLease
from ledgerbank_domain.jobs.job_timing import PERIODS, JobTiming, period_start
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.job_transport import JobBatch, JobTransport, JobTransportError
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork
from ledgerbank_domain.services.conduct.conflict_retry import retried_on_conflict


@dataclass(frozen=True, slots=True, kw_only=True)
class JobDispatchService:
    """Goes by the storage's time: workers on machines whose clocks differ agree on what is due."""

    start_unit_of_work: StartUnitOfWork
    ids: IdGenerator
    timing: JobTiming

    def dispatch(self, *, owner_id: UUID, capacity: Mapping[str, int], transport: JobTransport) -> int:
        """Leases due jobs and sends them, and returns how many batches were sent.

        ``capacity`` is how many batches of this owner may be under way at once, by queue. No more than that
        is ever handed out, so what becomes due later with a higher priority waits for one batch at most. What
        lost its worker again and again goes by itself.

        Raises :class:`JobTransportError`; what could not be sent is free again.
        """
        require_ids(owner_id=owner_id)
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
        require_ids(owner_id=owner_id)
        with self.start_unit_of_work() as work:
            freed = work.jobs.give_back_leases(owner_id, at=work.now())
            work.commit()
        return freed

    @retried_on_conflict
    def plan_periodic_jobs(self) -> int:
        """Adds the periodic jobs of the current periods, once over all processes; returns how many.

        While the job of an earlier period still waits for a worker none is added: runs that were missed are
        made up for by one.
        """
        with self.start_unit_of_work() as work:
            now = work.now()
            waiting = work.jobs.list_due_kinds(PERIODS, now=now)
            added = work.jobs.add_new(
                [self._periodic_job(kind, now) for kind in PERIODS if kind not in waiting]
            )
            work.commit()
        return added

    @retried_on_conflict
    def _lease(self, owner_id: UUID, capacity: Mapping[str, int]) -> list[JobBatch]:
        with self.start_unit_of_work() as work:
            now = work.now()
            under_way = work.jobs.count_leased(owner_id, now=now)
            batches = [
                batch
                for queue, places in capacity.items()
                for batch in self._lease_in(
                    work, queue, places - under_way.get(queue, 0), owner_id=owner_id, now=now
                )
            ]
            work.commit()
        return batches

    def _lease_in(
        self, work: UnitOfWork, queue: str, places: int, *, owner_id: UUID, now: datetime
    ) -> list[JobBatch]:
        batches: list[JobBatch] = []
        for _ in range(places):
            lease = JobLease(
                token=self.ids.new_id(), owner_id=owner_id, expires_at=now + self.timing.handed_out_for
            )
            limit = self.timing.jobs_per_batch(queue)
            jobs = work.jobs.lease_due(queue, lease=lease, now=now, limit=limit)
            batches += _batches(jobs, lease)
            if len(jobs) < limit:
                break
        return batches

    def _periodic_job(self, kind: JobKind, now: datetime) -> Job:
        period = period_start(kind, now).isoformat()
        return Job.new(kind, job_id=self.ids.new_id(), args={}, at=now, unique_key=f"{kind.value}:{period}")


def _batches(jobs: list[Job], lease: JobLease) -> list[JobBatch]:
    """One for all, and one for each that may be what its workers died of: nothing else is to die with it."""
    together = [job for job in jobs if not job.runs_alone]
    groups = [together] if together else []
    groups += [[job] for job in jobs if job.runs_alone]
    return [
        JobBatch(kind=group[0].kind, job_ids=tuple(job.id for job in group), lease_token=lease.token)
        for group in groups
    ]
