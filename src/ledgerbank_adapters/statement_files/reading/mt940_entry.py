"""The line of a statement, field 61 of MT940, and the balances around the lines.

The format, and what the marks mean: SWIFT, Category 9 Message Reference Guide, field 61. RC is the reversal
of a credit and takes money away, RD the reversal of a debit and gives it back. The letter that may follow
the mark is the last one of the currency: ``CR`` is a credit in euros, ``DR`` a debit, and neither is a
reversal.
"""

import calendar
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ledgerbank_adapters.statement_files.reading.unreadable_record import UnreadableRecord
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.ledger.journal import Direction
from ledgerbank_domain.money.currency import KNOWN_CURRENCIES, Currency
from ledgerbank_domain.money.money import Money

_LINE = re.compile(
    r"(?P<value>[0-9]{6})(?P<entry>[0-9]{4})? *(?P<mark>R[CD]|E[CD]|[CD])(?P<funds>[A-Z])?"
    r" ?(?P<amount>[0-9.,]+)"
    r"(?P<type>(?-i:[A-Z][A-Z0-9 ]{3}))?(?P<owner>(?:[^/]|/(?!/))*)(?://(?P<bank>.*))?",
    re.IGNORECASE | re.ASCII,
)
_DATE = re.compile(r"[0-9]{6}")
_AMOUNT = re.compile(r"[0-9]{1,30}(?:,[0-9]*|\.[0-9]{1,2})?")
_BALANCE = re.compile(
    r"(?P<mark>[CD])(?P<on>[0-9]{6})(?P<currency>[A-Z]{3}) ?(?P<amount>[0-9.,]+)", re.IGNORECASE
)
_DIRECTIONS = {
    "C": Direction.CREDIT,
    "D": Direction.DEBIT,
    "RC": Direction.DEBIT,
    "RD": Direction.CREDIT,
    "EC": Direction.CREDIT,
    "ED": Direction.DEBIT,
}
_FIRST_SHORT_YEAR_OF_1900 = 80
# SWIFT transfers, others, and what the statement tells first. Some banks write other letters.
_TYPES = "SNF"
_MAX_LENGTH = 256
_FEBRUARY = 2
_LAST_OF_COMMERCIAL_FEBRUARY = 30
# Shorter ones number the lines of a day, and stand in every statement.
_SHORTEST_ID = 8
_FEWEST_DIGITS_OF_AN_ID = 4
_NO_REFERENCE = frozenset({"", "NONREF", "NOREF", "NOTPROVIDED"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Mt940Entry:
    """What field 61 says. ``booked_on`` is None where only the day of value is told."""

    direction: Direction
    amount: Money
    valued_on: date
    booked_on: date | None
    expected: bool
    owner_reference: str | None
    bank_reference: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mt940Balance:
    """What field 60 or 62 says."""

    amount: Money
    on: date


def mt940_entry(lines: Sequence[str], currency: Currency) -> Mt940Entry:
    """Reads field 61. Raises ``UnreadableRecord``.

    Its first line may be cut in two, also in the middle of the amount: then no type follows the amount.
    """
    line = lines[0].strip()[:_MAX_LENGTH]
    found = _LINE.fullmatch(line)
    if found is None or not found["type"]:
        whole = _LINE.fullmatch("".join(part.strip()[:_MAX_LENGTH] for part in lines[:2]))
        if whole and whole["type"]:
            found = whole
        elif found is None or not _has_all_digits(found["amount"], currency):
            raise UnreadableRecord(_what_is_wrong(line))
    if found["type"] and found["type"][0] not in _TYPES and "," not in found["amount"]:
        raise UnreadableRecord("amount")
    valued_on = _day(found["value"])
    mark = found["mark"].upper()
    return Mt940Entry(
        direction=_DIRECTIONS[mark],
        amount=_money(found["amount"], currency),
        valued_on=valued_on,
        booked_on=_booked_on(found["entry"], valued_on),
        expected=mark.startswith("E"),
        owner_reference=_reference(found["owner"]),
        bank_reference=_reference(found["bank"]),
    )


def currency_of_balance(line: str) -> str | None:
    """The code of the currency in field 60 or 62, known or not."""
    found = _BALANCE.fullmatch(line[:_MAX_LENGTH].strip())
    return found["currency"].upper() if found else None


def mt940_balance(line: str) -> Mt940Balance | None:
    """Reads field 60 or 62; None when it cannot be read, or its currency is none."""
    found = _BALANCE.fullmatch(line[:_MAX_LENGTH].strip())
    currency = KNOWN_CURRENCIES.get(found["currency"].upper()) if found else None
    if found is None or currency is None:
        return None
    try:
        amount, on = _money(found["amount"], currency), _day(found["on"])
    except UnreadableRecord:
        return None
    return Mt940Balance(amount=-amount if found["mark"].upper() == "D" else amount, on=on)


def is_an_id(reference: str | None) -> bool:
    """Whether a bank's reference can be an id of its own, and not the number of a line."""
    if reference is None or len(reference) < _SHORTEST_ID:
        return False
    return sum(map(str.isdigit, reference)) >= _FEWEST_DIGITS_OF_AN_ID


def _has_all_digits(amount: str, currency: Currency) -> bool:
    return len(amount.partition(",")[2]) == currency.minor_digits and "," in amount


def _what_is_wrong(line: str) -> str:
    if not _DATE.match(line.strip()):
        return "date"
    return (
        "amount" if re.match(r"[0-9]{6}(?:[0-9]{4})? *(?:R|E)?[CD]", line.strip(), re.IGNORECASE) else "mark"
    )


def _money(told: str, currency: Currency) -> Money:
    if _AMOUNT.fullmatch(told) is None:
        raise UnreadableRecord("amount")
    try:
        money = Money(Decimal(told.replace(",", ".")), currency)
    except DomainError:
        raise UnreadableRecord("amount") from None
    if not money.is_representable:
        raise UnreadableRecord("amount")
    return money


def _day(told: str) -> date:
    """A day as YYMMDD. The 30th of February is the last of it: interest counts months of 30 days."""
    short, month, day = (int(told[at : at + 2]) for at in (0, 2, 4))
    year = short + (1900 if short >= _FIRST_SHORT_YEAR_OF_1900 else 2000)
    if month == _FEBRUARY and day <= _LAST_OF_COMMERCIAL_FEBRUARY:
        day = min(day, calendar.monthrange(year, month)[1])
    try:
        return date(year, month, day)
    except ValueError:
        raise UnreadableRecord("date") from None


def _booked_on(told: str | None, valued_on: date) -> date | None:
    """The day of booking, MMDD, in the year that brings it nearest to the day of value."""
    if told is None:
        return None
    days = []
    for year in (valued_on.year - 1, valued_on.year, valued_on.year + 1):
        try:
            days.append(date(year, int(told[:2]), int(told[2:])))
        except ValueError:
            continue
    return min(days, key=lambda day: abs(day - valued_on), default=None)


def _reference(told: str | None) -> str | None:
    reference = (told or "").strip()
    return None if reference.upper() in _NO_REFERENCE else reference
