"""What a bank says about when to come again."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerbank_adapters.bank_http.retry_after import parse_retry_after, wait_in_seconds

NOW = datetime(2025, 1, 15, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120),
        (" 7 ", 7),
        ("0", 1),
        ("007", 7),
        ("3600", 3600),
        ("3601", 3600),
        ("9" * 5000, 3600),
        ("Wed, 15 Jan 2025 12:02:00 GMT", 120),
        ("Wed, 15 Jan 2025 11:00:00 GMT", 1),
        ("Thu, 16 Jan 2025 12:00:00 GMT", 3600),
        ("Wednesday, 15-Jan-25 12:02:00 GMT", 120),
        ("Wed Jan 15 12:02:00 2025", 120),
        (None, None),
        ("", None),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("٣", None),
        ("Wed, 15 Foo 2025 12:02:00 GMT", None),
        ("Wed, 15 Jan 99999 12:02:00 GMT", None),
    ],
)
def test_seconds_and_dates_are_read_and_clamped_and_nonsense_is_nothing(
    header: str | None, seconds: int | None
) -> None:
    assert parse_retry_after(header, now=NOW) == seconds


@given(st.text(max_size=60))
def test_no_header_is_an_error(header: str) -> None:
    assert parse_retry_after(header, now=NOW) in (None, *range(1, 3601))


@given(st.integers(-10_000, 10_000))
def test_a_date_says_the_same_as_its_distance(distance: int) -> None:
    header = format_datetime(NOW + timedelta(seconds=distance), usegmt=True)

    assert parse_retry_after(header, now=NOW) == min(max(distance, 1), 3600)


@given(st.integers(0, 3600_000))
def test_a_wait_is_never_rounded_to_before_its_end(milliseconds: int) -> None:
    assert timedelta(seconds=wait_in_seconds(timedelta(milliseconds=milliseconds))) >= min(
        timedelta(milliseconds=milliseconds), timedelta(hours=1)
    )
