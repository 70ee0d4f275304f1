"""Values that files of every format spell in many ways."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledgerbank_adapters.statement_files.reading.filed_values import (
    filed_decimal,
    filed_description,
    filed_id,
    filed_money,
    filed_number,
    filed_text,
    known_day,
)
from ledgerbank_adapters.statement_files.reading.unreadable_record import UnreadableRecord
from ledgerbank_domain.banking.feed_warning import FeedFault, RecordKind
from ledgerbank_domain.identity.text_rules import is_text
from ledgerbank_domain.money.currency import parse_currency


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("12.50", "12.50"),
        ("12,50", "12.50"),
        ("1.234", "1.234"),
        ("0,123", "0.123"),
        ("1234,567", "1234.567"),
        ("1,234.50", "1234.50"),
        ("1.234,50", "1234.50"),
        ("1,234,567", "1234567"),
        ("1.234.567", "1234567"),
        ("1,234,567.8", "1234567.8"),
        ("1 234,50", "1234.50"),
        ("1\u00a0234,50", "1234.50"),
        ("1'234.50", "1234.50"),
        ("1\u2019234.50", "1234.50"),
        ("-1,234.50", "-1234.50"),
        ("- 3", "-3"),
        ("+4,1", "4.1"),
        (".5", "0.5"),
        ("5.", "5"),
    ],
)
def test_a_number_is_read_with_point_or_comma_and_with_thousands(written: str, number: str) -> None:
    assert filed_decimal(written, field="x") == Decimal(number)


@pytest.mark.parametrize(
    "written",
    [
        "1,234",
        "12,345",
        "1e5",
        "NaN",
        "Infinity",
        "-",
        ".",
        ",",
        "12,34,56",
        "1,23.4",
        "1_000",
        "٣",
        "0x1",
        "9" * 41,
    ],
)
def test_what_may_be_two_numbers_or_none_is_not_guessed(written: str) -> None:
    with pytest.raises(UnreadableRecord) as unreadable:
        filed_decimal(written, field="x")
    assert unreadable.value.fault is FeedFault.UNREADABLE


@settings(max_examples=40, deadline=None)
@given(st.decimals(min_value=-(10**12), max_value=10**12, places=2, allow_nan=False), st.sampled_from(".,"))
def test_every_amount_is_read_to_the_penny(amount: Decimal, mark: str) -> None:
    euros = parse_currency("EUR")
    plain, grouped = f"{amount:f}".replace(".", mark), f"{amount:,f}"
    if mark == ",":
        grouped = grouped.translate(str.maketrans(",.", ".,"))
    assert filed_money(plain, euros, field="x").amount == amount
    assert filed_money(grouped, euros, field="x").amount == amount


@settings(max_examples=40, deadline=None)
@given(st.text(st.characters(max_codepoint=0xFFFF), max_size=300))
def test_whatever_stands_there_is_a_text_that_can_be_kept(text: str) -> None:
    description = filed_description([text])
    assert is_text(description)
    assert 1 <= len(description) <= 255
    assert filed_text(description) == description
    external_id, number = filed_id(text), filed_number(text)
    assert external_id is None or (is_text(external_id) and 0 < len(external_id) < 255)
    assert number is None or " " not in number


def test_long_ids_that_differ_at_their_end_stay_apart() -> None:
    first, second = filed_id("x" * 300 + "1"), filed_id("x" * 300 + "2")
    assert first != second
    assert first == filed_id("x" * 300 + "1")


def test_parts_that_say_the_same_are_said_once() -> None:
    assert filed_description(["Grocer", None, "", "GROCER", "Leeds"]) == "Grocer - Leeds"
    assert filed_description([None, " \t"]) == "Transaction"


@pytest.mark.parametrize("day", [date(1, 1, 1), date(1899, 12, 31), date(2200, 1, 1), date(9999, 12, 31)])
def test_a_day_that_no_bank_means_is_none(day: date) -> None:
    with pytest.raises(UnreadableRecord):
        known_day(day, field="x")


def test_what_is_told_of_a_record_is_its_place_and_its_field_and_no_value() -> None:
    told = UnreadableRecord("TRNAMT", FeedFault.MISSING).told(place="record 3", external_id="F-1")
    assert (told.kind, told.external_id, told.field) == (RecordKind.MOVEMENT, "F-1", "record 3: TRNAMT")
    assert len(UnreadableRecord("x" * 500).told(place="record 3").field) == 100
