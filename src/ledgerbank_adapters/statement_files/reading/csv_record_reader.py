"""One row of a CSV file, read by its profile."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from ledgerbank_adapters.statement_files.reading import csv_header_words as words
from ledgerbank_adapters.statement_files.reading.csv_cell_words import (
    RowState,
    SumKind,
    balance_told,
    is_currency_code,
    sign_told,
    state_told,
    sums_up,
)
from ledgerbank_adapters.statement_files.reading.csv_dates import instant_reader
from ledgerbank_adapters.statement_files.reading.csv_evidence import CsvEvidence
from ledgerbank_adapters.statement_files.reading.csv_layout import CsvLayout
from ledgerbank_adapters.statement_files.reading.csv_numbers import WrittenNumber, written_number
from ledgerbank_adapters.statement_files.reading.csv_rows import CsvRow
from ledgerbank_adapters.statement_files.reading.filed_values import filed_description, filed_id
from ledgerbank_adapters.statement_files.reading.unreadable_record import UnreadableRecord
from ledgerbank_domain.banking.feed_warning import FeedFault
from ledgerbank_domain.money.currency import Currency
from ledgerbank_domain.ports.statement_reader import CsvProfile

_TEXTS = (words.PAYEE, words.DESCRIPTION, words.REFERENCE)
_MOVED = (words.AMOUNT, words.CREDIT, words.DEBIT)
_FEW_CELLS = 2
# A dash in an empty cell.
_NOT_TOLD = frozenset({"-", "\u2013", "\u2014"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvRecord:
    """What a row says. ``adds`` is what it adds to the account; ``fee`` is told apart where there is one."""

    line: int
    at: datetime
    adds: Decimal
    fee: Decimal
    balance: Decimal | None
    external_id: str | None
    description: str
    pending: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldBalance:
    """A row that tells what was on the account before the others, or after them."""

    kind: SumKind
    amount: Decimal
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvSigns:
    """How a file tells what is taken from an account, as all of its rows show.

    ``by_marks``: by a word in a column of its own. ``debits_are_negative``: also where debits have their
    own column. ``are_told``: in any way at all; where they are not, all amounts are credits.
    """

    by_marks: bool
    debits_are_negative: bool
    are_told: bool

    @classmethod
    def of(cls, evidence: CsvEvidence, layout: CsvLayout) -> "CsvSigns":
        """By what was seen in the file."""
        signed = words.AMOUNT in evidence.negatives
        by_marks = words.DIRECTION in layout.columns and (not signed or evidence.told_otherwise)
        return cls(
            by_marks=by_marks,
            are_told=signed or by_marks or words.AMOUNT not in layout.columns,
            debits_are_negative=words.DEBIT in evidence.negatives and words.DEBIT not in evidence.positives,
        )


class CsvRecordReader:
    """Reads rows by one profile, in the currency of the statement."""

    def __init__(self, layout: CsvLayout, profile: CsvProfile, signs: CsvSigns, currency: Currency) -> None:
        self._layout = layout
        self._mark = profile.decimal_mark
        self._signs = signs
        self._currency = currency
        self._instant: Callable[[str], datetime | None] = instant_reader(profile.date_format)
        self._last_is_text = any(layout.columns.get(role) == layout.width - 1 for role in _TEXTS)

    def read(self, row: CsvRow) -> CsvRecord | ToldBalance | None:
        """What a row says; None when it tells of no movement. Raises ``UnreadableRecord``."""
        if row.is_too_wide:
            raise UnreadableRecord("columns")
        pending = self._pending(row)
        if pending is None:
            return None
        at = self._at(row, pending=pending)
        if at is None:
            return None
        row = self._within_width(row)
        adds = self._adds(row)
        if adds is None:
            return None
        self._require_currency(row)
        if kind := balance_told(row.cells):
            return ToldBalance(kind=kind, amount=adds, on=at.date())
        return CsvRecord(
            line=row.line,
            at=at,
            adds=adds,
            fee=abs(self._value(row, words.FEE) or Decimal(0)),
            balance=self.balance(row),
            external_id=filed_id(self._layout.cell(row, words.ID)),
            description=filed_description(self._layout.cell(row, role) for role in _TEXTS),
            pending=pending,
        )

    def balance(self, row: CsvRow) -> Decimal | None:
        """The balance beside a row, if it can be read."""
        number = written_number(self._layout.cell(row, words.BALANCE))
        magnitude = number.magnitude(self._mark, self._currency.minor_digits) if number else None
        return None if magnitude is None or number is None else magnitude * (number.sign or 1)

    def id_of(self, row: CsvRow) -> str | None:
        """The bank's id of a row that could not be read."""
        return filed_id(self._layout.cell(row, words.ID))

    def _pending(self, row: CsvRow) -> bool | None:
        """Whether it is still to come; None when it was never done."""
        told = self._layout.cell(row, words.STATE)
        if not told:
            return False
        state = state_told(told)
        if state is None:
            raise UnreadableRecord("state", FeedFault.UNKNOWN)
        return None if state is RowState.NOT_DONE else state is RowState.PENDING

    def _at(self, row: CsvRow, *, pending: bool) -> datetime | None:
        """When; None for a row that is no record at all."""
        told = self._layout.cell(row, words.DATE)
        if not told and pending:
            told = self._layout.cell(row, words.OTHER_DATE)
        at = self._instant(told) if told else None
        if at is not None:
            return at
        amounts = [self._layout.cell(row, role) for role in _MOVED]
        if not any(map(written_number, amounts)) and (not told or _has_few_cells(row)):
            return None
        if sums_up(row.cells):
            return None
        raise UnreadableRecord(words.DATE, FeedFault.UNREADABLE if told else FeedFault.MISSING)

    def _within_width(self, row: CsvRow) -> CsvRow:
        """The row with as many columns as its table has; a text at the end may have delimiters in it."""
        width = self._layout.width
        if not width or not any(row.cells[width:]):
            return row
        if not self._last_is_text:
            raise UnreadableRecord("columns")
        joined = self._layout.delimiter.join(row.cells[width - 1 :])
        return CsvRow(row.line, [*row.cells[: width - 1], joined])

    def _adds(self, row: CsvRow) -> Decimal | None:
        """What it adds to the account; None when it has only a balance."""
        if words.AMOUNT in self._layout.columns:
            number = self._number(row, words.AMOUNT)
            if number is None:
                self._require_no_record(row)
                return None
            return self._magnitude(number, words.AMOUNT) * self._sign(number, row)
        credit, debit = self._number(row, words.CREDIT), self._number(row, words.DEBIT)
        if credit is None and debit is None:
            self._require_no_record(row)
            return None
        given = self._magnitude(credit, words.CREDIT) if credit else Decimal(0)
        taken = self._magnitude(debit, words.DEBIT) if debit else Decimal(0)
        if given and taken:
            raise UnreadableRecord("credit and debit", FeedFault.CONTRADICTORY)
        if given and credit and credit.sign < 0:
            raise UnreadableRecord(words.CREDIT, FeedFault.CONTRADICTORY)
        if taken and debit and (debit.sign < 0) is not self._signs.debits_are_negative:
            raise UnreadableRecord(words.DEBIT, FeedFault.CONTRADICTORY)
        return given - taken

    def _require_no_record(self, row: CsvRow) -> None:
        """A row with a date and no amount may tell of a balance. One that has a text is a movement."""
        if any(self._layout.cell(row, role) for role in _TEXTS) and not sums_up(row.cells):
            raise UnreadableRecord(words.AMOUNT, FeedFault.MISSING)

    def _sign(self, number: WrittenNumber, row: CsvRow) -> int:
        told = self._layout.cell(row, words.DIRECTION)
        sign = sign_told(told)
        if not self._signs.by_marks:
            if sign > 0 > number.sign:
                raise UnreadableRecord(words.DIRECTION, FeedFault.CONTRADICTORY)
            return number.sign or 1
        if not sign:
            raise UnreadableRecord(words.DIRECTION, FeedFault.UNKNOWN if told else FeedFault.MISSING)
        if number.sign < 0:
            raise UnreadableRecord(words.DIRECTION, FeedFault.CONTRADICTORY)
        return sign

    def _number(self, row: CsvRow, role: str) -> WrittenNumber | None:
        told = self._layout.cell(row, role)
        if not told or told in _NOT_TOLD:
            return None
        number = written_number(told)
        if number is None:
            raise UnreadableRecord(role)
        if number.currency and number.currency != self._currency.code:
            raise UnreadableRecord(role, FeedFault.CONTRADICTORY)
        return number

    def _value(self, row: CsvRow, role: str) -> Decimal | None:
        number = self._number(row, role)
        return None if number is None else self._magnitude(number, role) * (number.sign or 1)

    def _magnitude(self, number: WrittenNumber, role: str) -> Decimal:
        magnitude = number.magnitude(self._mark, self._currency.minor_digits)
        if magnitude is None:
            raise UnreadableRecord(role)
        return magnitude

    def _require_currency(self, row: CsvRow) -> None:
        told = self._layout.cell(row, words.CURRENCY)
        if told and told.upper() != self._currency.code:
            fault = FeedFault.CONTRADICTORY if is_currency_code(told) else FeedFault.UNKNOWN
            raise UnreadableRecord(words.CURRENCY, fault)


def _has_few_cells(row: CsvRow) -> bool:
    return sum(map(bool, row.cells)) <= _FEW_CELLS
