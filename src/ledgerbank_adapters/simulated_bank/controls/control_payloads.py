"""What the control endpoints tell. Amounts are minor units."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from ledgerbank_adapters.simulated_bank.books.simulated_account import (
    SimulatedAccount,
    SimulatedCustomer,
    SimulatedTransaction,
)
from ledgerbank_adapters.simulated_bank.books.simulated_webhooks import AttemptRecord
from ledgerbank_adapters.simulated_bank.grants.simulated_grants import Grant
from ledgerbank_adapters.simulated_bank.monzo_dialect.monzo_dialect_payloads import monzo_instant
from ledgerbank_adapters.simulated_bank.simulated_bank_model import SimulatedBank
from ledgerbank_adapters.simulated_bank.simulated_faults import Fault

Payload = dict[str, Any]


def shown_transaction(transaction: SimulatedTransaction) -> Payload:
    """``state`` is pending, settled, declined or vanished; ``shown_id`` the id that clients see."""
    over = "vanished" if transaction.vanished else "declined"
    settled = "settled" if transaction.stands else over
    return {
        "id": transaction.id,
        "account_id": transaction.account_id,
        "amount": transaction.amount,
        "description": transaction.description,
        "created": monzo_instant(transaction.created),
        "state": "pending" if transaction.is_pending else settled,
        "decline_reason": transaction.decline_reason,
        "listed": transaction.is_listed,
        "shown_id": transaction.told_id,
        "oddity": transaction.oddity.value if transaction.oddity else None,
    }


def shown_account(account: SimulatedAccount) -> Payload:
    return {
        "id": account.id,
        "user_id": account.user_id,
        "type": account.kind.monzo_type,
        "currency": account.currency,
        "description": account.description,
        "closed": account.closed,
        "balance": account.balance,
        "booked_balance": account.booked_balance,
        "opening_balance": account.opening_balance,
        "transaction_count": len(account.movements),
        "shown": account.shown,
        "credit_line": account.credit_line,
        "balance_kinds": [each.value for each in account.balance_kinds],
        "oddity": account.oddity.value if account.oddity else None,
    }


def shown_customer(bank: SimulatedBank, customer: SimulatedCustomer) -> Payload:
    return {
        "user_id": customer.user_id,
        "name": customer.name,
        "accounts": [shown_account(each) for each in customer.accounts],
        "feed": [asdict(each) for each in customer.feed],
        "grants": [_grant(each, bank.now()) for each in bank.grants.of_user(customer.user_id)],
    }


def _grant(grant: Grant, now: datetime) -> Payload:
    """Without its tokens: nobody needs to read those."""
    expired = grant.expires_at is not None and now >= grant.expires_at
    return {
        "dialect": grant.authorization.dialect.value,
        "client_id": grant.authorization.client_id,
        "consent_id": grant.authorization.consent_id,
        "consented_at": monzo_instant(grant.consented_at),
        "approved_in_app": grant.approved_at is not None,
        "full_history": now < grant.full_history_until,
        "expires_at": None if grant.expires_at is None else monzo_instant(grant.expires_at),
        "access_token_valid": grant.ended is None and not expired and now < grant.access_expires_at,
        "ended": grant.ended.value if grant.ended else "consent_expired" if expired else None,
    }


def shown_fault(fault: Fault) -> Payload:
    return {
        "operation": fault.operation,
        "effect": fault.effect.value,
        "kind": fault.kind.value,
        "status": fault.status,
        "delay_seconds": fault.delay_seconds,
        "retry_after": fault.retry_after,
        "count": fault.count,
    }


def shown_attempt(record: AttemptRecord) -> Payload:
    return {
        "webhook_id": record.delivery.webhook.id,
        "url": record.delivery.webhook.url,
        "type": record.delivery.event_type,
        "transaction_id": record.delivery.transaction.id,
        "attempt": record.attempt,
        "status": record.status,
        "problem": record.problem,
    }
