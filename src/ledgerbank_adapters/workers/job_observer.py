"""What the workers tell whoever counts."""

from typing import Protocol

from ledgerbank_domain.jobs.job import Job


class JobObserver(Protocol):
    """Must be quick and must not raise; is called from many threads."""

    def attempt_ended(self, job: Job) -> None:
        """An attempt ended: the job as it stands now, waiting for another one or finished."""


class SilentJobObserver(JobObserver):
    """Counts nothing."""

    def attempt_ended(self, job: Job) -> None:
        pass
