"""Reads MT940, the customer statement of SWIFT."""

from ledgerbank_adapters.statement_files.reading.unreadable_record import unreadable_file
from ledgerbank_domain.banking.statement_file import StatementFile
from ledgerbank_domain.ports.statement_reader import StatementHints


def read_mt940(content: bytes, hints: StatementHints) -> StatementFile:
    raise unreadable_file(f"{len(content)} {hints}")
