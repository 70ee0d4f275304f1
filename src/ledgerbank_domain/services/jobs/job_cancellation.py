"""Taking back jobs whose reason has gone, in the unit of work that takes it away."""

from collections.abc import Sequence
from datetime import datetime

from ledgerbank_domain.jobs.job import WAITING_STATES, Job
from ledgerbank_domain.ports.unit_of_work import UnitOfWork


def cancel_waiting_jobs(work: UnitOfWork, locked: Sequence[Job], *, at: datetime) -> None:
    """Cancels those that no worker has begun. What runs already finds nothing to do, and says so itself."""
    work.jobs.save_many([job.cancelled(at=at) for job in locked if job.state in WAITING_STATES])
