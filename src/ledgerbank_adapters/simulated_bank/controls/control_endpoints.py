"""What can be made to happen at the simulated bank: each act takes a body and the id in its path."""

from ledgerbank_adapters.simulated_bank.books.simulated_webhooks import CREATED, DeliveryMode
from ledgerbank_adapters.simulated_bank.controls.control_bodies import BadControlError, ControlBody
from ledgerbank_adapters.simulated_bank.controls.control_payloads import (
    Payload,
    shown_account,
    shown_attempt,
    shown_customer,
    shown_fault,
    shown_transaction,
)
from ledgerbank_adapters.simulated_bank.monzo_dialect.monzo_dialect_payloads import (
    monzo_instant,
    monzo_webhook,
)
from ledgerbank_adapters.simulated_bank.simulated_bank_model import SimulatedBank
from ledgerbank_adapters.simulated_bank.simulated_faults import (
    EVERY_OPERATION,
    OPERATIONS,
    Fault,
    FaultEffect,
    FaultKind,
)


def list_customers(bank: SimulatedBank, _: ControlBody, __: str) -> Payload:
    return {"customers": [shown_customer(bank, each) for each in bank.books.customers.values()]}


def add_customer(bank: SimulatedBank, body: ControlBody, _: str) -> Payload:
    name = body.text("name")
    body.done()
    if not name.split():
        raise BadControlError("name must not be blank.")
    return shown_customer(bank, bank.books.customer_named(name))


def get_customer(bank: SimulatedBank, _: ControlBody, user_id: str) -> Payload:
    return shown_customer(bank, bank.books.customer(user_id))


def open_account(bank: SimulatedBank, body: ControlBody, user_id: str) -> Payload:
    kind, currency = body.text("type", "uk_retail"), body.text("currency", "GBP")
    description, balance = body.text("description", "Further Account"), body.whole("balance", 0)
    body.done()
    return shown_account(
        bank.books.open_account(
            user_id, kind=kind, currency=currency, description=description, balance=balance
        )
    )


def approve(bank: SimulatedBank, body: ControlBody, user_id: str) -> Payload:
    body.done()
    bank.books.customer(user_id)
    return {"approved": bank.approve_in_app(user_id)}


def get_account(bank: SimulatedBank, _: ControlBody, account_id: str) -> Payload:
    return shown_account(bank.books.account(account_id))


def set_balance(bank: SimulatedBank, body: ControlBody, account_id: str) -> Payload:
    balance = body.whole("balance")
    body.done()
    return shown_account(bank.books.set_balance(account_id, balance))


def close_account(bank: SimulatedBank, body: ControlBody, account_id: str) -> Payload:
    body.done()
    return shown_account(bank.books.close_account(account_id))


def list_transactions(bank: SimulatedBank, _: ControlBody, account_id: str) -> Payload:
    return {"transactions": [shown_transaction(each) for each in bank.books.account(account_id).in_order()]}


def add_transaction(bank: SimulatedBank, body: ControlBody, account_id: str) -> Payload:
    amount = body.whole("amount")
    description, notes = body.text("description", "Card payment"), body.text("notes", "")
    merchant_name, decline_reason = body.optional_text("merchant_name"), body.optional_text("decline_reason")
    pending, created = body.flag("pending", default=True), body.instant("created")
    local_amount, local_currency = body.optional_whole("local_amount"), body.optional_text("local_currency")
    listed, shown_id = body.flag("listed", default=True), body.optional_text("shown_id")
    body.done()
    return shown_transaction(
        bank.books.add_transaction(
            account_id,
            amount,
            description=description,
            notes=notes,
            merchant_name=merchant_name,
            pending=pending,
            decline_reason=decline_reason,
            created=created,
            local_amount=local_amount,
            local_currency=local_currency,
            listed=listed,
            shown_id=shown_id,
        )
    )


def settle(bank: SimulatedBank, body: ControlBody, transaction_id: str) -> Payload:
    amount = body.optional_whole("amount")
    body.done()
    return shown_transaction(bank.books.settle(transaction_id, amount=amount))


def decline(bank: SimulatedBank, body: ControlBody, transaction_id: str) -> Payload:
    reason = body.text("reason", "OTHER")
    body.done()
    return shown_transaction(bank.books.decline(transaction_id, reason=reason))


def vanish(bank: SimulatedBank, body: ControlBody, transaction_id: str) -> Payload:
    body.done()
    return shown_transaction(bank.books.vanish(transaction_id))


def require_approval(bank: SimulatedBank, body: ControlBody, _: str) -> Payload:
    bank.app_approval_required = body.flag("required")
    body.done()
    return {"required": bank.app_approval_required}


def expire_tokens(bank: SimulatedBank, body: ControlBody, _: str) -> Payload:
    user_id, refresh = body.optional_text("user_id"), body.flag("refresh", default=False)
    body.done()
    return {"expired": bank.expire_tokens(user_id, refresh=refresh)}


def revoke_tokens(bank: SimulatedBank, body: ControlBody, _: str) -> Payload:
    user_id = body.optional_text("user_id")
    body.done()
    return {"revoked": bank.revoke_tokens(user_id)}


def expire_window(bank: SimulatedBank, body: ControlBody, _: str) -> Payload:
    user_id = body.optional_text("user_id")
    body.done()
    return {"expired": bank.expire_full_history(user_id)}


def expire_consents(bank: SimulatedBank, body: ControlBody, _: str) -> Payload:
    user_id = body.optional_text("user_id")
    body.done()
    return {"expired": bank.expire_consents(user_id)}


def list_faults(bank: SimulatedBank, _: ControlBody, __: str) -> Payload:
    return {"faults": [shown_fault(each) for each in bank.faults.faults]}


def add_fault(bank: SimulatedBank, body: ControlBody, _: str) -> Payload:
    fault = Fault(
        operation=body.text("operation"),
        effect=body.choice("effect", FaultEffect, FaultEffect.BEFORE),
        kind=body.choice("kind", FaultKind, FaultKind.STATUS),
        status=body.whole("status", 503),
        delay_seconds=body.seconds("delay_seconds", 0),
        retry_after=body.optional_text("retry_after"),
        count=body.whole("count", 1),
    )
    body.done()
    if fault.operation not in OPERATIONS | {EVERY_OPERATION}:
        raise BadControlError(f"operation must be * or one of {', '.join(sorted(OPERATIONS))}.")
    if not 200 <= fault.status <= 599 or fault.count < 1:  # noqa: PLR2004 - what final statuses there are
        raise BadControlError("status must be from 200 to 599, count at least 1.")
    bank.add_fault(fault)
    return shown_fault(fault)


def delete_faults(bank: SimulatedBank, _: ControlBody, __: str) -> Payload:
    bank.faults.faults.clear()
    return {"faults": []}


def get_counters(bank: SimulatedBank, _: ControlBody, __: str) -> Payload:
    counts = bank.faults.counts
    return {name: {"calls": each.calls, "effects": each.effects} for name, each in sorted(counts.items())}


def delete_counters(bank: SimulatedBank, _: ControlBody, __: str) -> Payload:
    bank.faults.counts.clear()
    return {}


def get_clock(bank: SimulatedBank, _: ControlBody, __: str) -> Payload:
    return {"now": monzo_instant(bank.now()), "start": monzo_instant(bank.books.start)}


def advance_clock(bank: SimulatedBank, body: ControlBody, _: str) -> Payload:
    seconds = body.seconds("seconds")
    body.done()
    return {"now": monzo_instant(bank.advance(seconds))}


def get_webhooks(bank: SimulatedBank, _: ControlBody, __: str) -> Payload:
    webhooks = bank.books.webhooks
    return {
        "mode": webhooks.mode.value,
        "webhooks": [monzo_webhook(each) for each in webhooks.registered.values()],
        "attempts": [shown_attempt(each) for each in webhooks.log],
        "waiting": len(webhooks.waiting) + webhooks.in_flight,
        "held": len(webhooks.held),
    }


def set_webhook_mode(bank: SimulatedBank, body: ControlBody, _: str) -> Payload:
    mode = body.choice("mode", DeliveryMode)
    body.done()
    bank.books.webhooks.mode = mode
    if mode in (DeliveryMode.NORMAL, DeliveryMode.TWICE):
        bank.books.webhooks.flush()
    return {"mode": mode.value}


def flush_webhooks(bank: SimulatedBank, body: ControlBody, _: str) -> Payload:
    body.done()
    return {"flushed": bank.books.webhooks.flush()}


def announce(bank: SimulatedBank, body: ControlBody, _: str) -> Payload:
    transaction = bank.books.transaction(body.text("transaction_id"))
    times = body.whole("times", 1)
    body.done()
    for _each in range(times):
        bank.books.webhooks.announce(CREATED, bank.books.account(transaction.account_id), transaction)
    return {"announced": times}


def reset(bank: SimulatedBank, body: ControlBody, _: str) -> Payload:
    body.done()
    bank.reset()
    return {"start": monzo_instant(bank.books.start)}
