"""Writing down on jobs how their attempts ended, inside a unit of work that holds them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Actor, Origin
from ledgerbank_domain.jobs.job import Job, JobError
from ledgerbank_domain.ports.chance import Chance
from ledgerbank_domain.ports.unit_of_work import UnitOfWork

MAX_RETRY_AFTER = timedelta(hours=1)
# In the details of an error: how long the work itself wants to wait at least, whatever the other side says.
OWN_WAIT_SECONDS = "own_wait_seconds"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobOutcomes:
    """``chance`` spreads retries, so that what failed together does not come again together.

    What an end means for anything but the job is its kind's matter: see ``JobWork.release``.
    """

    chance: Chance

    def save_failures(
        self, work: UnitOfWork, failures: Sequence[tuple[Job, DomainError]], *, at: datetime
    ) -> list[Job]:
        """The locked jobs, to be retried or discarded."""
        failed = [self._failed(job, error, at=at) for job, error in failures]
        work.jobs.save_many(failed)
        return failed

    def save_losses(self, work: UnitOfWork, lost: Sequence[Job], *, at: datetime) -> list[Job]:
        """The locked jobs, whose workers died: waiting for others, or discarded when lost too often."""
        error = JobError(at=at, reason=Reason.WORKER_LOST, message=Reason.WORKER_LOST.message)
        waiting = [job.lost(error) for job in lost]
        work.jobs.save_many(waiting)
        return waiting

    def _failed(self, job: Job, error: DomainError, *, at: datetime) -> Job:
        asked = timedelta(seconds=error.details.get("retry_after_seconds", 0))
        own = timedelta(seconds=error.details.get(OWN_WAIT_SECONDS, 0))
        return job.failed(
            JobError(at=at, reason=error.reason, message=error.message),
            retry_after=max(own, min(asked, MAX_RETRY_AFTER)),
            jitter=self.chance.fraction(),
        )


def lock_held(work: UnitOfWork, begun: Collection[Job]) -> list[Job]:
    """Locks the jobs and gives those still held as they were when they began.

    Whoever lost a lease is late: another worker has the job, or will.
    """
    locked = work.jobs.find_many_for_update([job.id for job in begun])
    return [locked[job.id] for job in begun if _is_same_attempt(locked.get(job.id), job)]


def actor_for(job: Job) -> Actor:
    """The system, on behalf of whoever caused the job."""
    return Actor(is_system=True, origin=Origin(correlation_id=job.correlation_id))


def _is_same_attempt(found: Job | None, begun: Job) -> bool:
    return found is not None and begun.lease is not None and found.is_attempted_with(begun.lease.token)
