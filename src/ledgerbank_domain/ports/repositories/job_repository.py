"""Jobs in storage: the truth about all work that is to be done."""

from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.page import Page, PageRequest
from ledgerbank_domain.jobs.job import Job, JobFilter, JobKind, JobLease, JobState
from ledgerbank_domain.ports.repositories.presence import present


class JobRepository(Protocol):
    """Jobs of all kinds, and the leases by which workers hold them.

    Unique by constraint: of ``payment.process`` jobs with one ``unique_key`` one is unfinished; of all other
    jobs with one ``unique_key`` one is neither cancelled nor discarded; a periodic one stays the only one
    even then. Writing what breaks this raises ``resource_already_exists``, except where a method says
    otherwise.
    """

    @abstractmethod
    def add_many(self, jobs: Sequence[Job]) -> None:
        """Stores new jobs, all or none."""

    @abstractmethod
    def add_new(self, jobs: Sequence[Job]) -> int:
        """Adds those that uniqueness admits and leaves out the others; returns how many were added.

        Jobs with one key that are added at the same moment wait for each other here.
        """

    @abstractmethod
    def save_many(self, jobs: Sequence[Job]) -> None:
        """Updates jobs locked by this unit of work: all that may change, their lease too."""

    @abstractmethod
    def find(self, job_id: UUID) -> Job | None:
        """The one with this id, if it exists; not locked."""

    @abstractmethod
    def find_many(self, job_ids: Collection[UUID]) -> Mapping[UUID, Job]:
        """The jobs that exist, by id."""

    @abstractmethod
    def find_many_for_update(self, job_ids: Collection[UUID]) -> Mapping[UUID, Job]:
        """The jobs that exist, by id, locked in ascending order of id."""

    def get(self, job_id: UUID) -> Job:
        """Raises ``job_not_found``."""
        return present(self.find(job_id), Reason.JOB_NOT_FOUND)

    def get_for_update(self, job_id: UUID) -> Job:
        """Locked. Raises ``job_not_found``."""
        return present(self.find_many_for_update([job_id]).get(job_id), Reason.JOB_NOT_FOUND)

    @abstractmethod
    def find_newest_with_key(self, kind: JobKind, unique_key: str) -> Job | None:
        """Of those that hold the key now, finished or not."""

    @abstractmethod
    def list_unfinished_with_keys_for_update(self, kind: JobKind, unique_keys: Collection[str]) -> list[Job]:
        """Those that hold one of the keys now, locked in ascending order of id."""

    @abstractmethod
    def list_with_key_for_update(self, kind: JobKind, unique_key: str) -> list[Job]:
        """Those that hold the key now, finished or not, newest first, locked."""

    @abstractmethod
    def list_unfinished_syncs_for_update(self, login_ids: Collection[UUID]) -> list[Job]:
        """``bank.sync`` jobs of these logins, with and without a key, locked in ascending order of id."""

    @abstractmethod
    def list_page(self, wanted: JobFilter, *, now: datetime, request: PageRequest) -> Page[Job]:
        """Newest first. Narrowed to a state, it is by the one they have as of ``now``."""

    @abstractmethod
    def lease_due(self, queue: str, *, lease: JobLease, now: datetime, limit: int) -> list[Job]:
        """Hands out the first jobs of a queue that are due and that nobody holds, with this lease.

        First means by priority, then ``run_at``, then ``inserted_at``, over all there are; however many that
        is, and whatever else there is, the first are found in the same time. They become ``available`` where
        they waited for their time. Rows that another unit of work holds are passed over; a lease that expired
        holds nothing.
        """

    @abstractmethod
    def count_leased(self, owner_id: UUID, *, now: datetime) -> Mapping[str, int]:
        """How many leases of this owner are in force, by queue. Leases count, not the jobs they cover."""

    @abstractmethod
    def give_back_leases(self, owner_id: UUID, *, at: datetime) -> int:
        """Frees the owner's jobs that no worker has begun; returns how many."""

    @abstractmethod
    def list_attempts_for_update(self, worker_ids: Collection[UUID], *, limit: int) -> list[Job]:
        """Executing jobs that these workers hold, locked. Rows that others hold are passed over."""

    @abstractmethod
    def list_overdue_for_update(self, *, now: datetime, limit: int) -> list[Job]:
        """Executing jobs whose lease has expired, longest ago first, locked.

        Rows that others hold are passed over.
        """

    @abstractmethod
    def list_due_kinds(self, kinds: Collection[JobKind], *, now: datetime) -> set[JobKind]:
        """Those of which a job is due and no worker has begun it, handed out or not."""

    @abstractmethod
    def count_by_state(self, *, now: datetime) -> Mapping[tuple[str, JobState], int]:
        """How many unfinished and discarded jobs there are, by queue and state.

        The state is the one as of ``now``; zeros are left out.
        """

    @abstractmethod
    def delete_finished_before(self, before: datetime, *, limit: int) -> int:
        """Removes jobs finished before then, and returns how many; at most ``limit`` at once."""
