"""What all rows of a file together say about how they are written."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from ledgerbank_adapters.statement_files.reading import csv_header_words as words
from ledgerbank_adapters.statement_files.reading.csv_cell_words import sign_told
from ledgerbank_adapters.statement_files.reading.csv_dates import is_like_a_date
from ledgerbank_adapters.statement_files.reading.csv_layout import CsvLayout
from ledgerbank_adapters.statement_files.reading.csv_numbers import WrittenNumber, written_number
from ledgerbank_adapters.statement_files.reading.csv_rows import CsvRow

MARKS = (".", ",")
_OF_MONEY = (words.AMOUNT, words.CREDIT, words.DEBIT, words.BALANCE, words.FEE)
_MOVED = (words.AMOUNT, words.CREDIT, words.DEBIT)
_MAX_KEPT_NUMBERS = 20_000


@dataclass(slots=True, kw_only=True)
class CsvEvidence:
    """What was seen in the rows that have a date and an amount.

    ``dates`` are in the order of the rows. ``fits`` counts the numbers that only one decimal mark can read,
    and under ``either`` those that are another number under each. Of the signs it is known in which columns
    both kinds stand. Currencies are counted as they stand in their column and beside amounts.
    """

    dates: list[str] = field(default_factory=list)
    other_dates: list[str] = field(default_factory=list)
    fits: Counter[str] = field(default_factory=Counter)
    either: int = 0
    negatives: set[str] = field(default_factory=set)
    positives: set[str] = field(default_factory=set)
    told_otherwise: bool = False
    currencies: Counter[str] = field(default_factory=Counter)
    currencies_beside: Counter[str] = field(default_factory=Counter)


def csv_evidence(
    rows: Iterable[CsvRow],
    layout: CsvLayout,
    minor_digits: int,
    is_date: Callable[[str], object] = is_like_a_date,
) -> CsvEvidence:
    """Goes through the rows once; what it keeps of each is small."""
    evidence = CsvEvidence()
    is_date = lru_cache(maxsize=_MAX_KEPT_NUMBERS)(is_date)
    seen: dict[str, str] = {}
    judged: dict[str, tuple[bool, bool, bool]] = {}
    of_money = [role for role in _OF_MONEY if role in layout.columns]
    for row in rows:
        day = layout.cell(row, words.DATE)
        if row.is_too_wide or not is_date(day):
            continue
        evidence.dates.append(seen.setdefault(day, day))
        if other := layout.cell(row, words.OTHER_DATE):
            evidence.other_dates.append(seen.setdefault(other, other))
        evidence.currencies[layout.cell(row, words.CURRENCY).upper()] += 1
        for role in of_money:
            number = written_number(layout.cell(row, role))
            if number is not None:
                _weigh(number, evidence, judged, minor_digits)
                _see_sign(number, role, row, layout, evidence)
                if role in _MOVED:
                    evidence.currencies_beside[number.currency or ""] += 1
    return evidence


def _weigh(
    number: WrittenNumber,
    evidence: CsvEvidence,
    judged: dict[str, tuple[bool, bool, bool]],
    minor_digits: int,
) -> None:
    if not number.is_marked:
        return
    verdict = judged.get(number.digits)
    if verdict is None:
        point, comma = (number.magnitude(mark, minor_digits) for mark in MARKS)
        verdict = (point is not None, comma is not None, point != comma)
        if len(judged) < _MAX_KEPT_NUMBERS:
            judged[number.digits] = verdict
    by_point, by_comma, differ = verdict
    if by_point and by_comma:
        evidence.either += differ
    elif by_point or by_comma:
        evidence.fits["." if by_point else ","] += 1


def _see_sign(
    number: WrittenNumber, role: str, row: CsvRow, layout: CsvLayout, evidence: CsvEvidence
) -> None:
    if not number.digits.strip("0.,' "):
        return
    (evidence.negatives if number.sign < 0 else evidence.positives).add(role)
    if role == words.AMOUNT and number.sign >= 0 and sign_told(layout.cell(row, words.DIRECTION)) < 0:
        evidence.told_otherwise = True
