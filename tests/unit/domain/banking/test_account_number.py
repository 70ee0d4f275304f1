"""One account has one number, however a bank spells it."""

import pytest

from ledgerbank_domain.banking.account_number import (
    iban_account_number,
    uk_account_identification,
    uk_account_number,
)


@pytest.mark.parametrize(
    ("sort_code", "number", "expected"),
    [
        ("601613", "31926819", "GB 601613 31926819"),
        ("60-16-13", "3192 6819", "GB 601613 31926819"),
        ("601613", "1926819", "GB 601613 01926819"),
        ("60161", "31926819", None),
        ("601613", "****6819", None),
        ("601613", "00000000", None),
        ("601613", "٣١٩٢٦٨١٩", None),
        (None, "31926819", None),
        ("601613", 31926819, None),
    ],
)
def test_a_sort_code_and_number_have_one_spelling(
    sort_code: object, number: object, expected: str | None
) -> None:
    assert uk_account_number(sort_code, number) == expected


def test_they_may_be_written_as_one_or_as_an_iban() -> None:
    assert uk_account_identification("60-16-13 31926819") == "GB 601613 31926819"
    assert iban_account_number("GB29 NWBK 6016 1331 9268 19") == "GB 601613 31926819"
    assert iban_account_number("gb29nwbk60161331926819") == "GB 601613 31926819"


@pytest.mark.parametrize(
    ("iban", "expected"),
    [
        ("DE89 3704 0044 0532 0130 00", "DE89370400440532013000"),
        ("DE88370400440532013000", None),
        ("DE89xxxxxxxxxxxxxxx000", None),
        ("4111111111111111", None),
        ("", None),
        (None, None),
    ],
)
def test_an_iban_whose_check_digits_are_wrong_is_none(iban: object, expected: str | None) -> None:
    assert iban_account_number(iban) == expected
