"""How a CSV file is written, found by itself."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import islice

from ledgerbank_adapters.statement_files.reading.csv_columns import FoundTable, found_table, is_data
from ledgerbank_adapters.statement_files.reading.csv_dates import (
    ISO,
    DoubtfulDates,
    date_format_of,
    dates_by_format,
)
from ledgerbank_adapters.statement_files.reading.csv_evidence import CsvEvidence
from ledgerbank_adapters.statement_files.reading.csv_layout import CsvLayout, column_names, layout_of
from ledgerbank_adapters.statement_files.reading.csv_rows import DELIMITERS, CsvRow, csv_rows
from ledgerbank_adapters.statement_files.reading.csv_unnamed_columns import unnamed_columns
from ledgerbank_adapters.statement_files.reading.statement_text import StatementText
from ledgerbank_adapters.statement_files.reading.unreadable_record import unreadable_file
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ports.statement_reader import CsvProfile

_SAMPLE_ROWS = 400
_SAMPLE_LENGTH = 512 * 1024
_RARE = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundLayout:
    """Where the table is, and how a profile calls its columns."""

    layout: CsvLayout
    names: dict[str, str]


def found_layout(text: str) -> FoundLayout:
    """Delimiter, header and columns. Raises ``invalid_statement_file`` when there is no table."""
    samples = {
        delimiter: list(islice(csv_rows(text[:_SAMPLE_LENGTH], delimiter), _SAMPLE_ROWS))
        for delimiter in DELIMITERS
    }
    tables = {delimiter: table for delimiter, rows in samples.items() if (table := found_table(rows))}
    if tables:
        delimiter = max(tables, key=lambda known: len(tables[known].columns))
        table = tables[delimiter]
    else:
        delimiter = max(DELIMITERS, key=lambda known: sum(map(is_data, samples[known])))
        table = _table_without_words(samples[delimiter])
    layout = layout_of(samples[delimiter], columns=table.columns, header=table.header, delimiter=delimiter)
    return FoundLayout(layout=layout, names=column_names(table.columns, table.header))


def profile_of(
    text: StatementText, found: FoundLayout, evidence: CsvEvidence, preamble: Sequence[CsvRow]
) -> CsvProfile:
    """The profile that all rows together tell.

    Raises ``invalid_statement_file`` where they leave a doubt; ``details.csv_profiles`` are then the choices.
    """
    others = [
        *evidence.other_dates,
        *(part for row in preamble for cell in row.cells for part in cell.split()),
    ]
    marks = _decimal_marks(evidence)
    try:
        formats: tuple[str, ...] = (date_format_of(evidence.dates, others=others) or ISO,)
        doubt = ""
    except DoubtfulDates as doubtful:
        formats = doubtful.formats
        told = dates_by_format(doubtful.example)
        doubt = (
            f"The dates of the file can be read in more than one way: {doubtful.example} is "
            + " or ".join(f"{told[known]} ({known})" if known in told else known for known in formats)
            + ". "
        )
    if len(marks) > 1:
        doubt += "The amounts of the file can be read with a decimal point or with a decimal comma. "
    choices = [
        CsvProfile(
            encoding=text.encoding,
            delimiter=found.layout.delimiter,
            has_header=bool(found.layout.header),
            columns=found.names,
            date_format=date_format,
            decimal_mark=mark,
        )
        for date_format in formats
        for mark in marks
    ]
    if len(choices) > 1:
        raise DomainError(
            Reason.INVALID_STATEMENT_FILE,
            field="file",
            message=f"{doubt}Give the profile that is right.",
            csv_profiles=[asdict(choice) for choice in choices],
        )
    return choices[0]


def _decimal_marks(evidence: CsvEvidence) -> tuple[str, ...]:
    point, comma = evidence.fits["."], evidence.fits[","]
    if not point and not comma:
        return (".", ",") if evidence.either else (".",)
    rarer, more = sorted((point, comma))
    # What fits the other mark alone is told of. What fits both needs to be sure.
    if rarer == more or (evidence.either and rarer * _RARE > more):
        raise unreadable_file(
            f"{point} amounts of the file have a decimal point and {comma} a decimal comma: which one is"
            " meant cannot be told."
        )
    return ("." if point > comma else ",",)


def _table_without_words(rows: Sequence[CsvRow]) -> FoundTable:
    columns = unnamed_columns(rows)
    if columns is None:
        raise unreadable_file(
            "The file looks like none that is read: it is no XML, OFX or MT940, and as CSV it has no columns"
            " of dates and amounts. Choose camt.053, OFX or CSV at your bank."
        )
    first = next(at for at, row in enumerate(rows) if is_data(row))
    above = rows[first - 1] if first else None
    is_header = (
        above is not None
        and len(above.cells) == len(rows[first].cells)
        and sum(map(bool, above.cells)) >= len(columns)
        and not any(character.isdigit() for cell in above.cells for character in cell)
    )
    return FoundTable(columns=columns, header=above if is_header else None)
