"""Reads MT940, the customer statement of SWIFT.

https://www2.swift.com/knowledgecentre/publications/us9m_20230720 has the standard; banks keep to it more or
less.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from ledgerbank_adapters.statement_files.reading.filed_values import filed_description, filed_id, filed_number
from ledgerbank_adapters.statement_files.reading.mt940_details import told_in_details
from ledgerbank_adapters.statement_files.reading.mt940_entry import (
    Mt940Balance,
    Mt940Entry,
    currency_of_balance,
    is_an_id,
    mt940_balance,
    mt940_entry,
)
from ledgerbank_adapters.statement_files.reading.mt940_fields import Mt940Field, mt940_messages
from ledgerbank_adapters.statement_files.reading.statement_order import oldest_first
from ledgerbank_adapters.statement_files.reading.statement_text import text_of
from ledgerbank_adapters.statement_files.reading.unreadable_record import UnreadableRecord, unreadable_file
from ledgerbank_domain.banking.feed_warning import FeedFault, RecordKind, UnreadRecord
from ledgerbank_domain.banking.statement_file import (
    FiledBalance,
    FiledMovement,
    FiledStatement,
    StatementFile,
    StatementFormat,
)
from ledgerbank_domain.money.currency import KNOWN_CURRENCIES, Currency
from ledgerbank_domain.ports.statement_reader import StatementHints

_OPENING = ("60F", "60M")
_MAX_SUPPLEMENT = 20
MAX_UNREAD = 10_000
_CLOSING = ("62F", "62M")
_TRAILING_CURRENCY = re.compile(r"([A-Z]{2}[0-9]{2}[A-Z0-9]{8,28}|[0-9.]{5,})([A-Z]{3})")


@dataclass(slots=True, kw_only=True)
class _Line:
    """A line of the statement, with the fields that tell of it."""

    entry: Mt940Entry
    line: int
    supplement: list[str]
    details: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """What one message says; a statement may have several."""

    account: str | None
    bank: str | None
    currency: Currency
    opening: Mt940Balance | None
    closing: Mt940Balance | None
    goes_on: bool
    continues: bool
    lines: tuple[_Line, ...]
    unread: tuple[UnreadRecord, ...]


def read_mt940(content: bytes, hints: StatementHints) -> StatementFile:
    """What an MT940 file says. Raises ``invalid_statement_file`` for one that cannot be read as a whole."""
    messages = _once(mt940_messages(text_of(content).text))
    pages: list[_Page] = []
    unread = 0
    for message in messages:
        if page := _page(message, hints.currency):
            pages.append(page)
            unread += len(page.unread)
        if unread > MAX_UNREAD:
            raise unreadable_file(f"More than {MAX_UNREAD} lines cannot be read: the file is damaged.")
    if not pages:
        raise unreadable_file("The file has the tags of MT940, but neither a balance nor a movement.")
    statements = _joined(pages)
    given = Counter((page.account, line.entry.bank_reference) for page in statements for line in page.lines)
    return StatementFile(
        format=StatementFormat.MT940,
        statements=oldest_first(_filed(statement, given) for statement in statements),
    )


def _once(messages: Iterable[list[Mt940Field]]) -> Iterable[list[Mt940Field]]:
    """Without the messages that are there twice, word for word."""
    seen: set[tuple[tuple[str, ...], ...]] = set()
    for message in messages:
        said = tuple((part.tag, *part.lines) for part in message)
        if said not in seen:
            seen.add(said)
            yield message


def _page(message: Sequence[Mt940Field], account_currency: Currency) -> _Page | None:
    unread: list[UnreadRecord] = []
    first = next((part for part in message if part.tag in _OPENING), None)
    last = next((part for part in reversed(message) if part.tag in _CLOSING), None)
    if not first and not last and not any(part.tag == "61" for part in message):
        return None
    opening, closing = (
        _balance(part, name, unread) for part, name in ((first, "opening"), (last, "closing"))
    )
    number, bank, told = _account(message)
    currency = next((each.amount.currency for each in (opening, closing) if each), told or account_currency)
    lines = _lines(message, currency, unread)
    if _is_of_an_unknown_currency(first, last):
        # An amount of a currency that nobody has is no amount of the account's.
        unread += [_of_unknown_currency(line) for line in lines]
        lines = []
    return _Page(
        account=number,
        bank=bank,
        currency=currency,
        opening=opening,
        closing=closing if closing and closing.amount.currency == currency else None,
        goes_on=last is not None and last.tag == "62M",
        continues=first is not None and first.tag == "60M",
        lines=tuple(lines),
        unread=tuple(unread),
    )


def _balance(part: Mt940Field | None, name: str, unread: list[UnreadRecord]) -> Mt940Balance | None:
    found = mt940_balance(part.first) if part else None
    if part and not found:
        unreadable = UnreadableRecord(f"{name} balance")
        unread.append(unreadable.told(place=f"line {part.line}", kind=RecordKind.ACCOUNT))
    return found


def _is_of_an_unknown_currency(first: Mt940Field | None, last: Mt940Field | None) -> bool:
    told = {code for part in (first, last) if part and (code := currency_of_balance(part.first))}
    return bool(told) and not told & KNOWN_CURRENCIES.keys()


def _of_unknown_currency(line: _Line) -> UnreadRecord:
    return UnreadableRecord("currency", FeedFault.UNKNOWN).told(
        place=f"line {line.line}", external_id=filed_id(line.entry.bank_reference)
    )


def _lines(message: Sequence[Mt940Field], currency: Currency, unread: list[UnreadRecord]) -> list[_Line]:
    lines: list[_Line] = []
    current: _Line | None = None
    for part in message:
        if part.tag == "61":
            current = None
            try:
                entry = mt940_entry(part.lines, currency)
            except UnreadableRecord as unreadable:
                unread.append(unreadable.told(place=f"line {part.line}"))
                continue
            current = _Line(entry=entry, line=part.line, supplement=part.lines[1:])
            lines.append(current)
        elif part.tag == "86" and current:
            current.details += part.lines
        elif part.tag != "NS":
            current = None
    return lines


def _account(message: Sequence[Mt940Field]) -> tuple[str | None, str | None, Currency | None]:
    """Number, bank and currency: ``BLZ/number``, ``BIC/number/EUR``, an IBAN, or a number and ``EUR``."""
    part = next((part for part in message if part.tag in {"25", "25P"}), None)
    told = filed_number(part.first.upper()) if part else None
    if part is None or told is None:
        return None, None, None
    pieces = [piece for piece in told.split("/") if piece]
    currency = KNOWN_CURRENCIES.get(pieces[-1]) if len(pieces) > 1 else None
    if currency:
        pieces.pop()
    elif (trailing := _TRAILING_CURRENCY.fullmatch(pieces[-1])) and trailing[2] in KNOWN_CURRENCIES:
        pieces[-1], currency = trailing[1], KNOWN_CURRENCIES[trailing[2]]
    bank = pieces[0] if len(pieces) > 1 else filed_number(part.lines[1]) if len(part.lines) > 1 else None
    return filed_number(pieces[-1].replace(".", "")), bank, currency


def _joined(pages: Sequence[_Page]) -> list[_Page]:
    """Statements of one page, and of several that continue one another."""
    joined: list[_Page] = []
    for page in pages:
        before = joined[-1] if joined else None
        if before and before.goes_on and page.continues and _continues(before, page):
            joined[-1] = replace(
                before,
                closing=page.closing,
                goes_on=page.goes_on,
                lines=(*before.lines, *page.lines),
                unread=(*before.unread, *page.unread),
            )
        else:
            joined.append(page)
    return joined


def _continues(before: _Page, page: _Page) -> bool:
    same_money = before.closing and page.opening and before.closing.amount == page.opening.amount
    return bool(same_money) and before.account == page.account


def _filed(page: _Page, given: Counter[tuple[str | None, str | None]]) -> FiledStatement:
    last_day = page.closing.on if page.closing else None
    movements = tuple(
        _movement(line, last_day, is_own=given[(page.account, line.entry.bank_reference)] == 1)
        for line in page.lines
        if not line.entry.amount.is_zero
    )
    days = [movement.posted_at.date() for movement in movements]
    return FiledStatement(
        account_number=page.account,
        bank_code=page.bank,
        currency=page.currency,
        # Banks date it on the day of the statement before; it was there before the first line.
        opening=_filed_balance(page.opening, min(days, default=None)),
        closing=_filed_balance(page.closing, max([*days, *([last_day] if last_day else [])], default=None)),
        begins_on=None,
        ends_on=None,
        movements=movements,
        unread=page.unread,
    )


def _filed_balance(balance: Mt940Balance | None, on: date | None) -> FiledBalance | None:
    return FiledBalance(amount=balance.amount, on=on or balance.on) if balance else None


def _movement(line: _Line, last_day: date | None, *, is_own: bool) -> FiledMovement:
    entry = line.entry
    # Without a day of booking, what has its value later was still booked by the day of the statement.
    day = entry.booked_on or (min(entry.valued_on, last_day) if last_day else entry.valued_on)
    told = told_in_details(line.details) or (
        " ".join(line.supplement[:_MAX_SUPPLEMENT]),
        entry.owner_reference,
    )
    return FiledMovement(
        external_id=filed_id(entry.bank_reference) if is_own and is_an_id(entry.bank_reference) else None,
        direction=entry.direction,
        amount=entry.amount,
        description=filed_description(told),
        posted_at=datetime(day.year, day.month, day.day, tzinfo=UTC),
        pending=entry.expected,
        place=f"line {line.line}",
    )
