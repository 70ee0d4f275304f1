"""Keeping audit events short: what a refusal tells may repeat what a client sent."""

import json
from collections.abc import Mapping
from typing import Any

MAX_SIZE = 4096
"""Of all facts of an event together, in bytes of JSON."""
MAX_NAME_LENGTH = 64
# Even as twelve bytes a character, the most that JSON takes for one, some of it is kept.
MAX_VALUE_LENGTH = 256
_CUT: Mapping[str, Any] = {"cut": True}


def bounded(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """The facts, or as much of each as there is room for, and ``cut``.

    Raises ``TypeError`` for what JSON cannot hold.
    """
    if _size(facts) <= MAX_SIZE:
        return facts
    kept: dict[str, Any] = {}
    for name, value in facts.items():
        longer = {**kept, str(name)[:MAX_NAME_LENGTH]: _cut(value)}
        if _size({**longer, **_CUT}) <= MAX_SIZE:
            kept = longer
    return {**kept, **_CUT}


def _cut(value: Any) -> Any:
    if _size(value) <= MAX_VALUE_LENGTH:
        return value
    text = value if isinstance(value, str) else json.dumps(value)
    return text[:MAX_VALUE_LENGTH]


def _size(value: Any) -> int:
    # In ASCII, so that its length is never less than what is stored.
    return len(json.dumps(dict(value) if isinstance(value, Mapping) else value))
