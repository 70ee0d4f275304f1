"""Strict JSON (RFC 8259, https://www.rfc-editor.org/rfc/rfc8259) as banks send it."""

import json
from typing import Any, NoReturn


def parse_bank_json(encoded: bytes) -> Any:
    """The value. Raises ``ValueError``.

    Also for ``NaN`` and ``Infinity``, for text that is not UTF-8, for nesting without end, and for a name
    that is twice in one object: of two amounts nobody knows which one the bank meant.
    """
    try:
        return json.loads(
            encoded.decode("utf-8"), parse_constant=_refuse_constant, object_pairs_hook=_without_repeats
        )
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name is repeated in an object")
    return members
