"""Which of the balances around a camt.053 statement are its first and its last."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from xml.etree.ElementTree import Element

from ledgerbank_adapters.statement_files.reading.camt053_dates import day_of, told_time
from ledgerbank_adapters.statement_files.reading.camt053_entry import DIRECTIONS
from ledgerbank_adapters.statement_files.reading.filed_values import filed_currency, filed_money
from ledgerbank_adapters.statement_files.reading.unreadable_record import UnreadableRecord
from ledgerbank_domain.banking.feed_warning import FeedFault
from ledgerbank_domain.banking.statement_file import FiledBalance
from ledgerbank_domain.money.currency import Currency

OPENING = "OPBD"
CLOSING_BEFORE = "PRCD"
CLOSING = "CLBD"
_INTERMEDIATE = "INTM"
_INTERIM = "ITBD"
_READ = frozenset({OPENING, CLOSING_BEFORE, CLOSING})
"""What is booked when a day begins or ends. Available, forward and expected balances count what is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CamtBalances:
    """``unread`` are those of the kinds that count which cannot be read.

    ``goes_on`` and ``continues``: the statement is one page of several, for its last or its first balance is
    only that of a page.
    """

    opening: FiledBalance | None
    closing: FiledBalance | None
    unread: tuple[UnreadableRecord, ...]
    goes_on: bool
    continues: bool


@dataclass(frozen=True, slots=True)
class _Balance:
    kind: str
    told: FiledBalance


def read_balances(
    around: Element, currency: Currency, *, begins_on: date | None, ends_on: date | None, first: date | None
) -> CamtBalances:
    """``first`` is the day of the first movement booked."""
    read: list[_Balance] = []
    unread: list[UnreadableRecord] = []
    page_kinds: set[str] = set()
    for balance in around.iterfind("Bal"):
        kind = balance_kind(balance)
        if (balance.findtext("Tp/SubTp/Cd") or "").strip().upper() == _INTERMEDIATE or kind == _INTERIM:
            page_kinds.add(kind)
        elif kind in _READ:
            try:
                read.append(_Balance(kind, _read(balance, kind, currency, begins_on or ends_on)))
            except UnreadableRecord as fault:
                unread.append(fault)
    opening = _opening(read, begins_on=begins_on, first=first)
    closing = next(reversed(_of_kind(read, CLOSING)), None)
    has_interim = _INTERIM in page_kinds
    return CamtBalances(
        opening=opening,
        closing=closing,
        unread=tuple(unread),
        goes_on=closing is None and (CLOSING in page_kinds or (has_interim and opening is not None)),
        continues=opening is None and (OPENING in page_kinds or (has_interim and closing is not None)),
    )


def balance_kind(balance: Element) -> str:
    """Its code, in the place of every version."""
    code = balance.findtext("Tp/CdOrPrtry/Cd") or balance.findtext("Tp/Cd") or ""
    return code.strip().upper()


def _read(balance: Element, kind: str, currency: Currency, otherwise_on: date | None) -> FiledBalance:
    field = f"Bal {kind}"
    amount = balance.find("Amt")
    direction = DIRECTIONS.get((balance.findtext("CdtDbtInd") or "").strip().upper())
    if amount is None or direction is None:
        raise UnreadableRecord(field, FeedFault.MISSING)
    code = amount.get("Ccy")
    if code and filed_currency(code, field=field) != currency:
        raise UnreadableRecord(field, FeedFault.CONTRADICTORY)
    text = told_time(balance.find("Dt"))
    on = otherwise_on if text is None else day_of(text, field=field)
    if on is None:
        raise UnreadableRecord(field, FeedFault.MISSING)
    return FiledBalance(amount=direction.signed(filed_money(amount.text, currency, field=field)), on=on)


def _opening(read: Sequence[_Balance], *, begins_on: date | None, first: date | None) -> FiledBalance | None:
    """Of the days that a statement covers the first one's; the day before closed with the same amount.

    Banks date it by the day that begins, or by the one that ended. It is never later than what it is before.
    """
    opening = next(iter(_of_kind(read, OPENING)), None)
    if opening is None:
        before = next(iter(_of_kind(read, CLOSING_BEFORE)), None)
        if before is None:
            return None
        is_of_that_day = first is not None and first <= before.on
        on = before.on if is_of_that_day else before.on + timedelta(days=1)
        opening = FiledBalance(amount=before.amount, on=on)
    if begins_on is not None and opening.on < begins_on and (first is None or begins_on <= first):
        return FiledBalance(amount=opening.amount, on=begins_on)
    return opening


def _of_kind(read: Iterable[_Balance], kind: str) -> list[FiledBalance]:
    """In order of their days; those of one day as they stand."""
    return sorted((balance.told for balance in read if balance.kind == kind), key=lambda told: told.on)
