"""Every writer of statements, by the format it writes."""

from collections.abc import Mapping

from ledgerbank_adapters.statement_files.writing.camt053_statement_writer import Camt053StatementWriter
from ledgerbank_adapters.statement_files.writing.csv_statement_writer import CsvStatementWriter
from ledgerbank_adapters.statement_files.writing.json_statement_writer import JsonStatementWriter
from ledgerbank_adapters.statement_files.writing.ofx_statement_writer import OfxStatementWriter
from ledgerbank_adapters.statement_files.writing.pdf_statement_writer import PdfStatementWriter
from ledgerbank_domain.banking.account_statement import WrittenFormat
from ledgerbank_domain.ports.statement_writer import StatementWriter


def statement_writers() -> Mapping[WrittenFormat, StatementWriter]:
    """One for each format, in the order in which they are told of."""
    return {
        WrittenFormat.JSON: JsonStatementWriter(),
        WrittenFormat.CSV: CsvStatementWriter(),
        WrittenFormat.OFX: OfxStatementWriter(),
        WrittenFormat.CAMT053: Camt053StatementWriter(),
        WrittenFormat.PDF: PdfStatementWriter(),
    }
