"""Tokens in the Monzo dialect: https://docs.monzo.com/#authentication."""

from collections.abc import Callable
from typing import NoReturn

from starlette.responses import Response

from ledgerbank_adapters.simulated_bank.bank_exchange import (
    Arrival,
    BankOperation,
    Handler,
    json_answer,
    token_operation_name,
)
from ledgerbank_adapters.simulated_bank.books.simulated_books import NotAtThisBankError
from ledgerbank_adapters.simulated_bank.grants.simulated_grants import (
    Dialect,
    Grant,
    GrantRefused,
    RefusalReason,
)
from ledgerbank_adapters.simulated_bank.monzo_dialect.monzo_dialect_payloads import monzo_tokens
from ledgerbank_adapters.simulated_bank.simulated_bank_model import SimulatedBank

Signed = Callable[[SimulatedBank, Arrival, Grant], Response]

# What Monzo appends to ``unauthorized.bad_access_token`` and its siblings; the rest goes without.
_SUFFIXES = {
    RefusalReason.EXPIRED: ".expired",
    RefusalReason.CONSENT_EXPIRED: ".expired",
    RefusalReason.EVICTED: ".evicted",
    RefusalReason.USED: ".evicted",
    RefusalReason.REVOKED: ".revoked",
}
_GRANT_FAULTS = {
    RefusalReason.WRONG_REDIRECT: "redirect_uri is not the one that was authorized",
    RefusalReason.WRONG_VERIFIER: "code_verifier does not answer the code_challenge",
}


class MonzoRefusal(Exception):  # noqa: N818 - what the bank did
    """An error of Monzo's: status, ``code`` and ``message``; ``error`` where it is one of OAuth 2."""

    def __init__(self, status: int, code: str, message: str, *, error: str | None = None) -> None:
        super().__init__(code)
        self.status = status
        self.content = {"code": code, "message": message, "params": {}}
        if error is not None:
            self.content |= {"error": error, "error_description": message}


def in_monzo_dialect(handler: Handler) -> Handler:
    """Answers what the handler refuses as Monzo does."""

    def guarded(bank: SimulatedBank, arrival: Arrival) -> Response:
        try:
            return handler(bank, arrival)
        except MonzoRefusal as refusal:
            return json_answer(refusal.content, status=refusal.status)
        except NotAtThisBankError:
            return json_answer({"code": "not_found", "message": "Not found", "params": {}}, status=404)

    return guarded


def signed(handler: Signed, *, needs_approval: bool = True) -> Handler:
    """Lets only valid access tokens in; unless told otherwise, only once the customer approved in the app.

    A valid token without approval has no permissions: 403 ``forbidden.insufficient_permissions``.
    """

    def checked(bank: SimulatedBank, arrival: Arrival) -> Response:
        try:
            grant = bank.grants.grant_of(arrival.bearer, dialect=Dialect.MONZO, now=bank.now())
        except GrantRefused as refused:
            _refuse_token("access_token", refused.reason)
        if needs_approval and grant.approved_at is None:
            raise MonzoRefusal(403, "forbidden.insufficient_permissions", "Access forbidden")
        return handler(bank, arrival, grant)

    return in_monzo_dialect(checked)


def required(arrival: Arrival, name: str) -> str:
    """A field of the form. Raises MonzoRefusal 400 when it is missing."""
    fields = arrival.form
    if fields is None:
        raise MonzoRefusal(400, "bad_request.bad_body", "The body must be a form")
    if not fields.get(name):
        raise missing(name)
    return fields[name]


def missing(name: str) -> MonzoRefusal:
    return MonzoRefusal(400, f"bad_request.missing_param.{name}", f"Missing parameter: {name}")


def _token(bank: SimulatedBank, arrival: Arrival) -> Response:
    grant_type = required(arrival, "grant_type")
    client_id = required(arrival, "client_id")
    if not bank.knows_client(client_id, (arrival.form or {}).get("client_secret", "")):
        raise MonzoRefusal(401, "unauthorized.bad_client", "Bad client credentials", error="invalid_client")
    match grant_type:
        case "authorization_code":
            grant = _exchanged(bank, arrival, client_id)
        case "refresh_token":
            grant = _refreshed(bank, arrival, client_id)
        case _:
            problem = "Unknown grant_type"
            raise MonzoRefusal(
                400, "bad_request.bad_param.grant_type", problem, error="unsupported_grant_type"
            )
    lifetime = bank.habits.lifetime(bank.settings.access_token_seconds)
    return json_answer(monzo_tokens(grant, expires_in=lifetime))


def _exchanged(bank: SimulatedBank, arrival: Arrival, client_id: str) -> Grant:
    try:
        return bank.grants.redeem(
            dialect=Dialect.MONZO,
            code=required(arrival, "code"),
            client_id=client_id,
            redirect_uri=required(arrival, "redirect_uri"),
            code_verifier=(arrival.form or {}).get("code_verifier"),
            now=bank.now(),
            needs_app_approval=bank.app_approval_required,
        )
    except GrantRefused as refused:
        if problem := _GRANT_FAULTS.get(refused.reason):
            raise MonzoRefusal(400, "bad_request.invalid_grant", problem, error="invalid_grant") from None
        _refuse_token("authorization_code", refused.reason)


def _refreshed(bank: SimulatedBank, arrival: Arrival, client_id: str) -> Grant:
    token = required(arrival, "refresh_token")
    try:
        return bank.grants.refresh(
            dialect=Dialect.MONZO, refresh_token=token, client_id=client_id, now=bank.now()
        )
    except GrantRefused as refused:
        _refuse_token("refresh_token", refused.reason)


def _refuse_token(what: str, reason: RefusalReason) -> NoReturn:
    code = f"unauthorized.bad_{what}{_SUFFIXES.get(reason, '')}"
    error = "invalid_token" if what == "access_token" else "invalid_grant"
    raise MonzoRefusal(401, code, f"Bad {what.replace('_', ' ')}", error=error)


def _whoami(_: SimulatedBank, __: Arrival, grant: Grant) -> Response:
    known = grant.authorization
    return json_answer({"authenticated": True, "client_id": known.client_id, "user_id": known.user_id})


def _whoami_at_all(bank: SimulatedBank, arrival: Arrival) -> Response:
    """Without any token that is no error: nobody is authenticated."""
    if not arrival.bearer:
        return json_answer({"authenticated": False})
    return signed(_whoami, needs_approval=False)(bank, arrival)


def _logout(_: SimulatedBank, __: Arrival, grant: Grant) -> Response:
    grant.end(RefusalReason.REVOKED)
    return json_answer({})


MONZO_TOKEN_OPERATIONS = (
    BankOperation(
        method="POST", path="/oauth2/token", handler=in_monzo_dialect(_token), name=token_operation_name
    ),
    BankOperation(
        method="POST", path="/oauth2/logout", handler=signed(_logout, needs_approval=False), name="logout"
    ),
    BankOperation(method="GET", path="/ping/whoami", handler=_whoami_at_all, name="whoami"),
)
