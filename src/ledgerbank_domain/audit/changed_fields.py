"""What an act changed, told field by field."""

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from ledgerbank_domain.audit.redaction import REDACTED
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.money.money import Money

# "code" is a secret wherever else it stands: there it is what a bank gave for consent.
_TOLD_AS = {"code": "bank_code"}
# What follows from another change, or from each.
_UNTOLD = frozenset({"inserted_at", "updated_at", "password_check", "completeness"})


def changes_between(before: Any, after: Any) -> Mapping[str, Any]:
    """The facts of an update: ``changes`` names each field that differs, with its ``old`` and ``new``.

    Both are one entity. What an entity does not show of itself, and bytes, are named and not told; secrets
    by name go when the event is made.
    """
    return {
        "changes": {
            _TOLD_AS.get(field.name, field.name): {
                "old": _told(field, getattr(before, field.name)),
                "new": _told(field, getattr(after, field.name)),
            }
            for field in dataclasses.fields(before)
            if field.name not in _UNTOLD and getattr(before, field.name) != getattr(after, field.name)
        }
    }


def _told(field: dataclasses.Field[Any], value: Any) -> Any:
    return REDACTED if value is not None and not field.repr else _as_json(value)


def _as_json(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_as_json(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, Money | type):
        return {field.name: _told(field, getattr(value, field.name)) for field in dataclasses.fields(value)}
    return _simple(value)


def _simple(value: Any) -> Any:
    told: Any
    match value:
        case None | bool() | int() | str():
            told = value
        case Money():
            told = str(value.amount)
        case Reason():
            told = value.code
        case Enum():
            told = value.value
        case datetime():
            told = value.isoformat()
        case UUID() | Decimal():
            told = str(value)
        case _:
            told = REDACTED
    return told
