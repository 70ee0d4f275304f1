"""Text from outside that must not keep a row from being written."""

import re

_NOT_STORABLE = re.compile("[\x00\ud800-\udfff]")


def storable(text: str) -> str:
    """The text; characters that PostgreSQL cannot store become U+FFFD."""
    return _NOT_STORABLE.sub("\N{REPLACEMENT CHARACTER}", text)
