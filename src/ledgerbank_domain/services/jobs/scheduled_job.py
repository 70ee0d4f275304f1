"""What scheduling a job comes to."""

from dataclasses import dataclass

from ledgerbank_domain.jobs.job import Job


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledJob:
    """The job that will do the work; ``deduplicated`` when it was there before and stays as it was."""

    job: Job
    deduplicated: bool
