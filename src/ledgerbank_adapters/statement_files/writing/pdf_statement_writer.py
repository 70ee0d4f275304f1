"""Statements as PDF, for people: to be read, printed and shown to others.

The font is DejaVu Sans Condensed, which has Latin, Greek, Cyrillic, Hebrew, Arabic, Armenian and Georgian. Of
other scripts an empty box stands for each character, and the last page says so and where they are told.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from ledgerbank_adapters.statement_files.writing.account_numbers import account_number, iban_of
from ledgerbank_adapters.statement_files.writing.pdf_paper import (
    MISSING,
    PAGE_HEIGHT,
    PAGE_WIDTH,
    Ink,
    PdfPaper,
)
from ledgerbank_domain.banking.account_statement import AccountStatement, StatementLine
from ledgerbank_domain.ledger.journal import Direction, EntryKind
from ledgerbank_domain.money.money import Money
from ledgerbank_domain.ports.statement_writer import StatementWriter

MAX_LINES = 10_000
_LEFT, _RIGHT = 18.0, PAGE_WIDTH - 18.0
_TOP, _BOTTOM = 20.0, PAGE_HEIGHT - 22.0
_TEXT, _SMALL, _HEADING, _TITLE = 8.5, 7.0, 9.5, 19.0
_LINE_HEIGHT = 4.0
# Above and below the text of a row.
_PADDING = 1.5
_GAP = 4.0
_DATE_WIDTH = 23.0
_MIN_AMOUNT_WIDTH = 23.0
_MONTHS = tuple(
    "January February March April May June July August September October November December".split()  # noqa: SIM905 - as people read it
)
_NOTES = {EntryKind.REVERSAL: "Reversal", EntryKind.RECONCILIATION: "Adjustment to the bank's balance"}


class PdfStatementWriter(StatementWriter):
    """A document of A4 pages, made as a whole: so it has no more lines than ``max_lines``."""

    media_type = "application/pdf"
    file_extension = "pdf"
    max_lines = MAX_LINES

    def write(self, statement: AccountStatement, pages: Iterable[Sequence[StatementLine]]) -> Iterator[bytes]:
        sheet = _Sheet(statement)
        sheet.begin()
        for page in pages:
            for line in page:
                sheet.add_line(line)
            yield b""
        sheet.end()
        yield sheet.paper.content()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Columns:
    """Where each column of the table ends, in millimetres; ``text`` is where descriptions begin."""

    text: float
    text_end: float
    paid_out: float
    paid_in: float
    balance: float

    @classmethod
    def fitting(cls, statement: AccountStatement, paper: PdfPaper) -> "_Columns":
        """No amount is longer than the sums of all: so the columns of amounts are as wide as those need."""
        totals = statement.totals
        bound = max(abs(statement.opening.amount), abs(statement.closing.amount), totals.credited.amount)
        most = Money(bound, statement.currency) + totals.credited + totals.debited
        paid_out = _amount_width(paper, totals.debited)
        paid_in = _amount_width(paper, totals.credited)
        balance = _amount_width(paper, -most)
        return cls(
            text=_LEFT + _DATE_WIDTH,
            text_end=_RIGHT - balance - paid_in - paid_out - _GAP,
            paid_out=_RIGHT - balance - paid_in,
            paid_in=_RIGHT - balance,
            balance=_RIGHT,
        )


class _Sheet:
    """The statement on paper, from top to bottom."""

    def __init__(self, statement: AccountStatement) -> None:
        self.statement = statement
        period = statement.period
        title = f"Statement of account, {_day(period.first_day)} to {_day(period.last_day)}"
        self.paper = PdfPaper(statement, title=title)
        self.paper.use(_TEXT)
        self.columns = _Columns.fitting(statement, self.paper)
        self._y = _TOP
        self._footer = ""

    def begin(self) -> None:
        """The head of the first page, and the table's first row."""
        statement, paper = self.statement, self.paper
        self._footer = f"{paper.shown(statement.bank_name)} · {_number_of(statement)}"
        paper.add_page()
        paper.use(_TITLE)
        paper.write(_LEFT, 27, "Statement of account")
        paper.use(_HEADING, bold=True)
        paper.write(_RIGHT, 27, paper.shortened(paper.shown(statement.bank_name), 80), right=True)
        paper.rule(_LEFT, _RIGHT, 32, ink=Ink.RULE, width=0.35)
        self._y = max(self._facts(_LEFT, 92, self._about_account()), self._facts(118, 74, self._about_time()))
        self._summary()
        self._table_head()
        self._balance_row("Opening balance", statement.opening, on=statement.period.first_day)

    def add_line(self, line: StatementLine) -> None:
        """A row of the table, never parted by the end of a page."""
        paper, columns = self.paper, self.columns
        paper.use(_TEXT)
        told = paper.wrapped(paper.shown(line.description), columns.text_end - columns.text)
        note = _note(line)
        height = (len(told) + (note is not None)) * _LINE_HEIGHT + 2 * _PADDING
        baseline = self._row(height)
        paper.use(_TEXT)
        paper.write(_LEFT, baseline, _short_day(line.posted_at.astimezone(UTC).date()))
        for number, text in enumerate(told):
            paper.write(columns.text, baseline + number * _LINE_HEIGHT, text)
        end = columns.paid_in if line.direction is Direction.CREDIT else columns.paid_out
        paper.write(end, baseline, _amount(line.amount), right=True)
        paper.write(columns.balance, baseline, _amount(line.balance), right=True)
        if note is not None:
            paper.use(_SMALL, ink=Ink.QUIET)
            paper.write(columns.text, baseline + len(told) * _LINE_HEIGHT, note)

    def end(self) -> None:
        """The table's last row, and what is to be said beside it."""
        statement, paper = self.statement, self.paper
        self._balance_row("Closing balance", statement.closing, on=statement.period.last_day)
        paper.rule(_LEFT, _RIGHT, self._y, ink=Ink.RULE, width=0.35)
        notes = self._notes()
        if self._y + 4 + len(notes) * _LINE_HEIGHT > _BOTTOM:
            self._next_page()
        paper.use(_SMALL, ink=Ink.QUIET)
        for number, note in enumerate(notes, start=1):
            paper.write(_LEFT, self._y + 3 + number * _LINE_HEIGHT, note)
        self._foot()

    def _about_account(self) -> list[tuple[str, str]]:
        statement = self.statement
        return [
            ("Holder", statement.holder_name),
            ("Account", statement.account_name),
            ("Number", _number_of(statement)),
            ("Type", statement.account_type.value.capitalize()),
        ]

    def _about_time(self) -> list[tuple[str, str]]:
        statement = self.statement
        known = statement.known_at.astimezone(UTC)
        return [
            ("From", _day(statement.period.first_day)),
            ("To", _day(statement.period.last_day)),
            ("Currency", statement.currency.code),
            ("As known on", f"{_day(known.date())}, {known:%H:%M} UTC"),
        ]

    def _facts(self, x: float, width: float, facts: Sequence[tuple[str, str]]) -> float:
        """Names and what they are, line by line; gives where they end."""
        paper, baseline = self.paper, 40.0
        for name, told in facts:
            paper.use(_TEXT, ink=Ink.QUIET)
            paper.write(x, baseline, name)
            paper.use(_TEXT)
            paper.write(x + 21, baseline, paper.shortened(paper.shown(told), width - 21))
            baseline += 5
        return baseline

    def _summary(self) -> None:
        """The four amounts that matter, side by side."""
        statement, paper, top = self.statement, self.paper, self._y + 2
        totals = statement.totals
        told = [
            ("Opening balance", statement.opening),
            ("Money in", totals.credited),
            ("Money out", totals.debited),
            ("Closing balance", statement.closing),
        ]
        paper.rule(_LEFT, _RIGHT, top, ink=Ink.HAIRLINE, width=0.2)
        step = (_RIGHT - _LEFT) / len(told)
        size = self._size_for([amount for _, amount in told], step - _GAP)
        for number, (name, amount) in enumerate(told):
            x = _LEFT + number * step
            paper.use(_SMALL, ink=Ink.QUIET)
            paper.write(x, top + 6, name)
            paper.use(size, bold=name.endswith("balance"))
            paper.write(x, top + 12, _amount(amount))
        paper.rule(_LEFT, _RIGHT, top + 16, ink=Ink.HAIRLINE, width=0.2)
        self._y = top + 24

    def _size_for(self, amounts: Sequence[Money], width: float) -> float:
        size = 11.0
        self.paper.use(size, bold=True)
        widest = max(self.paper.width(_amount(amount)) for amount in amounts)
        return size if widest <= width else size * width / widest

    def _table_head(self) -> None:
        paper, columns, baseline = self.paper, self.columns, self._y + 3
        paper.use(_SMALL, bold=True, ink=Ink.QUIET)
        paper.write(_LEFT, baseline, "Date (UTC)")
        paper.write(columns.text, baseline, "Description")
        paper.write(columns.paid_out, baseline, "Money out", right=True)
        paper.write(columns.paid_in, baseline, "Money in", right=True)
        paper.write(columns.balance, baseline, "Balance", right=True)
        self._y += 5
        paper.rule(_LEFT, _RIGHT, self._y, ink=Ink.RULE, width=0.35)

    def _balance_row(self, name: str, balance: Money, *, on: date) -> None:
        paper = self.paper
        baseline = self._row(_LINE_HEIGHT + 2 * _PADDING)
        paper.use(_TEXT, bold=True)
        paper.write(_LEFT, baseline, _short_day(on))
        paper.write(self.columns.text, baseline, name)
        paper.write(self.columns.balance, baseline, _amount(balance), right=True)

    def _row(self, height: float) -> float:
        """Makes room for a row, on the next page if need be; gives the baseline of its first line."""
        if self._y + height > _BOTTOM:
            self._next_page()
            self._table_head()
        top = self._y
        self._y += height
        self.paper.rule(_LEFT, _RIGHT, self._y, ink=Ink.HAIRLINE, width=0.1)
        return top + _PADDING + 3

    def _next_page(self) -> None:
        self._foot()
        self.paper.add_page()
        self._y = _TOP

    def _foot(self) -> None:
        paper = self.paper
        paper.use(_SMALL, ink=Ink.QUIET)
        paper.write_page_number(_LEFT, PAGE_HEIGHT - 12)
        paper.write(_RIGHT, PAGE_HEIGHT - 12, paper.shortened(self._footer, 110), right=True)

    def _notes(self) -> list[str]:
        statement, paper = self.statement, self.paper
        notes = [] if statement.totals.count else ["Nothing was posted in this period."]
        if not statement.pending_in_closing.is_zero or statement.pending_ids:
            amount = _amount(statement.pending_in_closing)
            notes.append(f"The closing balance holds {amount} that is pending: the bank may still change it.")
        if paper.missing:
            notes.append(
                f"{MISSING} stands for a character that this document's font has not. JSON, CSV, OFX and"
                " camt.053 have them all."
            )
        return notes


def _note(line: StatementLine) -> str | None:
    notes = [_NOTES[line.kind]] if line.kind in _NOTES else []
    notes += ["Pending"] if line.pending else []
    return " · ".join(notes) or None


def _number_of(statement: AccountStatement) -> str:
    iban = iban_of(statement)
    if iban is None:
        return account_number(statement, max_length=34)
    return " ".join(iban[start : start + 4] for start in range(0, len(iban), 4))


def _amount(value: Money) -> str:
    """Thousands parted by commas, and a minus as wide as a digit."""
    return f"{value.amount:,f}".replace("-", "\u2212")


def _amount_width(paper: PdfPaper, largest: Money) -> float:
    return max(paper.width(_amount(largest)) + _GAP, _MIN_AMOUNT_WIDTH)


def _day(day: date | datetime) -> str:
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def _short_day(day: date) -> str:
    return f"{day.day:02} {_MONTHS[day.month - 1][:3]} {day.year}"
