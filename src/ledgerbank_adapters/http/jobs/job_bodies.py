"""What clients send to have work done later."""

from datetime import datetime, timedelta

from attrs import field, frozen

from ledgerbank_adapters.http.fields.field_types import FieldType, integer_of
from ledgerbank_adapters.http.fields.wire_values import parse_instant
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.jobs.job import MAX_PRIORITY, MIN_PRIORITY, parse_priority
from ledgerbank_domain.jobs.job_schedule import (
    MAX_DELAY_SECONDS,
    MIN_DELAY_SECONDS,
    JobSchedule,
    parse_delay_seconds,
)


def _parse_run_at(value: object) -> datetime:
    try:
        return parse_instant(value)
    except DomainError:
        raise DomainError(Reason.INVALID_SCHEDULE) from None


PRIORITY = FieldType(
    parse=lambda value: parse_priority(integer_of(value)),
    schema={"type": "integer", "minimum": MIN_PRIORITY, "maximum": MAX_PRIORITY},
)
DELAY_SECONDS = FieldType(
    parse=lambda value: parse_delay_seconds(integer_of(value)),
    schema={"type": "integer", "minimum": MIN_DELAY_SECONDS, "maximum": MAX_DELAY_SECONDS},
)
RUN_AT = FieldType(
    parse=_parse_run_at,
    schema={"type": "string", "format": "date-time", "description": "Ahead, within 30 days."},
)


@frozen(kw_only=True)
class ScheduleBody:
    """Priority 0 goes first. At most one of the two times may be given; without any it is due at once."""

    priority: int = field(default=MIN_PRIORITY, metadata=PRIORITY.metadata)
    delay_seconds: timedelta | None = field(default=None, metadata=DELAY_SECONDS.metadata)
    run_at: datetime | None = field(default=None, metadata=RUN_AT.metadata)

    def schedule(self) -> JobSchedule:
        """Raises ``invalid_schedule`` for two times."""
        return JobSchedule(priority=self.priority, delay=self.delay_seconds, run_at=self.run_at)
