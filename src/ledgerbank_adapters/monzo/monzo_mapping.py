"""From Monzo's accounts and transactions to the port's. Raises ``UnreadablePayload`` for what cannot be."""

from ledgerbank_adapters.bank_http.bank_payload_reader import UnreadablePayload
from ledgerbank_adapters.bank_http.bank_values import (
    as_text,
    bank_account_name,
    bank_description,
    known_account_id,
    known_currency,
    known_id,
    last_four_digits,
    money_from_minor_units,
)
from ledgerbank_adapters.monzo.monzo_payloads import MonzoAccount, MonzoBalance, MonzoTransaction
from ledgerbank_domain.banking.account import AccountType
from ledgerbank_domain.banking.account_number import uk_account_number
from ledgerbank_domain.banking.bank_statement import ShownAccount, ShownBalance, ShownMovement
from ledgerbank_domain.banking.feed_warning import FeedFault
from ledgerbank_domain.ledger.journal import Direction
from ledgerbank_domain.money.currency import Currency

ACCOUNT_TYPES = {
    "uk_retail": AccountType.CHECKING,
    "uk_retail_joint": AccountType.CHECKING,
    "uk_business": AccountType.CHECKING,
    "uk_prepaid": AccountType.CHECKING,
    "uk_monzo_flex": AccountType.CREDIT,
}
"""Of other kinds (rewards, loans, pots) there is no account here."""


def shown_account(account: MonzoAccount) -> ShownAccount:
    account_type, last_four = ACCOUNT_TYPES[account.type], last_four_digits(account.account_number)
    return ShownAccount(
        external_id=known_account_id(account.id),
        name=bank_account_name(account.description, account_type=account_type, last_four=last_four),
        account_type=account_type,
        currency=known_currency(account.currency),
        last_four=last_four,
        is_closed=account.closed,
        number=uk_account_number(account.sort_code, account.account_number),
    )


def bank_balance(balance: MonzoBalance, currency: Currency) -> ShownBalance:
    _check_currency(balance.currency, currency)
    return ShownBalance(amount=money_from_minor_units(balance.balance, currency), counts_pending=True)


def stands(transaction: MonzoTransaction) -> bool:
    """Neither declined, nor a check of the card that moves nothing."""
    return transaction.amount != 0 and not transaction.decline_reason


def shown_movement(transaction: MonzoTransaction, currency: Currency) -> ShownMovement:
    """One that stands, in the account's currency."""
    _check_currency(transaction.currency, currency)
    return ShownMovement(
        external_id=known_id(transaction.id, of="transaction"),
        direction=Direction.DEBIT if transaction.amount < 0 else Direction.CREDIT,
        amount=money_from_minor_units(abs(transaction.amount), currency),
        description=bank_description(
            transaction.merchant_name or as_text(transaction.description), as_text(transaction.notes)
        ),
        posted_at=transaction.created,
        pending=not transaction.settled,
    )


def _check_currency(code: str, expected: Currency) -> None:
    if known_currency(code) != expected:
        raise UnreadablePayload(["currency"], FeedFault.CONTRADICTORY)
