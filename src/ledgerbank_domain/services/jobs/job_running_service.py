"""Running jobs that were handed out, whatever their kind, and recording what came of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.value_rules import require_ids
from ledgerbank_domain.jobs.job import Job
from ledgerbank_domain.jobs.job_timing import JobTiming
from ledgerbank_domain.jobs.job_worker import JobWorker
from ledgerbank_domain.ports.job_transport import JobBatch
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork
from ledgerbank_domain.services.conduct.conflict_retry import retried_on_conflict
from ledgerbank_domain.services.jobs.job_outcomes import JobOutcomes, lock_held
from ledgerbank_domain.services.jobs.job_work import AttemptEnd, Done, Failed, JobWorks, Postponed, Recorded

UNEXPECTED = DomainError(Reason.INTERNAL_SERVER_ERROR, message="The attempt ended in an unexpected error.")


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRunningService:
    """The same steps for every kind: what differs is in ``works``. Jobs of one batch are of one kind."""

    start_unit_of_work: StartUnitOfWork
    timing: JobTiming
    outcomes: JobOutcomes
    works: JobWorks

    @retried_on_conflict
    def begin(self, batch: JobBatch, *, delivery_id: UUID, worker_id: UUID) -> list[Job]:
        """Begins an attempt of each job that is still held under the batch's lease.

        The others were cancelled, handed out again, or begun by a worker that got the batch before. This
        worker is alive by that for a while, and must go on saying so.

        ``delivery_id`` is a new one each time that the batch is delivered. Who does not know whether it was
        begun, because the answer was lost, asks again with the same one and gets the same attempts.
        """
        require_ids(delivery_id=delivery_id, worker_id=worker_id)
        kind_of_work = self.works[batch.kind]
        with self.start_unit_of_work() as work:
            held = kind_of_work.lock(work, work.jobs.find_many(batch.job_ids).values())
            locked = work.jobs.find_many_for_update(batch.job_ids)
            found = [locked[job_id] for job_id in batch.job_ids if job_id in locked]
            running = [job for job in found if job.is_attempted_with(delivery_id)]
            if running:
                return running
            now = work.now()
            lease_expires_at = self.timing.taken_over_at(batch.kind, begun_at=now)
            begun = [
                job.begun(token=delivery_id, worker_id=worker_id, lease_expires_at=lease_expires_at, at=now)
                for job in found
                if job.is_handed_out_with(batch.lease_token)
            ]
            kind_of_work.begin(work, begun, held, at=now)
            work.jobs.save_many(begun)
            if begun and not work.job_workers.hold_alive(worker_id, now=now):
                work.job_workers.renew(JobWorker(id=worker_id, alive_until=now + self.timing.silence))
            work.commit()
        return begun

    def run(self, begun: list[Job]) -> list[Job]:
        """Attempts jobs that were begun together and records at once how that ended.

        Gives the jobs as they stand afterwards, without those whose lease was lost. Raises as
        :meth:`attempt` does, and ``database_error``.
        """
        return self.record(self.attempt(begun))

    def attempt(self, begun: list[Job]) -> list[AttemptEnd]:
        """Does what jobs that were begun together ask for: how each attempt ended, to be recorded next.

        A :class:`DomainError` is an end like any other. Any other exception comes out, with nothing done:
        attempt the jobs one by one then, and record the one that raises by :meth:`fail`.
        """
        if not begun:
            return []
        first = begun[0]
        deadline = self.timing.deadline(first.kind, begun_at=first.attempted_at or first.updated_at)
        return self.works[first.kind].attempt(begun, deadline)

    def record(self, ends: Sequence[AttemptEnd]) -> list[Job]:
        """Records how attempts of jobs of one kind ended, and gives the jobs as they stand then.

        Those whose lease was lost meanwhile are left out. When storage fails this is to be repeated, until it
        does not, and not the attempt: a mail has been sent. Raises ``database_error``.
        """
        recorded = [end.job for end in ends if isinstance(end, Recorded)]
        return recorded + self._commit_ends([end for end in ends if not isinstance(end, Recorded)])

    def fail(self, begun: list[Job], error: DomainError = UNEXPECTED) -> list[Job]:
        """Records that these attempts failed; a job whose lease was lost meanwhile is left alone."""
        return self.record([Failed(job=job, error=error) for job in begun])

    @retried_on_conflict
    def _commit_ends(self, ends: Sequence[Done | Failed | Postponed]) -> list[Job]:
        if not ends:
            return []
        jobs = [end.job for end in ends]
        kind_of_work = self.works[jobs[0].kind]
        with self.start_unit_of_work() as work:
            kind_of_work.lock(work, jobs)
            held = {job.id: job for job in lock_held(work, jobs)}
            now = work.now()
            failed = self._save_failed_in(work, ends, held, at=now)
            kind_of_work.release(work, failed, at=now)
            ended = self._save_others_in(work, ends, held, at=now)
            work.commit()
        return failed + ended

    def _save_failed_in(
        self, work: UnitOfWork, ends: Sequence[AttemptEnd], held: dict[UUID, Job], *, at: datetime
    ) -> list[Job]:
        failures = [
            (held[end.job.id], end.error) for end in ends if isinstance(end, Failed) and end.job.id in held
        ]
        return self.outcomes.save_failures(work, failures, at=at)

    def _save_others_in(
        self, work: UnitOfWork, ends: Sequence[AttemptEnd], held: dict[UUID, Job], *, at: datetime
    ) -> list[Job]:
        ended: list[Job] = []
        for end in ends:
            job = held.get(end.job.id)
            if job is not None and isinstance(end, Done):
                ended.append(job.completed(at=at))
            elif job is not None and isinstance(end, Postponed):
                ended.append(job.postponed(end.until, at=at))
        work.jobs.save_many(ended)
        return ended
