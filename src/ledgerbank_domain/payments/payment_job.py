"""The job that processes a payment: its key, and the payment it is about."""

from uuid import UUID

from ledgerbank_domain.jobs.job import Job, JobKind


def payment_job_key(payment_id: UUID) -> str:
    """The ``unique_key`` of every ``payment.process`` job of this payment."""
    return f"{JobKind.PAYMENT_PROCESS.value}:{payment_id}"


def payment_of(job: Job) -> UUID:
    """The id of the payment that a ``payment.process`` job is about."""
    return UUID(job.args["payment_id"])
