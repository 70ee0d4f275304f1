"""Rows of a CSV file made into statements: one for each account that they name."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise

from ledgerbank_adapters.statement_files.reading import csv_header_words as words
from ledgerbank_adapters.statement_files.reading.csv_balances import BalanceProof, BookedRow, balance_proof
from ledgerbank_adapters.statement_files.reading.csv_cell_words import SumKind
from ledgerbank_adapters.statement_files.reading.csv_dates import instant_reader
from ledgerbank_adapters.statement_files.reading.csv_layout import CsvLayout
from ledgerbank_adapters.statement_files.reading.csv_record_reader import (
    CsvRecord,
    CsvRecordReader,
    ToldBalance,
)
from ledgerbank_adapters.statement_files.reading.csv_rows import CsvRow
from ledgerbank_adapters.statement_files.reading.filed_values import filed_number
from ledgerbank_adapters.statement_files.reading.unreadable_record import UnreadableRecord, unreadable_file
from ledgerbank_domain.banking.feed_warning import UnreadRecord
from ledgerbank_domain.banking.statement_file import FiledBalance, FiledMovement, FiledStatement
from ledgerbank_domain.ledger.journal import Direction
from ledgerbank_domain.money.currency import Currency
from ledgerbank_domain.money.money import Money
from ledgerbank_domain.ports.statement_reader import CsvProfile

MAX_UNREAD = 10_000
_DATE_LIKE = re.compile(r"(?<![0-9])[0-9]{1,4}[./-] ?[0-9]{1,2}[./-] ?[0-9]{2,4}(?![0-9])")
_IBAN = re.compile(r"\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")
_ACCOUNT_NUMBER = re.compile(r"[A-Z]{0,4}[0-9][A-Z0-9/-]{3,33}")
_NOTHING = Decimal(0)
_BOTH = 2


class CsvAccounts:
    """The rows of a file, by the account that they name, as they are read."""

    def __init__(self, layout: CsvLayout, reader: CsvRecordReader) -> None:
        self._layout = layout
        self._reader = reader
        self.rows: dict[str, list[CsvRecord | BookedRow]] = {}
        self.unread: dict[str, list[UnreadRecord]] = {}
        self.told: dict[str, dict[SumKind, ToldBalance]] = {}
        self._unread_count = 0

    def take(self, row: CsvRow) -> None:
        """Reads a row. One that cannot be read keeps its balance: what it adds is not known."""
        account = self._layout.cell(row, words.ACCOUNT)
        try:
            record = self._reader.read(row)
        except UnreadableRecord as unreadable:
            self._unread_count += 1
            if self._unread_count > MAX_UNREAD:
                raise unreadable_file(
                    f"More than {MAX_UNREAD} rows cannot be read, the first in line {self._first_unread()}:"
                    " the file is damaged, or not written as it seems to be."
                ) from None
            told = unreadable.told(place=f"line {row.line}", external_id=self._reader.id_of(row))
            self.unread.setdefault(account, []).append(told)
            self.rows.setdefault(account, []).append(BookedRow(adds=None, balance=self._reader.balance(row)))
            return
        if isinstance(record, ToldBalance):
            self.told.setdefault(account, {})[record.kind] = record
        elif record is not None:
            self.rows.setdefault(account, []).append(record)

    def _first_unread(self) -> str:
        return next(iter(self.unread.values()))[0].field.removeprefix("line ")


def filed_statements(
    accounts: CsvAccounts,
    preamble: Sequence[CsvRow],
    profile: CsvProfile,
    currency: Currency,
    *,
    signs_are_told: bool,
) -> tuple[FiledStatement, ...]:
    """A statement for each account; one without movements for a file that has none."""
    by_account = accounts.rows or {"": []}
    number = None if any(by_account) else _number_in(preamble)
    return tuple(
        _statement(
            rows,
            tuple(accounts.unread.get(account, ())),
            told=accounts.told.get(account, {}),
            number=number if not account else _account_number(account),
            period=_days_in(preamble, profile),
            currency=currency,
            signs_are_told=signs_are_told,
        )
        for account, rows in by_account.items()
    )


def _statement(
    rows: Sequence[CsvRecord | BookedRow],
    unread: tuple[UnreadRecord, ...],
    *,
    told: Mapping[SumKind, ToldBalance],
    number: str | None,
    period: tuple[date, date] | None,
    currency: Currency,
    signs_are_told: bool,
) -> FiledStatement:
    rows = _once(rows)
    proof = _proof(rows, with_fees=True)
    with_fees = True
    if any(isinstance(row, CsvRecord) and row.fee for row in rows):
        without = _proof(rows, with_fees=False)
        with_fees = without.proven <= proof.proven
        proof = proof if with_fees else without
    if not signs_are_told and not proof.holds:
        raise unreadable_file(
            "The amounts have no signs, and do not lead from one balance to the next: which of them are"
            " debits cannot be told. If none is, give a profile without the column of balances."
        )
    records = [row for row in rows if isinstance(row, CsvRecord)]
    if _is_newest_first(records, proof):
        records.reverse()
    days = [record.at.date() for record in records]
    begins_on, ends_on = (
        period if period and days and period[0] <= min(days) and max(days) <= period[1] else (None, None)
    )
    return FiledStatement(
        account_number=number,
        currency=currency,
        opening=_balance(proof.opening, days[:1], proof, currency)
        or _told(told.get(SumKind.OPENING), currency),
        closing=_balance(proof.closing, days[-1:], proof, currency)
        or _told(told.get(SumKind.CLOSING), currency),
        begins_on=begins_on,
        ends_on=ends_on,
        movements=_movements(records, currency, with_fees=with_fees),
        unread=unread,
    )


def _once(rows: Sequence[CsvRecord | BookedRow]) -> list[CsvRecord | BookedRow]:
    """Without what is said twice: a row with the same id that is the same in everything."""
    seen: set[CsvRecord] = set()
    kept: list[CsvRecord | BookedRow] = []
    for row in rows:
        if isinstance(row, CsvRecord) and row.external_id:
            said = replace(row, line=0)
            if said in seen:
                continue
            seen.add(said)
        kept.append(row)
    return kept


def _proof(rows: Sequence[CsvRecord | BookedRow], *, with_fees: bool) -> BalanceProof:
    return balance_proof(
        [row if isinstance(row, BookedRow) else _booked(row, with_fees=with_fees) for row in rows]
    )


def _booked(record: CsvRecord, *, with_fees: bool) -> BookedRow:
    if record.pending and record.balance is None:
        return BookedRow(adds=_NOTHING, balance=None)
    return BookedRow(adds=_adds(record, with_fees=with_fees), balance=record.balance)


def _adds(record: CsvRecord, *, with_fees: bool) -> Decimal:
    return record.adds - record.fee if with_fees else record.adds


def _is_newest_first(records: Sequence[CsvRecord], proof: BalanceProof) -> bool:
    if proof.proven and proof.holds:
        return proof.newest_first
    instants: list[datetime] = [record.at for record in records]
    falls = all(later >= earlier for later, earlier in pairwise(instants))
    return falls and instants[:1] != instants[-1:]


def _balance(
    amount: Decimal | None, days: Sequence[date], proof: BalanceProof, currency: Currency
) -> FiledBalance | None:
    if amount is None or not days or not proof.holds:
        return None
    money = Money(amount, currency)
    return FiledBalance(amount=money, on=days[0]) if money.is_representable else None


def _told(balance: ToldBalance | None, currency: Currency) -> FiledBalance | None:
    return FiledBalance(amount=Money(balance.amount, currency), on=balance.on) if balance else None


def _movements(
    records: Sequence[CsvRecord], currency: Currency, *, with_fees: bool
) -> tuple[FiledMovement, ...]:
    given = Counter(record.external_id for record in records)
    return tuple(
        FiledMovement(
            external_id=record.external_id if given[record.external_id] == 1 else None,
            direction=Direction.CREDIT if adds > 0 else Direction.DEBIT,
            amount=Money(abs(adds), currency),
            description=record.description,
            posted_at=record.at,
            pending=record.pending,
            place=f"line {record.line}",
        )
        for record in records
        if (adds := _adds(record, with_fees=with_fees))
    )


def _account_number(told: str) -> str | None:
    number = filed_number(told.strip("'"))
    return number if number and _ACCOUNT_NUMBER.fullmatch(number) else None


def _number_in(preamble: Sequence[CsvRow]) -> str | None:
    """The one IBAN that stands above the table."""
    text = "\n".join(" ; ".join(row.cells) for row in preamble)
    found = {number for match in _IBAN.finditer(text) if _is_iban(number := match[0].replace(" ", ""))}
    return found.pop() if len(found) == 1 else None


def _is_iban(number: str) -> bool:
    return int("".join(str(int(letter, 36)) for letter in number[4:] + number[:4])) % 97 == 1


def _days_in(preamble: Sequence[CsvRow], profile: CsvProfile) -> tuple[date, date] | None:
    """The period that a line above the table tells: the only two days in it."""
    instant = instant_reader(profile.date_format)
    for row in preamble:
        days = [at.date() for found in _DATE_LIKE.findall(" ".join(row.cells)) if (at := instant(found))]
        if len(days) == _BOTH:
            return min(days), max(days)
    return None
