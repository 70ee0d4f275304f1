"""Dates as banks write them, and the one format that a whole file is written in.

Whether ``03/04/2024`` is in March or in April is a question to the file: a day over 12 answers it, or the
order of the rows. When neither does, nobody guesses.
"""

import operator
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

ISO = "iso"
_CELL = re.compile(
    r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,? )?(?P<date>.+?)"
    r"(?:(?:[T ]|, ?| ?- )\s?(?P<hour>\d{1,2})[:.](?P<minute>\d{2})"
    r"(?:[:.](?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?"
    r" ?(?P<half>[AaPp]\.?[Mm]\.?)? ?(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2})?(?: UTC| GMT)?)?",
    re.IGNORECASE | re.ASCII,
)
_NUMERIC = re.compile(r"([0-9]{1,4})([./-]) ?([0-9]{1,2})\2 ?([0-9]{1,4})\.?")
_EIGHT = re.compile(r"[0-9]{8}")
_DAY_FIRST = re.compile(
    r"([0-9]{1,2})(?:st|nd|rd|th|\.)?([ ./-])[ ]?([^\W\d_]{3,12})\.?,?[ ./-][ ]?([0-9]{4}|[0-9]{2})",
    re.IGNORECASE,
)
_MONTH_FIRST = re.compile(
    r"([^\W\d_]{3,12})\.?([ /-])([0-9]{1,2})(?:st|nd|rd|th)?,?[ /-][ ]?([0-9]{4})", re.IGNORECASE
)
_MAX_LENGTH = 48
_FULL_YEAR = 4
_SHORT_YEAR = 2
_LAST_HOUR = 23
_LAST_MINUTE = 59
_RARE = 20
_FORMAT = re.compile(r"%([dmbyY])([^%]{0,2})%([dmbyY])([^%]{0,2})%([dmbyY])")
# By the first letters of a month's name without accents, in the languages that write it differently.
_MONTHS = (
    "jan gen ene sty tam led",
    "feb fev lut hel uno",
    "mar mrt maa bre",
    "apr avr abr kwi huh dub",
    "may mai mei maj mag tou kve",
    "jun juin giu cze kes",
    "jul juil lug lip hei",
    "aug aou ago sie elo srp",
    "sep set wrz syy zar",
    "oct okt out ott paz lok rij",
    "nov lis marr",
    "dec dez dic des gru jou pro",
)
_MONTH_BY_START = {start: number for number, starts in enumerate(_MONTHS, 1) for start in starts.split()}
_FIRST_YEAR, _LAST_YEAR = 1950, 2100
# What strptime does with two digits, too.
_FIRST_SHORT_YEAR_OF_1900 = 69
_CACHED_CELLS = 20_000
_ENOUGH_DATES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class DateAndTime:
    """The parts of a cell: the date as written, and how long after its beginning it is, in UTC."""

    date: str
    since_midnight: timedelta = timedelta()


class DoubtfulDates(Exception):  # noqa: N818 - what is wrong with them
    """All dates of a file can be read by each of these formats; ``example`` is one of them."""

    def __init__(self, formats: tuple[str, ...], example: str) -> None:
        super().__init__(formats)
        self.formats = formats
        self.example = example


def parted(cell: str) -> DateAndTime | None:
    """The date of a cell and its time; None for what has an impossible time."""
    found = _CELL.fullmatch(cell)
    if found is None:
        return None
    if found["hour"] is None:
        return DateAndTime(date=found["date"])
    hour, half = int(found["hour"]), (found["half"] or "").replace(".", "").upper()
    if half:
        hour = hour % 12 + (12 if half == "PM" else 0)
    fraction = (found["fraction"] or "").ljust(6, "0")[:6]
    minute, second = int(found["minute"]), int(found["second"] or 0)
    if hour > _LAST_HOUR or max(minute, second) > _LAST_MINUTE:
        return None
    since = timedelta(hours=hour, minutes=minute, seconds=second, microseconds=int(fraction))
    return DateAndTime(date=found["date"], since_midnight=since - _offset(found["zone"]))


def dates_by_format(text: str) -> Mapping[str, date]:
    """Which date a text is, by each format that it fits."""
    return _dates_by_format(text) if len(text) <= _MAX_LENGTH else {}


def is_like_a_date(cell: str) -> bool:
    """Whether a cell may hold a date at all."""
    if not cell or len(cell) > _MAX_LENGTH or not any(map(str.isdigit, cell)):
        return False
    parts = parted(cell)
    return parts is not None and bool(dates_by_format(parts.date))


def known_date_format(date_format: str) -> bool:
    """Whether it is ``iso`` or a format of ``strptime`` that says day, month and year."""
    if date_format == ISO:
        return True
    directives = set(re.findall(r"%(.)", date_format))
    if not (directives & {"y", "Y"} and directives & {"m", "b", "B"} and "d" in directives):
        return False
    try:
        datetime.strptime("", date_format)  # noqa: DTZ007 - it never gets that far
    except ValueError as why:
        return "does not match" in str(why)
    return True


def instant_reader(date_format: str) -> Callable[[str], datetime | None]:
    """What reads cells by one format; it gives None for those that do not fit it."""

    @lru_cache(maxsize=_CACHED_CELLS)
    def day_of(text: str) -> datetime | None:
        found = dates_by_format(text).get(date_format)
        if found is None and date_format != ISO and _FORMAT.fullmatch(date_format) is None:
            found = _by_strptime(text, date_format)
        return None if found is None else datetime(found.year, found.month, found.day, tzinfo=UTC)

    def instant_of(cell: str) -> datetime | None:
        if len(cell) > _MAX_LENGTH:
            return None
        if day := day_of(cell):
            return day
        parts = parted(cell)
        day = day_of(parts.date) if parts else None
        return day + parts.since_midnight if day and parts else None

    return instant_of


def date_format_of(cells: Iterable[str], *, others: Iterable[str] = ()) -> str | None:
    """The format that a column is written in, in the order of its rows; None when no cell is a date.

    ``others`` are more dates of the same file: they may tell what the column does not. Raises
    :class:`DoubtfulDates`.
    """
    texts = [parts.date for cell in cells if len(cell) <= _MAX_LENGTH and (parts := parted(cell))]
    counts: Counter[str] = Counter()
    for text, count in Counter(texts).items():
        for known in dates_by_format(text):
            counts[known] += count
    if not counts:
        return None
    most = max(counts.values())
    tied = [known for known in counts if counts[known] == most]
    if len(tied) > 1:
        tied = _told_by_others(tied, others)
    if len(tied) > 1:
        tied = _told_by_short_years(tied, texts)
    if len(tied) > 1:
        tied = _told_by_order(tied, texts)
    if len(tied) == 1:
        rivals = [rival for rival in _rivals_of(tied[0]) if _only(texts, rival, tied[0]) * _RARE > len(texts)]
        if not rivals:
            return tied[0]
        tied += rivals
    raise DoubtfulDates(tuple(tied), next(text for text in texts if tied[0] in dates_by_format(text)))


def _told_by_others(tied: list[str], others: Iterable[str]) -> list[str]:
    for cell in others:
        parts = parted(cell) if 0 < len(cell) <= _MAX_LENGTH else None
        fits = dates_by_format(parts.date) if parts else {}
        if any(known in fits for known in tied):
            tied = [known for known in tied if known in fits]
    return tied


def _told_by_short_years(tied: list[str], texts: list[str]) -> list[str]:
    """A year in front is one of the choices where the file would not cover more days by it."""
    year_first = [known for known in tied if known.startswith("%y")]
    others = [known for known in tied if known not in year_first]
    if not year_first or not others:
        return tied
    by_year = min(_span(texts, known) for known in year_first)
    return tied if by_year <= min(_span(texts, known) for known in others) else others


def _span(texts: list[str], known: str) -> int:
    days = [dates_by_format(text)[known] for text in set(texts) if known in dates_by_format(text)]
    return (max(days) - min(days)).days


def _told_by_order(tied: list[str], texts: list[str]) -> list[str]:
    """Statements are in the order of their days, one way or the other."""
    in_order = []
    for known in tied:
        days = [fits[known] for text in texts if known in (fits := dates_by_format(text))]
        rising = all(map(operator.le, days, days[1:]))
        if len(set(days)) < _ENOUGH_DATES or rising or all(map(operator.ge, days, days[1:])):
            in_order.append(known)
    return in_order or tied


def _rivals_of(known: str) -> list[str]:
    swapped = {"%d": "%m", "%m": "%d"}
    rival = re.sub("%[dm]", lambda found: swapped[found[0]], known)
    return [rival] if rival.startswith(("%d", "%m")) and rival != known else []


def _only(texts: list[str], rival: str, known: str) -> int:
    return sum(rival in (fits := dates_by_format(text)) and known not in fits for text in texts)


@lru_cache(maxsize=_CACHED_CELLS)
def _dates_by_format(text: str) -> Mapping[str, date]:
    if found := _NUMERIC.fullmatch(text):
        return _numeric(found[1], found[3], found[4], found[2])
    if _EIGHT.fullmatch(text):
        orders = (("%Y%m%d", 0, 4, 6), ("%d%m%Y", 4, 2, 0), ("%m%d%Y", 4, 0, 2))
        cut = ((name, text[y : y + 4], text[m : m + 2], text[d : d + 2]) for name, y, m, d in orders)
        return {name: day for name, *parts in cut if (day := _date(*parts))}
    if found := _DAY_FIRST.fullmatch(text):
        year = "%Y" if len(found[4]) == _FULL_YEAR else "%y"
        day = _date(found[4], _month_named(found[3]), found[1])
        return {f"%d{found[2]}%b{found[2]}{year}": day} if day else {}
    if found := _MONTH_FIRST.fullmatch(text):
        day = _date(found[4], _month_named(found[1]), found[3])
        return {f"%b{found[2]}%d{found[2]}%Y": day} if day else {}
    return {}


def _numeric(first: str, second: str, third: str, mark: str) -> Mapping[str, date]:
    if len(first) == _FULL_YEAR:
        day = _date(first, second, third) if len(third) == _SHORT_YEAR or len(third) == 1 else None
        return {ISO if mark == "-" else f"%Y{mark}%m{mark}%d": day} if day else {}
    if len(first) > _SHORT_YEAR or len(third) not in {_SHORT_YEAR, _FULL_YEAR}:
        return {}
    year = "%Y" if len(third) == _FULL_YEAR else "%y"
    orders = [(f"%d{mark}%m{mark}{year}", third, second, first)]
    if mark != ".":
        orders.append((f"%m{mark}%d{mark}{year}", third, first, second))
    if year == "%y" and mark == "-" and len(first) == _SHORT_YEAR:
        orders.append((f"%y{mark}%m{mark}%d", first, second, third))
    return {name: day for name, *parts in orders if (day := _date(*parts))}


def _date(year: str, month: str | int, day: str) -> date | None:
    number = int(year)
    if len(year) < _FULL_YEAR:
        number += 1900 if number >= _FIRST_SHORT_YEAR_OF_1900 else 2000
    if not _FIRST_YEAR <= number <= _LAST_YEAR:
        return None
    try:
        return date(number, int(month), int(day))
    except ValueError:
        return None


def _month_named(name: str) -> int:
    letters = "".join(letter for letter in unicodedata.normalize("NFKD", name.casefold()) if letter.isalpha())
    return _MONTH_BY_START.get(letters[:4], _MONTH_BY_START.get(letters[:3], 0))


def _by_strptime(text: str, date_format: str) -> date | None:
    try:
        found = datetime.strptime(text, date_format).date()  # noqa: DTZ007 - only its day counts
    except ValueError:
        return None
    return found if _FIRST_YEAR <= found.year <= _LAST_YEAR else None


def _offset(zone: str | None) -> timedelta:
    if not zone or zone[0] not in "+-":
        return timedelta()
    hours, minutes = int(zone[1:3]), int(zone[3:].lstrip(":") or 0)
    return timedelta(hours=hours, minutes=minutes) * (-1 if zone[0] == "-" else 1)
