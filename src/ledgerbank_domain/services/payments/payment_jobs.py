"""``payment.process`` jobs: many payments in one transaction, and how their jobs ended with them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ledgerbank_domain.audit.audit_event import AuditName, AuditTarget
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.jobs.job import Job, JobState
from ledgerbank_domain.notifications.notification import payment_completed, payment_failed
from ledgerbank_domain.payments.payment import Payment, PaymentStatus
from ledgerbank_domain.payments.payment_job import payment_of
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork
from ledgerbank_domain.services.audit.audit_writer import AuditWriter
from ledgerbank_domain.services.conduct.conflict_retry import is_lasting_conflict, retried_on_conflict
from ledgerbank_domain.services.conduct.outcome import Outcome
from ledgerbank_domain.services.jobs.job_outcomes import JobOutcomes, actor_for, lock_held
from ledgerbank_domain.services.jobs.job_work import AttemptEnd, Failed, JobWork, Recorded
from ledgerbank_domain.services.notifications.notification_service import queue_notifications
from ledgerbank_domain.services.payments.payment_processing_service import PaymentProcessingService


class _LeasesLost(Exception):  # noqa: N818 - what happened
    def __init__(self, job_ids: Collection[UUID]) -> None:
        super().__init__(job_ids)
        self.job_ids = job_ids


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentJobs(JobWork[Mapping[UUID, Payment]]):
    """The work of ``payment.process`` jobs, many in one transaction.

    It holds the payments: who has their locks may give them jobs, begin and end these.
    """

    start_unit_of_work: StartUnitOfWork
    ids: IdGenerator
    payment_processing: PaymentProcessingService
    outcomes: JobOutcomes
    audit: AuditWriter

    def lock(self, work: UnitOfWork, jobs: Collection[Job]) -> Mapping[UUID, Payment]:
        """Waits for the payments that the jobs are about, by ascending id."""
        return work.payments.find_many_for_update({payment_of(job) for job in jobs})

    def lock_free(self, work: UnitOfWork, jobs: Sequence[Job]) -> list[Job]:
        """The jobs whose payments nobody else holds at this moment."""
        free = work.payments.find_free_for_update({payment_of(job) for job in jobs})
        return [job for job in jobs if payment_of(job) in free]

    def begin(
        self, work: UnitOfWork, jobs: Collection[Job], held: Mapping[UUID, Payment], *, at: datetime
    ) -> None:
        """The payments that wait are PROCESSING from now on."""
        started = {payment_of(job) for job in jobs}
        work.payments.save_many(
            [
                payment.started(at=at)
                for payment in held.values()
                if payment.id in started and payment.is_pending
            ]
        )

    def attempt(self, jobs: Sequence[Job], deadline: datetime) -> list[AttemptEnd]:
        """A refused payment fails its own job only. Everything is recorded with the entries."""
        try:
            return [Recorded(job=job) for job in self._process_those_held(jobs)]
        except DomainError as error:
            if len(jobs) > 1 and is_lasting_conflict(error):
                # Somebody holds on to a row that one of them needs: the others are not to fail with it.
                return [end for job in jobs for end in self.attempt([job], deadline)]
            return [Failed(job=job, error=error) for job in jobs]

    def release(self, work: UnitOfWork, jobs: Sequence[Job], *, at: datetime) -> None:
        """The payments are PENDING again, or FAILED when their job was discarded: their payers are told."""
        payments = self.lock(work, jobs)
        released: list[Payment] = []
        discarded: list[tuple[Job, Payment, Reason]] = []
        for job in jobs:
            payment = payments.get(payment_of(job))
            if payment is None or payment.status is not PaymentStatus.PROCESSING or job.last_error is None:
                continue
            if job.state is JobState.DISCARDED:
                failed = payment.failed(job.last_error.reason, at=at)
                discarded.append((job, failed, job.last_error.reason))
            else:
                released.append(payment.returned_to_pending(at=at))
        work.payments.save_many([*released, *(payment for _, payment, _ in discarded)])
        self._announce_failed_in(work, discarded, at=at)

    def revive(self, work: UnitOfWork, held: Mapping[UUID, Payment], *, at: datetime) -> None:
        """A payment that waits needs nothing; one that failed waits again."""
        failed = [payment for payment in held.values() if payment.status is PaymentStatus.FAILED]
        if any(not payment.is_pending for payment in held.values() if payment not in failed):
            raise DomainError(Reason.ALREADY_PROCESSED)
        work.payments.save_many([payment.returned_to_pending(at=at) for payment in failed])

    def _process_those_held(self, begun: Sequence[Job]) -> list[Job]:
        """The jobs as they stand afterwards. One whose lease was lost is left out, its payment untouched."""
        while begun:
            try:
                return self._commit_processing(begun)
            except _LeasesLost as lost:
                begun = [job for job in begun if job.id not in lost.job_ids]
        return []

    @retried_on_conflict
    def _commit_processing(self, begun: Sequence[Job]) -> list[Job]:
        with self.start_unit_of_work() as work:
            outcomes = self.payment_processing.process_in(
                work, [(actor_for(job), payment_of(job)) for job in begun], started_by_jobs=True
            )
            held = lock_held(work, begun)
            if len(held) < len(begun):
                # What was done for the lost ones must not stay: nothing of this transaction does.
                raise _LeasesLost({job.id for job in begun} - {job.id for job in held})
            now = work.now()
            ended = self._record_in(work, list(zip(held, outcomes, strict=True)), at=now)
            work.commit()
        return ended

    def _record_in(
        self, work: UnitOfWork, results: list[tuple[Job, Outcome[Payment]]], *, at: datetime
    ) -> list[Job]:
        executed: list[tuple[Job, Payment]] = []
        needless: list[Job] = []
        failures: list[tuple[Job, DomainError]] = []
        for job, outcome in results:
            if isinstance(outcome, Payment):
                executed.append((job, outcome))
            elif outcome.reason is Reason.ALREADY_PROCESSED:
                # A payment that is no longer to be processed leaves its job nothing to do.
                needless.append(job)
            else:
                failures.append((job, outcome))
        completed = [job.completed(at=at) for job in [*(job for job, _ in executed), *needless]]
        work.jobs.save_many(completed)
        self._announce_completed_in(work, executed, at=at)
        failed = self.outcomes.save_failures(work, failures, at=at)
        self.release(work, failed, at=at)
        return completed + failed

    def _announce_completed_in(
        self, work: UnitOfWork, completed: Sequence[tuple[Job, Payment]], *, at: datetime
    ) -> None:
        mails = [(payment_completed(payment, at=at), job.correlation_id) for job, payment in completed]
        queue_notifications(work, mails, ids=self.ids, at=at)

    def _announce_failed_in(
        self, work: UnitOfWork, discarded: Sequence[tuple[Job, Payment, Reason]], *, at: datetime
    ) -> None:
        self.audit.record_each_failure(
            work,
            AuditName.PAYMENT_FAILED,
            [(actor_for(job), AuditTarget(payment.id), reason) for job, payment, reason in discarded],
            at=at,
        )
        # One payment can fail again after an administrator had its job retried: each time is a cause.
        mails = [
            (
                payment_failed(payment, reason=reason, at=at, cause=f"{job.id}:{len(job.errors)}"),
                job.correlation_id,
            )
            for job, payment, reason in discarded
        ]
        queue_notifications(work, mails, ids=self.ids, at=at)
