"""Reading of statement files, whatever they are written in."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from ledgerbank_domain.banking.statement_file import StatementFile, StatementFormat
from ledgerbank_domain.money.currency import Currency

MAX_STATEMENT_FILE_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvProfile:
    """How a bank writes its CSV files: detected, shown to its user, and remembered for the next file.

    ``columns`` says by what header each of ``date``, ``amount``, ``credit``, ``debit``, ``description``,
    ``id``, ``balance`` and ``currency`` stands (those there are), and so for ``other_date`` (where there is
    no date yet), ``direction`` (debit or credit, in a word), ``fee``, ``payee``, ``reference``, ``state`` and
    ``account``. Columns without a header of their own are named by their number from 1. ``date_format`` is a
    format of ``strptime``, or ``iso``.
    """

    encoding: str
    delimiter: str
    has_header: bool
    columns: Mapping[str, str]
    date_format: str
    decimal_mark: str


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
