"""Statements as CSV by RFC 4180, for spreadsheets, https://www.rfc-editor.org/rfc/rfc4180"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from io import StringIO

from ledgerbank_adapters.statement_files.own_csv_columns import (
    CLOSING_KIND,
    OPENING_KIND,
    OWN_CSV_COLUMNS,
    marked_text,
)
from ledgerbank_adapters.statement_files.writing.written_values import amount_text, day_text, instant_text
from ledgerbank_domain.banking.account_statement import AccountStatement, StatementLine
from ledgerbank_domain.money.money import Money
from ledgerbank_domain.ports.statement_writer import StatementWriter

# Without it Excel takes UTF-8 for the code page of the machine, and every accent for two letters.
BYTE_ORDER_MARK = b"\xef\xbb\xbf"

Row = Sequence[str]


class CsvStatementWriter(StatementWriter):
    """A header row, the opening balance, the lines, the closing balance: each a row of the same columns.

    The balances have no amount, so the column of amounts sums up to what the period changed.
    """

    media_type = "text/csv; charset=utf-8; header=present"
    file_extension = "csv"
    max_lines = None

    def write(self, statement: AccountStatement, pages: Iterable[Sequence[StatementLine]]) -> Iterator[bytes]:
        account_id, period = str(statement.account_id), statement.period
        opening = _balance_row(OPENING_KIND, "Opening balance", period.first_day, statement.opening)
        yield BYTE_ORDER_MARK + _text([OWN_CSV_COLUMNS, [*opening, account_id]])
        for page in pages:
            yield _text([[*_line_row(line), account_id] for line in page])
        closing = _balance_row(CLOSING_KIND, "Closing balance", period.last_day, statement.closing)
        yield _text([[*closing, account_id]])


def _balance_row(kind: str, description: str, day: date, balance: Money) -> Row:
    return (
        day.isoformat(),
        "",
        description,
        "",
        balance.currency.code,
        amount_text(balance),
        kind,
        "",
        "",
        "",
        "",
        "",
    )


def _line_row(line: StatementLine) -> Row:
    return (
        day_text(line.posted_at),
        instant_text(line.posted_at),
        marked_text(line.description),
        amount_text(line.signed_amount),
        line.amount.currency.code,
        amount_text(line.balance),
        line.kind.value,
        "true" if line.pending else "false",
        line.reference,
        "" if line.external_transaction_id is None else marked_text(line.external_transaction_id),
        str(line.line_number),
        instant_text(line.booked_at),
    )


def _text(rows: Iterable[Row]) -> bytes:
    """Lines end with CRLF; a field with a comma, a quote or the end of a line is quoted."""
    written = StringIO(newline="")
    csv.writer(written, lineterminator="\r\n").writerows(rows)
    return written.getvalue().encode()
