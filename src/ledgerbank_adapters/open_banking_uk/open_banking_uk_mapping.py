"""From the standard's accounts and transactions to the port's.

Every function raises ``UnreadablePayload`` for what cannot be.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256

from ledgerbank_adapters.bank_http.bank_payload_reader import UnreadablePayload
from ledgerbank_adapters.bank_http.bank_values import (
    as_text,
    bank_account_name,
    bank_description,
    known_account_id,
    known_currency,
    known_id,
    last_four_digits,
    storable,
)
from ledgerbank_adapters.open_banking_uk.open_banking_uk_payloads import (
    Balance,
    CurrencyAmount,
    OBAccount6,
    OBTransaction6,
)
from ledgerbank_domain.banking.account import AccountType
from ledgerbank_domain.banking.account_number import iban_account_number, uk_account_identification
from ledgerbank_domain.banking.bank_statement import ShownAccount, ShownBalance, ShownMovement
from ledgerbank_domain.banking.feed_warning import FeedFault
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.ledger.journal import Direction
from ledgerbank_domain.money.currency import Currency
from ledgerbank_domain.money.money import Money

ACCOUNT_TYPES = {
    "CurrentAccount": AccountType.CHECKING,
    "EMoney": AccountType.CHECKING,
    "PrePaidCard": AccountType.CHECKING,
    "Savings": AccountType.SAVINGS,
    "ChargeCard": AccountType.CREDIT,
    "CreditCard": AccountType.CREDIT,
    "CACC": AccountType.CHECKING,
    "TRAN": AccountType.CHECKING,
    "SLRY": AccountType.CHECKING,
    "WALT": AccountType.CHECKING,
    "NREX": AccountType.CHECKING,
    "NFCA": AccountType.CHECKING,
    "SVGS": AccountType.SAVINGS,
    "LLSV": AccountType.SAVINGS,
    "MOMA": AccountType.SAVINGS,
    "ONDP": AccountType.SAVINGS,
    "CARD": AccountType.CREDIT,
}
"""By ``OBExternalAccountSubType1Code`` (3.1) and ``OBExternalCashAccountType1Code`` (4.0).

Of loans, mortgages, and what a bank keeps for charges, taxes or settlement there is no account here.
"""

USUAL_KIND = "CurrentAccount"
"""What an account is whose bank does not say."""

BOOKED_BALANCES = {
    "InterimBooked": 3,
    "ITBD": 3,
    "ClosingBooked": 2,
    "CLBD": 2,
    "OpeningBooked": 1,
    "OPBD": 1,
}
"""The kinds that say what is booked, without what is pending; of one time the greatest is the best."""

BALANCES_WITH_PENDING = {
    "InterimAvailable": 3,
    "ITAV": 3,
    "Expected": 2,
    "XPCD": 2,
    "ForwardAvailable": 1,
    "FWAV": 1,
}
"""The kinds that count what is pending; the greatest is the best.

They may hold a credit line, or be what a card may still spend, so they only stand in where nothing is booked.
"""

_DIRECTIONS = {"Credit": Direction.CREDIT, "Debit": Direction.DEBIT}
_BOOKED = frozenset({"Booked", "BOOK"})
_PENDING = frozenset({"Pending", "PDNG"})
# Nothing was, or is yet, done to the account for what is in the future, or told for information alone.
_NOT_STANDING = frozenset({"Rejected", "RJCT", "FUTR", "INFO"})
_AMOUNT = re.compile(r"[0-9]{1,13}(\.[0-9]{1,5})?", re.ASCII)
_MARK_LENGTH = 40
_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


def shown_account(account: OBAccount6) -> ShownAccount:
    account_type = ACCOUNT_TYPES[account.kind or USUAL_KIND]
    last_four = last_four_digits(account.number)
    return ShownAccount(
        external_id=known_account_id(account.account_id),
        name=bank_account_name(
            account.nickname, account.description, account_type=account_type, last_four=last_four
        ),
        account_type=account_type,
        currency=known_currency(account.currency),
        last_four=last_four,
        is_closed=account.status == "Deleted",
        number=_account_number(account),
    )


def _account_number(account: OBAccount6) -> str | None:
    """What is the account's for good: a card's number changes with the card, and is masked mostly."""
    for scheme, identification in account.identifications:
        found = None
        if scheme.endswith("SORTCODEACCOUNTNUMBER"):
            found = uk_account_identification(identification)
        elif scheme.endswith("IBAN"):
            found = iban_account_number(identification)
        if found is not None:
            return found
    return None


def bank_balance(balances: Sequence[Balance], currency: Currency) -> ShownBalance:
    """What is there, without a credit line: that is the bank's money. ``balances`` are of known kinds.

    An account may be shown in a second currency as well, converted: its own is what counts.
    """
    own = [balance for balance in balances if balance.amount.currency.strip().upper() == currency.code]
    balances = own or balances
    booked = [balance for balance in balances if balance.type in BOOKED_BALANCES]
    if booked:
        newest = max(booked, key=_newer_and_better)
        return ShownBalance(amount=storable(_signed(newest, currency)), counts_pending=False)
    available = max(balances, key=_better_with_pending, default=None)
    if available is None:
        raise UnreadablePayload(["$.Data.Balance.Type"], FeedFault.MISSING)
    return ShownBalance(amount=_without_credit_line(available, currency), counts_pending=True)


def stands(transaction: OBTransaction6) -> bool:
    return transaction.status not in _NOT_STANDING and Decimal(_checked(transaction.amount.amount)) != 0


def is_seen(transaction: OBTransaction6) -> bool:
    """Whether it can be told from others: by its id, or, once it is booked, by what it is.

    What is pending may get an id when it is booked, and is not seen before.
    """
    return bool(transaction.transaction_id) or transaction.status in _BOOKED


def void_id(transaction: OBTransaction6) -> str | None:
    """The id of one that does not stand; None when it has none, for then nobody knew of it."""
    return _named_id(transaction) if transaction.transaction_id else None


def shown_movement(transaction: OBTransaction6, currency: Currency) -> ShownMovement:
    """One that stands and is seen."""
    if transaction.status not in _PENDING | _BOOKED:
        raise UnreadablePayload(["status"], FeedFault.UNKNOWN)
    direction = _direction(transaction.credit_debit_indicator)
    amount = _money(transaction.amount, currency)
    is_named = bool(transaction.transaction_id)
    return ShownMovement(
        external_id=_named_id(transaction) if is_named else _derived_id(transaction, direction, amount),
        direction=direction,
        amount=amount,
        description=bank_description(
            transaction.merchant_name
            or as_text(transaction.transaction_information)
            or as_text(transaction.transaction_reference)
        ),
        posted_at=transaction.booking_date_time,
        pending=transaction.status in _PENDING,
        is_named=is_named,
    )


def _named_id(transaction: OBTransaction6) -> str:
    return known_id(transaction.transaction_id or "", of="transaction")


def _derived_id(transaction: OBTransaction6, direction: Direction, amount: Money) -> str:
    """The same at every look, and for every movement that is equal in all that a bank never changes.

    Who was paid is often found out later, so that only counts where nothing else is told.
    """
    told = (as_text(transaction.transaction_reference), as_text(transaction.transaction_information))
    texts = told if any(told) else (transaction.merchant_name,)
    folded = (" ".join((text or "").casefold().split()) for text in texts)
    facts = [direction.value, str(amount), transaction.booking_date_time.isoformat(), *folded]
    mark = sha256("\n".join(facts).encode(errors="surrogatepass")).hexdigest()
    return f"unnamed-{mark[:_MARK_LENGTH]}"


def _without_credit_line(balance: Balance, currency: Currency) -> Money:
    signed = _signed(balance, currency)
    included = _included_lines(balance)
    if len(included) > 1:
        # Pre-agreed, available and emergency lines overlap: their sum is not what was added.
        raise UnreadablePayload(["credit_line"])
    for line in included:
        signed -= _money(line, currency)
    return storable(signed)


def _signed(balance: Balance, currency: Currency) -> Money:
    return _direction(balance.credit_debit_indicator).signed(_money(balance.amount, currency))


def _newer_and_better(balance: Balance) -> tuple[datetime, int]:
    return balance.date_time or _LONG_AGO, BOOKED_BALANCES[balance.type]


def _better_with_pending(balance: Balance) -> tuple[int, int]:
    return BALANCES_WITH_PENDING[balance.type], -len(_included_lines(balance))


def _included_lines(balance: Balance) -> list[CurrencyAmount]:
    return [line.amount for line in balance.credit_line if line.included and line.amount is not None]


def _direction(indicator: str) -> Direction:
    if indicator not in _DIRECTIONS:
        raise UnreadablePayload(["credit_debit_indicator"], FeedFault.UNKNOWN)
    return _DIRECTIONS[indicator]


def _money(amount: CurrencyAmount, currency: Currency) -> Money:
    if known_currency(amount.currency) != currency:
        raise UnreadablePayload(["amount.currency"], FeedFault.CONTRADICTORY)
    try:
        return Money(Decimal(_checked(amount.amount)), currency)
    except DomainError:
        raise UnreadablePayload(["amount.amount"]) from None


def _checked(amount: str) -> str:
    if not _AMOUNT.fullmatch(amount):
        raise UnreadablePayload(["amount.amount"])
    return amount
