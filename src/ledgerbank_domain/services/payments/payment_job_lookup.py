"""Finding the jobs of payments, by the one key that all jobs of a payment have."""

from collections.abc import Iterable
from uuid import UUID

from ledgerbank_domain.jobs.job import Job, JobKind
from ledgerbank_domain.payments.payment_job import payment_job_key
from ledgerbank_domain.ports.unit_of_work import UnitOfWork


def find_newest_payment_job(work: UnitOfWork, payment_id: UUID) -> Job | None:
    """The job that was made last for the payment, finished or not."""
    return work.jobs.find_newest_with_key(JobKind.PAYMENT_PROCESS, payment_job_key(payment_id))


def lock_unfinished_payment_jobs(work: UnitOfWork, payment_ids: Iterable[UUID]) -> list[Job]:
    """One at most for each payment, locked in ascending order of id."""
    keys = [payment_job_key(payment_id) for payment_id in payment_ids]
    return work.jobs.list_unfinished_with_keys_for_update(JobKind.PAYMENT_PROCESS, keys)
