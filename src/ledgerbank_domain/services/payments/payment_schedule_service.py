"""Payments that workers execute: asking for it, looking how it stands, and taking it back."""

from dataclasses import dataclass
from uuid import UUID

from ledgerbank_domain.audit.audit_event import AuditName
from ledgerbank_domain.audit.changed_fields import changes_between
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.identity.scope import Scope
from ledgerbank_domain.identity.value_rules import require_ids
from ledgerbank_domain.jobs.job import Job, JobKind
from ledgerbank_domain.jobs.job_schedule import JobSchedule
from ledgerbank_domain.payments.payment_job import payment_job_key
from ledgerbank_domain.payments.payment_limits import PaymentLimits
from ledgerbank_domain.payments.payment_policy import (
    may_cancel_job_of_payment,
    may_process_payment,
    may_view_payment,
)
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork
from ledgerbank_domain.services.audit.audit_writer import AuditWriter
from ledgerbank_domain.services.audit.staff_reading import Reading, commit_staff_readings
from ledgerbank_domain.services.conduct.authority_check import locked_actor
from ledgerbank_domain.services.conduct.conflict_retry import retried_on_conflict
from ledgerbank_domain.services.conduct.permission_check import require_permission
from ledgerbank_domain.services.conduct.scope_check import needs_scope
from ledgerbank_domain.services.jobs.scheduled_job import ScheduledJob
from ledgerbank_domain.services.payments.payment_job_lookup import (
    find_newest_payment_job,
    lock_unfinished_payment_jobs,
)

AS_SOON_AS_POSSIBLE = JobSchedule()


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentScheduleService:
    """Leaves payments to the workers, and takes them back before one begins."""

    start_unit_of_work: StartUnitOfWork
    ids: IdGenerator
    limits: PaymentLimits
    audit: AuditWriter

    @needs_scope(Scope.PAYMENTS_WRITE)
    @retried_on_conflict
    def schedule(
        self, actor: Actor, *, payment_id: UUID, schedule: JobSchedule = AS_SOON_AS_POSSIBLE
    ) -> ScheduledJob:
        """Leaves a PENDING payment to the workers. While a job for it is unfinished, that one stays.

        Raises ``invalid_schedule``, ``payment_not_found``, ``insufficient_permissions``, then
        ``already_processed`` for a payment that is not PENDING, whether it has a job or not.
        """
        require_ids(payment_id=payment_id)
        with self.start_unit_of_work() as work:
            actor = locked_actor(work, actor)
            run_at = schedule.due_at(work.now())
            payment = work.payments.get_for_update(payment_id)
            require_permission(may_process_payment(actor, payment, self.limits))
            if not payment.is_pending:
                raise DomainError(Reason.ALREADY_PROCESSED)
            # Whoever gives a payment a job holds the payment's lock, so none can appear behind this look.
            unfinished = lock_unfinished_payment_jobs(work, [payment_id])
            if unfinished:
                return ScheduledJob(job=unfinished[0].as_of(work.now()), deduplicated=True)
            now = work.now()
            job = Job.new(
                JobKind.PAYMENT_PROCESS,
                job_id=self.ids.new_id(),
                args={"payment_id": str(payment_id)},
                at=now,
                run_at=run_at,
                priority=schedule.priority,
                unique_key=payment_job_key(payment_id),
                correlation_id=actor.origin.correlation_id,
            )
            work.jobs.add_many([job])
            self.audit.record(
                work,
                AuditName.PAYMENT_SCHEDULED,
                actor=actor,
                about=payment_id,
                at=now,
            )
            work.commit()
        return ScheduledJob(job=job, deduplicated=False)

    @needs_scope(Scope.PAYMENTS_READ)
    def newest_job(self, actor: Actor, *, payment_id: UUID) -> Job:
        """The job that was made last for a payment, as it stands now.

        Raises ``payment_not_found``, ``insufficient_permissions``, then ``job_not_found``.
        """
        require_ids(payment_id=payment_id)
        with self.start_unit_of_work() as work:
            payment = work.payments.get(payment_id)
            require_permission(may_view_payment(actor, payment))
            job = find_newest_payment_job(work, payment_id)
            if job is None:
                raise DomainError(Reason.JOB_NOT_FOUND)
            shown = job.as_of(work.now())
            reading = Reading(actor=actor, owner_id=payment.user_id, what="payment_job", id=payment_id)
            commit_staff_readings(work, [reading], audit=self.audit)
        return shown

    @needs_scope(Scope.PAYMENTS_WRITE)
    @retried_on_conflict
    def cancel_job(self, actor: Actor, *, payment_id: UUID) -> Job:
        """Cancels the payment's unfinished job; the payment stays PENDING.

        Raises ``payment_not_found``, ``insufficient_permissions``, ``job_not_found`` when it never had one,
        then ``already_processed`` when its job runs or is finished.
        """
        require_ids(payment_id=payment_id)
        with self.start_unit_of_work() as work:
            actor = locked_actor(work, actor)
            payment = work.payments.get_for_update(payment_id)
            require_permission(may_cancel_job_of_payment(actor, payment))
            now = work.now()
            job = _locked_job(work, payment_id)
            cancelled = job.cancelled(at=now)
            work.jobs.save_many([cancelled])
            if not actor.owns(payment.user_id):
                self.audit.record(
                    work,
                    AuditName.ADMIN_JOB_CANCELLED,
                    actor=actor,
                    about=job.id,
                    facts=changes_between(job, cancelled),
                    at=now,
                )
            work.commit()
        return cancelled


def _locked_job(work: UnitOfWork, payment_id: UUID) -> Job:
    """The unfinished job, which need not be the newest: an administrator may have revived an older one."""
    unfinished = lock_unfinished_payment_jobs(work, [payment_id])
    if unfinished:
        return unfinished[0]
    newest = find_newest_payment_job(work, payment_id)
    raise DomainError(Reason.JOB_NOT_FOUND if newest is None else Reason.ALREADY_PROCESSED)
