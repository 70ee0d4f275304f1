"""Tokens as JSON shows them."""

from typing import Annotated, NotRequired, TypedDict

from ledgerbank_adapters.http.fields.wire_values import WireId, WireInstant, wire_id, wire_instant
from ledgerbank_adapters.http.users.user_payloads import UserPayload, user_payload
from ledgerbank_domain.services.users.authentication import Authentication
from ledgerbank_domain.services.users.session_tokens import TokenPair
from ledgerbank_domain.users.duty import Duty
from ledgerbank_domain.users.user import User


class TokenPairPayload(TypedDict):
    """``expires_in`` is the access token's life in seconds."""

    access_token: str
    refresh_token: str
    token_type: str
    expires_in: int


class DutyPayload(TypedDict):
    """``duty`` is there as long as something must be done before anything else may be."""

    duty: NotRequired[Annotated[str, Duty]]


class LoginPayload(TokenPairPayload, DutyPayload):
    """``duty`` is there when something must be done before anything else may be."""

    user: UserPayload


class ValidTokenPayload(DutyPayload):
    """``duty`` is there as long as something must be done before anything else may be."""

    valid: bool
    user_id: WireId
    role: str
    expires_at: WireInstant


def token_pair_payload(pair: TokenPair) -> TokenPairPayload:
    return {
        "access_token": pair.access_token,
        "refresh_token": pair.refresh_token,
        "token_type": "Bearer",
        "expires_in": pair.expires_in,
    }


def login_payload(pair: TokenPair, user: User, duty: Duty | None) -> LoginPayload:
    return {**token_pair_payload(pair), **_told(duty), "user": user_payload(user)}


def valid_token_payload(authentication: Authentication) -> ValidTokenPayload:
    user = authentication.user
    return {
        "valid": True,
        "user_id": wire_id(user.id),
        "role": user.role.value,
        "expires_at": wire_instant(authentication.expires_at),
        **_told(authentication.duty),
    }


def _told(duty: Duty | None) -> DutyPayload:
    return {} if duty is None else {"duty": duty.value}
