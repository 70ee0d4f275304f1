"""Running what was handed out, and recording what came of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TypeAlias
from uuid import UUID

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.jobs.job import Job, JobKind
from ledgerbank_domain.jobs.job_timing import JobTiming
from ledgerbank_domain.jobs.job_worker import JobWorker
from ledgerbank_domain.ports.job_transport import JobBatch
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork
from ledgerbank_domain.services.conflict_retry import is_lasting_conflict, retried_on_conflict
from ledgerbank_domain.services.job_outcomes import JobOutcomes, payments_of
from ledgerbank_domain.services.payment_job_service import PaymentJobService

UNEXPECTED = DomainError(Reason.INTERNAL_SERVER_ERROR, message="The attempt ended in an unexpected error.")


class JobPostponed(Exception):  # noqa: N818 - neither done nor failed
    """The job cannot begin before ``until``; the attempt does not count."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until)
        self.until = until


JobHandler: TypeAlias = Callable[[Job, datetime], None]
"""Does what a job asks for, before the deadline given. Idempotent: it may have been done before.

Raises :class:`DomainError` when it fails and :class:`JobPostponed` when it is too early.
"""

RecordEnd: TypeAlias = Callable[[], list[Job]]
"""Records how attempts ended and gives the jobs as they stand then, without those whose lease was lost.

Raises ``database_error`` when storage fails; may be called again until it does not.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRunningService:
    """``handlers`` are for all kinds but ``payment.process``, whose jobs run together."""

    start_unit_of_work: StartUnitOfWork
    timing: JobTiming
    payment_jobs: PaymentJobService
    outcomes: JobOutcomes
    handlers: Mapping[JobKind, JobHandler]

    @retried_on_conflict
    def begin(self, batch: JobBatch, *, delivery_id: UUID, worker_id: UUID) -> list[Job]:
        """Begins an attempt of each job that is still held under the batch's lease, as this worker, which is
        alive by that for a while: it must go on saying so.

        The others were cancelled, handed out again, or begun by a worker that got the batch before.
        ``delivery_id`` is a new one each time that the batch is delivered. Who does not know whether it was
        begun, because the answer was lost, asks again with the same one and gets the same attempts.
        """
        with self.start_unit_of_work() as work:
            seen = work.jobs.find_many(batch.job_ids).values()
            payments = work.payments.find_many_for_update(payments_of(seen))
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
            started = payments_of(begun)
            work.payments.save_many(
                [
                    payment.started(at=now)
                    for payment in payments.values()
                    if payment.id in started and payment.is_pending
                ]
            )
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
        return self.attempt(begun)()

    def attempt(self, begun: list[Job]) -> RecordEnd:
        """Does what jobs that were begun together ask for. How that ended is recorded by what it gives.

        When storage fails then, the record is to be repeated and not the attempt: a mail has been sent. A
        :class:`DomainError` is an end like any other. Any other exception comes out, with nothing done:
        attempt the jobs one by one then, and record the one that raises by :meth:`fail`.
        """
        if begun and begun[0].kind is JobKind.PAYMENT_PROCESS:
            return self._attempt_payments(begun)
        return _all([self._attempt_one(job) for job in begun])

    @retried_on_conflict
    def fail(self, begun: list[Job], error: DomainError = UNEXPECTED) -> list[Job]:
        """Records that these attempts failed; a job whose lease was lost meanwhile is left alone."""
        with self.start_unit_of_work() as work:
            jobs = self.outcomes.lock_held(work, begun)
            failed = self.outcomes.record_failures(work, [(job, error) for job in jobs], at=work.now())
            work.commit()
        return failed

    def _attempt_payments(self, begun: list[Job]) -> RecordEnd:
        try:
            ended = self.payment_jobs.process(begun)
        except DomainError as error:
            if len(begun) > 1 and is_lasting_conflict(error):
                # Somebody holds on to a row that one of them needs: the others are not to fail with it.
                return _all([self._attempt_payments([job]) for job in begun])
            return partial(self.fail, begun, error)
        return lambda: ended

    def _attempt_one(self, job: Job) -> RecordEnd:
        deadline = self.timing.deadline(job.kind, begun_at=job.attempted_at or job.updated_at)
        try:
            self.handlers[job.kind](job, deadline)
        except JobPostponed as postponed:
            until = postponed.until
            return partial(self._record, job, lambda held, at: held.postponed(until, at=at))
        except DomainError as error:
            return partial(self.fail, [job], error)
        return partial(self._record, job, lambda held, at: held.completed(at=at))

    @retried_on_conflict
    def _record(self, job: Job, end: Callable[[Job, datetime], Job]) -> list[Job]:
        with self.start_unit_of_work() as work:
            held = self.outcomes.lock_held(work, [job])
            now = work.now()
            ended = [end(found, now) for found in held]
            work.jobs.save_many(ended)
            work.commit()
        return ended


def _all(records: list[RecordEnd]) -> RecordEnd:
    return lambda: [ended for record in records for ended in record()]
