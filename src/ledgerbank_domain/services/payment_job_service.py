"""Processing payments whose turn has come as jobs: many in one transaction, their jobs' outcome with them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.jobs.job import Job
from ledgerbank_domain.payments.payment import Payment
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork
from ledgerbank_domain.services.conflict_retry import retried_on_conflict
from ledgerbank_domain.services.job_outcomes import JobOutcomes, actor_for, payment_of
from ledgerbank_domain.services.outcome import Outcome
from ledgerbank_domain.services.payment_processing_service import PaymentProcessingService


class _LeasesLost(Exception):  # noqa: N818 - what happened
    def __init__(self, job_ids: Collection[UUID]) -> None:
        super().__init__(job_ids)
        self.job_ids = job_ids


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentJobService:
    start_unit_of_work: StartUnitOfWork
    processing: PaymentProcessingService
    outcomes: JobOutcomes

    def process(self, begun: list[Job]) -> list[Job]:
        """Executes the payments of these jobs and gives the jobs as they stand afterwards.

        A refused payment ends its own job only. A job whose lease was lost is left out, its payment
        untouched.
        """
        while begun:
            try:
                return self._process(begun)
            except _LeasesLost as lost:
                begun = [job for job in begun if job.id not in lost.job_ids]
        return []

    @retried_on_conflict
    def _process(self, begun: list[Job]) -> list[Job]:
        with self.start_unit_of_work() as work:
            outcomes = self.processing.process_in(
                work, [(actor_for(job), payment_of(job)) for job in begun], started_by_jobs=True
            )
            held = self.outcomes.still_held(work, begun)
            if len(held) < len(begun):
                # What was done for the lost ones must not stay: nothing of this transaction does.
                raise _LeasesLost({job.id for job in begun} - {job.id for job in held})
            now = work.now()
            ended = self._record(work, list(zip(held, outcomes, strict=True)), at=now)
            work.commit()
        return ended

    def _record(
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
        self.outcomes.announce_completed(work, executed, at=at)
        return completed + self.outcomes.record_failures(work, failures, at=at)
