"""Writing down how attempts of jobs ended, with what that means for payments."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from ledgerbank_domain.audit.audit_event import AuditName, AuditTarget
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Actor, Origin
from ledgerbank_domain.jobs.job import Job, JobError, JobKind, JobState
from ledgerbank_domain.notifications.notification import payment_completed, payment_failed
from ledgerbank_domain.payments.payment import Payment, PaymentStatus
from ledgerbank_domain.ports.chance import Chance
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.unit_of_work import UnitOfWork
from ledgerbank_domain.services.audit_writer import AuditWriter
from ledgerbank_domain.services.notification_service import queue_notifications

MAX_RETRY_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobOutcomes:
    ids: IdGenerator
    chance: Chance
    audit: AuditWriter

    def lock_held(self, work: UnitOfWork, begun: Collection[Job]) -> list[Job]:
        """Locks the payments and then the jobs; gives those still held as they were when they began.

        Whoever lost his lease is late: another worker has the job, or will.
        """
        work.payments.find_many_for_update(payments_of(begun))
        return self.still_held(work, begun)

    def still_held(self, work: UnitOfWork, begun: Collection[Job]) -> list[Job]:
        """As :meth:`lock_held`, where the payments are locked already."""
        locked = work.jobs.find_many_for_update([job.id for job in begun])
        return [locked[job.id] for job in begun if _is_same_attempt(locked.get(job.id), job)]

    def record_failures(
        self, work: UnitOfWork, failures: Sequence[tuple[Job, DomainError]], *, at: datetime
    ) -> list[Job]:
        """The jobs, retried or discarded, and their payments, PENDING again or FAILED. All are locked."""
        failed = [self._failed(job, error, at=at) for job, error in failures]
        work.jobs.save_many(failed)
        self._release_payments(work, failed, at=at)
        return failed

    def record_losses(self, work: UnitOfWork, lost: Sequence[Job], *, at: datetime) -> list[Job]:
        """The jobs, whose workers died, wait for others, with their payments PENDING again; one that was lost
        too often is discarded, its payment FAILED. All are locked."""
        error = JobError(at=at, reason=Reason.WORKER_LOST, message=Reason.WORKER_LOST.message)
        waiting = [job.lost(error) for job in lost]
        work.jobs.save_many(waiting)
        self._release_payments(work, waiting, at=at)
        return waiting

    def announce_completed(
        self, work: UnitOfWork, completed: Sequence[tuple[Job, Payment]], *, at: datetime
    ) -> None:
        """Queues the mails that tell the payers."""
        mails = [(payment_completed(payment, at=at), job.correlation_id) for job, payment in completed]
        queue_notifications(work, mails, ids=self.ids, at=at)

    def _failed(self, job: Job, error: DomainError, *, at: datetime) -> Job:
        asked = timedelta(seconds=error.details.get("retry_after_seconds", 0))
        return job.failed(
            JobError(at=at, reason=error.reason, message=error.message),
            retry_after=min(asked, MAX_RETRY_AFTER),
            jitter=self.chance.fraction(),
        )

    def _release_payments(self, work: UnitOfWork, jobs: Sequence[Job], *, at: datetime) -> None:
        payments = work.payments.find_many_for_update(payments_of(jobs))
        released: list[Payment] = []
        discarded: list[tuple[Job, Payment, Reason]] = []
        for job in jobs:
            payment = payments.get(payment_of(job)) if job.kind is JobKind.PAYMENT_PROCESS else None
            if payment is None or payment.status is not PaymentStatus.PROCESSING or job.last_error is None:
                continue
            if job.state is JobState.DISCARDED:
                failed = payment.failed(job.last_error.reason, at=at)
                discarded.append((job, failed, job.last_error.reason))
            else:
                released.append(payment.returned_to_pending(at=at))
        work.payments.save_many([*released, *(payment for _, payment, _ in discarded)])
        self._announce_failed(work, discarded, at=at)

    def _announce_failed(
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


def actor_for(job: Job) -> Actor:
    """The system, on behalf of whoever caused the job."""
    return Actor(is_system=True, origin=Origin(correlation_id=job.correlation_id))


def payment_of(job: Job) -> UUID:
    return UUID(job.args["payment_id"])


def payments_of(jobs: Iterable[Job]) -> set[UUID]:
    """The payments that ``payment.process`` jobs are about."""
    return {payment_of(job) for job in jobs if job.kind is JobKind.PAYMENT_PROCESS}


def _is_same_attempt(found: Job | None, begun: Job) -> bool:
    return found is not None and begun.lease is not None and found.is_attempted_with(begun.lease.token)
