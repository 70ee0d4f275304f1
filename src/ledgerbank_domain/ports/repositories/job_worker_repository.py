"""Worker processes in storage: who is alive."""

from abc import abstractmethod
from datetime import datetime
from typing import Protocol
from uuid import UUID

from ledgerbank_domain.jobs.job_worker import JobWorker


class JobWorkerRepository(Protocol):
    """The processes that run jobs, and until when each is taken for alive."""

    @abstractmethod
    def renew(self, worker: JobWorker) -> None:
        """The worker lives, until then at least. One that is not known is from now on."""

    @abstractmethod
    def is_alive(self, worker_id: UUID, *, now: datetime) -> bool:
        """Whether it is known and was heard of lately enough; it may be forgotten right after."""

    @abstractmethod
    def hold_alive(self, worker_id: UUID, *, now: datetime) -> bool:
        """Whether it is alive; if so nobody forgets it while this unit of work is open. It may be renewed."""

    @abstractmethod
    def list_silent(self, *, now: datetime) -> list[UUID]:
        """Those that are known and no longer alive, in order of id."""

    @abstractmethod
    def forget(self, worker_id: UUID) -> None:
        """It will say nothing any more. One that holds attempts stays known, so that those are taken over."""
