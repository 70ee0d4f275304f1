"""Pages, sort orders and cursors as clients write them."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerbank_adapters.http.fields.keyset_cursors import cursor_object, cursor_token, parse_cursor
from ledgerbank_adapters.http.fields.paging_queries import clamped_integer, sort_by
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.identity.page import LAST_PAGE, MAX_PAGE_SIZE, Cursor, PageRequest, Sort

FIELDS = {"email", "inserted_at"}
ID = UUID("01890a5d-ac96-774b-bcce-b302099a8057")

cursors = st.builds(
    Cursor,
    field=st.just("posted_at"),
    value=st.datetimes(timezones=st.just(UTC)),
    id=st.uuids(),
) | st.builds(
    Cursor,
    field=st.just("amount"),
    value=st.decimals(min_value=0, max_value=10**12, places=4, allow_nan=False),
    id=st.uuids(),
)


@given(cursors)
def test_a_cursor_comes_back_from_either_form(cursor: Cursor) -> None:
    sort = Sort(field=cursor.field)

    assert parse_cursor(json.dumps(cursor_object(cursor)), sort) == cursor
    assert parse_cursor(cursor_token(cursor), sort) == cursor


def test_a_token_is_compact_json_in_unpadded_base64url() -> None:
    cursor = Cursor(field="inserted_at", value=datetime(2025, 1, 1, tzinfo=UTC), id=ID)

    assert cursor_object(cursor) == {"inserted_at": "2025-01-01T00:00:00.000000Z", "id": str(ID)}
    assert "=" not in cursor_token(cursor)
    assert cursor_token(cursor).startswith("eyJpbnNlcnRlZF9hdCI6IjIwMjUt")


@given(st.text() | st.text(st.sampled_from("abcXYZ019-_=")))
def test_any_other_text_is_no_cursor(text: str) -> None:
    with pytest.raises(DomainError, match="invalid_cursor"):
        parse_cursor(text, Sort(field="posted_at"))


def test_a_cursor_continues_its_own_sort_field_only() -> None:
    token = cursor_token(Cursor(field="amount", value=Decimal("5.00"), id=ID))

    with pytest.raises(DomainError, match="invalid_cursor"):
        parse_cursor(token, Sort(field="posted_at"))


@given(st.integers(min_value=1))
def test_a_number_is_itself_up_to_the_largest(number: int) -> None:
    assert clamped_integer(str(number), default=1, maximum=LAST_PAGE) == min(number, LAST_PAGE)


@given(st.text())
def test_any_text_gives_a_page_that_a_database_can_count_to(text: str) -> None:
    page = clamped_integer(text, default=1, maximum=LAST_PAGE)
    page_size = clamped_integer(text, default=20, maximum=MAX_PAGE_SIZE)

    assert PageRequest(page=page, page_size=page_size).offset < 2**63


@pytest.mark.parametrize("text", ["0", "-1", "+1", "1.0", "1e1", "1_0", " 1", "١", "²", "", "0x1", "1\n"])
def test_what_is_no_plain_positive_integer_is_the_default(text: str) -> None:
    assert clamped_integer(text, default=20, maximum=100) == 20


@pytest.mark.parametrize(
    ("text", "sorts"),
    [
        ("email", (Sort(field="email"),)),
        ("email:asc", (Sort(field="email"),)),
        (
            "created_at:desc, email",
            (Sort(field="inserted_at", descending=True), Sort(field="email")),
        ),
    ],
)
def test_a_sort_order_is_read_field_by_field(text: str, sorts: tuple[Sort, ...]) -> None:
    assert sort_by(FIELDS).parse(text) == sorts


@pytest.mark.parametrize(
    "text",
    [
        "id",
        "email:",
        "email:DESC",
        "email:asc:asc",
        "email,",
        "email,email",
        "created_at,inserted_at",
        ":asc",
    ],
)
def test_any_other_sort_order_is_refused(text: str) -> None:
    with pytest.raises(DomainError, match="invalid_sort"):
        sort_by(FIELDS).parse(text)


def test_created_at_means_nothing_where_inserted_at_is_no_sort_field() -> None:
    with pytest.raises(DomainError, match="invalid_sort"):
        sort_by({"amount"}).parse("created_at")


def test_a_list_may_allow_one_sort_field_only() -> None:
    with pytest.raises(DomainError, match="invalid_sort"):
        sort_by(FIELDS, max_fields=1).parse("email,inserted_at")
