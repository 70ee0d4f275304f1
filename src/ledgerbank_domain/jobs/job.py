"""Jobs: work to be done outside a request, the states it passes through, and when it is tried again."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum
from types import MappingProxyType
from typing import Any, Self
from uuid import UUID

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Category, Reason
from ledgerbank_domain.identity.value_rules import in_utc, require_optional_member

MIN_PRIORITY = 0
MAX_PRIORITY = 9
MAX_ATTEMPTS = 5
MAX_LOSSES = 10
RUNS_ALONE_AFTER_LOSSES = 3
MAX_DELAY = timedelta(days=30)


class JobKind(Enum):
    """What is to be done, on which queue, and how long one attempt may take.

    ``batched`` where many are better done together, which needs a queue of their own.
    """

    queue: str
    time_limit: timedelta
    batched: bool

    PAYMENT_PROCESS = ("payment.process", "payments", timedelta(minutes=5), True)
    BANK_SYNC = ("bank.sync", "banking", timedelta(minutes=10))
    BANK_DISCONNECT = ("bank.disconnect", "banking", timedelta(minutes=5))
    NOTIFICATION_SEND = ("notification.send", "notifications", timedelta(minutes=1))
    MAIL_REQUEST = ("mail.request", "notifications", timedelta(minutes=1))
    BANK_SCHEDULE_DUE = ("bank.schedule_due", "default", timedelta(minutes=5))
    MAINTENANCE_PRUNE = ("maintenance.prune", "default", timedelta(minutes=5))

    def __new__(cls, name: str, queue: str, time_limit: timedelta, batched: bool = False) -> Self:
        """The value is the name alone, which is what storage keeps; the rest may change."""
        kind = object.__new__(cls)
        kind._value_ = name
        kind.queue = queue
        kind.time_limit = time_limit
        kind.batched = batched
        return kind


QUEUES = tuple(dict.fromkeys(kind.queue for kind in JobKind))
BATCHED_QUEUES = frozenset(kind.queue for kind in JobKind if kind.batched)


class JobState(Enum):
    """Where a job stands; ``completed``, ``cancelled`` and ``discarded`` (a dead letter) are finished."""

    SCHEDULED = "scheduled"
    AVAILABLE = "available"
    EXECUTING = "executing"
    RETRYABLE = "retryable"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    DISCARDED = "discarded"


WAITING_FOR_THEIR_TIME = frozenset({JobState.SCHEDULED, JobState.RETRYABLE})
WAITING_STATES = WAITING_FOR_THEIR_TIME | {JobState.AVAILABLE}
UNFINISHED_STATES = WAITING_STATES | {JobState.EXECUTING}
_STATES_AN_ADMIN_MAY_RETRY = frozenset({JobState.RETRYABLE, JobState.CANCELLED, JobState.DISCARDED})


@dataclass(frozen=True, slots=True, kw_only=True)
class JobError:
    """Why an attempt failed, or came to nothing because its worker died."""

    at: datetime
    reason: Reason
    message: str

    @property
    def category(self) -> Category:
        """The reason's category, by whose retry policy the job is tried again."""
        return self.reason.category


@dataclass(frozen=True, slots=True, kw_only=True)
class JobLease:
    """A worker's hold on a job. ``token`` fences: who presents another one is late and changes nothing.

    It is one for the batch that is handed out, and another one, of whoever begins it, from then on.
    ``owner_id`` is the worker process that handed the job out, and then the one that began it. An attempt
    is over when its owner is silent, whatever ``expires_at`` says: see ``JobWorker``.
    """

    token: UUID
    owner_id: UUID
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Work to be done outside a request, as a row that is written together with what causes it.

    ``attempt`` counts those begun since the job was made, or made available again by an administrator,
    without those whose worker died: ``losses`` counts these.

    Priority 0 goes first. A job that waits for its time is due, and as good as ``available``, once that has
    come; it is stored as such when it is handed out. While ``available`` a job may be leased: handed to a
    worker that has not begun it. Which of two jobs with one ``unique_key`` may exist beside the other is said
    at ``JobRepository``.
    """

    id: UUID
    kind: JobKind
    args: Mapping[str, Any]
    priority: int = MIN_PRIORITY
    state: JobState
    attempt: int = 0
    max_attempts: int = MAX_ATTEMPTS
    run_at: datetime
    attempted_at: datetime | None = None
    completed_at: datetime | None = None
    losses: int = 0
    errors: tuple[JobError, ...] = ()
    unique_key: str | None = None
    correlation_id: str | None = None
    lease: JobLease | None = field(default=None, repr=False)
    inserted_at: datetime
    updated_at: datetime

    @classmethod
    def new(
        cls,
        kind: JobKind,
        *,
        job_id: UUID,
        args: Mapping[str, Any],
        at: datetime,
        run_at: datetime | None = None,
        priority: int = MIN_PRIORITY,
        unique_key: str | None = None,
        correlation_id: str | None = None,
    ) -> "Job":
        """A job due at ``run_at``, or at once. Raises ``invalid_priority`` and ``invalid_schedule``."""
        parse_priority(priority)
        if run_at is not None:
            run_at = in_utc(run_at, field="run_at")
        due_at = at if run_at is None else run_at
        return cls(
            id=job_id,
            kind=kind,
            args=MappingProxyType(dict(args)),
            priority=priority,
            state=JobState.SCHEDULED if due_at > at else JobState.AVAILABLE,
            run_at=due_at,
            unique_key=unique_key,
            correlation_id=correlation_id,
            inserted_at=at,
            updated_at=at,
        )

    @property
    def queue(self) -> str:
        """The queue of its kind, by which workers choose what they run."""
        return self.kind.queue

    @property
    def is_finished(self) -> bool:
        """Whether no attempt will follow by itself; an administrator may still retry it."""
        return self.state not in UNFINISHED_STATES

    @property
    def runs_alone(self) -> bool:
        """Whether it may be what its workers died of: no other job is to be begun together with it."""
        return self.losses >= RUNS_ALONE_AFTER_LOSSES

    def as_of(self, now: datetime) -> "Job":
        """The job as it is shown at that time: ``available`` once its time has come."""
        if self.state in WAITING_FOR_THEIR_TIME and self.run_at <= now:
            return replace(self, state=JobState.AVAILABLE)
        return self

    @property
    def last_error(self) -> JobError | None:
        """Why the latest of its failed or lost attempts came to nothing; None when there is none."""
        return self.errors[-1] if self.errors else None

    def is_given_up_after(self, category: Category) -> bool:
        """Whether the running attempt is the last one, should it fail this way."""
        failures = self._failures_in(category, before=1) + 1
        return failures > category.retry_policy.max_retries or self.attempt >= self.max_attempts

    def is_handed_out_with(self, token: UUID) -> bool:
        """Whether it waits for the worker that it was sent to with this token."""
        return self.state is JobState.AVAILABLE and self._is_held_with(token)

    def is_attempted_with(self, token: UUID) -> bool:
        """Whether the attempt that began under this token still has the job."""
        return self.state is JobState.EXECUTING and self._is_held_with(token)

    def begun(self, *, token: UUID, worker_id: UUID, lease_expires_at: datetime, at: datetime) -> "Job":
        """An attempt begins, under a token of its own and held by the worker that runs it.

        Raises ``ValueError`` for a job that was not handed out.
        """
        if self.state is not JobState.AVAILABLE or self.lease is None:
            raise ValueError(f"job {self.id} was not handed out")
        return replace(
            self,
            state=JobState.EXECUTING,
            attempt=self.attempt + 1,
            attempted_at=at,
            lease=JobLease(token=token, owner_id=worker_id, expires_at=lease_expires_at),
            updated_at=at,
        )

    def completed(self, *, at: datetime) -> "Job":
        """The attempt did what was asked. Raises ``ValueError`` unless one is running."""
        return replace(self._attempted(at), state=JobState.COMPLETED, completed_at=at)

    def failed(self, error: JobError, *, retry_after: timedelta, jitter: float) -> "Job":
        """The attempt failed: the job is retried by the policy of the error's category, or discarded.

        ``retry_after`` is what the other side asked to wait at least; ``jitter`` a random number in [0, 1).
        Raises ``ValueError`` unless an attempt is running.
        """
        after = replace(self._attempted(error.at), errors=(*self.errors, error))
        if self.is_given_up_after(error.category):
            return replace(after, state=JobState.DISCARDED, completed_at=error.at)
        delay = retry_delay(error.category, after._failures_in(error.category), jitter=jitter)
        return replace(after, state=JobState.RETRYABLE, run_at=error.at + max(delay, retry_after))

    def lost(self, error: JobError) -> "Job":
        """The attempt's worker died, which is no failure of the job: another worker gets it.

        It waits where it stood in the order. Only what has lost its worker ``MAX_LOSSES`` times is discarded:
        it may be the cause. Raises ``ValueError`` unless an attempt is running.
        """
        after = replace(
            self._attempted(error.at),
            attempt=self.attempt - 1,
            losses=self.losses + 1,
            errors=(*self.errors, error),
        )
        if after.losses >= MAX_LOSSES:
            return replace(after, state=JobState.DISCARDED, completed_at=error.at)
        return replace(after, state=JobState.AVAILABLE)

    def postponed(self, until: datetime, *, at: datetime) -> "Job":
        """The attempt could not begin yet and does not count.

        Raises ``ValueError`` unless an attempt is running.
        """
        return replace(self._attempted(at), state=JobState.SCHEDULED, attempt=self.attempt - 1, run_at=until)

    def brought_forward(self, *, at: datetime) -> "Job":
        """Due at once, where it waits for its time."""
        if self.state not in WAITING_FOR_THEIR_TIME or self.run_at <= at:
            return self
        return replace(self, run_at=at, updated_at=at)

    def cancelled(self, *, at: datetime) -> "Job":
        """Nobody begins it any more. Raises ``already_processed`` once an attempt runs or it is finished."""
        if self.state not in WAITING_STATES:
            raise DomainError(Reason.ALREADY_PROCESSED)
        return replace(self, state=JobState.CANCELLED, completed_at=at, lease=None, updated_at=at)

    def retried(self, *, at: datetime) -> "Job":
        """Available now, as if it were new; its errors are kept.

        Raises ``already_processed`` for one that is not ``retryable``, ``cancelled`` or ``discarded``.
        """
        if self.state not in _STATES_AN_ADMIN_MAY_RETRY:
            raise DomainError(Reason.ALREADY_PROCESSED)
        return replace(
            self,
            state=JobState.AVAILABLE,
            attempt=0,
            losses=0,
            run_at=at,
            completed_at=None,
            lease=None,
            updated_at=at,
        )

    def without_unique_key(self, *, at: datetime) -> "Job":
        """No longer in the way of another job with its key."""
        return replace(self, unique_key=None, updated_at=at)

    def _is_held_with(self, token: UUID) -> bool:
        return self.lease is not None and self.lease.token == token

    def _attempted(self, at: datetime) -> "Job":
        if self.state is not JobState.EXECUTING:
            raise ValueError(f"no attempt of job {self.id} is running")
        return replace(self, lease=None, updated_at=at)

    def _failures_in(self, category: Category, *, before: int = 0) -> int:
        """How often it failed this way since it was last made available: each attempt leaves one error.

        ``before`` is how many of its attempts have not ended yet.
        """
        failures = [error for error in self.errors if error.reason is not Reason.WORKER_LOST]
        ended = self.attempt - before
        recent = failures[-ended:] if ended else []
        return sum(error.category is category for error in recent)


def retry_delay(category: Category, retry: int, *, jitter: float) -> timedelta:
    """The wait before retry number ``retry`` (from 1): doubling, plus up to half of it by chance."""
    milliseconds = category.retry_policy.base_delay_milliseconds * 2 ** (retry - 1)
    return timedelta(milliseconds=milliseconds * (1 + jitter / 2))


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilter:
    """What a list of jobs is narrowed to; None means any."""

    state: JobState | None = None
    queue: str | None = None
    kind: JobKind | None = None

    def __post_init__(self) -> None:
        require_optional_member(JobState, self.state, Reason.INVALID_STATUS, field="state")
        require_optional_member(JobKind, self.kind, Reason.INVALID_FILTER, field="kind")
        if self.queue is not None and self.queue not in QUEUES:
            raise DomainError(Reason.INVALID_FILTER, field="queue")


def parse_priority(value: object) -> int:
    """A whole number from 0, which goes first, to 9. Raises ``invalid_priority``."""
    if isinstance(value, bool) or not isinstance(value, int) or not MIN_PRIORITY <= value <= MAX_PRIORITY:
        raise DomainError(Reason.INVALID_PRIORITY, field="priority")
    return value
