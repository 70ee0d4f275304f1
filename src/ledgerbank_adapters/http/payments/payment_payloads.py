"""Payments as JSON shows them."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Annotated, Any, TypedDict

from ledgerbank_adapters.http.accounts.account_payloads import AccountPayload, account_payload
from ledgerbank_adapters.http.exchange.http_answers import details_for_caller, error_kind
from ledgerbank_adapters.http.fields.wire_values import (
    WireId,
    WireInstant,
    WireMoney,
    optional_wire_id,
    optional_wire_instant,
    wire_decimal,
    wire_id,
    wire_instant,
    wire_money,
)
from ledgerbank_domain.banking.account import Account, AccountStatus
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.ledger.journal import Direction
from ledgerbank_domain.money.currency import KNOWN_CURRENCIES, Currency
from ledgerbank_domain.money.money import Money
from ledgerbank_domain.payments.payment import Payment, PaymentDraft, PaymentStatus, PaymentType
from ledgerbank_domain.services.conduct.outcome import Outcome
from ledgerbank_domain.services.payments.payment_service import (
    PaymentOutlook,
    PaymentStats,
    PaymentValidation,
)


class PaymentFields(TypedDict):
    user_bank_account_id: WireId
    user_id: WireId
    amount: WireMoney
    currency: str
    direction: Annotated[str, Direction]
    payment_type: Annotated[str, PaymentType]
    description: str
    status: Annotated[str, PaymentStatus]
    counterparty_account_id: WireId | None
    posted_at: WireInstant | None
    failure_reason: str | None
    journal_entry_id: WireId | None
    reversed_at: WireInstant | None
    reversal_entry_id: WireId | None
    external_transaction_id: str | None


class PaymentPayload(PaymentFields):
    id: WireId
    inserted_at: WireInstant
    updated_at: WireInstant


class DraftPayload(PaymentFields):
    """A payment that was only tried out: it has no id and no age."""

    id: None
    inserted_at: None
    updated_at: None


class PaymentOutlookPayload(TypedDict):
    payment: PaymentPayload
    can_process: bool
    is_duplicate: bool


class RefusalPayload(TypedDict):
    """``code`` is the HTTP status that the payment itself would have got."""

    reason: str
    message: str
    code: int


class ValidPaymentPayload(TypedDict):
    valid: bool
    message: str
    payment: DraftPayload
    account: AccountPayload


class RefusedPaymentPayload(ValidPaymentPayload):
    error: RefusalPayload


class BatchErrorPayload(TypedDict):
    type: str
    message: str
    code: int
    reason: str
    details: dict[str, Any]


class CreatedItemPayload(TypedDict):
    """``index`` is the item's place in the request, from 0."""

    index: int
    status: int
    payment: PaymentPayload


class RefusedItemPayload(TypedDict):
    """``status`` is what the item would have been answered with by itself."""

    index: int
    status: int
    error: BatchErrorPayload


class PaymentBatchPayload(TypedDict):
    results: list[CreatedItemPayload | RefusedItemPayload]
    created: int
    failed: int


class FinancialHealthPayload(TypedDict):
    """``total_balance`` maps each currency to the sum of the balances in it."""

    user_id: WireId
    total_balance: dict[str, WireMoney]
    total_accounts: int
    active_accounts: int
    frozen_accounts: int
    suspended_accounts: int
    is_healthy: bool
    can_make_payments: bool


class PaymentStatsPayload(TypedDict):
    financial_health: FinancialHealthPayload
    recent_payments: list[PaymentPayload]


def payment_payload(payment: Payment) -> PaymentPayload:
    return {
        "id": wire_id(payment.id),
        "user_bank_account_id": wire_id(payment.user_bank_account_id),
        "user_id": wire_id(payment.user_id),
        "amount": wire_money(payment.amount),
        "currency": payment.currency.code,
        "direction": payment.direction.value,
        "payment_type": payment.payment_type.value,
        "description": payment.description,
        "status": payment.status.value,
        "counterparty_account_id": optional_wire_id(payment.counterparty_account_id),
        "posted_at": optional_wire_instant(payment.posted_at),
        "failure_reason": payment.failure_reason,
        "journal_entry_id": optional_wire_id(payment.journal_entry_id),
        "reversed_at": optional_wire_instant(payment.reversed_at),
        "reversal_entry_id": optional_wire_id(payment.reversal_entry_id),
        "external_transaction_id": payment.external_transaction_id,
        "inserted_at": wire_instant(payment.inserted_at),
        "updated_at": wire_instant(payment.updated_at),
    }


def payment_outlook_payload(outlook: PaymentOutlook) -> PaymentOutlookPayload:
    return {
        "payment": payment_payload(outlook.payment),
        "can_process": outlook.can_process,
        "is_duplicate": outlook.is_duplicate,
    }


def payment_validation_payload(validation: PaymentValidation) -> ValidPaymentPayload | RefusedPaymentPayload:
    draft = _draft_payload(validation.draft, validation.account)
    account = account_payload(validation.account)
    if validation.error is None:
        return {
            "valid": True,
            "message": "Payment validation successful",
            "payment": draft,
            "account": account,
        }
    return {
        "valid": False,
        "message": "Payment validation failed",
        "error": _refusal_payload(validation.error),
        "payment": draft,
        "account": account,
    }


def payment_batch_payload(outcomes: Sequence[Outcome[Payment]]) -> PaymentBatchPayload:
    failed = sum(isinstance(outcome, DomainError) for outcome in outcomes)
    return {
        "results": [_item_payload(index, outcome) for index, outcome in enumerate(outcomes)],
        "created": len(outcomes) - failed,
        "failed": failed,
    }


def payment_stats_payload(stats: PaymentStats) -> PaymentStatsPayload:
    accounts = stats.accounts
    active = _count(accounts, AccountStatus.ACTIVE)
    return {
        "financial_health": {
            "user_id": wire_id(stats.user_id),
            "total_balance": _total_balance(accounts),
            "total_accounts": len(accounts),
            "active_accounts": active,
            "frozen_accounts": _count(accounts, AccountStatus.FROZEN),
            "suspended_accounts": _count(accounts, AccountStatus.SUSPENDED),
            "is_healthy": active > 0,
            "can_make_payments": active > 0,
        },
        "recent_payments": [payment_payload(payment) for payment in stats.recent_payments],
    }


def _draft_payload(draft: PaymentDraft, account: Account) -> DraftPayload:
    currency_code = draft.currency_code or account.currency.code
    return {
        "id": None,
        "user_bank_account_id": wire_id(account.id),
        "user_id": wire_id(account.user_id),
        "amount": _amount_as_asked(draft, KNOWN_CURRENCIES.get(currency_code, account.currency)),
        "currency": currency_code,
        "direction": draft.direction.value,
        "payment_type": draft.payment_type.value,
        "description": draft.description,
        "status": PaymentStatus.PENDING.value,
        "counterparty_account_id": optional_wire_id(draft.counterparty_account_id),
        "posted_at": None,
        "failure_reason": None,
        "journal_entry_id": None,
        "reversed_at": None,
        "reversal_entry_id": None,
        "external_transaction_id": None,
        "inserted_at": None,
        "updated_at": None,
    }


def _amount_as_asked(draft: PaymentDraft, currency: Currency) -> WireMoney:
    """A rule that broke earlier may leave an amount with more digits than its currency has."""
    try:
        return wire_money(Money(draft.amount, currency))
    except DomainError:
        return wire_decimal(draft.amount)


def _item_payload(index: int, outcome: Outcome[Payment]) -> CreatedItemPayload | RefusedItemPayload:
    if isinstance(outcome, Payment):
        return {"index": index, "status": 201, "payment": payment_payload(outcome)}
    kind = error_kind(outcome.reason)
    return {
        "index": index,
        "status": kind.status,
        "error": {
            "type": kind.type,
            "message": outcome.reason.message,
            "code": kind.status,
            "reason": outcome.reason.code,
            "details": details_for_caller(outcome),
        },
    }


def _refusal_payload(error: DomainError) -> RefusalPayload:
    return {
        "reason": error.reason.code,
        "message": error.reason.message,
        "code": error_kind(error.reason).status,
    }


def _total_balance(accounts: tuple[Account, ...]) -> dict[str, WireMoney]:
    by_currency: dict[Currency, list[Money]] = defaultdict(list)
    for account in accounts:
        by_currency[account.currency].append(account.balance)
    return {
        currency.code: wire_money(sum(balances, start=Money.zero(currency)))
        for currency, balances in by_currency.items()
    }


def _count(accounts: tuple[Account, ...], status: AccountStatus) -> int:
    return sum(account.status is status for account in accounts)
