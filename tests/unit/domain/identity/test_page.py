"""Pages by number and by key."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.scenes.domain_samples import NOW

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.identity.page import (
    NEWEST_FIRST,
    Cursor,
    KeysetPage,
    KeysetRequest,
    Page,
    PageRequest,
    Sort,
)


@pytest.mark.parametrize(
    ("page", "page_size"),
    [(0, 20), (-1, 20), (1, 0), (1, 101), (10**15 + 1, 1), ("1", 20), (1, 20.0), (True, 20), (None, 20)],
)
def test_a_page_request_out_of_range_is_refused(page: Any, page_size: Any) -> None:
    with pytest.raises(DomainError, match="invalid_filter"):
        PageRequest(page=page, page_size=page_size)


def test_the_smallest_and_the_largest_request_are_fine() -> None:
    assert PageRequest().offset == 0
    assert PageRequest(page=3, page_size=100).offset == 200
    assert PageRequest(page=10**9, page_size=1).offset == 10**9 - 1


@given(st.integers(0, 500), st.integers(1, 100))
def test_pages_cut_a_list_without_gap_or_overlap(total: int, page_size: int) -> None:
    rows = list(range(total))
    last = Page(items=(), total_count=total, request=PageRequest(page_size=page_size)).total_pages
    pages = []
    for number in range(1, last + 1):
        request = PageRequest(page=number, page_size=page_size)
        items = tuple(rows[request.offset : request.offset + page_size])
        pages.append(Page(items=items, total_count=total, request=request))

    assert [row for page in pages for row in page.items] == rows
    assert all(page.items for page in pages)
    assert [page.has_next for page in pages] == [True] * (last - 1) + [False] * bool(last)
    assert [page.has_prev for page in pages] == [False] * bool(last) + [True] * (last - 1)


def test_an_empty_list_has_no_pages() -> None:
    page: Page[int] = Page(items=(), total_count=0, request=PageRequest())

    assert (page.total_pages, page.has_next, page.has_prev) == (0, False, False)


def test_a_page_after_the_last_has_only_pages_before_it() -> None:
    page: Page[int] = Page(items=(), total_count=3, request=PageRequest(page=9))

    assert (page.total_pages, page.has_next, page.has_prev) == (1, False, True)


def test_mapping_a_page_changes_its_items_only() -> None:
    request = PageRequest(page=2, page_size=2)

    assert Page(items=(3, 4), total_count=5, request=request).map(str) == Page(
        items=("3", "4"), total_count=5, request=request
    )


@pytest.mark.parametrize("limit", [0, -1, 101])
def test_a_keyset_limit_out_of_range_is_refused(limit: int) -> None:
    with pytest.raises(DomainError, match="invalid_filter"):
        KeysetRequest(limit=limit)


def test_a_cursor_continues_only_a_list_of_its_own_sort_field() -> None:
    cursor = Cursor(field="inserted_at", value=NOW, id=UUID(int=1))

    assert KeysetRequest(after=cursor).sort == NEWEST_FIRST
    with pytest.raises(DomainError, match="invalid_cursor"):
        KeysetRequest(sort=Sort(field="amount"), after=cursor)


@pytest.mark.parametrize(
    ("rows", "items", "cursor"),
    [([], (), None), ([1], (1,), None), ([1, 2], (1, 2), None), ([1, 2, 3], (1, 2), 2)],
)
def test_one_row_more_than_the_limit_tells_that_there_are_more(
    rows: list[int], items: tuple[int, ...], cursor: int | None
) -> None:
    page = KeysetPage.from_rows(
        rows, KeysetRequest(limit=2), lambda row: Cursor(field="inserted_at", value=NOW, id=UUID(int=row))
    )

    assert page.items == items
    assert page.has_more == (cursor is not None)
    assert (None if page.next_cursor is None else page.next_cursor.id.int) == cursor
