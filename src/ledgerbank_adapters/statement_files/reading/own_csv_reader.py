"""Reads the CSV files that we write ourselves: exactly what was written."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from itertools import chain, islice

from ledgerbank_adapters.statement_files.own_csv_columns import (
    CLOSING_KIND,
    OPENING_KIND,
    OWN_CSV_COLUMNS,
    unmarked_text,
)
from ledgerbank_adapters.statement_files.reading.csv_numbers import written_number
from ledgerbank_adapters.statement_files.reading.csv_rows import CsvRow, csv_rows
from ledgerbank_adapters.statement_files.reading.csv_statements import MAX_UNREAD
from ledgerbank_adapters.statement_files.reading.filed_values import filed_description, filed_id
from ledgerbank_adapters.statement_files.reading.statement_text import StatementText
from ledgerbank_adapters.statement_files.reading.unreadable_record import UnreadableRecord, unreadable_file
from ledgerbank_domain.banking.feed_warning import FeedFault, UnreadRecord
from ledgerbank_domain.banking.statement_file import (
    FiledBalance,
    FiledMovement,
    FiledStatement,
    StatementFile,
    StatementFormat,
)
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.identity.text_rules import is_text
from ledgerbank_domain.ledger.journal import Direction
from ledgerbank_domain.money.currency import KNOWN_CURRENCIES, Currency
from ledgerbank_domain.money.money import Money
from ledgerbank_domain.ports.statement_reader import CsvProfile, ReadStatement

_DELIMITER = ","
_MAX_DESCRIPTION_LENGTH = 255

Cells = Mapping[str, str]


def is_own_csv(text: str) -> bool:
    """Whether the first row is the header that we write."""
    return [row.cells for row in islice(csv_rows(text[:4096], _DELIMITER), 1)] == [list(OWN_CSV_COLUMNS)]


def read_own_csv(text: StatementText, account_currency: Currency) -> ReadStatement:
    """What we wrote, line by line; a row that was spoilt since is told of."""
    rows = islice(csv_rows(text.text, _DELIMITER), 1, None)
    first = next(rows, None)
    currency = (
        KNOWN_CURRENCIES.get(_cells(first)["currency"], account_currency) if first else account_currency
    )
    balances: dict[str, FiledBalance] = {}
    movements: list[FiledMovement] = []
    unread: list[UnreadRecord] = []
    for row in chain([first] if first else [], rows):
        cells = _cells(row)
        try:
            _require_whole(row, cells, currency)
            if cells["kind"] in {OPENING_KIND, CLOSING_KIND}:
                balances[cells["kind"]] = _balance(cells, currency)
            else:
                movements.append(_movement(row.line, cells, currency))
        except UnreadableRecord as unreadable:
            unread.append(unreadable.told(place=f"line {row.line}", external_id=filed_id(cells["id"])))
            if len(unread) > MAX_UNREAD:
                raise unreadable_file(
                    f"More than {MAX_UNREAD} rows cannot be read: the file is damaged."
                ) from None
    opening, closing = balances.get(OPENING_KIND), balances.get(CLOSING_KIND)
    statement = FiledStatement(
        account_number=None,
        currency=currency,
        opening=opening,
        closing=closing,
        begins_on=opening.on if opening else None,
        ends_on=closing.on if closing else None,
        movements=tuple(movements),
        unread=tuple(unread),
    )
    return ReadStatement(
        file=StatementFile(format=StatementFormat.CSV, statements=(statement,)),
        csv_profile=_profile(text.encoding),
    )


def _profile(encoding: str) -> CsvProfile:
    return CsvProfile(
        encoding=encoding,
        delimiter=_DELIMITER,
        has_header=True,
        columns={
            "date": "posted_at",
            "amount": "amount",
            "description": "description",
            "id": "id",
            "balance": "balance",
            "currency": "currency",
        },
        date_format="iso",
        decimal_mark=".",
    )


def _cells(row: CsvRow) -> Cells:
    return dict(zip(OWN_CSV_COLUMNS, chain(row.cells, [""] * len(OWN_CSV_COLUMNS)), strict=False))


def _require_whole(row: CsvRow, cells: Cells, currency: Currency) -> None:
    if len(row.cells) != len(OWN_CSV_COLUMNS):
        raise UnreadableRecord("columns")
    if cells["currency"] != currency.code:
        raise UnreadableRecord("currency", FeedFault.CONTRADICTORY)


def _balance(cells: Cells, currency: Currency) -> FiledBalance:
    try:
        return FiledBalance(amount=_money(cells, "balance", currency), on=date.fromisoformat(cells["date"]))
    except ValueError:
        raise UnreadableRecord("date") from None


def _movement(line: int, cells: Cells, currency: Currency) -> FiledMovement:
    amount = _money(cells, "amount", currency)
    if amount.is_zero:
        raise UnreadableRecord("amount")
    try:
        posted_at = datetime.fromisoformat(cells["posted_at"])
    except ValueError:
        raise UnreadableRecord("posted_at") from None
    if posted_at.tzinfo is None:
        raise UnreadableRecord("posted_at")
    return FiledMovement(
        external_id=filed_id(cells["id"]),
        direction=Direction.CREDIT if amount.is_positive else Direction.DEBIT,
        amount=amount if amount.is_positive else -amount,
        description=_description(unmarked_text(cells["description"])),
        posted_at=posted_at.astimezone(UTC),
        pending=cells["pending"] == "true",
        place=f"line {line}",
    )


def _description(text: str) -> str:
    fits = is_text(text) and 0 < len(text) <= _MAX_DESCRIPTION_LENGTH
    return text if fits else filed_description([text])


def _money(cells: Cells, field: str, currency: Currency) -> Money:
    number = written_number(cells[field])
    magnitude = number.magnitude(".", currency.minor_digits) if number else None
    if number is None or magnitude is None:
        raise UnreadableRecord(field, FeedFault.UNREADABLE if cells[field] else FeedFault.MISSING)
    try:
        return Money(magnitude * (number.sign or 1), currency)
    except DomainError:
        raise UnreadableRecord(field) from None
