"""What the simulated bank shows, in Monzo's shapes: https://docs.monzo.com. Amounts are minor units."""

import json
from datetime import datetime, timedelta
from typing import Any

from ledgerbank_adapters.simulated_bank.books.simulated_account import (
    SimulatedAccount,
    SimulatedMerchant,
    SimulatedTransaction,
)
from ledgerbank_adapters.simulated_bank.books.simulated_habits import PLAIN, SimulatedHabits
from ledgerbank_adapters.simulated_bank.books.simulated_webhooks import Delivery, Webhook
from ledgerbank_adapters.simulated_bank.grants.simulated_grants import Grant
from ledgerbank_adapters.simulated_bank.odd_records import RecordFields, made_odd

_ACCOUNT_FIELDS = RecordFields(
    date=("created",), currency=("currency",), amount=("currency",), id=("id",), texts=("description",)
)
_MOVEMENT_FIELDS = RecordFields(
    date=("created",),
    currency=("currency",),
    amount=("amount",),
    id=("id",),
    texts=("description", "notes", "merchant"),
)

Payload = dict[str, Any]

_COUNTRIES = {"GBP": "GB", "EUR": "IE"}


def monzo_instant(instant: datetime) -> str:
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def monzo_tokens(grant: Grant, *, expires_in: int | str) -> Payload:
    return {
        "access_token": grant.access_token,
        "client_id": grant.authorization.client_id,
        "expires_in": expires_in,
        "refresh_token": grant.refresh_token,
        "scope": "third_party_developer_app.pre_verification",
        "token_type": "Bearer",
        "user_id": grant.authorization.user_id,
    }


def monzo_account(account: SimulatedAccount, habits: SimulatedHabits) -> Payload:
    shown: Payload = {
        "id": account.id,
        "closed": account.closed,
        "created": habits.spelled(account.created, monzo_instant),
        "description": account.description,
        "type": account.kind.monzo_type,
        "owner_type": "business" if account.kind.open_banking_type == "Business" else "personal",
        "currency": account.currency,
        "country_code": _COUNTRIES.get(account.currency, "GB"),
        "owners": [
            {"user_id": account.user_id, "preferred_name": name, "preferred_first_name": name.split()[0]}
            for name in account.owner_names
        ],
        "account_number": account.account_number,
        "sort_code": account.sort_code,
        "payment_details": {
            "locale_uk": {"account_number": account.account_number, "sort_code": account.sort_code}
        },
    }
    return made_odd(shown, account.oddity, _ACCOUNT_FIELDS)


def monzo_balance(account: SimulatedAccount, habits: SimulatedHabits, now: datetime) -> Payload:
    """Below zero when it is overdrawn: Monzo's balance knows no credit line."""
    late = account.entered_after(now - timedelta(seconds=habits.balance_lag_seconds))
    balance = account.balance - sum(each.amount for each in late)
    spent = sum(
        each.amount
        for each in account.movements.values()
        if each.stands and each.amount < 0 and each.created.date() == now.date()
    )
    return {
        "balance": balance,
        "total_balance": balance,
        "balance_including_flexible_savings": balance,
        "currency": account.currency,
        "spend_today": spent,
        "local_currency": "",
        "local_exchange_rate": 0,
        "local_spend": [],
    }


def monzo_transaction(
    account: SimulatedAccount,
    transaction: SimulatedTransaction,
    *,
    expand_merchant: bool,
    habits: SimulatedHabits = PLAIN,
) -> Payload:
    """``settled`` is empty while it is pending; ``decline_reason`` is there only when it was declined."""
    merchant = transaction.merchant
    shown: Payload = {
        "id": transaction.told_id,
        "created": habits.spelled(transaction.created, monzo_instant),
        "updated": habits.spelled(transaction.updated, monzo_instant),
        "description": transaction.description,
        "amount": transaction.amount,
        "fees": {},
        "currency": account.currency,
        "local_amount": transaction.local_amount,
        "local_currency": transaction.local_currency,
        "merchant": None if merchant is None else _merchant(merchant) if expand_merchant else merchant.id,
        "notes": transaction.notes,
        "metadata": {},
        "labels": None,
        "attachments": None,
        "category": transaction.category,
        "is_load": False,
        "settled": "" if transaction.settled is None else habits.spelled(transaction.settled, monzo_instant),
        "account_id": account.id,
        "user_id": account.user_id,
        "counterparty": {} if merchant else {"name": transaction.description},
        "scheme": "mastercard" if merchant else "payport_faster_payments",
        "include_in_spending": transaction.stands and transaction.amount < 0,
        "amount_is_pending": transaction.is_pending,
    }
    if transaction.decline_reason is not None:
        shown["decline_reason"] = transaction.decline_reason
    return made_odd(shown, transaction.oddity, _MOVEMENT_FIELDS)


def monzo_webhook(webhook: Webhook) -> Payload:
    return {"id": webhook.id, "account_id": webhook.account_id, "url": webhook.url}


def monzo_event(delivery: Delivery) -> bytes:
    """The body of a webhook's call: https://docs.monzo.com/#webhooks."""
    data = monzo_transaction(delivery.account, delivery.transaction, expand_merchant=True)
    return json.dumps({"type": delivery.event_type, "data": data}).encode()


def _merchant(merchant: SimulatedMerchant) -> Payload:
    return {
        "id": merchant.id,
        "group_id": merchant.group_id,
        "name": merchant.name,
        "category": merchant.category,
        "logo": "",
        "emoji": "",
        "online": False,
        "atm": False,
        "address": {"city": "London", "country": "GBR", "postcode": "E1 6AN", "short_formatted": "London"},
        "metadata": {},
    }
