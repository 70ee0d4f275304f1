"""Money is exact, in one currency, whatever the surroundings."""

import subprocess
import sys
from decimal import ROUND_FLOOR, Decimal, localcontext
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.money.currency import CURRENCIES, Currency
from ledgerbank_domain.money.money import Money, money_as_written, parse_amount, parse_decimal

GBP, JPY, BHD, CLF = (CURRENCIES[code] for code in ("GBP", "JPY", "BHD", "CLF"))
currencies = st.sampled_from(sorted(CURRENCIES.values(), key=lambda currency: currency.code))


@st.composite
def amounts_of_money(draw: st.DrawFn, currency: Currency | None = None) -> Money:
    chosen = currency or draw(currencies)
    minor_units = draw(st.integers(-(10**17), 10**17))
    return Money(Decimal(minor_units).scaleb(-chosen.minor_digits), chosen)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Money, Money]:
    currency = draw(currencies)
    return draw(amounts_of_money(currency)), draw(amounts_of_money(currency))


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("100.5", GBP, "100.50"),
        ("100", JPY, "100"),
        ("100.000", JPY, "100"),
        ("1.25", BHD, "1.250"),
        ("1", CLF, "1.0000"),
        ("1E+3", GBP, "1000.00"),
        ("-0.010", GBP, "-0.01"),
        ("0", JPY, "0"),
    ],
)
def test_an_amount_is_shown_with_exactly_its_currencys_digits(
    amount: str, currency: Currency, text: str
) -> None:
    assert str(Money(Decimal(amount), currency)) == text


@pytest.mark.parametrize(
    ("amount", "currency"), [("0.5", JPY), ("0.001", GBP), ("1.0001", BHD), ("0.00001", CLF)]
)
def test_an_amount_with_more_digits_than_its_currency_is_refused(amount: str, currency: Currency) -> None:
    with pytest.raises(DomainError) as refusal:
        Money(Decimal(amount), currency)
    assert refusal.value.reason is Reason.INVALID_AMOUNT_FORMAT


@pytest.mark.parametrize("amount", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_what_is_no_finite_decimal_is_no_money(amount: str) -> None:
    with pytest.raises(DomainError) as refusal:
        Money(Decimal(amount), GBP)
    assert refusal.value.reason is Reason.INVALID_AMOUNT_FORMAT


@pytest.mark.parametrize(
    "amount", [5, 5.0, "5", True, None, [], Decimal("1E+41"), Decimal("1E+999999")], ids=repr
)
def test_only_a_decimal_that_is_not_beyond_all_reason_is_an_amount(amount: Any) -> None:
    with pytest.raises(DomainError) as refusal:
        Money(amount, GBP)
    assert refusal.value.reason is Reason.INVALID_AMOUNT_FORMAT


@pytest.mark.parametrize("currency", ["GBP", None, 2], ids=repr)
def test_money_is_in_a_currency(currency: Any) -> None:
    with pytest.raises(DomainError) as refusal:
        Money(Decimal(1), currency)
    assert refusal.value.reason is Reason.INVALID_CURRENCY_FORMAT


@pytest.mark.parametrize("zero", ["-0", "-0.00", "-0E-99", "-0E+99", "0E+999999"])
def test_zero_has_no_sign(zero: str) -> None:
    for money in (Money(Decimal(zero), GBP), -Money(Decimal(zero), GBP), -Money.zero(GBP)):
        assert str(money) == "0.00"
        assert not money.amount.is_signed()


class Unusual(Decimal):
    """A number that says of itself what it likes."""

    def is_finite(self) -> bool:
        return True

    def __lt__(self, other: object) -> bool:
        return False


def test_of_a_subclass_of_decimal_only_the_number_counts() -> None:
    money = Money(Unusual("1.5"), GBP)

    assert type(money.amount) is Decimal
    assert str(money) == "1.50"
    with pytest.raises(DomainError):
        Money(Unusual("NaN"), GBP)


@given(pairs())
def test_adding_and_subtracting_are_exact_and_undo_each_other(pair: tuple[Money, Money]) -> None:
    first, second = pair
    digits = first.currency.minor_digits

    assert first + second - second == first
    assert (first + second).amount.scaleb(digits) == int(first.amount.scaleb(digits)) + int(
        second.amount.scaleb(digits)
    )
    assert first - second == first + -second
    assert (first + -first).is_zero


@given(pairs())
def test_order_is_that_of_the_amounts(pair: tuple[Money, Money]) -> None:
    first, second = pair

    assert (first < second) == (first.amount < second.amount)
    assert (first <= second) == (not first > second)
    assert (first >= second) == (not first < second)
    assert first.is_positive == (first > Money.zero(first.currency))


@given(amounts_of_money())
def test_the_ambient_decimal_context_changes_nothing(money: Money) -> None:
    with localcontext() as context:
        context.prec = 1
        context.Emin, context.Emax = 0, 1
        context.rounding = ROUND_FLOOR
        for signal in context.traps:
            context.traps[signal] = True
        assert Money(money.amount, money.currency) == money
        assert money + money - money == money
        assert Money.zero(money.currency) - -money == money
        assert (money - money).amount.is_signed() is False
        assert str(-money).lstrip("-") == str(money).lstrip("-")
        assert money.is_representable == (len(str(money).lstrip("-").partition(".")[0]) <= 13)
        assert parse_decimal("0.0001") == Decimal("0.0001")


def test_the_default_context_of_the_program_that_embeds_it_changes_nothing() -> None:
    program = """
from decimal import DefaultContext, Decimal, Inexact, Rounded, Subnormal
DefaultContext.prec, DefaultContext.Emax, DefaultContext.clamp = 2, 3, 1
DefaultContext.traps.update({Inexact: True, Rounded: True, Subnormal: True})
import threading
def run():
    from ledgerbank_domain.money.currency import CURRENCIES
    from ledgerbank_domain.money.money import Money
    money = Money(Decimal("9999999999999.99"), CURRENCIES["GBP"])
    print(money + money - money, money.is_representable)
thread = threading.Thread(target=run)
thread.start()
thread.join()
"""
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert told.stdout == "9999999999999.99 True\n", told.stderr


def test_two_currencies_cannot_be_combined() -> None:
    pounds, yen = Money(Decimal(1), GBP), Money(Decimal(1), JPY)

    assert pounds != yen
    for combine in (
        pounds.__add__,
        pounds.__sub__,
        pounds.__lt__,
        pounds.__le__,
        pounds.__gt__,
        pounds.__ge__,
    ):
        with pytest.raises(ValueError, match="cannot combine"):
            combine(yen)


def test_storage_holds_thirteen_integer_digits() -> None:
    assert Money(Decimal("9999999999999.99"), GBP).is_representable
    assert Money(Decimal("-9999999999999.99"), GBP).is_representable
    assert not Money(Decimal(10000000000000), GBP).is_representable
    assert not Money(Decimal(-10000000000000), GBP).is_representable


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1", "1"),
        (" 5.00 ", "5.00"),
        ("0.0001", "0.0001"),
        ("007.10", "7.10"),
        ("9999999999999", "9999999999999"),
        ("0000000000001", "1"),
        ("-3.5", "-3.5"),
        ("-0", "0"),
        ("-0.00", "0.00"),
    ],
)
def test_a_plain_decimal_keeps_its_digits_as_written(text: str, amount: str) -> None:
    assert parse_decimal(text).as_tuple() == Decimal(amount).as_tuple()


NO_DECIMALS = [
    "",
    " ",
    "+1",
    "1e3",
    "1E3",
    "5.",
    ".5",
    "1,000",
    "1_000",
    "1 000",
    "--1",
    "NaN",
    "Infinity",
    "0x10",
    "\u0661",
    "\uff11",
    "1\x00",
    "1\n1",
    "10000000000000",
    "00000000000001",
    "1." + "0" * 70,
    1,
    1.5,
    True,
    None,
    [],
    Decimal(1),
]


@pytest.mark.parametrize("value", NO_DECIMALS, ids=repr)
def test_what_is_no_plain_decimal_is_an_invalid_amount(value: object) -> None:
    with pytest.raises(DomainError) as refusal:
        parse_decimal(value)
    assert refusal.value.reason is Reason.INVALID_AMOUNT_FORMAT


@pytest.mark.parametrize("text", ["0", "0.00", "-0", "-0.01", "-5"])
def test_zero_and_less_is_a_negative_amount(text: str) -> None:
    with pytest.raises(DomainError) as refusal:
        parse_amount(text)
    assert refusal.value.reason is Reason.NEGATIVE_AMOUNT


def test_the_smallest_amount_is_an_amount() -> None:
    assert parse_amount("0.01") == Decimal("0.01")


@given(st.text())
def test_any_text_is_a_decimal_or_refused(text: str) -> None:
    try:
        amount = parse_decimal(text)
    except DomainError as refusal:
        assert refusal.reason is Reason.INVALID_AMOUNT_FORMAT  # noqa: PT017 - most text is refused, some is not
    else:
        assert amount.is_finite()


@pytest.mark.parametrize(
    ("text", "currency"), [("5.00", JPY), ("5.000", GBP), ("1.2500", BHD), ("1.00000", CLF)]
)
def test_even_zeros_may_not_be_more_digits_than_the_currency_has(text: str, currency: Currency) -> None:
    with pytest.raises(DomainError) as refusal:
        money_as_written(Decimal(text), currency)
    assert refusal.value.reason is Reason.INVALID_AMOUNT_FORMAT
    assert refusal.value.details["field"] == "amount"


def test_fewer_digits_than_the_currency_has_are_filled_up() -> None:
    assert str(money_as_written(Decimal(5), GBP)) == "5.00"
    assert str(money_as_written(Decimal("5.1"), BHD)) == "5.100"
