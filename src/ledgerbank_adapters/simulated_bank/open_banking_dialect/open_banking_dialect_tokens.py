"""Tokens in the dialect of UK Open Banking: OAuth 2.0 (RFC 6749), also for the client itself.

What is simpler than at a real bank is told in
:mod:`~ledgerbank_adapters.simulated_bank.open_banking_dialect.open_banking_consents`.
"""

from base64 import b64decode
from binascii import Error as Base64Error

from starlette.responses import Response

from ledgerbank_adapters.simulated_bank.bank_exchange import (
    Arrival,
    BankOperation,
    json_answer,
    token_operation_name,
)
from ledgerbank_adapters.simulated_bank.grants.simulated_grants import Dialect, Grant, GrantRefused
from ledgerbank_adapters.simulated_bank.simulated_bank_model import SimulatedBank


class _OAuthRefusal(Exception):  # noqa: N818 - what the bank did
    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(error)
        self.status = status
        self.content = {"error": error, "error_description": description}


def _token(bank: SimulatedBank, arrival: Arrival) -> Response:
    try:
        return json_answer(_token_content(bank, arrival))
    except _OAuthRefusal as refusal:
        return json_answer(refusal.content, status=refusal.status)


def _token_content(bank: SimulatedBank, arrival: Arrival) -> dict[str, object]:
    form = arrival.form
    if form is None:
        raise _OAuthRefusal(400, "invalid_request", "The body must be a form.")
    client_id, client_secret = _client_credentials(arrival, form)
    if not bank.knows_client(client_id, client_secret):
        raise _OAuthRefusal(401, "invalid_client", "The client is not known.")
    match form.get("grant_type"):
        case "client_credentials":
            if form.get("scope") != "accounts":
                raise _OAuthRefusal(400, "invalid_scope", "The scope must be accounts.")
            token, seconds = bank.new_client_token(client_id)
            return {
                "access_token": token,
                "token_type": "Bearer",
                "expires_in": bank.habits.lifetime(seconds),
                "scope": "accounts",
            }
        case "authorization_code" | "refresh_token" as grant_type:
            return _tokens(bank, _granted(bank, grant_type, form, client_id))
        case _:
            raise _OAuthRefusal(400, "unsupported_grant_type", "There is no such grant type.")


def _granted(bank: SimulatedBank, grant_type: str, form: dict[str, str], client_id: str) -> Grant:
    try:
        if grant_type == "refresh_token":
            return bank.grants.refresh(
                dialect=Dialect.OPEN_BANKING,
                refresh_token=form.get("refresh_token", ""),
                client_id=client_id,
                now=bank.now(),
            )
        return bank.grants.redeem(
            dialect=Dialect.OPEN_BANKING,
            code=form.get("code", ""),
            client_id=client_id,
            redirect_uri=form.get("redirect_uri", ""),
            code_verifier=form.get("code_verifier"),
            now=bank.now(),
            needs_app_approval=False,
        )
    except GrantRefused as refused:
        raise _OAuthRefusal(400, "invalid_grant", f"The grant is refused: {refused.reason.value}.") from None


def _tokens(bank: SimulatedBank, grant: Grant) -> dict[str, object]:
    return {
        "access_token": grant.access_token,
        "refresh_token": grant.refresh_token,
        "token_type": "Bearer",
        "expires_in": bank.habits.lifetime(bank.settings.access_token_seconds),
        "scope": "openid accounts",
        "consent_id": grant.authorization.consent_id,
    }


def _client_credentials(arrival: Arrival, form: dict[str, str]) -> tuple[str, str]:
    scheme, _, encoded = arrival.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return form.get("client_id", ""), form.get("client_secret", "")
    try:
        client_id, _, client_secret = b64decode(encoded, validate=True).decode().partition(":")
    except (Base64Error, UnicodeDecodeError):
        return "", ""
    return client_id, client_secret


OPEN_BANKING_TOKEN_OPERATIONS = (
    BankOperation(method="POST", path="/token", handler=_token, name=token_operation_name),
)
