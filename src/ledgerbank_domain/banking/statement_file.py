"""What a statement file says of accounts: the movements on each of them, and the balances around them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum

from ledgerbank_domain.banking.feed_warning import UnreadRecord
from ledgerbank_domain.ledger.journal import Direction
from ledgerbank_domain.money.currency import Currency
from ledgerbank_domain.money.money import Money


class StatementFormat(Enum):
    """How a statement file is written. OFX includes QFX, in both of its spellings (SGML and XML)."""

    CAMT053 = "camt053"
    CSV = "csv"
    MT940 = "mt940"
    OFX = "ofx"


@dataclass(frozen=True, slots=True, kw_only=True)
class FiledBalance:
    """What was on the account before the first movement, or after the last one, of a day; may be negative."""

    amount: Money
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class FiledMovement:
    """A movement as a file tells it.

    ``external_id`` is the bank's id for it, as the file spells it; None when the file gives none, or one that
    it gives to others as well. ``amount`` is positive, in the account's currency; ``description`` has 1 to
    255 characters. ``posted_at`` is when it was booked: a day is its first instant, UTC. ``place`` is where
    in the file it stands, for people: ``"line 12"``, ``"entry 3"``.
    """

    external_id: str | None
    direction: Direction
    amount: Money
    description: str
    posted_at: datetime
    pending: bool = False
    place: str

    @property
    def signed_amount(self) -> Money:
        """What it adds to the account: positive for CREDIT, negative for DEBIT."""
        return self.direction.signed(self.amount)


@dataclass(frozen=True, slots=True, kw_only=True)
class FiledStatement:
    """What a file says of one account: oldest first where the file shows its order, else as it stands there.

    ``account_number`` is what the file calls the account by (IBAN or the bank's number, without blanks);
    ``bank_code`` whose it is (BIC, sort code, routing number). ``begins_on`` to ``ends_on``, both inclusive,
    is what the statement covers, where it says; ``unread`` are the records that cannot be read.
    """

    account_number: str | None
    bank_code: str | None = None
    currency: Currency
    opening: FiledBalance | None
    closing: FiledBalance | None
    begins_on: date | None
    ends_on: date | None
    movements: tuple[FiledMovement, ...]
    unread: tuple[UnreadRecord, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementFile:
    """What a whole file says: a statement for each account that it is about, or several for one."""

    format: StatementFormat
    statements: tuple[FiledStatement, ...]


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
