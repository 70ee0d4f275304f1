"""What counts as text: no NUL (PostgreSQL cannot store it) and no unpaired surrogate (not Unicode)."""

import re

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason

_NOT_TEXT = re.compile("[\x00\ud800-\udfff]")


def is_text(value: object) -> bool:
    """Whether ``value`` is a string that every adapter can store and send."""
    return isinstance(value, str) and _NOT_TEXT.search(value) is None


def parse_text(value: object, *, reason: Reason, max_length: int, min_length: int = 1) -> str:
    """``value`` trimmed; lengths are in Unicode code points.

    Raises the given reason for anything that is not text, or is too short or too long.
    """
    if not isinstance(value, str) or not is_text(value):
        raise DomainError(reason)
    # Of a subclass only the text counts.
    text = str.strip(value)
    if not min_length <= len(text) <= max_length:
        raise DomainError(reason)
    return text


def parse_shape(value: object, shape: re.Pattern[str], *, reason: Reason) -> str:
    """``value`` trimmed, when all of it has the shape. Raises the given reason for anything else."""
    text = str.strip(value) if isinstance(value, str) else ""
    if not shape.fullmatch(text):
        raise DomainError(reason)
    return text
