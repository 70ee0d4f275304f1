"""What our writers write of an account, and the simulated bank of its books, our readers read as it was."""

from datetime import UTC, date, datetime

import pytest
from tests.support.scenes.statement_samples import SampleLine, sample_statement

from ledgerbank_adapters.statement_files.reading.camt053_reader import read_camt053
from ledgerbank_adapters.statement_files.reading.ofx_reader import read_ofx
from ledgerbank_adapters.statement_files.reading.repeated_ids import balances_tie
from ledgerbank_adapters.statement_files.writing.statement_writers import statement_writers
from ledgerbank_domain.banking.account_statement import WrittenFormat
from ledgerbank_domain.ledger.journal import EntryKind
from ledgerbank_domain.money.currency import parse_currency
from ledgerbank_domain.ports.statement_reader import StatementHints

HINTS = StatementHints(currency=parse_currency("USD"))
READ = {WrittenFormat.CAMT053: read_camt053, WrittenFormat.OFX: read_ofx}
SAMPLE = sample_statement(
    SampleLine(amount="-12.50", description="Grocer & Sons <Leeds>"),
    SampleLine(amount="2000.00", posted_at=datetime(2026, 3, 1, tzinfo=UTC), description="Salary"),
    SampleLine(amount="-0.01", posted_at=datetime(2026, 3, 31, 23, 59, 59, 999999, tzinfo=UTC)),
    SampleLine(amount="12.50", kind=EntryKind.REVERSAL, description="w" * 100),
    SampleLine(amount="-7.00", pending=True, description="Hotel"),
    opening="-100.00",
)


@pytest.mark.parametrize("name", READ)
def test_out_and_in_again_is_the_same(name: WrittenFormat) -> None:
    (statement,) = READ[name](SAMPLE.written(statement_writers()[name]), HINTS).statements

    assert statement.unread == ()
    assert statement.currency.code == "GBP"
    assert (statement.begins_on, statement.ends_on) == (date(2026, 3, 1), date(2026, 3, 31))
    assert statement.opening is not None
    assert statement.closing is not None
    assert (str(statement.opening.amount), statement.opening.on) == ("-100.00", date(2026, 3, 1))
    assert (str(statement.closing.amount), statement.closing.on) == ("1899.99", date(2026, 3, 31))
    assert balances_tie(statement, statement.movements)
    written = {(line.signed_amount, line.description, line.pending) for line in SAMPLE.lines}
    read = {(each.signed_amount, each.description, each.pending) for each in statement.movements}
    assert read == written
    for movement, line in zip(statement.movements, SAMPLE.lines, strict=True):
        assert abs(movement.posted_at - line.posted_at).total_seconds() < 1
        assert movement.external_id in {line.reference, None}
