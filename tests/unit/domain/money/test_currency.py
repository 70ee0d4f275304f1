"""Currencies are those of ISO 4217, with its minor digits."""

from typing import Any

import pytest

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.money.currency import (
    CURRENCIES,
    KNOWN_CURRENCIES,
    Currency,
    parse_currency,
    parse_currency_code,
    parse_known_currency,
    stored_currency,
)


@pytest.mark.parametrize(
    ("code", "digits"),
    [
        ("GBP", 2),
        ("USD", 2),
        ("EUR", 2),
        ("JPY", 0),
        ("KRW", 0),
        ("ISK", 0),
        ("BHD", 3),
        ("KWD", 3),
        ("CLF", 4),
    ],
)
def test_minor_digits_are_those_of_iso_4217(code: str, digits: int) -> None:
    assert CURRENCIES[code].minor_digits == digits
    assert str(CURRENCIES[code]) == code


def test_every_code_has_three_upper_case_letters_and_occurs_once() -> None:
    assert all(code.isascii() and code.isalpha() and code.isupper() and len(code) == 3 for code in CURRENCIES)
    assert all(currency.code == code for code, currency in CURRENCIES.items())
    assert len(CURRENCIES) > 150


@pytest.mark.parametrize("code", ["XAU", "XXX", "XTS", "DEM"])
def test_metals_test_codes_and_past_currencies_are_none(code: str) -> None:
    with pytest.raises(DomainError) as refusal:
        parse_currency(code)
    assert refusal.value.reason is Reason.INVALID_CURRENCY_FORMAT


@pytest.mark.parametrize(("code", "digits"), [("HRK", 2), ("BGN", 2), ("BYR", 0), ("GBP", 2), ("JPY", 0)])
def test_what_is_in_the_books_is_read_in_its_currency_withdrawn_or_not(code: str, digits: int) -> None:
    assert stored_currency(code) == Currency(code, digits)
    assert parse_known_currency(code.lower()) == Currency(code, digits)


def test_nothing_new_begins_in_a_withdrawn_currency() -> None:
    withdrawn = KNOWN_CURRENCIES.keys() - CURRENCIES.keys()

    assert {"HRK", "BGN", "BYR"} <= withdrawn
    for code in withdrawn:
        with pytest.raises(DomainError):
            parse_currency(code)


def test_a_currency_of_no_table_is_read_with_all_the_digits_of_storage() -> None:
    assert stored_currency("QQQ") == Currency("QQQ", 4)
    with pytest.raises(DomainError):
        parse_known_currency("QQQ")


@pytest.mark.parametrize(
    ("code", "digits"),
    [
        ("gbp", 2),
        ("GBPP", 2),
        ("", 2),
        (None, 2),
        (b"GBP", 2),
        ("GBP", 5),
        ("GBP", -1),
        ("GBP", "2"),
        ("GBP", True),
    ],
    ids=repr,
)
def test_no_currency_can_be_made_that_is_none(code: Any, digits: Any) -> None:
    with pytest.raises(DomainError) as refusal:
        Currency(code, digits)
    assert refusal.value.reason is Reason.INVALID_CURRENCY_FORMAT


@pytest.mark.parametrize("value", ["gbp", " GBP ", "Gbp", "GBP"])
def test_a_code_is_read_in_any_case(value: str) -> None:
    assert parse_currency(value) is CURRENCIES["GBP"]


def test_a_code_of_no_currency_is_still_a_code() -> None:
    assert parse_currency_code("zzz") == "ZZZ"


@pytest.mark.parametrize(
    "value",
    ["", "GB", "GBPP", "G1P", "\u0130BP", "\uff27\uff22\uff30", "GBP\x00", None, 3, ["GBP"]],
    ids=repr,
)
def test_what_has_not_three_letters_is_no_code(value: object) -> None:
    for parse in (parse_currency, parse_currency_code):
        with pytest.raises(DomainError) as refusal:
            parse(value)
        assert refusal.value.reason is Reason.INVALID_CURRENCY_FORMAT


@pytest.mark.parametrize(("code", "digits"), [("GBP", 4), ("JPY", 2), ("BHD", 2), ("HRK", 0), ("CLF", 0)])
def test_a_currency_has_the_digits_of_its_table_whoever_builds_it(code: str, digits: int) -> None:
    with pytest.raises(DomainError, match="invalid_currency_format"):
        Currency(code, digits)
