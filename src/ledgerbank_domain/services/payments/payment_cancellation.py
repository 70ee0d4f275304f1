"""Taking back payments whose reason has gone, in the unit of work that takes it away."""

from collections.abc import Sequence
from datetime import datetime

from ledgerbank_domain.audit.audit_event import AuditName, AuditTarget
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.payments.payment import Payment
from ledgerbank_domain.ports.unit_of_work import UnitOfWork
from ledgerbank_domain.services.audit.audit_writer import AuditWriter
from ledgerbank_domain.services.jobs.job_cancellation import cancel_waiting_jobs
from ledgerbank_domain.services.payments.payment_job_lookup import lock_unfinished_payment_jobs


def take_back_payments_of_closed_account(
    work: UnitOfWork, locked: Sequence[Payment], *, audit: AuditWriter, actor: Actor, at: datetime
) -> None:
    """What was PENDING on an account that is being closed, and the jobs that wait for it.

    Its owner is locked, whom everybody holds who makes a payment on it.
    """
    if locked:
        cancel_pending_payments(work, locked, audit=audit, actor=actor, at=at)
        jobs = lock_unfinished_payment_jobs(work, [payment.id for payment in locked])
        cancel_waiting_jobs(work, jobs, at=at)


def cancel_pending_payments(
    work: UnitOfWork, locked: Sequence[Payment], *, audit: AuditWriter, actor: Actor, at: datetime
) -> None:
    """Their jobs are the caller's to cancel, after every account that it locks besides."""
    cancelled = [payment.cancelled(at=at) for payment in locked]
    work.payments.save_many(cancelled)
    audit.record_each(
        work,
        AuditName.PAYMENT_CANCELLED,
        [(actor, AuditTarget(payment.id)) for payment in cancelled],
        at=at,
    )
