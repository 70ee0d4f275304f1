"""Ids and instants in and out."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerbank_adapters.http.fields.wire_values import (
    parse_instant,
    parse_range_end,
    parse_range_start,
    parse_uuid,
    parse_zoned_instant,
    wire_instant,
    wire_money,
)
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.money.currency import CURRENCIES
from ledgerbank_domain.money.money import Money

ID = UUID("01890a5d-ac96-774b-bcce-b302099a8057")


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
microseconds = st.integers(-(10**16), 10**17)
offsets = st.integers(-23, 23).map(lambda hours: timezone(timedelta(hours=hours)))


@given(
    st.builds(
        lambda since, zone: (EPOCH + timedelta(microseconds=since)).astimezone(zone), microseconds, offsets
    )
)
def test_an_instant_comes_back_as_it_was(instant: datetime) -> None:
    text = wire_instant(instant)

    assert len(text) == len("2025-10-10T12:00:00.123456Z")
    assert parse_zoned_instant(text) == instant.astimezone(UTC)
    assert parse_range_start(text) == parse_range_end(text) == instant.astimezone(UTC)


def test_a_day_is_its_first_or_its_last_moment() -> None:
    assert parse_range_start(" 2025-10-10 ") == datetime(2025, 10, 10, tzinfo=UTC)
    assert parse_range_end("2025-10-10") == datetime(2025, 10, 10, 23, 59, 59, 999_999, tzinfo=UTC)


def test_without_a_zone_it_is_utc_and_an_offset_is_taken_off() -> None:
    noon = datetime(2025, 10, 10, 12, tzinfo=UTC)

    for text in (
        "2025-10-10T12:00",
        "2025-10-10 12:00:00",
        "2025-10-10t14:00:00.0+02:00",
        "2025-10-10T12:00z",
    ):
        assert parse_range_start(text) == noon
    assert parse_range_end("2025-10-10T12:00:00.123456789Z") == noon + timedelta(microseconds=123_456)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2025",
        "2025-10",
        "20251010",
        "2025-W41-5",
        "2025-13-01",
        "2025-02-29",
        "2025-10-10T",
        "2025-10-10T25:00Z",
        "2025-10-10T12:00:00+2",
        "2025-10-10T12:00:00+99:00",
        "2025-10-10T12:00:00Z+01:00",
        "2025-10-10T12:00:00,5Z",
        "٢٠٢٥-10-10",
        "0000-01-01",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "2025-10-10\n",
        "1760097600",
    ],
)
@pytest.mark.parametrize("parse", [parse_range_start, parse_range_end, parse_zoned_instant])
def test_anything_else_is_no_instant(parse: Callable[[object], datetime], text: str) -> None:
    if text == "2025-10-10\n" and parse is not parse_zoned_instant:
        assert parse(text).day == 10
        return
    with pytest.raises(DomainError, match="invalid_datetime_format"):
        parse(text)


def test_a_cursors_instant_must_tell_its_zone() -> None:
    with pytest.raises(DomainError, match="invalid_datetime_format"):
        parse_zoned_instant("2025-10-10T12:00:00")


def test_an_instant_of_any_zone_is_shown_in_utc() -> None:
    instant = datetime(2025, 10, 10, 14, tzinfo=timezone(timedelta(hours=2)))

    assert wire_instant(instant) == "2025-10-10T12:00:00.000000Z"


def test_an_id_is_read_in_either_case() -> None:
    assert parse_uuid(str(ID)) == parse_uuid(str(ID).upper()) == ID


@pytest.mark.parametrize(
    "value",
    [
        None,
        5,
        ID,
        "",
        ID.hex,
        f"{{{ID}}}",
        ID.urn,
        f" {ID}",
        f"{ID}\n",
        str(ID)[:-1] + "٣",
        str(ID)[:-1] + "g",
    ],
)
def test_an_id_is_read_in_no_other_form(value: object) -> None:
    with pytest.raises(DomainError, match="invalid_uuid_format"):
        parse_uuid(value)


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [("100.5", "GBP", "100.50"), ("1E+2", "JPY", "100"), ("1.25", "BHD", "1.250"), ("0", "GBP", "0.00")],
)
def test_money_has_exactly_its_minor_digits(amount: str, currency: str, text: str) -> None:
    assert wire_money(Money(Decimal(amount), CURRENCIES[currency])) == text


def test_an_instant_needs_no_zone_but_a_time() -> None:
    noon = datetime(2025, 10, 10, 12, tzinfo=UTC)
    for text in ("2025-10-10T12:00", " 2025-10-10t14:00:00+02:00 ", "2025-10-10 12:00:00z"):
        assert parse_instant(text) == noon
    for nothing in ("2025-10-10", "", "now", None, 5, "2025-10-10T25:00"):
        with pytest.raises(DomainError) as refusal:
            parse_instant(nothing)
        assert refusal.value.reason.code == "invalid_datetime_format"
