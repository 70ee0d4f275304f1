"""When a job is asked to run."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.value_rules import in_utc
from ledgerbank_domain.jobs.job import MAX_DELAY, MIN_PRIORITY, parse_priority

MIN_DELAY_SECONDS = 1
MAX_DELAY_SECONDS = int(MAX_DELAY.total_seconds())


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSchedule:
    """A wait or a moment (never both: ``invalid_schedule``), or neither: as soon as possible.

    Among jobs that are due, priority 0 goes first. Raises ``invalid_priority``, and ``invalid_schedule`` for
    a wait that is not ahead or longer than 30 days, and for a moment without a zone.
    """

    priority: int = MIN_PRIORITY
    delay: timedelta | None = None
    run_at: datetime | None = None

    def __post_init__(self) -> None:
        parse_priority(self.priority)
        delay: object = self.delay
        if delay is not None and not (isinstance(delay, timedelta) and timedelta(0) < delay <= MAX_DELAY):
            raise DomainError(Reason.INVALID_SCHEDULE, field="delay_seconds")
        if self.run_at is not None:
            object.__setattr__(self, "run_at", _moment(self.run_at))
        if self.delay is not None and self.run_at is not None:
            raise DomainError(
                Reason.INVALID_SCHEDULE, field="run_at", message="Give a delay or a time, not both."
            )

    def due_at(self, now: datetime) -> datetime:
        """The moment from which the job may run: ``now`` at the earliest.

        Raises ``invalid_schedule`` for a time that is not ahead, or further off than 30 days.
        """
        if self.run_at is None:
            return now if self.delay is None else now + self.delay
        if not now < self.run_at <= now + MAX_DELAY:
            raise DomainError(Reason.INVALID_SCHEDULE, field="run_at")
        return self.run_at


def _moment(value: object) -> datetime:
    try:
        return in_utc(value, field="run_at")
    except DomainError:
        raise DomainError(Reason.INVALID_SCHEDULE, field="run_at") from None


def parse_delay_seconds(value: object) -> timedelta:
    """A whole number of seconds, up to 30 days. Raises ``invalid_schedule``."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise DomainError(Reason.INVALID_SCHEDULE)
    if not MIN_DELAY_SECONDS <= value <= MAX_DELAY_SECONDS:
        raise DomainError(Reason.INVALID_SCHEDULE)
    return timedelta(seconds=value)
