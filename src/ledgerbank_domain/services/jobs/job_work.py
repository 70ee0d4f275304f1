"""What a kind of job asks of whoever runs it: the only thing that the job engine knows about kinds."""

from abc import abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeAlias, TypeVar

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.jobs.job import Job, JobKind
from ledgerbank_domain.ports.unit_of_work import UnitOfWork

Held = TypeVar("Held")


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The attempt did what the job asks for."""

    job: Job


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The attempt failed: the job is retried by the error's category, or discarded."""

    job: Job
    error: DomainError


@dataclass(frozen=True, slots=True, kw_only=True)
class Postponed:
    """The job cannot begin before ``until``; the attempt does not count."""

    job: Job
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """The attempt has recorded its end itself, together with what it did: ``job`` is as it stands then."""

    job: Job


AttemptEnd: TypeAlias = Done | Failed | Postponed | Recorded


class JobWork(Protocol[Held]):
    """One for each kind. ``Held`` is what it locks before a job can be locked, as it was then read.

    All but ``attempt`` are steps inside a unit of work of the engine's; the jobs are of this kind alone.
    """

    @abstractmethod
    def lock(self, work: UnitOfWork, jobs: Collection[Job]) -> Held:
        """Waits for the rows that come before these jobs in the order of locks."""

    @abstractmethod
    def lock_free(self, work: UnitOfWork, jobs: Sequence[Job]) -> list[Job]:
        """Those of the locked jobs whose rows could be locked too, without waiting for any."""

    @abstractmethod
    def begin(self, work: UnitOfWork, jobs: Collection[Job], held: Held, *, at: datetime) -> None:
        """Attempts of these jobs begin."""

    @abstractmethod
    def attempt(self, jobs: Sequence[Job], deadline: datetime) -> list[AttemptEnd]:
        """Does what jobs that were begun together ask for, before the deadline.

        Gives one end for each, without those whose lease was lost. Idempotent: it may have been done before.
        Any other exception than a :class:`DomainError` comes out, with nothing done of it.
        """

    @abstractmethod
    def release(self, work: UnitOfWork, jobs: Sequence[Job], *, at: datetime) -> None:
        """Attempts came to nothing: each job is as it stands now, to be tried again or discarded."""

    @abstractmethod
    def revive(self, work: UnitOfWork, held: Held, *, at: datetime) -> None:
        """An administrator has a job tried again. Raises ``already_processed`` when nothing is left to do."""


JobWorks: TypeAlias = Mapping[JobKind, JobWork[Any]]


def jobs_by_kind(jobs: Iterable[Job]) -> dict[JobKind, list[Job]]:
    """The jobs in their order, each among those of its kind."""
    grouped: dict[JobKind, list[Job]] = {}
    for job in jobs:
        grouped.setdefault(job.kind, []).append(job)
    return grouped


class JobPostponed(Exception):  # noqa: N818 - neither done nor failed
    """The job cannot begin before ``until``; the attempt does not count."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until)
        self.until = until


JobHandler: TypeAlias = Callable[[Job, datetime], None]
"""Does what a job asks for, before the deadline given. Idempotent: it may have been done before.

Raises :class:`DomainError` when it fails and :class:`JobPostponed` when it is too early.
"""


@dataclass(frozen=True, slots=True)
class PlainWork(JobWork[None]):
    """Work that holds nothing and ends one job at a time: a function is all there is to it."""

    handler: JobHandler

    def lock(self, work: UnitOfWork, jobs: Collection[Job]) -> None:
        """Waits for nothing."""

    def lock_free(self, work: UnitOfWork, jobs: Sequence[Job]) -> list[Job]:  # noqa: ARG002 - it holds nothing
        """All of them: there is nothing else to be locked."""
        return list(jobs)

    def begin(self, work: UnitOfWork, jobs: Collection[Job], held: None, *, at: datetime) -> None:
        """Changes nothing but the jobs."""

    def attempt(self, jobs: Sequence[Job], deadline: datetime) -> list[AttemptEnd]:
        """Runs the handler on one job after the other; an error ends its own job only."""
        return [self._attempt_one(job, deadline) for job in jobs]

    def release(self, work: UnitOfWork, jobs: Sequence[Job], *, at: datetime) -> None:
        """Changes nothing but the jobs."""

    def revive(self, work: UnitOfWork, held: None, *, at: datetime) -> None:
        """Always possible: the handler knows whether anything is left to do."""

    def _attempt_one(self, job: Job, deadline: datetime) -> AttemptEnd:
        try:
            self.handler(job, deadline)
        except JobPostponed as postponed:
            return Postponed(job=job, until=postponed.until)
        except DomainError as error:
            return Failed(job=job, error=error)
        return Done(job=job)
