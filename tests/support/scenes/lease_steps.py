"""Taking leases of jobs, and how the jobs are stored then."""

from datetime import datetime, timedelta
from uuid import UUID

from tests.support.scenes.entity_builder import EntityBuilder

from ledgerbank_domain.jobs.job import Job, JobLease
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork

SECOND = timedelta(seconds=1)


def new_lease(
    given: EntityBuilder, *, owner_id: UUID | None = None, expires_at: datetime | None = None
) -> JobLease:
    return JobLease(
        token=given.ids.new_id(),
        owner_id=owner_id or given.ids.new_id(),
        expires_at=expires_at or given.clock.now() + timedelta(minutes=1),
    )


def lease_jobs(
    start_unit_of_work: StartUnitOfWork,
    given: EntityBuilder,
    *,
    limit: int = 100,
    queue: str = "banking",
    lease: JobLease | None = None,
) -> list[Job]:
    with start_unit_of_work() as work:
        leased = work.jobs.lease_due(
            queue, lease=lease or new_lease(given), now=given.clock.now(), limit=limit
        )
        work.commit()
    return leased


def stored_jobs(start_unit_of_work: StartUnitOfWork, jobs: list[Job]) -> list[Job]:
    with start_unit_of_work() as work:
        found = work.jobs.find_many([job.id for job in jobs])
    return [found[job.id] for job in jobs]
