"""Habits of banks that make them hard to read: each is one that real banks have."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from enum import Enum

_SUMMER_TIME = timezone(timedelta(hours=1))


class InstantStyle(Enum):
    """How instants are spelled. STANDARD: as the dialect has it. OFFSET: in summer time, and so told."""

    STANDARD = "standard"
    WITHOUT_ZONE = "without_zone"
    COMPACT_ZONE = "compact_zone"
    OFFSET = "offset"
    DATE_ONLY = "date_only"


class PageSeam(Enum):
    """What becomes of the row between two pages: it is told once, on both of them, or on neither."""

    WHOLE = "whole"
    REPEATS = "repeats"
    DROPS = "drops"


class NamedMovements(Enum):
    """Which movements have an id. UK Open Banking leaves that to the bank; Monzo always names them."""

    ALL = "all"
    BOOKED = "booked"
    NONE = "none"


class Oddity(Enum):
    """What is wrong with a record that is told."""

    NO_DATE = "no_date"
    EMPTY_DATE = "empty_date"
    BAD_DATE = "bad_date"
    UNKNOWN_CURRENCY = "unknown_currency"
    WRONG_TYPE = "wrong_type"
    NO_ID = "no_id"
    NULL_TEXTS = "null_texts"


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedHabits:
    """How the bank tells what is in its books; by default as its standards have it.

    ``clock_error_seconds`` is how far the instants that it tells are ahead. ``filter_offset_minutes``:
    filters of UK Open Banking are read as local times of such a zone; ``filters_by_day``: their time of day
    is nothing to it. ``balance_lag_seconds``: the balance does not know yet what was entered so lately.
    ``bare_accounts``: what the standard lets a bank leave out of an account is left out. ``bare_refusals``:
    403 without a word when a consent is over.
    """

    instants: InstantStyle = InstantStyle.STANDARD
    clock_error_seconds: int = 0
    filter_offset_minutes: int = 0
    filters_by_day: bool = False
    page_seam: PageSeam = PageSeam.WHOLE
    named_movements: NamedMovements = NamedMovements.ALL
    balance_lag_seconds: int = 0
    expires_in_as_text: bool = False
    bare_accounts: bool = False
    bare_refusals: bool = False

    def told(self, instant: datetime) -> datetime:
        """What the bank's clock says of it."""
        return instant + timedelta(seconds=self.clock_error_seconds)

    def spelled(self, instant: datetime, standard: Callable[[datetime], str]) -> str:
        """An instant (aware, in UTC) as this bank writes it. ``standard`` is the dialect's way."""
        told = self.told(instant)
        match self.instants:
            case InstantStyle.STANDARD:
                return standard(told)
            case InstantStyle.WITHOUT_ZONE:
                return told.replace(tzinfo=None).isoformat(timespec="milliseconds")
            case InstantStyle.COMPACT_ZONE:
                return told.strftime("%Y-%m-%dT%H:%M:%S.") + f"{told.microsecond // 1000:03}+0000"
            case InstantStyle.OFFSET:
                return told.astimezone(_SUMMER_TIME).isoformat(timespec="milliseconds")
            case InstantStyle.DATE_ONLY:
                return told.date().isoformat()

    def lifetime(self, seconds: int) -> int | str:
        """``expires_in`` of a token answer."""
        return str(seconds) if self.expires_in_as_text else seconds


PLAIN = SimulatedHabits()
"""A bank without peculiarities."""
