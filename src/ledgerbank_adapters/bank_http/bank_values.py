"""Values as banks write them, made fit for the domain. Raises ``UnreadablePayload`` for what cannot be."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal

from ledgerbank_adapters.bank_http.bank_payload_reader import UnreadablePayload
from ledgerbank_domain.banking.account import (
    MAX_ACCOUNT_NAME_LENGTH,
    AccountType,
    parse_external_account_id,
)
from ledgerbank_domain.banking.feed_warning import FeedFault
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.identity.text_rules import is_text
from ledgerbank_domain.money.currency import Currency, parse_currency
from ledgerbank_domain.money.exact_decimals import EXACT
from ledgerbank_domain.money.money import Money
from ledgerbank_domain.payments.payment import MAX_DESCRIPTION_LENGTH
from ledgerbank_domain.ports.bank_gateway import BankTokens

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
# What a header can carry: https://www.rfc-editor.org/rfc/rfc6749#appendix-A.12
_TOKEN = re.compile(r"[\x21-\x7e]{1,8192}", re.ASCII)
# https://www.rfc-editor.org/rfc/rfc6749#appendix-A.17
_REFRESH_TOKEN = re.compile(r"[\x20-\x7e]{0,8192}", re.ASCII)
_LAST_FOUR = re.compile(r"[0-9]{4}\Z", re.ASCII)
_KINDS = {
    AccountType.CHECKING: "Current account",
    AccountType.SAVINGS: "Savings account",
    AccountType.CREDIT: "Credit account",
    AccountType.INVESTMENT: "Investment account",
}
_MAX_ID_LENGTH = 255
_MAX_SCOPE_LENGTH = 4096
_MAX_LIFETIME_SECONDS = 10 * 365 * 24 * 3600
# Decimals are scaled with 60 digits; what the ledger holds has 17 at most.
_MINOR_UNITS_CEILING = 10**20


def bank_description(*parts: str | None) -> str:
    """The parts that say something, joined by `` - `` and cut to what a description may have."""
    return _joined(parts, MAX_DESCRIPTION_LENGTH) or "Transaction"


def bank_account_name(*candidates: object, account_type: AccountType, last_four: str | None) -> str:
    """The first that says something, cut to what a name may have; else what it is, and its last digits."""
    names = (_joined([as_text(candidate)], MAX_ACCOUNT_NAME_LENGTH) for candidate in candidates)
    return next(filter(None, names), None) or " ".join(filter(None, [_KINDS[account_type], last_four]))


def as_text(value: object) -> str | None:
    """What describes something, if it is a text: of anything else nothing can be told."""
    return value if isinstance(value, str) else None


def last_four_digits(number: object) -> str | None:
    """The last four of an account's number; None when they are not digits."""
    found = _LAST_FOUR.search(str(number) if isinstance(number, str | int) else "")
    return found[0] if found else None


def known_currency(code: str) -> Currency:
    try:
        return parse_currency(code)
    except DomainError:
        raise UnreadablePayload(["currency"], FeedFault.UNKNOWN) from None


def known_account_id(value: str) -> str:
    """An id that the domain can hold as an account's external id."""
    try:
        if parse_external_account_id(value) == value:
            return value
    except DomainError:
        pass
    raise UnreadablePayload(["id"], FeedFault.UNREADABLE if value else FeedFault.MISSING)


def known_id(value: str, *, of: str) -> str:
    """A bank's id of anything but an account; ``of`` says of what."""
    if is_text(value) and 0 < len(value) <= _MAX_ID_LENGTH:
        return value
    raise UnreadablePayload([f"{of} id"], FeedFault.UNREADABLE if value else FeedFault.MISSING)


def money_from_minor_units(units: int, currency: Currency) -> Money:
    if abs(units) >= _MINOR_UNITS_CEILING:
        raise UnreadablePayload(["amount"])
    return storable(Money(Decimal(units).scaleb(-currency.minor_digits, EXACT), currency))


def storable(money: Money) -> Money:
    if not money.is_representable:
        raise UnreadablePayload(["amount"])
    return money


def bank_tokens(
    *,
    access_token: str,
    refresh_token: str | None,
    expires_in: int | None,
    scope: str | None,
    provider_user_id: str | None,
    asked_at: datetime,
) -> BankTokens:
    """``expires_at`` counts from when the tokens were asked for: rather too early than too late."""
    if not _TOKEN.fullmatch(access_token):
        raise UnreadablePayload(["access_token"])
    if not _REFRESH_TOKEN.fullmatch(refresh_token or ""):
        raise UnreadablePayload(["refresh_token"])
    if not is_text(scope or "") or len(scope or "") > _MAX_SCOPE_LENGTH:
        raise UnreadablePayload(["scope"])
    if expires_in is not None and not 0 <= expires_in <= _MAX_LIFETIME_SECONDS:
        raise UnreadablePayload(["expires_in"])
    return BankTokens(
        access_token=access_token,
        refresh_token=refresh_token or None,
        expires_at=None if expires_in is None else asked_at + timedelta(seconds=expires_in),
        scope=tuple((scope or "").split()),
        provider_user_id=known_id(provider_user_id, of="customer") if provider_user_id else None,
    )


def _joined(parts: Iterable[str | None], max_length: int) -> str:
    said = (_UNSTORABLE.sub("", part or "").strip() for part in parts)
    return " - ".join(part for part in said if part)[:max_length].strip()
