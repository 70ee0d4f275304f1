"""The days that an OFX statement covers, and the balances at both ends of them.

The standard knows no opening balance. The balance available counts what is not booked, and is none of these.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

from ledgerbank_adapters.statement_files.reading.filed_values import filed_money
from ledgerbank_adapters.statement_files.reading.ofx_dates import is_midnight, is_told, ofx_day
from ledgerbank_adapters.statement_files.reading.ofx_markup import OfxElement
from ledgerbank_adapters.statement_files.reading.unreadable_record import UnreadableRecord
from ledgerbank_domain.banking.feed_warning import FeedFault
from ledgerbank_domain.banking.statement_file import FiledBalance
from ledgerbank_domain.money.currency import Currency


@dataclass(frozen=True, slots=True, kw_only=True)
class OfxDays:
    """From and to, both inclusive; ``booked`` are the days on which the statement lists something."""

    begins_on: date | None
    ends_on: date | None
    booked: Collection[date]


def covered_days(around: OfxElement, booked: Collection[date]) -> OfxDays:
    begins_on = _day(around.value("BANKTRANLIST/DTSTART"), field="DTSTART")
    text = around.value("BANKTRANLIST/DTEND")
    ends_on = _day(text, field="DTEND")
    if ends_on is not None and ends_on != begins_on:
        ends_on = _whole_day(ends_on, text, booked)
    return OfxDays(begins_on=begins_on, ends_on=ends_on, booked=booked)


def closing_balance(around: OfxElement, currency: Currency, days: OfxDays) -> FiledBalance | None:
    """What the bank's books say. Raises ``UnreadableRecord``."""
    amount, as_of = around.value("LEDGERBAL/BALAMT"), around.value("LEDGERBAL/DTASOF")
    if not amount:
        return None
    if is_told(as_of):
        on: date | None = _whole_day(ofx_day(as_of, field="LEDGERBAL DTASOF"), as_of, days.booked)
    else:
        on = days.ends_on
    if on is None:
        raise UnreadableRecord("LEDGERBAL DTASOF", FeedFault.MISSING)
    return FiledBalance(amount=filed_money(amount, currency, field="LEDGERBAL BALAMT"), on=on)


def opening_balance(told: OfxElement | None, currency: Currency, days: OfxDays) -> FiledBalance | None:
    """As LedgerBank tells it in the list of other balances, and no bank; None when it cannot be read."""
    if told is None:
        return None
    try:
        on = _day(told.value("DTASOF"), field="BAL DTASOF") or days.begins_on
        amount = filed_money(told.value("VALUE"), currency, field="BAL VALUE")
    except UnreadableRecord:
        return None
    return None if on is None else FiledBalance(amount=amount, on=on)


def _whole_day(day: date, text: str, booked: Collection[date]) -> date:
    """Midnight is the end of the day before, or how a program writes a day: that is seen by what it lists.

    Where nothing is listed on that day, the balances of both are the same.
    """
    if is_midnight(text) and not any(day <= each for each in booked):
        return day - timedelta(days=1)
    return day


def _day(text: str, *, field: str) -> date | None:
    try:
        return ofx_day(text, field=field) if is_told(text) else None
    except UnreadableRecord:
        return None
