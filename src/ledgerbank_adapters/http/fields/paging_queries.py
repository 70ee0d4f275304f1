"""The query parameters that every list shares, and how a list says where it stands."""

import re
from collections.abc import Collection
from typing import Any, Literal, TypedDict

import attrs

from ledgerbank_adapters.http.fields.field_types import FieldType
from ledgerbank_adapters.http.fields.keyset_cursors import cursor_object, cursor_token, parse_cursor
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.page import (
    DEFAULT_PAGE_SIZE,
    LAST_PAGE,
    MAX_PAGE_SIZE,
    NEWEST_FIRST,
    KeysetPage,
    KeysetRequest,
    Page,
    PageRequest,
    Sort,
)

_INTEGER = re.compile(r"0*(?P<digits>[1-9][0-9]*)", re.ASCII)


def clamped_integer(text: str, *, default: int, maximum: int) -> int:
    """The number that plain ASCII digits show, at most ``maximum``; ``default`` for anything else or zero."""
    integer = _INTEGER.fullmatch(text)
    if integer is None:
        return default
    digits = integer["digits"]
    return maximum if len(digits) > len(str(maximum)) else min(int(digits), maximum)


PAGE_NUMBER = FieldType(
    parse=lambda text: clamped_integer(text, default=1, maximum=LAST_PAGE),
    # No value is an error, so the schema excludes none.
    schema={
        "type": ["integer", "string"],
        "default": 1,
        "description": "From 1; anything that is no such number counts as 1.",
    },
)
PAGE_SIZE = FieldType(
    parse=lambda text: clamped_integer(text, default=DEFAULT_PAGE_SIZE, maximum=MAX_PAGE_SIZE),
    schema={
        "type": ["integer", "string"],
        "default": DEFAULT_PAGE_SIZE,
        "description": (
            f"From 1 to {MAX_PAGE_SIZE}; more counts as {MAX_PAGE_SIZE}, anything that is no such number as"
            f" {DEFAULT_PAGE_SIZE}."
        ),
    },
)
CURSOR = FieldType(
    parse=str, schema={"type": "string", "description": "A cursor as an object or as a token."}
)


def sort_by(fields: Collection[str], *, max_fields: int | None = None) -> FieldType:
    """The ``sort`` of a list that knows these fields; ``max_fields`` None lets all of them be combined."""
    names = "|".join(sorted({*fields, *(["created_at"] if "inserted_at" in fields else [])}))
    item = f"({names})(:(asc|desc))?"
    return FieldType(
        parse=lambda text: _parse_sort(text, fields, max_fields=max_fields),
        schema={"type": "string", "pattern": f"^{item}(,{item})*$" if max_fields != 1 else f"^{item}$"},
    )


@attrs.frozen(kw_only=True)
class OffsetQuery:
    page: int = attrs.field(default=1, metadata=PAGE_NUMBER.metadata)
    page_size: int = attrs.field(default=DEFAULT_PAGE_SIZE, metadata=PAGE_SIZE.metadata)

    @property
    def page_request(self) -> PageRequest:
        return PageRequest(page=self.page, page_size=self.page_size)


@attrs.frozen(kw_only=True)
class KeysetQuery:
    limit: int = attrs.field(default=DEFAULT_PAGE_SIZE, metadata=PAGE_SIZE.metadata)
    cursor: str | None = attrs.field(default=None, metadata=CURSOR.metadata)

    def keyset_request(self, sort: Sort = NEWEST_FIRST) -> KeysetRequest:
        """Raises ``invalid_cursor``."""
        after = None if self.cursor is None else parse_cursor(self.cursor, sort)
        return KeysetRequest(limit=self.limit, sort=sort, after=after)


class ShortOffsetPagination(TypedDict):
    page: int
    page_size: int
    total_count: int
    total_pages: int


class OffsetPagination(ShortOffsetPagination):
    has_next: bool
    has_prev: bool


class KeysetPagination(TypedDict):
    """Both cursors tell where the next page begins; null on the last page."""

    type: Literal["keyset"]
    limit: int
    has_more: bool
    next_cursor: dict[str, str] | None
    next_cursor_token: str | None


def short_offset_pagination(page: Page[Any]) -> ShortOffsetPagination:
    return {
        "page": page.request.page,
        "page_size": page.request.page_size,
        "total_count": page.total_count,
        "total_pages": page.total_pages,
    }


def offset_pagination(page: Page[Any]) -> OffsetPagination:
    return {**short_offset_pagination(page), "has_next": page.has_next, "has_prev": page.has_prev}


def keyset_pagination(page: KeysetPage[Any]) -> KeysetPagination:
    cursor = page.next_cursor
    return {
        "type": "keyset",
        "limit": page.request.limit,
        "has_more": page.has_more,
        "next_cursor": None if cursor is None else cursor_object(cursor),
        "next_cursor_token": None if cursor is None else cursor_token(cursor),
    }


def _parse_sort(text: str, fields: Collection[str], *, max_fields: int | None) -> tuple[Sort, ...]:
    sorts = tuple(_parse_sort_field(item.strip(), fields) for item in text.split(","))
    names = {sort.field for sort in sorts}
    if len(names) < len(sorts) or (max_fields is not None and len(sorts) > max_fields):
        raise DomainError(Reason.INVALID_SORT)
    return sorts


def _parse_sort_field(item: str, fields: Collection[str]) -> Sort:
    name, colon, direction = item.partition(":")
    field = "inserted_at" if name == "created_at" else name
    if field not in fields or direction not in (("asc", "desc") if colon else ("",)):
        raise DomainError(Reason.INVALID_SORT)
    return Sort(field=field, descending=direction == "desc")
