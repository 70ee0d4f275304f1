"""Our own CSV files read back: exactly what was written."""

from datetime import UTC, datetime

import pytest
from tests.support.scenes.statement_samples import SampleLine, SampleStatement, sample_statement

from ledgerbank_adapters.statement_files.reading.statement_file_reader import StatementFileReader
from ledgerbank_adapters.statement_files.writing.csv_statement_writer import CsvStatementWriter
from ledgerbank_domain.banking.statement_file import FiledBalance
from ledgerbank_domain.money.currency import parse_currency
from ledgerbank_domain.ports.statement_reader import ReadStatement, StatementHints

SAMPLE = sample_statement(
    SampleLine(amount="-3.20", description='Tea, two\ncups; "hot"'),
    SampleLine(amount="1234567.89", description="=cmd|'/c calc'!A0"),
    SampleLine(amount="-0.01", description="'s-Hertogenbosch", pending=True),
    SampleLine(
        amount="5", description="Σ東京 🥪" * 20, posted_at=datetime(2026, 3, 31, 23, 59, 59, 999999, UTC)
    ),
)


def test_every_line_is_read_back_as_it_was() -> None:
    (statement,) = _read(_written(SAMPLE)).file.statements

    assert [
        (each.external_id, each.direction, each.amount, each.description, each.posted_at, each.pending)
        for each in statement.movements
    ] == [
        (line.reference, line.direction, line.amount, line.description, line.posted_at, line.pending)
        for line in SAMPLE.lines
    ]
    assert statement.unread == ()


def test_balances_and_period_are_read_back() -> None:
    (statement,) = _read(_written(SAMPLE)).file.statements
    period = SAMPLE.statement.period

    assert statement.opening == FiledBalance(amount=SAMPLE.statement.opening, on=period.first_day)
    assert statement.closing == FiledBalance(amount=SAMPLE.statement.closing, on=period.last_day)
    assert (statement.begins_on, statement.ends_on) == (period.first_day, period.last_day)


def test_the_profile_of_it_reads_it_again() -> None:
    read = _read(_written(SAMPLE))

    again = StatementFileReader().read(
        _written(SAMPLE), StatementHints(currency=parse_currency("GBP"), csv_profile=read.csv_profile)
    )

    assert again == read


@pytest.mark.parametrize("currency", ["JPY", "BHD", "EUR"])
def test_the_currency_is_that_of_the_file(currency: str) -> None:
    sample = sample_statement(SampleLine(amount="7"), currency=currency)

    (statement,) = _read(_written(sample)).file.statements

    assert (statement.currency.code, statement.movements[0].amount) == (currency, sample.lines[0].amount)


@pytest.mark.parametrize(
    ("spoilt", "by", "field"),
    [
        ("-3.20", "-3.2O", "amount"),
        ("-3.20", "", "amount"),
        ("-3.20", "0.00", "amount"),
        ("2026-03-10T12:00:00", "2026-03-32T12:00:00", "posted_at"),
        ("GBP,96.80", "USD,96.80", "currency"),
    ],
)
def test_a_row_that_was_spoilt_is_told_of_and_the_others_are_read(spoilt: str, by: str, field: str) -> None:
    content = _written(SAMPLE).decode().replace(spoilt, by, 1).encode()

    (statement,) = _read(content).file.statements

    assert [unread.field for unread in statement.unread] == [f"line 3: {field}"]
    assert len(statement.movements) == len(SAMPLE.lines) - 1


def _written(sample: SampleStatement) -> bytes:
    return sample.written(CsvStatementWriter())


def _read(content: bytes) -> ReadStatement:
    return StatementFileReader().read(content, StatementHints(currency=parse_currency("GBP")))
