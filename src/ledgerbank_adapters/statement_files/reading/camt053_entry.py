"""One entry (``Ntry``) of a camt.053 statement: the account's line, whatever payments it sums up."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from xml.etree.ElementTree import Element

from ledgerbank_adapters.statement_files.reading.camt053_dates import instant_of
from ledgerbank_adapters.statement_files.reading.filed_values import (
    filed_decimal,
    filed_description,
    filed_id,
    filed_text,
)
from ledgerbank_adapters.statement_files.reading.unreadable_record import UnreadableRecord
from ledgerbank_domain.banking.feed_warning import FeedFault
from ledgerbank_domain.ledger.journal import Direction

DIRECTIONS = {"CRDT": Direction.CREDIT, "DBIT": Direction.DEBIT}
_BOOKED = "BOOK"
_PENDING = "PDNG"
# Told for information, or of the future: nothing was done to the account.
_NOT_STANDING = frozenset({"INFO", "FUTR"})
_TRUE = frozenset({"true", "1"})
# Entries are numbered anew in every statement by many banks: such a number is no id of the movement.
_COUNTERS_BELOW = 1_000_000

# What an entry is, by its code, when no text says it: the finest code that is known decides.
_KINDS = {
    "BBDD": "Direct debit",
    "CAJT": "Credit adjustment",
    "CCRD": "Card payment",
    "CDPT": "Cash deposit",
    "CHKD": "Cheque",
    "CHRG": "Charges",
    "COMM": "Commission",
    "CWDL": "Cash withdrawal",
    "DAJT": "Debit adjustment",
    "ESDD": "Direct debit",
    "FEES": "Fees",
    "ICCN": "Transfer",
    "ICDT": "Transfer",
    "ICHQ": "Cheque",
    "IDDT": "Direct debit",
    "INTR": "Interest",
    "IRCT": "Transfer",
    "POSD": "Card payment",
    "RCDT": "Transfer",
    "RCHQ": "Cheque",
    "RDDT": "Direct debit",
    "RRCT": "Transfer",
    "SALA": "Salary",
    "STDO": "Standing order",
    "TAXE": "Taxes",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CamtEntry:
    """An entry that stands. ``currency_code`` is as written, None when the amount names none.

    ``is_reversal`` by the entry's indicator: whether the direction is its own or that of what it reverses is
    the statement's to decide.
    """

    external_id: str | None
    direction: Direction
    amount: Decimal
    currency_code: str | None
    description: str
    posted_at: datetime
    pending: bool
    is_reversal: bool


def read_entry(entry: Element, *, payments: int) -> CamtEntry | None:
    """``payments`` is how many it lists, of which not all need be there.

    None for what moves nothing: told for information only, or of zero. Raises ``UnreadableRecord``.
    """
    status = _status(entry)
    if status in _NOT_STANDING:
        return None
    amount = _amount(entry)
    if not amount:
        return None
    direction = DIRECTIONS.get(_text(entry, "CdtDbtInd").upper())
    if direction is None:
        raise UnreadableRecord("CdtDbtInd", _missing_or_unknown(_text(entry, "CdtDbtInd")))
    is_reversal = _text(entry, "RvslInd").lower() in _TRUE
    return CamtEntry(
        external_id=entry_id(entry),
        direction=direction,
        amount=amount,
        currency_code=_currency_code(entry),
        description=filed_description(_said(entry, direction, is_reversal=is_reversal, payments=payments)),
        posted_at=_posted_at(entry),
        pending=status == _PENDING,
        is_reversal=is_reversal,
    )


def entry_id(entry: Element) -> str | None:
    """The bank's own reference, of the entry or of its only payment; else the entry's, if it is no counter.

    What the payer chose (``EndToEndId``) names an order, and every payment of a standing one.
    """
    payments = entry.findall("NtryDtls/TxDtls")
    own = [entry.findtext("AcctSvcrRef")]
    if len(payments) == 1:
        own.append(payments[0].findtext("Refs/AcctSvcrRef"))
    known = next(filter(None, map(filed_id, own)), None)
    if known is not None:
        return known
    numbered = filed_id(entry.findtext("NtryRef"))
    return None if numbered is None or _is_counter(numbered) else numbered


def _is_counter(reference: str) -> bool:
    digits = reference.lstrip("0")
    return digits.isascii() and digits.isdigit() and len(digits) < len(str(_COUNTERS_BELOW))


def _status(entry: Element) -> str:
    """The code of later versions stands in an element of its own. Without any it is booked: a statement's."""
    status = (_text(entry, "Sts/Cd") or _text(entry, "Sts")).upper()
    if not status and entry.find("Sts/Prtry") is None:
        return _BOOKED
    if status not in {_BOOKED, _PENDING} | _NOT_STANDING:
        raise UnreadableRecord("Sts", FeedFault.UNKNOWN)
    return status


def _amount(entry: Element) -> Decimal:
    amount = filed_decimal(entry.findtext("Amt"), field="Amt")
    if amount.is_signed() and amount:
        # Whether the sign says what the indicator says, or turns it round, nobody can tell.
        raise UnreadableRecord("Amt", FeedFault.CONTRADICTORY)
    return amount


def _currency_code(entry: Element) -> str | None:
    amount = entry.find("Amt")
    return None if amount is None else amount.get("Ccy")


def _posted_at(entry: Element) -> datetime:
    """When it was booked; the day of value stands in where the bank does not say."""
    for name in ("BookgDt", "ValDt"):
        told = instant_of(entry.find(name), field=name)
        if told is not None:
            return told
    raise UnreadableRecord("BookgDt", FeedFault.MISSING)


def _said(entry: Element, direction: Direction, *, is_reversal: bool, payments: int) -> Iterator[str | None]:
    count = max(payments, _told_count(entry))
    if count > 1:
        yield f"{count} payments"
        yield filed_text(entry.findtext("AddtlNtryInf")) or _kind(entry)
        return
    payment = entry.find("NtryDtls/TxDtls")
    told = [] if payment is None else [*_payment_said(payment, direction, is_reversal=is_reversal)]
    yield from told
    if not any(map(filed_text, told)):
        yield filed_text(entry.findtext("AddtlNtryInf")) or _kind(entry)


def _payment_said(payment: Element, direction: Direction, *, is_reversal: bool) -> Iterator[str | None]:
    """Who it was with, and what for; the bank's own words only where nobody else says anything."""
    name = _counterparty(payment, direction, is_reversal=is_reversal)
    purpose = [*_texts(payment, "RmtInf/Ustrd"), *_structured(payment)]
    yield name
    yield " ".join(purpose)
    if not purpose:
        yield payment.findtext("AddtlTxInf")


def _counterparty(payment: Element, direction: Direction, *, is_reversal: bool) -> str:
    """The other side: of a payment that came back both sides keep the places they had in it."""
    paid_out = (direction is Direction.DEBIT) is not is_reversal
    sides = ("Cdtr", "UltmtCdtr", "Dbtr") if paid_out else ("Dbtr", "UltmtDbtr", "Cdtr")
    for side in sides[:2]:
        for path in (f"RltdPties/{side}/Nm", f"RltdPties/{side}/Pty/Nm"):
            name = filed_text(payment.findtext(path))
            if name:
                return name
    return ""


def _structured(payment: Element) -> Iterator[str]:
    for structured in payment.iterfind("RmtInf/Strd"):
        yield from _texts(structured, "CdtrRefInf/Ref")
        yield from _texts(structured, "RfrdDocInf/Nb")
        yield from _texts(structured, "AddtlRmtInf")


def _kind(entry: Element) -> str | None:
    code = entry.find("BkTxCd")
    if code is None:
        return None
    for path in ("Domn/Fmly/SubFmlyCd", "Domn/Fmly/Cd"):
        kind = _KINDS.get(_text(code, path))
        if kind:
            return kind
    return code.findtext("Prtry/Cd")


def _told_count(entry: Element) -> int:
    told = 0
    for count in entry.iterfind("NtryDtls/Btch/NbOfTxs"):
        digits = (count.text or "").strip()
        if digits.isascii() and digits.isdigit() and len(digits) <= len(str(_COUNTERS_BELOW)):
            told += int(digits)
    return told


def _texts(element: Element, path: str) -> Iterable[str]:
    return filter(None, (filed_text(found.text) for found in element.iterfind(path)))


def _text(element: Element, path: str) -> str:
    return (element.findtext(path) or "").strip()


def _missing_or_unknown(text: str) -> FeedFault:
    return FeedFault.UNKNOWN if text else FeedFault.MISSING
