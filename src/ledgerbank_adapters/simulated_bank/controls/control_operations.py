"""Making things happen at the simulated bank, for tests and for trying things out: JSON under ``/_control``.

Nobody has to log in here: never let others reach the bank's port. Bodies are JSON objects; POST and PUT
always say so by the type application/json, and a body without required fields may be left out. Amounts are
whole minor units, negative when money leaves. 400: the body cannot be taken; 403: it comes from a web page of
another origin, or Host is neither an address nor localhost; 404: no such id; 409: the bank's state does not
allow it; each answers ``{"error": "a sentence"}``.

What there is to control is told by ``CONTROLS``, with the fields of its body and what comes of it.

Names of operations: authorize.page, authorize.decision, token.exchange, token.refresh, token.client, whoami,
accounts, balance, transactions, transaction, feed, webhooks.list, webhooks.register, webhooks.delete, logout,
consents.create, consents.get, consents.delete. They are the same in both dialects.
"""

from collections.abc import Callable
from dataclasses import dataclass

from starlette.responses import Response

from ledgerbank_adapters.simulated_bank.bank_exchange import Arrival, BankOperation, Handler, json_answer
from ledgerbank_adapters.simulated_bank.books.simulated_books import NotAtThisBankError, NotPossibleError
from ledgerbank_adapters.simulated_bank.controls import control_endpoints as acts
from ledgerbank_adapters.simulated_bank.controls import trap_endpoints as traps
from ledgerbank_adapters.simulated_bank.controls.control_access import JSON_TYPE, foreign_origin, is_no_json
from ledgerbank_adapters.simulated_bank.controls.control_bodies import BadControlError, ControlBody
from ledgerbank_adapters.simulated_bank.controls.control_payloads import Payload
from ledgerbank_adapters.simulated_bank.simulated_bank_model import SimulatedBank

CONTROL_ROOT = "/_control"

Act = Callable[[SimulatedBank, ControlBody, str], Payload]


@dataclass(frozen=True, slots=True)
class Control:
    """A way to make something happen, and what is told of it: ``fields`` of its body, and its effect."""

    method: str
    path: str
    act: Act
    effect: str
    fields: str = ""


def _controlled(act: Act) -> Handler:
    """Hands an act its body and the id in its path; answers what it refuses."""

    def handler(bank: SimulatedBank, arrival: Arrival) -> Response:
        if (refusal := foreign_origin(arrival)) is not None:
            return json_answer({"error": refusal}, status=403)
        if is_no_json(arrival):
            return json_answer({"error": f"The body must be of the type {JSON_TYPE}."}, status=400)
        try:
            body = ControlBody(arrival)
            content = act(bank, body, arrival.path_parameters.get("id", ""))
        except BadControlError as error:
            return json_answer({"error": str(error)}, status=400)
        except NotAtThisBankError as error:
            return json_answer({"error": f"There is no {str(error) or 'such thing'} here."}, status=404)
        except NotPossibleError as error:
            return json_answer({"error": str(error)}, status=409)
        return json_answer(content)

    return handler


CONTROLS = (
    Control(
        "GET",
        "/customers",
        acts.list_customers,
        "all customers: accounts, balances, accesses, notices in the app",
    ),
    Control("POST", "/customers", acts.add_customer, "a customer before they ever consent", fields="`name`"),
    Control("GET", "/customers/{id}", acts.get_customer, "one of them, by user id"),
    Control(
        "POST",
        "/customers/{id}/accounts",
        acts.open_account,
        "one more account",
        fields="`type`, `currency`, `description`, `balance` (0)",
    ),
    Control(
        "POST", "/customers/{id}/approve", acts.approve, "the customer approves in the app what waits for it"
    ),
    Control("GET", "/accounts/{id}", acts.get_account, "one account, by id"),
    Control(
        "PUT",
        "/accounts/{id}/balance",
        acts.set_balance,
        "changes the opening figure so that this is the balance",
        fields="`balance`",
    ),
    Control("POST", "/accounts/{id}/close", acts.close_account, "closes it"),
    Control("GET", "/accounts/{id}/transactions", acts.list_transactions, "every movement, oldest first"),
    Control(
        "POST",
        "/accounts/{id}/transactions",
        acts.add_transaction,
        "a new movement",
        fields="`amount`, optional `description`, `notes`, `merchant_name`, `pending` (true),"
        " `decline_reason`, `created`, `local_amount`, `local_currency`, `listed` (true), `shown_id`",
    ),
    Control(
        "POST",
        "/transactions/{id}/settle",
        acts.settle,
        "settles a pending one, its id stays",
        fields="optional `amount`",
    ),
    Control(
        "POST",
        "/transactions/{id}/decline",
        acts.decline,
        "declines a pending one",
        fields="optional `reason`",
    ),
    Control(
        "POST",
        "/transactions/{id}/vanish",
        acts.vanish,
        "lists one no longer, and announces nothing",
    ),
    Control(
        "PUT",
        "/transactions/{id}/listing",
        traps.list_movement,
        "whether lists have it; it counts either way",
        fields="`listed`",
    ),
    Control(
        "POST",
        "/transactions/{id}/replace",
        traps.replace_hold,
        "a pending one vanishes, and the same purchase is listed under another id",
        fields="optional `amount`, `pending` (false), `created`",
    ),
    Control(
        "PUT",
        "/transactions/{id}/oddity",
        traps.make_movement_odd,
        "what is wrong with the record that tells of it",
        fields="optional `oddity`",
    ),
    Control(
        "PUT",
        "/accounts/{id}/oddity",
        traps.make_account_odd,
        "the same of an account's record",
        fields="optional `oddity`",
    ),
    Control(
        "PUT",
        "/accounts/{id}/shown",
        traps.show_account,
        "whether clients see it at all",
        fields="`shown`",
    ),
    Control(
        "PUT",
        "/accounts/{id}/credit-line",
        traps.set_credit_line,
        "what may be overdrawn, or spent by the card",
        fields="`limit`",
    ),
    Control(
        "PUT",
        "/accounts/{id}/balance-kinds",
        traps.set_balance_kinds,
        "which balances UK Open Banking shows of it",
        fields="`kinds`: of `available`, `booked`, `closing`",
    ),
    Control(
        "POST",
        "/customers/{id}/renumber",
        traps.renumber,
        "all accounts get other ids, as banks do at a new consent",
        fields="optional `movements` (false): theirs too",
    ),
    Control("GET", "/habits", traps.get_habits, "how the bank tells what is in its books"),
    Control(
        "PUT",
        "/habits",
        traps.set_habits,
        "other habits; each that is not named is as the standards have it",
        fields="any of the habits below",
    ),
    Control(
        "PUT",
        "/app-approval",
        acts.require_approval,
        "whether later consents wait for approval in the app",
        fields="`required`",
    ),
    Control(
        "POST",
        "/tokens/expire",
        acts.expire_tokens,
        "expires access tokens, with `refresh` refresh tokens too",
        fields="optional `user_id`, `refresh` (false)",
    ),
    Control(
        "POST",
        "/tokens/revoke",
        acts.revoke_tokens,
        "refuses access and refresh tokens",
        fields="optional `user_id`",
    ),
    Control(
        "POST",
        "/consents/expire-window",
        acts.expire_window,
        "ends the five minutes of full history",
        fields="optional `user_id`",
    ),
    Control(
        "POST",
        "/consents/expire",
        acts.expire_consents,
        "ends the consents themselves",
        fields="optional `user_id`",
    ),
    Control("GET", "/faults", acts.list_faults, "the faults still to come"),
    Control(
        "POST",
        "/faults",
        acts.add_fault,
        "the next calls fail",
        fields="`operation`, optional `kind`, `effect`, `status` (503), `delay_seconds` (0),"
        " `retry_after`, `count` (1)",
    ),
    Control("DELETE", "/faults", acts.delete_faults, "no more faults"),
    Control(
        "GET",
        "/counters",
        acts.get_counters,
        "per operation: `calls`, and `effects` (worked on without an error)",
    ),
    Control("DELETE", "/counters", acts.delete_counters, "counts from zero"),
    Control("GET", "/clock", acts.get_clock, "the bank's time"),
    Control("POST", "/clock/advance", acts.advance_clock, "moves it on", fields="`seconds`"),
    Control(
        "GET", "/webhooks", acts.get_webhooks, "mode, registrations, attempts, how many wait or are held"
    ),
    Control(
        "PUT",
        "/webhooks/mode",
        acts.set_webhook_mode,
        "how events are delivered; the first two let go of what is held",
        fields="`mode`: `normal`, `twice`, `out_of_order`, `paused`",
    ),
    Control("POST", "/webhooks/flush", acts.flush_webhooks, "lets go of what is held"),
    Control(
        "POST",
        "/webhooks/announce",
        acts.announce,
        "tells of it again",
        fields="`transaction_id`, `times` (1)",
    ),
    Control("POST", "/reset", acts.reset, "as if the bank had just opened"),
)

CONTROL_OPERATIONS = tuple(
    BankOperation(method=each.method, path=CONTROL_ROOT + each.path, handler=_controlled(each.act), name=None)
    for each in CONTROLS
)
