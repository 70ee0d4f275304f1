"""Lists of records as banks send them: each is read by itself, so that a bad one stops nothing beside it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from ledgerbank_adapters.bank_http.bank_json import AmbiguousObject
from ledgerbank_adapters.bank_http.bank_payload_reader import UnreadablePayload
from ledgerbank_domain.banking.feed_warning import RecordKind, UnreadRecord
from ledgerbank_domain.identity.text_rules import is_text

Read = TypeVar("Read")

MAX_FIELD_LENGTH = 100
_MAX_ID_LENGTH = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRecords(Generic[Read]):
    """What could be read, in the bank's order, and what could not."""

    read: tuple[Read, ...]
    unread: tuple[UnreadRecord, ...]


def read_each(
    records: Iterable[Any], read: Callable[[Any], Read | None], *, kind: RecordKind, id_field: str
) -> ReadRecords[Read]:
    """Reads records one by one.

    ``read`` gives None for what is not of interest, and raises :class:`UnreadablePayload` for what cannot be
    read: that is left out, and named by what stands in ``id_field``, if that is an id.
    """
    found: list[Read] = []
    unread: list[UnreadRecord] = []
    for record in records:
        try:
            outcome = read(record)
        except UnreadablePayload as unreadable:
            unread.append(
                UnreadRecord(
                    kind=kind,
                    external_id=_id_in(record, id_field),
                    field=unreadable.fields[0].removeprefix("$.")[:MAX_FIELD_LENGTH],
                    fault=unreadable.fault,
                )
            )
            continue
        if outcome is not None:
            found.append(outcome)
    return ReadRecords(read=tuple(found), unread=tuple(unread))


def _id_in(record: Any, id_field: str) -> str | None:
    if not isinstance(record, dict) or isinstance(record, AmbiguousObject):
        return None
    told = record.get(id_field)
    if type(told) is int:
        told = str(told)
    return told if isinstance(told, str) and _is_showable_id(told) else None


def _is_showable_id(text: str) -> bool:
    return 1 <= len(text) <= _MAX_ID_LENGTH and is_text(text) and text.isprintable()
