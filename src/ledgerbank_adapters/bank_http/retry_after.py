"""The ``Retry-After`` header: https://www.rfc-editor.org/rfc/rfc9110#field.retry-after"""

import math
import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

MIN_SECONDS = 1
MAX_SECONDS = 3600

_SECONDS = re.compile(r"[0-9]+", re.ASCII)


def parse_retry_after(value: str | None, *, now: datetime) -> int | None:
    """Whole seconds from ``now``, 1 to 3600: sooner is hammering, later is as good as never.

    None for no header, and for one that is neither a number of seconds nor an HTTP date.
    """
    text = (value or "").strip()
    if _SECONDS.fullmatch(text):
        # Thousands of digits are no number to be made.
        digits = text.lstrip("0") or "0"
        return MAX_SECONDS if len(digits) > len(str(MAX_SECONDS)) else _clamped(int(digits))
    try:
        at = parsedate_to_datetime(text)
        # A date without zone is GMT, as HTTP dates are.
        return wait_in_seconds(at.replace(tzinfo=at.tzinfo or UTC) - now)
    except (ValueError, OverflowError):
        return None


def wait_in_seconds(wait: timedelta) -> int:
    """Rounded up, because a trial before the time is refused; 1 to 3600."""
    return _clamped(math.ceil(wait.total_seconds()))


def _clamped(seconds: int) -> int:
    return min(max(seconds, MIN_SECONDS), MAX_SECONDS)
