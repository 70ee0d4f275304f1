"""Lists in pages: the same orders and the same edges as PostgreSQL's."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

from ledgerbank_adapters.memory.storage.memory_index import Row
from ledgerbank_domain.identity.page import (
    Cursor,
    KeysetPage,
    KeysetRequest,
    Page,
    PageRequest,
    Sort,
    SortValue,
)

T = TypeVar("T")
SortFields = Mapping[str, Callable[[Row], SortValue]]
"""What a list may be sorted by. Python compares text by code point, as storage is told to do."""


def page_of(rows: Sequence[T], request: PageRequest) -> Page[T]:
    """One page of rows that are already in order."""
    return Page(
        items=tuple(rows[request.offset : request.offset + request.page_size]),
        total_count=len(rows),
        request=request,
    )


def sorted_by(rows: Iterable[Row], sort: Sequence[Sort], fields: SortFields[Row]) -> list[Row]:
    """By the given fields and then by id, in the direction of the last one."""
    in_order = sorted(rows, key=lambda row: row.id, reverse=sort[-1].descending)
    # Sorting is stable, so the field that counts least goes first.
    for order in reversed(sort):
        in_order.sort(key=_comparable(fields, order.field), reverse=order.descending)
    return in_order


def keyset_page_of(rows: Iterable[Row], request: KeysetRequest, fields: SortFields[Row]) -> KeysetPage[Row]:
    """The rows after the cursor, in the order of the request's sort field and then of id."""
    value_of = _comparable(fields, request.sort.field)

    def position(row: Row) -> tuple[Any, UUID]:
        return value_of(row), row.id

    in_order = sorted(rows, key=position, reverse=request.sort.descending)
    if request.after is not None:
        last_seen = (request.after.value, request.after.id)
        if request.sort.descending:
            in_order = [row for row in in_order if position(row) < last_seen]
        else:
            in_order = [row for row in in_order if position(row) > last_seen]
    return KeysetPage.from_rows(
        in_order[: request.limit + 1],
        request,
        lambda row: Cursor(field=request.sort.field, value=value_of(row), id=row.id),
    )


def _comparable(fields: SortFields[Row], name: str) -> Callable[[Row], Any]:
    if name not in fields:
        raise ValueError(f"this list cannot be sorted by {name}, only by {', '.join(sorted(fields))}")
    return fields[name]
