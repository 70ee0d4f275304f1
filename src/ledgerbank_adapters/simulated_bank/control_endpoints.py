"""Making things happen at the simulated bank, for tests and for trying things out: JSON under ``/_control``.

Nobody has to log in here: never let others reach the bank's port. Bodies are JSON objects; POST and PUT
always say so by the type application/json, and a body without required fields may be left out. Amounts are
whole minor units, negative when money leaves. 400: the body cannot be taken; 403: it comes from a web page of
another origin, or Host is neither an address nor localhost; 404: no such id; 409: the bank's state does not
allow it; each answers ``{"error": "a sentence"}``.

==================================== =====================================================================
GET    /_control/customers           all customers: accounts, balances, grants, notices in the app
POST   /_control/customers           ``name``: a customer before he ever consented
GET    /_control/customers/U         one of them, by user id
POST   /_control/customers/U/accounts ``type``, ``currency``, ``description``, ``balance`` (0): one more
POST   /_control/customers/U/approve the customer approves in the bank's app what waits for it
GET    /_control/accounts/A          one account, by id
PUT    /_control/accounts/A/balance  ``balance``: changes the opening figure so that this is the balance
POST   /_control/accounts/A/close    the account is closed
GET    /_control/accounts/A/transactions every movement, oldest first
POST   /_control/accounts/A/transactions ``amount``; optional: ``description``, ``notes``, ``merchant_name``,
                                     ``pending`` (true), ``decline_reason``, ``created``, ``local_amount``,
                                     ``local_currency``
POST   /_control/transactions/T/settle optional ``amount``: settles a pending one, its id stays
POST   /_control/transactions/T/decline optional ``reason``
PUT    /_control/app-approval        ``required``: whether later consents wait for approval in the app
POST   /_control/tokens/expire       optional ``user_id``, ``refresh`` (false): access tokens expire,
                                     with ``refresh`` the refresh tokens too
POST   /_control/tokens/revoke       optional ``user_id``: access and refresh tokens are refused
POST   /_control/consents/expire-window optional ``user_id``: the five minutes of full history are over
POST   /_control/consents/expire     optional ``user_id``: the consents themselves are over
GET    /_control/faults              the faults still to come
POST   /_control/faults              ``operation`` (a name, or * for any); optional: ``kind`` (status; drop,
                                     malformed, delay), ``effect`` (before; after the real work),
                                     ``status`` (503), ``delay_seconds`` (0), ``retry_after`` (sent as it
                                     is), ``count`` (1)
DELETE /_control/faults              no more faults
GET    /_control/counters            per operation: ``calls``, and ``effects`` (worked on without an error)
DELETE /_control/counters            counts from zero
GET    /_control/clock               the bank's time
POST   /_control/clock/advance       ``seconds``
GET    /_control/webhooks            mode, registrations, attempts, how many wait or are held
PUT    /_control/webhooks/mode       ``mode``: normal, twice, out_of_order, paused; the first two flush
POST   /_control/webhooks/flush      lets go of what is held
POST   /_control/webhooks/announce   ``transaction_id``, ``times`` (1): tells of it again
POST   /_control/reset               as if the bank had just opened
==================================== =====================================================================

Names of operations: authorize.page, authorize.decision, token.exchange, token.refresh, token.client, whoami,
accounts, balance, transactions, transaction, feed, webhooks.list, webhooks.register, webhooks.delete, logout,
consents.create, consents.get, consents.delete. They are the same in both dialects.
"""

from collections.abc import Callable

from starlette.responses import Response

from ledgerbank_adapters.simulated_bank.bank_exchange import Arrival, BankOperation, Handler, json_answer
from ledgerbank_adapters.simulated_bank.control_access import JSON_TYPE, foreign_origin, is_no_json
from ledgerbank_adapters.simulated_bank.control_bodies import BadControlError, ControlBody
from ledgerbank_adapters.simulated_bank.control_payloads import (
    Payload,
    shown_account,
    shown_attempt,
    shown_customer,
    shown_fault,
    shown_transaction,
)
from ledgerbank_adapters.simulated_bank.monzo_dialect_payloads import monzo_instant, monzo_webhook
from ledgerbank_adapters.simulated_bank.simulated_bank_model import SimulatedBank
from ledgerbank_adapters.simulated_bank.simulated_books import NotAtThisBankError, NotPossibleError
from ledgerbank_adapters.simulated_bank.simulated_faults import (
    EVERY_OPERATION,
    OPERATIONS,
    Fault,
    FaultEffect,
    FaultKind,
)
from ledgerbank_adapters.simulated_bank.simulated_webhooks import CREATED, DeliveryMode

CONTROL_ROOT = "/_control"

Control = Callable[[SimulatedBank, ControlBody, str], Payload]


def _controlled(control: Control) -> Handler:
    """Hands a control its body and the id in its path; answers what it refuses."""

    def handler(bank: SimulatedBank, arrival: Arrival) -> Response:
        if (refusal := foreign_origin(arrival)) is not None:
            return json_answer({"error": refusal}, status=403)
        if is_no_json(arrival):
            return json_answer({"error": f"The body must be of the type {JSON_TYPE}."}, status=400)
        try:
            body = ControlBody(arrival)
            content = control(bank, body, arrival.path_parameters.get("id", ""))
        except BadControlError as error:
            return json_answer({"error": str(error)}, status=400)
        except NotAtThisBankError as error:
            return json_answer({"error": f"There is no {str(error) or 'such thing'} here."}, status=404)
        except NotPossibleError as error:
            return json_answer({"error": str(error)}, status=409)
        return json_answer(content)

    return handler


def _list_customers(bank: SimulatedBank, _: ControlBody, __: str) -> Payload:
    return {"customers": [shown_customer(bank, each) for each in bank.customers.values()]}


def _add_customer(bank: SimulatedBank, body: ControlBody, _: str) -> Payload:
    name = body.text("name")
    body.done()
    if not name.split():
        raise BadControlError("name must not be blank.")
    return shown_customer(bank, bank.customer_named(name))


def _get_customer(bank: SimulatedBank, _: ControlBody, user_id: str) -> Payload:
    return shown_customer(bank, bank.customer(user_id))


def _open_account(bank: SimulatedBank, body: ControlBody, user_id: str) -> Payload:
    kind, currency = body.text("type", "uk_retail"), body.text("currency", "GBP")
    description, balance = body.text("description", "Further Account"), body.whole("balance", 0)
    body.done()
    return shown_account(
        bank.open_account(user_id, kind=kind, currency=currency, description=description, balance=balance)
    )


def _approve(bank: SimulatedBank, body: ControlBody, user_id: str) -> Payload:
    body.done()
    bank.customer(user_id)
    return {"approved": bank.approve_in_app(user_id)}


def _get_account(bank: SimulatedBank, _: ControlBody, account_id: str) -> Payload:
    return shown_account(bank.account(account_id))


def _set_balance(bank: SimulatedBank, body: ControlBody, account_id: str) -> Payload:
    balance = body.whole("balance")
    body.done()
    return shown_account(bank.set_balance(account_id, balance))


def _close_account(bank: SimulatedBank, body: ControlBody, account_id: str) -> Payload:
    body.done()
    return shown_account(bank.close_account(account_id))


def _list_transactions(bank: SimulatedBank, _: ControlBody, account_id: str) -> Payload:
    return {"transactions": [shown_transaction(each) for each in bank.account(account_id).in_order()]}


def _add_transaction(bank: SimulatedBank, body: ControlBody, account_id: str) -> Payload:
    amount = body.whole("amount")
    description, notes = body.text("description", "Card payment"), body.text("notes", "")
    merchant_name, decline_reason = body.optional_text("merchant_name"), body.optional_text("decline_reason")
    pending, created = body.flag("pending", default=True), body.instant("created")
    local_amount, local_currency = body.optional_whole("local_amount"), body.optional_text("local_currency")
    body.done()
    return shown_transaction(
        bank.add_transaction(
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
        )
    )


def _settle(bank: SimulatedBank, body: ControlBody, transaction_id: str) -> Payload:
    amount = body.optional_whole("amount")
    body.done()
    return shown_transaction(bank.settle(transaction_id, amount=amount))


def _decline(bank: SimulatedBank, body: ControlBody, transaction_id: str) -> Payload:
    reason = body.text("reason", "OTHER")
    body.done()
    return shown_transaction(bank.decline(transaction_id, reason=reason))


def _require_approval(bank: SimulatedBank, body: ControlBody, _: str) -> Payload:
    bank.app_approval_required = body.flag("required")
    body.done()
    return {"required": bank.app_approval_required}


def _expire_tokens(bank: SimulatedBank, body: ControlBody, _: str) -> Payload:
    user_id, refresh = body.optional_text("user_id"), body.flag("refresh", default=False)
    body.done()
    return {"expired": bank.expire_tokens(user_id, refresh=refresh)}


def _revoke_tokens(bank: SimulatedBank, body: ControlBody, _: str) -> Payload:
    user_id = body.optional_text("user_id")
    body.done()
    return {"revoked": bank.revoke_tokens(user_id)}


def _expire_window(bank: SimulatedBank, body: ControlBody, _: str) -> Payload:
    user_id = body.optional_text("user_id")
    body.done()
    return {"expired": bank.expire_full_history(user_id)}


def _expire_consents(bank: SimulatedBank, body: ControlBody, _: str) -> Payload:
    user_id = body.optional_text("user_id")
    body.done()
    return {"expired": bank.expire_consents(user_id)}


def _list_faults(bank: SimulatedBank, _: ControlBody, __: str) -> Payload:
    return {"faults": [shown_fault(each) for each in bank.faults.faults]}


def _add_fault(bank: SimulatedBank, body: ControlBody, _: str) -> Payload:
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


def _delete_faults(bank: SimulatedBank, _: ControlBody, __: str) -> Payload:
    bank.faults.faults.clear()
    return {"faults": []}


def _get_counters(bank: SimulatedBank, _: ControlBody, __: str) -> Payload:
    counts = bank.faults.counts
    return {name: {"calls": each.calls, "effects": each.effects} for name, each in sorted(counts.items())}


def _delete_counters(bank: SimulatedBank, _: ControlBody, __: str) -> Payload:
    bank.faults.counts.clear()
    return {}


def _get_clock(bank: SimulatedBank, _: ControlBody, __: str) -> Payload:
    return {"now": monzo_instant(bank.now()), "start": monzo_instant(bank.start)}


def _advance_clock(bank: SimulatedBank, body: ControlBody, _: str) -> Payload:
    seconds = body.seconds("seconds")
    body.done()
    return {"now": monzo_instant(bank.advance(seconds))}


def _get_webhooks(bank: SimulatedBank, _: ControlBody, __: str) -> Payload:
    webhooks = bank.webhooks
    return {
        "mode": webhooks.mode.value,
        "webhooks": [monzo_webhook(each) for each in webhooks.registered.values()],
        "attempts": [shown_attempt(each) for each in webhooks.log],
        "waiting": len(webhooks.waiting) + webhooks.in_flight,
        "held": len(webhooks.held),
    }


def _set_webhook_mode(bank: SimulatedBank, body: ControlBody, _: str) -> Payload:
    mode = body.choice("mode", DeliveryMode)
    body.done()
    bank.webhooks.mode = mode
    if mode in (DeliveryMode.NORMAL, DeliveryMode.TWICE):
        bank.webhooks.flush()
    return {"mode": mode.value}


def _flush_webhooks(bank: SimulatedBank, body: ControlBody, _: str) -> Payload:
    body.done()
    return {"flushed": bank.webhooks.flush()}


def _announce(bank: SimulatedBank, body: ControlBody, _: str) -> Payload:
    transaction = bank.transaction(body.text("transaction_id"))
    times = body.whole("times", 1)
    body.done()
    for _each in range(times):
        bank.webhooks.announce(CREATED, bank.account(transaction.account_id), transaction)
    return {"announced": times}


def _reset(bank: SimulatedBank, body: ControlBody, _: str) -> Payload:
    body.done()
    bank.reset()
    return {"start": monzo_instant(bank.start)}


_CONTROLS: tuple[tuple[str, str, Control], ...] = (
    ("GET", "/customers", _list_customers),
    ("POST", "/customers", _add_customer),
    ("GET", "/customers/{id}", _get_customer),
    ("POST", "/customers/{id}/accounts", _open_account),
    ("POST", "/customers/{id}/approve", _approve),
    ("GET", "/accounts/{id}", _get_account),
    ("PUT", "/accounts/{id}/balance", _set_balance),
    ("POST", "/accounts/{id}/close", _close_account),
    ("GET", "/accounts/{id}/transactions", _list_transactions),
    ("POST", "/accounts/{id}/transactions", _add_transaction),
    ("POST", "/transactions/{id}/settle", _settle),
    ("POST", "/transactions/{id}/decline", _decline),
    ("PUT", "/app-approval", _require_approval),
    ("POST", "/tokens/expire", _expire_tokens),
    ("POST", "/tokens/revoke", _revoke_tokens),
    ("POST", "/consents/expire-window", _expire_window),
    ("POST", "/consents/expire", _expire_consents),
    ("GET", "/faults", _list_faults),
    ("POST", "/faults", _add_fault),
    ("DELETE", "/faults", _delete_faults),
    ("GET", "/counters", _get_counters),
    ("DELETE", "/counters", _delete_counters),
    ("GET", "/clock", _get_clock),
    ("POST", "/clock/advance", _advance_clock),
    ("GET", "/webhooks", _get_webhooks),
    ("PUT", "/webhooks/mode", _set_webhook_mode),
    ("POST", "/webhooks/flush", _flush_webhooks),
    ("POST", "/webhooks/announce", _announce),
    ("POST", "/reset", _reset),
)

CONTROL_OPERATIONS = tuple(
    BankOperation(method=method, path=CONTROL_ROOT + path, handler=_controlled(control), name=None)
    for method, path, control in _CONTROLS
)
