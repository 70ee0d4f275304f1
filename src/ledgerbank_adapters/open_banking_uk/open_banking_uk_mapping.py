"""From the standard's accounts and transactions to the port's.

Every function raises ``UnreadablePayload`` for what cannot be.
"""

import re
from decimal import Decimal

from ledgerbank_adapters.bank_http.bank_payload_reader import UnreadablePayload
from ledgerbank_adapters.bank_http.bank_values import (
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
from ledgerbank_domain.banking.bank_statement import ShownAccount, ShownMovement
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
}
"""By ``OBExternalAccountSubType1Code``. Of loans and mortgages there is no account here."""

BALANCES_WITH_PENDING = ("InterimAvailable", "Expected", "ForwardAvailable")
"""The kinds that count what is pending, the best one first. Booked ones do not say what is there now."""

_DIRECTIONS = {"Credit": Direction.CREDIT, "Debit": Direction.DEBIT}
_PENDING, _BOOKED, _REJECTED = "Pending", "Booked", "Rejected"
_AMOUNT = re.compile(r"[0-9]{1,13}(\.[0-9]{1,5})?", re.ASCII)


def shown_account(account: OBAccount6) -> ShownAccount:
    number = account.account[0].identification if account.account else None
    return ShownAccount(
        external_id=known_account_id(account.account_id),
        name=bank_account_name(account.nickname, account.description, account.account_sub_type),
        account_type=ACCOUNT_TYPES[account.account_sub_type],
        currency=known_currency(account.currency),
        last_four=last_four_digits(number),
        is_closed=account.status == "Deleted",
    )


def bank_balance(balances: tuple[Balance, ...], currency: Currency) -> Money:
    """What is there now, without a credit line: that is the bank's money."""
    for kind in BALANCES_WITH_PENDING:
        candidates = [balance for balance in balances if balance.type == kind]
        for balance in sorted(candidates, key=lambda balance: len(_included_lines(balance))):
            return _without_credit_line(balance, currency)
    raise UnreadablePayload(["$.Data.Balance.Type"])


def stands(transaction: OBTransaction6) -> bool:
    return transaction.status != _REJECTED and Decimal(_checked(transaction.amount.amount)) != 0


def is_named(transaction: OBTransaction6) -> bool:
    """Whether it has an id. What is pending may get one only when it is booked, and is not seen before."""
    if transaction.transaction_id is not None:
        return True
    if transaction.status == _BOOKED:
        raise UnreadablePayload(["$.Data.Transaction.TransactionId"])
    return False


def transaction_id(transaction: OBTransaction6) -> str:
    return known_id(transaction.transaction_id or "", of="transaction")


def shown_movement(transaction: OBTransaction6, currency: Currency) -> ShownMovement:
    """One that stands and is named."""
    if transaction.status not in (_PENDING, _BOOKED):
        raise UnreadablePayload(["$.Data.Transaction.Status"])
    merchant = transaction.merchant_details
    return ShownMovement(
        external_id=transaction_id(transaction),
        direction=_direction(transaction.credit_debit_indicator),
        amount=_money(transaction.amount, currency),
        description=bank_description(
            (merchant and merchant.merchant_name)
            or transaction.transaction_information
            or transaction.transaction_reference
        ),
        posted_at=transaction.booking_date_time,
        pending=transaction.status == _PENDING,
    )


def _without_credit_line(balance: Balance, currency: Currency) -> Money:
    amount = _money(balance.amount, currency)
    signed = amount if _direction(balance.credit_debit_indicator) is Direction.CREDIT else -amount
    included = _included_lines(balance)
    if len(included) > 1:
        # Pre-agreed, available and emergency lines overlap: their sum is not what was added.
        raise UnreadablePayload(["$.Data.Balance.CreditLine"])
    for line in included:
        signed -= _money(line, currency)
    return storable(signed)


def _included_lines(balance: Balance) -> list[CurrencyAmount]:
    return [line.amount for line in balance.credit_line if line.included and line.amount is not None]


def _direction(indicator: str) -> Direction:
    if indicator not in _DIRECTIONS:
        raise UnreadablePayload(["CreditDebitIndicator"])
    return _DIRECTIONS[indicator]


def _money(amount: CurrencyAmount, currency: Currency) -> Money:
    if amount.currency != currency.code:
        raise UnreadablePayload(["Currency"])
    try:
        return Money(Decimal(_checked(amount.amount)), currency)
    except DomainError:
        raise UnreadablePayload(["Amount"]) from None


def _checked(amount: str) -> str:
    if not _AMOUNT.fullmatch(amount):
        raise UnreadablePayload(["Amount"])
    return amount
