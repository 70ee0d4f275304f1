"""Days and instants as ISO 20022 writes them."""

import re
from datetime import UTC, date, datetime, time, timedelta
from xml.etree.ElementTree import Element

from ledgerbank_adapters.statement_files.reading.filed_values import known_day
from ledgerbank_adapters.statement_files.reading.unreadable_record import UnreadableRecord

# A day may carry a zone, which says nothing about a day.
_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})", re.ASCII)
_END_OF_DAY = "T24:00:00"
_MIDNIGHT = re.compile(r"T00:00(?::00(?:\.0*)?)?(?:Z|[+-][0-9:]*)?\Z", re.ASCII)
_MAX_LENGTH = 40


def instant_of(told: Element | None, *, field: str) -> datetime | None:
    """When that was; without a zone it is UTC. None: it is not told.

    Midnight is how programs write a day, which is its first instant, UTC.
    """
    text = told_time(told)
    if text is None:
        return None
    day = day_of(text, field=field)
    if "T" not in text:
        return datetime.combine(day, time(), UTC)
    if _MIDNIGHT.match(text, len(day.isoformat())):
        return datetime.combine(day, time(), UTC)
    is_end = _END_OF_DAY in text
    try:
        moment = datetime.fromisoformat(text[:_MAX_LENGTH].replace(_END_OF_DAY, "T00:00:00"))
        moment += timedelta(days=1) if is_end else timedelta()
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise UnreadableRecord(field) from None


def told_time(told: Element | None) -> str | None:
    """A choice between a day and an instant, as text; what stands there without the choice counts too."""
    if told is None:
        return None
    for text in (told.findtext("DtTm"), told.findtext("Dt"), told.text):
        if text and text.strip():
            return text.strip()
    return None


def day_of(text: str, *, field: str) -> date:
    """The day of a day or an instant, as its bank wrote it. Raises ``UnreadableRecord``."""
    found = _DAY.match(text.strip())
    try:
        if found is not None:
            return known_day(date(int(found[1]), int(found[2]), int(found[3])), field=field)
    except ValueError:
        pass
    raise UnreadableRecord(field)
