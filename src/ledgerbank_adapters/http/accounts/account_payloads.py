"""Accounts and their transactions as JSON shows them."""

from typing import Annotated, TypedDict

from ledgerbank_adapters.http.fields.wire_values import (
    WireId,
    WireInstant,
    WireMoney,
    optional_wire_id,
    optional_wire_instant,
    wire_id,
    wire_instant,
    wire_money,
)
from ledgerbank_domain.banking.account import Account, AccountSource, AccountStatus, AccountType
from ledgerbank_domain.banking.balance_proof import BalanceGap, Completeness
from ledgerbank_domain.banking.transaction import Transaction
from ledgerbank_domain.ledger.journal import Direction
from ledgerbank_domain.payments.account_health import AccountHealth
from ledgerbank_domain.services.accounts.account_service import BalanceAt


class BalanceGapPayload(TypedDict):
    """A time in which the lines do not add up to what the bank states: ``amount`` is what they lack, negative
    where they hold too much. It came between ``since`` (null: before anything was proved) and ``until``, in
    ``days`` (begun ones count); ``lines`` were booked meanwhile, and prove nothing.
    """

    amount: WireMoney
    since: WireInstant | None
    until: WireInstant
    days: int | None
    lines: int


class CompletenessPayload(TypedDict):
    """How far the account's lines are proved by the balances that a provider states. ``proved_share`` is from
    0 to 1. ``proved_at``: when the lines last added up to a balance stated; null: never yet.
    """

    source: str
    lines: int
    proved_lines: int
    proved_share: float
    checked_at: WireInstant | None
    proved_at: WireInstant | None
    gaps: list[BalanceGapPayload]


class AccountPayload(TypedDict):
    """``available_balance`` is balance and credit limit together. ``fed``: its money moves at its bank alone.
    ``source`` says who tells of it: a login's ``provider``, statement ``files``, or, held here, ``none``.

    ``user_bank_login_id`` is null for an account at the house bank. ``completeness`` says, for each provider
    that told of it, how far its lines are proved.
    """

    id: WireId
    user_bank_login_id: WireId | None
    user_id: WireId
    currency: str
    account_type: Annotated[str, AccountType]
    balance: WireMoney
    credit_limit: WireMoney
    available_balance: WireMoney
    last_four: str | None
    account_name: str
    status: Annotated[str, AccountStatus]
    fed: bool
    source: Annotated[str, AccountSource]
    last_sync_at: WireInstant | None
    external_account_id: str | None
    completeness: list[CompletenessPayload]
    inserted_at: WireInstant
    updated_at: WireInstant


class TransactionPayload(TypedDict):
    """``balance_after`` is the account's balance right after this line. ``line_number`` is the order of
    booking, from 1 without gaps; ``posted_at`` is the value date, ``inserted_at`` when the line was booked.
    """

    id: WireId
    account_id: WireId
    user_id: WireId
    line_number: int
    description: str
    amount: WireMoney
    currency: str
    direction: Annotated[str, Direction]
    posted_at: WireInstant
    balance_after: WireMoney
    journal_entry_id: WireId
    kind: str
    payment_id: WireId | None
    external_transaction_id: str | None
    pending: bool
    inserted_at: WireInstant
    updated_at: WireInstant


class BalanceAtPayload(TypedDict):
    """The sum of the account's lines that were posted at or before ``at`` and booked by ``known_at``. The
    same question with that ``known_at`` has the same answer for ever."""

    account_id: WireId
    currency: str
    balance: WireMoney
    at: WireInstant
    known_at: WireInstant


class AccountHealthPayload(TypedDict):
    """``daily_spent`` counts completed debits of the current UTC day."""

    account_id: WireId
    balance: WireMoney
    status: str
    daily_limit: WireMoney
    daily_spent: WireMoney
    daily_remaining: WireMoney
    daily_utilization_percent: float
    is_healthy: bool
    can_make_payments: bool


def account_payload(account: Account) -> AccountPayload:
    return {
        "id": wire_id(account.id),
        "user_bank_login_id": optional_wire_id(account.user_bank_login_id),
        "user_id": wire_id(account.user_id),
        "currency": account.currency.code,
        "account_type": account.account_type.value,
        "balance": wire_money(account.balance),
        "credit_limit": wire_money(account.credit_limit),
        "available_balance": wire_money(account.available_balance),
        "last_four": account.last_four,
        "account_name": account.account_name,
        "status": account.status.value,
        "fed": account.fed,
        "source": account.source.value,
        "last_sync_at": optional_wire_instant(account.last_sync_at),
        "external_account_id": account.external_account_id,
        "completeness": [_completeness_payload(told) for told in account.completeness],
        "inserted_at": wire_instant(account.inserted_at),
        "updated_at": wire_instant(account.updated_at),
    }


def _completeness_payload(told: Completeness) -> CompletenessPayload:
    return {
        "source": told.source,
        "lines": told.lines,
        "proved_lines": told.proved_lines,
        "proved_share": round(told.proved_share, 4),
        "checked_at": optional_wire_instant(told.checked_at),
        "proved_at": optional_wire_instant(told.proved_at),
        "gaps": [_gap_payload(gap) for gap in told.gaps],
    }


def _gap_payload(gap: BalanceGap) -> BalanceGapPayload:
    return {
        "amount": wire_money(gap.amount),
        "since": optional_wire_instant(gap.since),
        "until": wire_instant(gap.until),
        "days": gap.days,
        "lines": gap.lines,
    }


def transaction_payload(transaction: Transaction) -> TransactionPayload:
    return {
        "id": wire_id(transaction.id),
        "account_id": wire_id(transaction.account_id),
        "user_id": wire_id(transaction.user_id),
        "line_number": transaction.line_number,
        "description": transaction.description,
        "amount": wire_money(transaction.amount),
        "currency": transaction.amount.currency.code,
        "direction": transaction.direction.value,
        "posted_at": wire_instant(transaction.posted_at),
        "balance_after": wire_money(transaction.balance_after),
        "journal_entry_id": wire_id(transaction.journal_entry_id),
        "kind": transaction.kind.value,
        "payment_id": optional_wire_id(transaction.payment_id),
        "external_transaction_id": transaction.external_transaction_id,
        "pending": transaction.pending,
        "inserted_at": wire_instant(transaction.inserted_at),
        "updated_at": wire_instant(transaction.updated_at),
    }


def balance_at_payload(found: BalanceAt) -> BalanceAtPayload:
    return {
        "account_id": wire_id(found.account_id),
        "currency": found.balance.currency.code,
        "balance": wire_money(found.balance),
        "at": wire_instant(found.at),
        "known_at": wire_instant(found.known_at),
    }


def account_health_payload(health: AccountHealth) -> AccountHealthPayload:
    account = health.account
    return {
        "account_id": wire_id(account.id),
        "balance": wire_money(account.balance),
        "status": account.status.value,
        "daily_limit": wire_money(health.daily_limit),
        "daily_spent": wire_money(health.daily_spent),
        "daily_remaining": wire_money(health.daily_remaining),
        "daily_utilization_percent": float(health.daily_utilization_percent),
        "is_healthy": health.is_healthy,
        "can_make_payments": health.can_make_payments,
    }
