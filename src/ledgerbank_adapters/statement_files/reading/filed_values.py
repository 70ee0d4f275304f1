"""Values as files spell them, made fit for the domain. Raises ``UnreadableRecord`` for what cannot be."""

import re
import unicodedata
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from hashlib import sha256

from ledgerbank_adapters.statement_files.reading.unreadable_record import UnreadableRecord
from ledgerbank_domain.banking.feed_warning import FeedFault
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.money.currency import KNOWN_CURRENCIES, Currency
from ledgerbank_domain.money.money import Money

NO_TEXT = "Transaction"
"""What describes a movement of which the file tells no more."""

_MAX_DESCRIPTION_LENGTH = 255
_MAX_ID_LENGTH = 200
_MAX_NUMBER_LENGTH = 64
# Much longer texts than a description holds are cut before they are cleaned: time is for what is kept.
_MAX_PART_LENGTH = 4096
_NOT_SHOWN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufffe\uffff\ud800-\udfff]+"
)
_BLANKS = re.compile(r"\s+")
# What banks write where they have no id: https://www.europeanpaymentscouncil.eu has the first for SEPA.
_NO_IDS = frozenset({"NOTPROVIDED", "NOT PROVIDED", "NONREF", "NOREF", "NONE", "NULL", "N/A", "NA", "-"})

_MAX_AMOUNT_LENGTH = 40
_AMOUNT = re.compile(r"([+-]?)([0-9]*)(?:[.,]([0-9]*))?", re.ASCII)
_GROUPED = re.compile(
    r"([+-]?)([0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]*)?|[0-9]{1,3}(?:\.[0-9]{3})+(?:,[0-9]*)?)", re.ASCII
)
_GROUPING_BLANKS = str.maketrans("", "", "\u00a0\u202f '\u2019")
_THOUSANDS = 3

_EARLIEST_YEAR = 1900
_LATEST_YEAR = 2199


def filed_text(text: str | None) -> str:
    """A text in one line, without controls and what is not Unicode; empty when it says nothing."""
    if not text:
        return ""
    shown = _NOT_SHOWN.sub(" ", text[:_MAX_PART_LENGTH])
    return _BLANKS.sub(" ", unicodedata.normalize("NFC", shown)).strip()


def filed_description(parts: Iterable[str | None]) -> str:
    """The parts that say something, joined by `` - `` and cut to what a description may have.

    A part that another one begins with (banks cut names that they repeat in full elsewhere) is said once.
    """
    said: list[str] = []
    for text in filter(None, map(filed_text, parts)):
        if not any(known.casefold().startswith(text.casefold()) for known in said):
            said = [known for known in said if not text.casefold().startswith(known.casefold())]
            said.append(text)
    return " - ".join(said)[:_MAX_DESCRIPTION_LENGTH].strip() or NO_TEXT


def filed_id(text: str | None) -> str | None:
    """A bank's id; None for what only says that there is none. One too long to be kept is cut and marked."""
    known = filed_text(text)
    if not known or known.upper() in _NO_IDS or not known.strip("0"):
        return None
    if len(known) <= _MAX_ID_LENGTH:
        return known
    mark = sha256((text or "").encode(errors="surrogatepass")).hexdigest()[:16]
    return f"{known[:_MAX_ID_LENGTH]}#{mark}"


def filed_number(text: str | None) -> str | None:
    """What an account or a bank is called by, without blanks; None when there is nothing."""
    return _BLANKS.sub("", filed_text(text))[:_MAX_NUMBER_LENGTH] or None


def filed_currency(code: str | None, *, field: str) -> Currency:
    """A currency by its code, withdrawn ones too: old files name them."""
    if not code or not code.strip():
        raise UnreadableRecord(field, FeedFault.MISSING)
    currency = KNOWN_CURRENCIES.get(code.strip().upper())
    if currency is None:
        raise UnreadableRecord(field, FeedFault.UNKNOWN)
    return currency


def filed_money(text: str | None, currency: Currency, *, field: str) -> Money:
    """An amount of either sign, exactly; trailing zeros do not count as digits that a currency has not."""
    number = filed_decimal(text, field=field)
    try:
        money = Money(number, currency)
    except DomainError:
        raise UnreadableRecord(field) from None
    if not money.is_representable:
        raise UnreadableRecord(field)
    return money


def filed_decimal(text: str | None, *, field: str) -> Decimal:
    """A number with point or comma, and with groups of thousands where these cannot be anything else.

    ``1,234`` may be either, and is no number; ``1,234.50`` and ``1,234,567`` can only be one.
    """
    written = (text or "").strip().translate(_GROUPING_BLANKS)
    if not written:
        raise UnreadableRecord(field, FeedFault.MISSING)
    if len(written) <= _MAX_AMOUNT_LENGTH:
        plain = _AMOUNT.fullmatch(written)
        if plain and (plain[2] or plain[3]) and not _is_ambiguous(written, plain):
            return Decimal(f"{plain[1]}{plain[2] or '0'}.{plain[3] or '0'}")
        grouped = _GROUPED.fullmatch(written)
        if grouped and not plain:
            return Decimal(_without_groups(grouped[2], sign=grouped[1]))
    raise UnreadableRecord(field)


def _is_ambiguous(written: str, plain: re.Match[str]) -> bool:
    """Three digits behind a comma: thousandths of a decimal comma, or thousands of an English one."""
    thousands_or_more = plain[2] and plain[2] != "0" and len(plain[2]) <= _THOUSANDS
    return "," in written and len(plain[3] or "") == _THOUSANDS and bool(thousands_or_more)


def _without_groups(digits: str, *, sign: str) -> str:
    last = max(digits.rfind(","), digits.rfind("."))
    if digits.count(digits[last]) > 1:
        return sign + digits.replace(",", "").replace(".", "")
    return sign + digits[:last].replace(",", "").replace(".", "") + "." + (digits[last + 1 :] or "0")


def known_day(day: date, *, field: str) -> date:
    """A day that a bank can have meant: year 1 or 9999 stands for none."""
    if not _EARLIEST_YEAR <= day.year <= _LATEST_YEAR:
        raise UnreadableRecord(field)
    return day
