"""The broker as the domain sees it: handing jobs to whoever runs them."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from ledgerbank_domain.jobs.job import JobKind


class JobTransportError(Exception):
    """The broker is out of reach. Nothing is lost: what was not delivered is handed out again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobBatch:
    """Jobs of one kind handed out together, under one lease."""

    kind: JobKind
    job_ids: tuple[UUID, ...]
    lease_token: UUID

    @property
    def queue(self) -> str:
        """The queue that all its jobs are of, as the broker names it."""
        return self.kind.queue


class JobTransport(Protocol):
    """Delivers batches to workers, usually once: it may lose one or deliver it again."""

    @abstractmethod
    def send(self, batch: JobBatch) -> None:
        """Hands a batch over; it may never arrive. Raises :class:`JobTransportError`."""
