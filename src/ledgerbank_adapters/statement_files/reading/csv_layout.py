"""Where the columns of a profile are in a file."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from ledgerbank_adapters.statement_files.reading import csv_header_words as words
from ledgerbank_adapters.statement_files.reading.csv_columns import is_data
from ledgerbank_adapters.statement_files.reading.csv_rows import CsvRow, csv_rows
from ledgerbank_adapters.statement_files.reading.unreadable_record import unreadable_file
from ledgerbank_domain.ports.statement_reader import CsvProfile

_HEADER_WITHIN = 400
_MAX_PREAMBLE = 100
_MAX_NAME_LENGTH = 100
ROLES = (
    words.DATE,
    words.OTHER_DATE,
    words.AMOUNT,
    words.CREDIT,
    words.DEBIT,
    words.DIRECTION,
    words.FEE,
    words.DESCRIPTION,
    words.PAYEE,
    words.REFERENCE,
    words.ID,
    words.BALANCE,
    words.CURRENCY,
    words.STATE,
    words.ACCOUNT,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvLayout:
    """A file's table: what stands in which column, and where it begins.

    ``begins_after`` is the line of the header, or of the last line before the first row; ``width`` how many
    columns a row has; ``joins_overflow`` whether the last column is a text that may have delimiters in it.
    ``currency`` is the code that the header names.
    """

    delimiter: str
    columns: Mapping[str, int]
    begins_after: int
    header: tuple[str, ...]
    width: int
    currency: str | None

    def cell(self, row: CsvRow, role: str) -> str:
        """What stands in a role's column; empty when the row has none."""
        index = self.columns.get(role, -1)
        return row.cells[index] if 0 <= index < len(row.cells) else ""

    def rows(self, text: str) -> Iterator[CsvRow]:
        """The rows of the table, and what follows it; the header is not repeated."""
        header = list(self.header)
        for row in csv_rows(text, self.delimiter):
            if row.line > self.begins_after and (not header or row.cells[: self.width] != header):
                yield row

    def preamble(self, text: str) -> list[CsvRow]:
        """The rows before the table."""
        before = (row for row in islice(csv_rows(text, self.delimiter), _MAX_PREAMBLE))
        return [
            row
            for row in before
            if row.line <= self.begins_after and tuple(row.cells[: self.width]) != self.header
        ]


def layout_of(
    rows: list[CsvRow], *, columns: Mapping[str, int], header: CsvRow | None, delimiter: str
) -> CsvLayout:
    """The layout of a table whose columns are known; ``rows`` are those of the file's beginning."""
    if header is None:
        first = next((row for row in rows if is_data(row)), None)
        data = [row for row in rows if is_data(row)]
        return CsvLayout(
            delimiter=delimiter,
            columns=columns,
            begins_after=first.line - 1 if first else 0,
            header=(),
            width=max((len(row.cells) for row in data), default=0),
            currency=None,
        )
    named = [words.currency_in(header.cells[columns[role]]) for role in _OF_MONEY if role in columns]
    return CsvLayout(
        delimiter=delimiter,
        columns=columns,
        begins_after=header.line,
        header=tuple(header.cells),
        width=len(header.cells),
        currency=next(filter(None, named), None),
    )


def layout_by(profile: CsvProfile, text: str) -> CsvLayout:
    """Where a profile's columns are. Raises ``invalid_statement_file`` when the file does not fit it."""
    _require_roles(profile)
    rows = list(islice(csv_rows(text, profile.delimiter), _HEADER_WITHIN))
    if not profile.has_header:
        columns = {role: _number(name) for role, name in profile.columns.items()}
        return layout_of(rows, columns=columns, header=None, delimiter=profile.delimiter)
    names = [name for name in profile.columns.values() if not name.isdigit()]
    for row in rows:
        if all(name in row.cells for name in names) and names:
            columns = {role: _index(name, row) for role, name in profile.columns.items()}
            return layout_of(rows, columns=columns, header=row, delimiter=profile.delimiter)
    missing = [name for name in names if not any(name in row.cells for row in rows)]
    raise unreadable_file(
        "The file is not written by its profile: "
        + (f"it has no column {missing[0]!r}" if missing else "no row has all the columns of it")
        + ". Leave the profile out, and it is found anew."
    )


def column_names(columns: Mapping[str, int], header: CsvRow | None) -> dict[str, str]:
    """How a profile calls columns: by their headers; by their numbers from 1 where a header says nothing."""

    def name(index: int) -> str:
        told = header.cells[index] if header and index < len(header.cells) else ""
        is_a_name = 0 < len(told) <= _MAX_NAME_LENGTH and not told.isdigit()
        return told if header and is_a_name and header.cells.count(told) == 1 else str(index + 1)

    return {role: name(columns[role]) for role in ROLES if role in columns}


_OF_MONEY = (words.AMOUNT, words.CREDIT, words.DEBIT, words.BALANCE)


def _require_roles(profile: CsvProfile) -> None:
    unknown = [role for role in profile.columns if role not in ROLES]
    if unknown:
        raise unreadable_file(f"A profile knows the columns {', '.join(ROLES)}")
    if (
        words.DATE not in profile.columns
        or not {words.AMOUNT, words.CREDIT, words.DEBIT} & profile.columns.keys()
    ):
        raise unreadable_file(
            "A profile names the column of the date, and of the amount or of credit and debit"
        )


def _index(name: str, header: CsvRow) -> int:
    return header.cells.index(name) if name in header.cells and not name.isdigit() else _number(name)


def _number(name: str) -> int:
    if not name.isascii() or not name.isdigit() or not 1 <= int(name[:4]) <= len(ROLES) * 100:
        raise unreadable_file(
            "Where a file has no header, a profile names its columns by their numbers from 1"
        )
    return int(name[:4]) - 1
