"""Strict JSON (RFC 8259, https://www.rfc-editor.org/rfc/rfc8259) as banks send it."""

import json
from decimal import Decimal
from typing import Any, NoReturn


class AmbiguousObject(dict[str, Any]):
    """An object in which a name stands twice: of two amounts nobody knows which one the bank meant."""


def parse_bank_json(encoded: bytes) -> Any:
    """The value, with fractions as the decimals that were written. Raises ``ValueError``.

    Also for ``NaN`` and ``Infinity``, for text that is not UTF-8, and for nesting without end. An object in
    which a name stands twice is an :class:`AmbiguousObject`, and spoils nothing beside it.
    """
    try:
        return json.loads(
            encoded.decode("utf-8"),
            parse_float=Decimal,
            parse_constant=_refuse_constant,
            object_pairs_hook=_object,
        )
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    return members if len(members) == len(pairs) else AmbiguousObject(members)
