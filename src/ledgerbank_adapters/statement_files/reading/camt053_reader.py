"""Reads camt.053, the statement of ISO 20022, in all its versions.

What differs between versions (where a status, a name or a BIC stands) is looked for in both places; nobody
has to say which version a file is in, and a namespace of another spelling changes nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from xml.etree.ElementTree import Element

from ledgerbank_adapters.statement_files.reading.camt053_balances import CamtBalances, read_balances
from ledgerbank_adapters.statement_files.reading.camt053_dates import day_of
from ledgerbank_adapters.statement_files.reading.camt053_document import CamtStatement, read_statements
from ledgerbank_adapters.statement_files.reading.camt053_entry import CamtEntry
from ledgerbank_adapters.statement_files.reading.filed_values import filed_currency, filed_money, filed_number
from ledgerbank_adapters.statement_files.reading.repeated_ids import balances_tie, with_unique_ids
from ledgerbank_adapters.statement_files.reading.statement_order import oldest_first
from ledgerbank_adapters.statement_files.reading.unreadable_record import UnreadableRecord, require_readable
from ledgerbank_domain.banking.feed_warning import FeedFault, RecordKind, UnreadRecord
from ledgerbank_domain.banking.statement_file import (
    FiledMovement,
    FiledStatement,
    StatementFile,
    StatementFormat,
)
from ledgerbank_domain.money.currency import Currency
from ledgerbank_domain.ports.statement_reader import StatementHints

_ACCOUNT_IDS = ("IBAN", "Othr/Id", "PrtryAcct/Id", "BBAN")
_BANK_IDS = ("BICFI", "BIC", "ClrSysMmbId/MmbId", "Othr/Id")
_MIDNIGHT = "T00:00:00"


@dataclass(frozen=True, slots=True)
class _Page:
    """A ``Stmt`` as read: a statement, or one page of it."""

    statement: FiledStatement
    number: str
    goes_on: bool
    continues: bool


def read_camt053(content: bytes, hints: StatementHints) -> StatementFile:
    """What a camt.053 file says. Raises ``invalid_statement_file`` for one that cannot be read as a whole."""
    found = read_statements(content)
    prefixes = [f"statement {number}, " for number in range(1, len(found) + 1)] if len(found) > 1 else [""]
    pages = [_page(statement, prefix, hints) for statement, prefix in zip(found, prefixes, strict=True)]
    return StatementFile(
        format=StatementFormat.CAMT053, statements=with_unique_ids(oldest_first(_without_page_breaks(pages)))
    )


def _page(statement: CamtStatement, prefix: str, hints: StatementHints) -> _Page:
    around = statement.around
    currency = _currency(statement, hints)
    movements, unread = _movements(statement, currency, prefix)
    begins_on, ends_on = _period(around)
    first = min((entry.posted_at.date() for _, entry in statement.entries if not entry.pending), default=None)
    balances = read_balances(around, currency, begins_on=begins_on, ends_on=ends_on, first=first)
    unread += [fault.told(place=f"{prefix}balances", kind=RecordKind.ACCOUNT) for fault in balances.unread]
    filed = FiledStatement(
        account_number=_first_number(around, "Acct/Id", _ACCOUNT_IDS),
        bank_code=_first_number(around, "Acct/Svcr/FinInstnId", _BANK_IDS),
        currency=currency,
        opening=balances.opening,
        closing=balances.closing,
        begins_on=begins_on,
        ends_on=_last_day(ends_on, begins_on, balances, is_midnight=_ends_at_midnight(around)),
        movements=tuple(movements),
        unread=tuple(unread),
    )
    return _Page(
        statement=_as_its_balances_say(filed, statement.entries),
        number=_number(around),
        goes_on=balances.goes_on or _is_not_the_last(around),
        continues=balances.continues,
    )


def _currency(statement: CamtStatement, hints: StatementHints) -> Currency:
    """The account's; else that of its balances, else of its entries if they agree."""
    around = statement.around
    told = [around.findtext("Acct/Ccy")]
    told += [amount.get("Ccy") for amount in around.iterfind("Bal/Amt")]
    of_entries = {entry.currency_code for _, entry in statement.entries}
    told += of_entries if len(of_entries) == 1 else ()
    for code in told:
        try:
            return filed_currency(code, field="Ccy")
        except UnreadableRecord:
            continue
    return hints.currency


def _movements(
    statement: CamtStatement, currency: Currency, prefix: str
) -> tuple[list[FiledMovement], list[UnreadRecord]]:
    movements: list[FiledMovement] = []
    faults = list(statement.unread)
    for number, entry in statement.entries:
        try:
            movements.append(_movement(entry, currency, place=f"{prefix}entry {number}"))
        except UnreadableRecord as fault:
            faults.append((number, fault, entry.external_id))
    require_readable(len(faults))
    faults.sort(key=lambda told: told[0])
    return movements, [
        fault.told(place=f"{prefix}entry {number}", external_id=external_id)
        for number, fault, external_id in faults
    ]


def _movement(entry: CamtEntry, currency: Currency, *, place: str) -> FiledMovement:
    if entry.currency_code and filed_currency(entry.currency_code, field="Amt Ccy") != currency:
        raise UnreadableRecord("Amt Ccy", FeedFault.CONTRADICTORY)
    return FiledMovement(
        external_id=entry.external_id,
        direction=entry.direction,
        amount=filed_money(f"{entry.amount:f}", currency, field="Amt"),
        description=entry.description,
        posted_at=entry.posted_at,
        pending=entry.pending,
        place=place,
    )


def _as_its_balances_say(
    statement: FiledStatement, entries: Sequence[tuple[int, CamtEntry]]
) -> FiledStatement:
    """The standard gives a reversal the direction in which it moves the account, and so it is read.

    Some banks give it the direction of what it reverses. That is seen by the balances: when they tie only if
    all reversals are turned round, these are.
    """
    reversals = {entry for _, entry in entries if entry.is_reversal}
    if not reversals or statement.unread or balances_tie(statement, statement.movements):
        return statement
    turned = tuple(
        replace(movement, direction=movement.direction.opposite) if entry in reversals else movement
        for movement, (_, entry) in zip(statement.movements, entries, strict=True)
    )
    return replace(statement, movements=turned) if balances_tie(statement, turned) else statement


def _period(around: Element) -> tuple[date | None, date | None]:
    return _day(around, "FrDtTm", "FrDt"), _day(around, "ToDtTm", "ToDt")


def _day(around: Element, *names: str) -> date | None:
    for name in names:
        text = around.findtext(f"FrToDt/{name}")
        if text and text.strip():
            try:
                return day_of(text, field=name)
            except UnreadableRecord:
                return None
    return None


def _ends_at_midnight(around: Element) -> bool:
    return _MIDNIGHT in (around.findtext("FrToDt/ToDtTm") or "")


def _last_day(
    ends_on: date | None, begins_on: date | None, balances: CamtBalances, *, is_midnight: bool
) -> date | None:
    """Until midnight is until the end of the day before, unless the closing balance is of that day itself.

    A day too few is asked for again; a day too many would take what is not in the file for undone.
    """
    if ends_on is None or not is_midnight or ends_on == begins_on:
        return ends_on
    if balances.closing is not None and balances.closing.on == ends_on:
        return ends_on
    return ends_on - timedelta(days=1)


def _first_number(around: Element, within: str, names: Iterable[str]) -> str | None:
    numbers = (filed_number(around.findtext(f"{within}/{name}")) for name in names)
    return next(filter(None, numbers), None)


def _number(around: Element) -> str:
    return (around.findtext("ElctrncSeqNb") or around.findtext("LglSeqNb") or "").strip()


def _is_not_the_last(around: Element) -> bool:
    return (around.findtext("StmtPgntn/LastPgInd") or "").strip().lower() in {"false", "0"}


def _without_page_breaks(pages: Sequence[_Page]) -> Iterator[FiledStatement]:
    """The pages of one statement as that statement: what a page ends with is the balance of no day."""
    before: _Page | None = None
    for page in pages:
        if before is not None and _is_next(before, page):
            before = _together(before, page)
            continue
        if before is not None:
            yield before.statement
        before = page
    if before is not None:
        yield before.statement


def _is_next(before: _Page, page: _Page) -> bool:
    first, second = before.statement, page.statement
    return (
        (before.goes_on or page.continues)
        and (first.account_number, first.currency) == (second.account_number, second.currency)
        and before.number == page.number
    )


def _together(before: _Page, page: _Page) -> _Page:
    first, second = before.statement, page.statement
    together = replace(
        first,
        opening=first.opening or second.opening,
        closing=second.closing,
        begins_on=min(filter(None, (first.begins_on, second.begins_on)), default=None),
        ends_on=max(filter(None, (first.ends_on, second.ends_on)), default=None),
        movements=first.movements + second.movements,
        unread=first.unread + second.unread,
    )
    return replace(before, statement=together, goes_on=page.goes_on)
