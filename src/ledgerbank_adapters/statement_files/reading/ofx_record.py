"""One record (``STMTTRN``) of an OFX statement."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from ledgerbank_adapters.statement_files.reading.filed_values import (
    filed_decimal,
    filed_description,
    filed_id,
    filed_text,
)
from ledgerbank_adapters.statement_files.reading.ofx_dates import is_told, ofx_instant
from ledgerbank_adapters.statement_files.reading.ofx_markup import OfxElement
from ledgerbank_adapters.statement_files.reading.unreadable_record import UnreadableRecord
from ledgerbank_domain.banking.feed_warning import FeedFault

DELETED = "DELETE"
_CORRECTIONS = frozenset({"REPLACE", DELETED})
_HELD = "HOLD"
_WHEN = ("DTPOSTED", "DTTRAN", "DTUSER")

# What a record is, when no text says it.
_KINDS = {
    "ATM": "Cash machine",
    "CASH": "Cash withdrawal",
    "CHECK": "Cheque",
    "DEP": "Deposit",
    "DIRECTDEBIT": "Direct debit",
    "DIRECTDEP": "Direct deposit",
    "DIV": "Dividend",
    "FEE": "Fee",
    "INT": "Interest",
    "PAYMENT": "Payment",
    "POS": "Card payment",
    "REPEATPMT": "Standing order",
    "SRVCHG": "Service charge",
    "XFER": "Transfer",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OfxRecord:
    """A record that moves something. ``amount`` has the sign that is written.

    ``currency_code`` is that of an amount that was not converted. ``corrects`` is the id of a record that
    this one replaces, or (``deletes``) only takes back.
    """

    external_id: str | None
    kind: str
    amount: Decimal
    currency_code: str | None
    description: str
    posted_at: datetime
    pending: bool
    corrects: str | None
    deletes: bool


def read_record(record: OfxElement) -> OfxRecord | None:
    """None for what moves nothing. Raises ``UnreadableRecord``."""
    kind = record.value("TRNTYPE").upper()
    amount = filed_decimal(record.value("TRNAMT"), field="TRNAMT")
    corrects, action = filed_id(record.value("CORRECTFITID")), record.value("CORRECTACTION").upper()
    if corrects is not None and action not in _CORRECTIONS:
        raise UnreadableRecord("CORRECTACTION", FeedFault.UNKNOWN if action else FeedFault.MISSING)
    if not amount and corrects is None:
        return None
    return OfxRecord(
        external_id=record_id(record),
        kind=kind,
        amount=amount,
        currency_code=record.value("CURRENCY/CURSYM") or record.value("CURRENCY") or None,
        description=filed_description(_said(record, kind)),
        posted_at=_posted_at(record),
        pending=record.name == "STMTTRNP" or kind == _HELD,
        corrects=corrects,
        deletes=corrects is not None and action == DELETED,
    )


def record_id(record: OfxElement) -> str | None:
    """The bank's id of it, if it gives one."""
    return filed_id(record.value("FITID"))


def _posted_at(record: OfxElement) -> datetime:
    """When it was booked; what is pending says when it was made, and some say nothing else of any."""
    for name in _WHEN:
        text = record.value(name)
        if is_told(text):
            return ofx_instant(text, field=name)
    told = any(record.value(name) for name in _WHEN)
    raise UnreadableRecord("DTPOSTED", FeedFault.UNREADABLE if told else FeedFault.MISSING)


def _said(record: OfxElement, kind: str) -> Iterator[str]:
    names = (record.value(path) for path in ("NAME", "PAYEE/NAME", "EXTDNAME"))
    name = next(filter(filed_text, names), "")
    memo = record.value("MEMO")
    yield name
    yield memo
    if not filed_text(name) and not filed_text(memo):
        what = _KINDS.get(kind, "")
        yield " ".join(filter(None, (what, record.value("CHECKNUM") or record.value("REFNUM"))))
