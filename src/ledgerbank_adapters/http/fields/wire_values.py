"""Ids, instants and amounts of money as JSON shows them."""

import re
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import NewType
from uuid import UUID

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.money.money import Money

WireId = NewType("WireId", str)
"""A UUID in lower-case canonical form."""

WireInstant = NewType("WireInstant", str)
"""ISO 8601, UTC, six fraction digits and ``Z``."""

WireMoney = NewType("WireMoney", str)
"""A decimal with exactly its currency's minor digits."""

# uuid.UUID() would take URNs, braces and bare hexadecimal as well.
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)

# datetime.fromisoformat() would take week dates, basic format and any separator as well.
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?"
    r"(?P<zone>Z|[+-][0-9]{2}:[0-9]{2})?"
)


def wire_id(value: UUID) -> WireId:
    return WireId(str(value))


def optional_wire_id(value: UUID | None) -> WireId | None:
    return None if value is None else wire_id(value)


def wire_instant(value: datetime) -> WireInstant:
    return WireInstant(value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"))


def optional_wire_instant(value: datetime | None) -> WireInstant | None:
    return None if value is None else wire_instant(value)


def wire_money(value: Money) -> WireMoney:
    return WireMoney(str(value))


def wire_decimal(value: Decimal) -> WireMoney:
    """An amount whose currency is not at hand: every digit it has."""
    return WireMoney(f"{value:f}")


def parse_uuid(value: object) -> UUID:
    """A UUID of the form 8-4-4-4-12, in any case. Raises ``invalid_uuid_format``."""
    if isinstance(value, str) and _UUID.fullmatch(value):
        return UUID(value)
    raise DomainError(Reason.INVALID_UUID_FORMAT)


def parse_range_start(value: object) -> datetime:
    """An instant, or a day of which the first moment counts. Raises ``invalid_datetime_format``."""
    return _parse_range_bound(value, time.min)


def parse_range_end(value: object) -> datetime:
    """An instant, or a day of which the last moment counts. Raises ``invalid_datetime_format``."""
    return _parse_range_bound(value, time.max)


def parse_day(value: object) -> date:
    """A day of the calendar, and no instant. Raises ``invalid_datetime_format``."""
    text = value.strip() if isinstance(value, str) else ""
    if not _DATE.fullmatch(text):
        raise DomainError(Reason.INVALID_DATETIME_FORMAT)
    return _in_utc(text).date()


def parse_instant(value: object) -> datetime:
    """An instant; without a zone it is in UTC. Raises ``invalid_datetime_format``, also for a mere day."""
    text = value.strip().upper() if isinstance(value, str) else ""
    if not _INSTANT.fullmatch(text):
        raise DomainError(Reason.INVALID_DATETIME_FORMAT)
    return _in_utc(text)


def parse_zoned_instant(value: object) -> datetime:
    """An instant that says its zone, as we write it. Raises ``invalid_datetime_format``."""
    shape = _INSTANT.fullmatch(value) if isinstance(value, str) else None
    if shape is None or shape["zone"] is None:
        raise DomainError(Reason.INVALID_DATETIME_FORMAT)
    return _in_utc(shape.string)


def _parse_range_bound(value: object, moment: time) -> datetime:
    text = value.strip().upper() if isinstance(value, str) else ""
    if _DATE.fullmatch(text):
        return _in_utc(f"{text}T{moment.isoformat(timespec='microseconds')}")
    if _INSTANT.fullmatch(text):
        return _in_utc(text)
    raise DomainError(Reason.INVALID_DATETIME_FORMAT)


def _in_utc(text: str) -> datetime:
    """Without a zone the text is in UTC."""
    try:
        instant = datetime.fromisoformat(text)
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError):
        # The thirteenth month, or a moment that UTC's calendar of four-digit years does not have.
        raise DomainError(Reason.INVALID_DATETIME_FORMAT) from None
