"""Which files the bank offers of its statements."""

from collections.abc import Callable
from dataclasses import dataclass

from ledgerbank_adapters.simulated_bank.statement_dialects.camt053_dialect import camt053_file
from ledgerbank_adapters.simulated_bank.statement_dialects.csv_dialect import csv_file
from ledgerbank_adapters.simulated_bank.statement_dialects.ofx_dialect import ofx_file
from ledgerbank_adapters.simulated_bank.statement_dialects.simulated_statement import AccountStatement


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFormat:
    """``ending`` is that of its files' names."""

    media_type: str
    ending: str
    write: Callable[[AccountStatement], bytes]


FILE_FORMATS = {
    "camt053": FileFormat(
        media_type="application/xml",
        ending="xml",
        write=lambda statement: camt053_file(statement, version="08"),
    ),
    "camt053.02": FileFormat(
        media_type="application/xml",
        ending="xml",
        write=lambda statement: camt053_file(statement, version="02"),
    ),
    "ofx": FileFormat(
        media_type="application/x-ofx",
        ending="ofx",
        write=lambda statement: ofx_file(statement, version="102"),
    ),
    "ofx2": FileFormat(
        media_type="application/x-ofx",
        ending="ofx",
        write=lambda statement: ofx_file(statement, version="220"),
    ),
    "csv": FileFormat(media_type="text/csv; charset=utf-8", ending="csv", write=csv_file),
}
"""By the names that the download takes."""
