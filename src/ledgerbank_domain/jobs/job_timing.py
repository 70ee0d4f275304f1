"""Leases, heartbeats and time limits of jobs, and how many go together."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType

from ledgerbank_domain.jobs.job import BATCHED_QUEUES, JobKind

DEFAULT_TIME_LIMITS = MappingProxyType({kind: kind.time_limit for kind in JobKind})
DEFAULT_BATCH_SIZE = 200
PERIODS = MappingProxyType(
    {JobKind.BANK_SCHEDULE_DUE: timedelta(minutes=1), JobKind.MAINTENANCE_PRUNE: timedelta(hours=1)}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobTiming:
    """How long jobs are held, when a worker is taken for dead, and how many go together.

    ``handed_out_for`` is how long a worker has to begin what it was sent before it is sent again. A worker
    that was silent for ``silence`` is taken for dead, and its jobs are taken over; alive, it says so every
    ``heartbeat``. An attempt that is still running ``takeover_grace`` after its time limit is taken over too,
    however alive its worker is. ``batch_size`` is how many jobs of a batched kind go together.
    """

    handed_out_for: timedelta = timedelta(seconds=20)
    heartbeat: timedelta = timedelta(seconds=5)
    silence: timedelta = timedelta(seconds=20)
    takeover_grace: timedelta = timedelta(seconds=60)
    time_limits: Mapping[JobKind, timedelta] = field(default_factory=lambda: DEFAULT_TIME_LIMITS)
    batch_size: int = DEFAULT_BATCH_SIZE

    def deadline(self, kind: JobKind, *, begun_at: datetime) -> datetime:
        """When an attempt that began then has had all the time of its kind."""
        return begun_at + self.time_limits[kind]

    def taken_over_at(self, kind: JobKind, *, begun_at: datetime) -> datetime:
        """When an attempt that began then is taken from its worker, should it still run."""
        return self.deadline(kind, begun_at=begun_at) + self.takeover_grace

    def jobs_per_batch(self, queue: str) -> int:
        """Some kinds gain from being done together; of the others each job goes by itself."""
        return self.batch_size if queue in BATCHED_QUEUES else 1


def period_start(kind: JobKind, now: datetime) -> datetime:
    """When the period that ``now`` lies in began, for a kind of ``PERIODS``."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + (now - midnight) // PERIODS[kind] * PERIODS[kind]
