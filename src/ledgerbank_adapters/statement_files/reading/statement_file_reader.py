"""The front door of statement files: what format a file has, and what it says."""

from ledgerbank_adapters.statement_files.reading.camt053_reader import read_camt053
from ledgerbank_adapters.statement_files.reading.csv_reader import read_csv
from ledgerbank_adapters.statement_files.reading.mt940_reader import read_mt940
from ledgerbank_adapters.statement_files.reading.ofx_reader import read_ofx
from ledgerbank_adapters.statement_files.reading.statement_format_detection import (
    refuse_what_is_no_statement,
    statement_format_of,
)
from ledgerbank_domain.banking.statement_file import StatementFormat
from ledgerbank_domain.ports.statement_reader import ReadStatement, StatementHints, StatementReader

_READERS = {
    StatementFormat.CAMT053: read_camt053,
    StatementFormat.MT940: read_mt940,
    StatementFormat.OFX: read_ofx,
}


class StatementFileReader(StatementReader):
    """Reads files of every format; which one is told by what stands in the file, not by its name."""

    def read(self, content: bytes, hints: StatementHints) -> ReadStatement:
        refuse_what_is_no_statement(content)
        chosen = hints.format or (StatementFormat.CSV if hints.csv_profile else statement_format_of(content))
        if chosen is StatementFormat.CSV:
            return read_csv(content, hints)
        return ReadStatement(file=_READERS[chosen](content, hints))
