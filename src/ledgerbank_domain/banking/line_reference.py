"""What a line is called by outside: so what was written out is known when it comes in again."""

import re
from uuid import UUID

_PREFIX = "LB"
_REFERENCE = re.compile(rf"{_PREFIX}([0-9a-f]{{32}})", re.ASCII | re.IGNORECASE)


def line_reference(line_id: UUID) -> str:
    """The id of a line in 34 letters and digits: the formats of statements take no more than 35."""
    return f"{_PREFIX}{line_id.hex}"


def referenced_line(reference: str) -> UUID | None:
    """The id of the line that is called so; None for what is no reference of ours."""
    found = _REFERENCE.fullmatch(reference)
    return None if found is None else UUID(found[1])
