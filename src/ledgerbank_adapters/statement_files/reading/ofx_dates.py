"""Days and instants as OFX writes them: ``20260105120000.000[-5:EST]``, and all that banks make of it."""

import re
from datetime import UTC, date, datetime, time, timedelta, timezone

from ledgerbank_adapters.statement_files.reading.filed_values import known_day
from ledgerbank_adapters.statement_files.reading.unreadable_record import UnreadableRecord
from ledgerbank_domain.banking.feed_warning import FeedFault

_WRITTEN = re.compile(
    r"""(?P<year>[0-9]{4})[-/.]?(?P<month>[0-9]{2})[-/.]?(?P<day>[0-9]{2})
        (?:[ T]?(?P<hour>[0-9]{2}):?(?P<minute>[0-9]{2})(?::?(?P<second>[0-9]{2})(?:[.,][0-9]{1,9})?)?)?
        \s*(?:\[\s*(?P<offset>[^\[\]]{1,40})\]|(?P<zone>[A-Z]{1,5}))?""",
    re.VERBOSE | re.ASCII,
)
_OFFSET = re.compile(
    r"(?P<sign>[+-]?)(?P<hours>[0-9]{0,2})(?:[.:]?(?P<minutes>[0-9]{1,2}))?\s*(?::\s*(?P<name>.*))?", re.ASCII
)
_NO_DAY = re.compile(r"0{4,}")
_MAX_LENGTH = 64
_MAX_HOURS = 14
_END_OF_DAY = 24
_HOURS_BY_NAME = {
    name: hours
    for hours, names in (
        (-10, "HST"),
        (-8, "PST"),
        (-7, "PDT MST"),
        (-6, "MDT CST"),
        (-5, "CDT EST"),
        (-4, "EDT AST"),
        (-3, "ADT BRT"),
        (1, "CET BST WEST"),
        (2, "CEST EET"),
        (3, "EEST"),
        (9, "JST"),
    )
    for name in names.split()
}
# What stands behind the point: minutes, or a fraction of the hour. No zone has either of the other's.
_MINUTES = {"5": 30, "50": 30, "25": 15, "75": 45, "15": 15, "30": 30, "45": 45, "0": 0, "00": 0}


def is_told(text: str) -> bool:
    """Whether a date says anything: many write zeros where they have none."""
    return bool(text) and _NO_DAY.match(text) is None


def ofx_day(text: str, *, field: str) -> date:
    """The day, as its bank wrote it. Raises ``UnreadableRecord``."""
    return _day(_written(text, field), field)


def is_midnight(text: str) -> bool:
    """Whether a time is written, and it is that."""
    written = _WRITTEN.fullmatch(text[:_MAX_LENGTH].strip())
    if written is None or written["hour"] is None:
        return False
    return all(int(written[part] or 0) == 0 for part in ("hour", "minute", "second"))


def ofx_instant(text: str, *, field: str) -> datetime:
    """When that was; without a zone, or in one that nobody knows, it is UTC.

    Midnight is how programs write a day, which is its first instant, UTC.
    """
    written = _written(text, field)
    day = _day(written, field)
    hour, minute, second = (int(written[part] or 0) for part in ("hour", "minute", "second"))
    if (hour, minute, second) == (0, 0, 0):
        return datetime.combine(day, time(), UTC)
    try:
        # The end of a day is written as 24:00:00, and a leap second as 60.
        moment = datetime.combine(day, time(hour % _END_OF_DAY, minute, min(second, 59)), _zone(written))
    except ValueError:
        raise UnreadableRecord(field) from None
    if hour == _END_OF_DAY:
        moment += timedelta(days=1)
    elif hour > _END_OF_DAY:
        raise UnreadableRecord(field)
    return moment.astimezone(UTC)


def _written(text: str, field: str) -> re.Match[str]:
    if not text:
        raise UnreadableRecord(field, FeedFault.MISSING)
    written = _WRITTEN.fullmatch(text[:_MAX_LENGTH].strip())
    if written is None:
        raise UnreadableRecord(field)
    return written


def _day(written: re.Match[str], field: str) -> date:
    try:
        day = date(int(written["year"]), int(written["month"]), int(written["day"]))
    except ValueError:
        raise UnreadableRecord(field) from None
    return known_day(day, field=field)


def _zone(written: re.Match[str]) -> timezone:
    if written["zone"]:
        return _named_zone(written["zone"])
    offset = _OFFSET.fullmatch((written["offset"] or "0").strip())
    if offset is None or (not offset["hours"] and not offset["minutes"]):
        name = (written["offset"] or "").rpartition(":")[2]
        return _named_zone(name.strip())
    hours = int(offset["hours"] or 0)
    if hours > _MAX_HOURS:
        return UTC
    away = timedelta(hours=hours, minutes=_MINUTES.get(offset["minutes"] or "0", 0))
    return timezone(-away if offset["sign"] == "-" else away)


def _named_zone(name: str) -> timezone:
    return timezone(timedelta(hours=_HOURS_BY_NAME.get(name.upper(), 0)))
