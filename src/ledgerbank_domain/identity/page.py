"""Pages by number, pages by key, and sort orders, as lists are asked for."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Generic, TypeVar
from uuid import UUID

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.value_rules import require_number

T = TypeVar("T")
U = TypeVar("U")

DEFAULT_PAGE_SIZE = 20
MAX_PAGE_SIZE = 100
# Beyond every list, and its offset still fits the eight bytes that databases count rows with.
LAST_PAGE = 10**15

SortValue = datetime | Decimal | str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sort:
    """One sort field; ``id`` is always the last tie-break, in the direction of the last field."""

    field: str
    descending: bool = False

    def __post_init__(self) -> None:
        if type(self.field) is not str or type(self.descending) is not bool:
            raise DomainError(Reason.INVALID_SORT, field="sort")


NEWEST_FIRST = Sort(field="inserted_at", descending=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """A page by number, counted from 1. Raises ``invalid_filter`` for one that no list has."""

    page: int = 1
    page_size: int = DEFAULT_PAGE_SIZE

    def __post_init__(self) -> None:
        require_number(self.page, low=1, high=LAST_PAGE, reason=Reason.INVALID_FILTER, field="page")
        require_number(
            self.page_size, low=1, high=MAX_PAGE_SIZE, reason=Reason.INVALID_FILTER, field="page_size"
        )

    @property
    def offset(self) -> int:
        """How many rows stand before the page."""
        return (self.page - 1) * self.page_size


@dataclass(frozen=True, kw_only=True)  # without slots: Python 3.11 cannot make Page[T](...) of a slotted one
class Page(Generic[T]):
    """One page of a list, and how many rows the whole list has."""

    items: tuple[T, ...]
    total_count: int
    request: PageRequest

    @property
    def total_pages(self) -> int:
        """How many pages of this size the whole list has; 0 when it is empty."""
        return -(-self.total_count // self.request.page_size)

    @property
    def has_next(self) -> bool:
        """Whether a later page has rows."""
        return self.request.page < self.total_pages

    @property
    def has_prev(self) -> bool:
        """Whether an earlier page exists; true beyond the end of the list too."""
        return self.request.page > 1

    def map(self, change: Callable[[T], U]) -> "Page[U]":
        """The same page of the same list, with each of its items changed."""
        return Page(
            items=tuple(change(item) for item in self.items),
            total_count=self.total_count,
            request=self.request,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """The last row a reader has seen: its value in the sort field, and its id."""

    field: str
    value: SortValue
    id: UUID

    def __post_init__(self) -> None:
        field, value, row_id = self._parts()
        if type(field) is not str or not isinstance(value, SortValue) or not isinstance(row_id, UUID):
            raise DomainError(Reason.INVALID_CURSOR, field="cursor")

    def _parts(self) -> tuple[object, object, object]:
        return self.field, self.value, self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysetRequest:
    """A page by key: ``limit`` rows after the cursor, in the order of ``sort`` and then ``id``.

    Raises ``invalid_filter`` for a limit out of range, and ``invalid_cursor`` for one of another list.
    """

    limit: int = DEFAULT_PAGE_SIZE
    sort: Sort = NEWEST_FIRST
    after: Cursor | None = None

    def __post_init__(self) -> None:
        require_number(self.limit, low=1, high=MAX_PAGE_SIZE, reason=Reason.INVALID_FILTER, field="limit")
        sort, after = self._places()
        if not isinstance(sort, Sort):
            raise DomainError(Reason.INVALID_SORT, field="sort")
        if after is not None and not (isinstance(after, Cursor) and after.field == sort.field):
            raise DomainError(Reason.INVALID_CURSOR, field="cursor")

    def _places(self) -> tuple[object, object]:
        return self.sort, self.after


@dataclass(frozen=True, kw_only=True)  # without slots, as Page
class KeysetPage(Generic[T]):
    """Rows after a cursor; ``next_cursor`` is None exactly when there are no more."""

    items: tuple[T, ...]
    next_cursor: Cursor | None
    request: KeysetRequest

    @property
    def has_more(self) -> bool:
        """Whether rows follow this page."""
        return self.next_cursor is not None

    @classmethod
    def from_rows(
        cls, rows: list[T], request: KeysetRequest, cursor_of: Callable[[T], Cursor]
    ) -> "KeysetPage[T]":
        """A page out of up to ``limit + 1`` rows: the extra one only tells that there are more."""
        items = tuple(rows[: request.limit])
        more = len(rows) > request.limit
        return cls(items=items, next_cursor=cursor_of(items[-1]) if more else None, request=request)
