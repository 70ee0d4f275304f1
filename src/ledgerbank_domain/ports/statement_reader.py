"""Reading of statement files, whatever they are written in."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Protocol

from ledgerbank_domain.banking.statement_file import CsvProfile, StatementFile, StatementFormat
from ledgerbank_domain.money.currency import Currency

__all__ = [
    "MAX_STATEMENT_FILE_BYTES",
    "CsvProfile",
    "ReadStatement",
    "StatementHints",
    "StatementReader",
]

MAX_STATEMENT_FILE_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementHints:
    """What is known of a file before it is read.

    ``currency`` is that of the account, for files that name none. ``format`` and ``csv_profile`` are as
    chosen; None: to be detected.
    """

    currency: Currency
    format: StatementFormat | None = None
    csv_profile: CsvProfile | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadStatement:
    """A file as it was read, and by what profile if it is one of CSV."""

    file: StatementFile
    csv_profile: CsvProfile | None = None


class StatementReader(Protocol):
    """Reads statement files of every format that it knows."""

    @abstractmethod
    def read(self, content: bytes, hints: StatementHints) -> ReadStatement:
        """What a file says.

        Whatever it holds, time and memory are bounded by its size. Records that cannot be read are told of,
        and stop nothing beside them.

        Raises ``invalid_statement_file`` for what is no file of a known format, cannot be read as a whole, or
        is longer than ``MAX_STATEMENT_FILE_BYTES``; ``details.message`` says what is wrong and where. Where a
        CSV file can be read in several ways, ``details.csv_profiles`` are these, to choose from.
        """
