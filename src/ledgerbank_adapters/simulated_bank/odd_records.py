"""Records with something wrong about them, as banks send them now and then."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ledgerbank_adapters.simulated_bank.books.simulated_habits import Oddity

Payload = dict[str, Any]

UNKNOWN_CURRENCY = "XBT"
UNREADABLE_DATE = "31/02/2026"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFields:
    """Where a kind of record has what may be wrong: each a path of names; dates, ids and texts at the top."""

    date: tuple[str, ...]
    currency: tuple[str, ...]
    amount: tuple[str, ...]
    id: tuple[str, ...]
    texts: tuple[str, ...]


def made_odd(record: Payload, oddity: Oddity | None, fields: RecordFields) -> Payload:
    """The record with that wrong about it; the same when nothing is."""
    return record if oddity is None else _EDITS[oddity](record, fields)


def _with(record: Mapping[str, Any], path: tuple[str, ...], value: object) -> Payload:
    name, *rest = path
    return {**record, name: _with(record[name], tuple(rest), value) if rest else value}


def _without(record: Mapping[str, Any], path: tuple[str, ...]) -> Payload:
    return {name: value for name, value in record.items() if name != path[0]}


_EDITS: Mapping[Oddity, Callable[[Payload, RecordFields], Payload]] = {
    Oddity.NO_DATE: lambda record, fields: _without(record, fields.date),
    Oddity.EMPTY_DATE: lambda record, fields: _with(record, fields.date, ""),
    Oddity.BAD_DATE: lambda record, fields: _with(record, fields.date, UNREADABLE_DATE),
    Oddity.UNKNOWN_CURRENCY: lambda record, fields: _with(record, fields.currency, UNKNOWN_CURRENCY),
    Oddity.WRONG_TYPE: lambda record, fields: _with(record, fields.amount, ["?"]),
    Oddity.NO_ID: lambda record, fields: _without(record, fields.id),
    Oddity.NULL_TEXTS: lambda record, fields: record | dict.fromkeys(fields.texts),
}
