"""Heartbeats of workers, and taking over the jobs of one that has fallen silent."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.value_rules import require_ids, require_optional_ids
from ledgerbank_domain.jobs.job import Job
from ledgerbank_domain.jobs.job_timing import JobTiming
from ledgerbank_domain.jobs.job_worker import JobWorker
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork
from ledgerbank_domain.services.conduct.conflict_retry import retried_on_conflict
from ledgerbank_domain.services.jobs.job_outcomes import JobOutcomes
from ledgerbank_domain.services.jobs.job_work import JobWorks, jobs_by_kind

MAX_TAKEN_OVER = 500
OVERDUE = DomainError(
    Reason.TIMEOUT, message="The attempt was still running long after its limit: it was taken over."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobTakeoverService:
    """All goes by the storage's time, and is decided on rows that are locked."""

    start_unit_of_work: StartUnitOfWork
    timing: JobTiming
    outcomes: JobOutcomes
    works: JobWorks

    @retried_on_conflict
    def renew(self, worker_id: UUID) -> None:
        """A worker says that it lives: once for all its attempts, however many run."""
        require_ids(worker_id=worker_id)
        with self.start_unit_of_work() as work:
            alive_until = work.now() + self.timing.silence
            work.job_workers.renew(JobWorker(id=worker_id, alive_until=alive_until))
            work.commit()

    @retried_on_conflict
    def leave(self, worker_id: UUID) -> None:
        """A worker says that it will say nothing any more. Attempts that it leaves behind are taken over."""
        require_ids(worker_id=worker_id)
        with self.start_unit_of_work() as work:
            work.job_workers.forget(worker_id)
            work.commit()

    def take_over(self, *, by: UUID | None = None) -> list[Job]:
        """Ends the attempts of silent workers, and those that run far too long.

        Gives the jobs concerned; whoever still runs one is late from then on. What somebody holds at this
        moment is left for the next time: nothing is waited for. The worker ``by`` whom this is done lives,
        whatever it has said.
        """
        require_optional_ids(by=by)
        taken: list[Job] = []
        while some := self._take_over_some(by):
            taken += some
        return taken

    @retried_on_conflict
    def _take_over_some(self, by: UUID | None) -> list[Job]:
        with self.start_unit_of_work() as work:
            now = work.now()
            silent = [worker_id for worker_id in work.job_workers.list_silent(now=now) if worker_id != by]
            taken = self._record_losses_in(work, silent, now=now) if silent else []
            if not taken:
                taken = self._end_overdue_in(work, now=now)
            for worker_id in silent:
                work.job_workers.forget(worker_id)
            work.commit()
        return taken

    def _record_losses_in(self, work: UnitOfWork, silent: list[UUID], *, now: datetime) -> list[Job]:
        found = work.jobs.list_attempts_for_update(silent, limit=MAX_TAKEN_OVER)
        lost = self.outcomes.save_losses(work, self._lock_free_in(work, found), at=now)
        self._release_in(work, lost, at=now)
        return lost

    def _end_overdue_in(self, work: UnitOfWork, *, now: datetime) -> list[Job]:
        found = work.jobs.list_overdue_for_update(now=now, limit=MAX_TAKEN_OVER)
        overdue = [(job, OVERDUE) for job in self._lock_free_in(work, found)]
        failed = self.outcomes.save_failures(work, overdue, at=now)
        self._release_in(work, failed, at=now)
        return failed

    def _lock_free_in(self, work: UnitOfWork, jobs: list[Job]) -> list[Job]:
        """Nobody is waited for, so the order of locks is free here."""
        return [
            job
            for kind, of_kind in jobs_by_kind(jobs).items()
            for job in self.works[kind].lock_free(work, of_kind)
        ]

    def _release_in(self, work: UnitOfWork, jobs: list[Job], *, at: datetime) -> None:
        for kind, of_kind in jobs_by_kind(jobs).items():
            self.works[kind].release(work, of_kind, at=at)
