"""Signed tokens with the standard library."""

import hashlib
import hmac
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeGuard
from uuid import UUID

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Role
from ledgerbank_domain.ports.security import AccessClaims, RefreshClaims, TokenCodec

_HEADER = {"alg": "HS256", "typ": "JWT"}
_TOKEN_PARTS = 3


class MemoryTokenCodec(TokenCodec):
    """JSON Web Tokens signed with HS256 (RFC 7519, RFC 7515) under one key.

    Without a key given, each instance has its own and knows only its own tokens.
    https://www.rfc-editor.org/rfc/rfc7519
    """

    def __init__(
        self, key: bytes | None = None, *, issuer: str = "ledgerbank", audience: str = "ledgerbank-api"
    ) -> None:
        self._key = secrets.token_bytes(32) if key is None else key
        self._issuer = issuer
        self._audience = audience

    def encode_access(self, claims: AccessClaims) -> str:
        return self._encode("access", claims, email=claims.email, role=claims.role.value)

    def encode_refresh(self, claims: RefreshClaims) -> str:
        return self._encode("refresh", claims)

    def decode_access(self, token: str, *, now: datetime) -> AccessClaims:
        payload = self._verified(token, "access", now=now)
        try:
            return AccessClaims(
                email=_text(payload, "email"), role=Role(payload["role"]), **_shared_claims(payload)
            )
        except (KeyError, ValueError, OverflowError) as malformed:
            raise DomainError(Reason.INVALID_TOKEN) from malformed

    def decode_refresh(self, token: str, *, now: datetime) -> RefreshClaims:
        payload = self._verified(token, "refresh", now=now)
        try:
            return RefreshClaims(**_shared_claims(payload))
        except (KeyError, ValueError, OverflowError) as malformed:
            raise DomainError(Reason.INVALID_TOKEN) from malformed

    def _encode(self, kind: str, claims: AccessClaims | RefreshClaims, **more: str) -> str:
        payload = {
            "sub": str(claims.user_id),
            "type": kind,
            "jti": str(claims.jti),
            "sid": str(claims.session_id),
            "iat": claims.issued_at.timestamp(),
            "nbf": claims.issued_at.timestamp(),
            "exp": claims.expires_at.timestamp(),
            "iss": self._issuer,
            "aud": self._audience,
            **more,
        }
        signed = f"{_encoded_json(_HEADER)}.{_encoded_json(payload)}"
        return f"{signed}.{_encoded(self._signature(signed))}"

    def _verified(self, token: str, kind: str, *, now: datetime) -> dict[str, Any]:
        payload = self._signed_payload(token)
        expires_at = payload.get("exp")
        if _is_number(expires_at) and expires_at <= now.timestamp():
            raise DomainError(Reason.TOKEN_EXPIRED)
        if payload.get("type", kind) != kind:
            raise DomainError(Reason.INVALID_TOKEN_TYPE)
        not_before = payload.get("nbf")
        if (
            "type" not in payload
            or payload.get("iss") != self._issuer
            or payload.get("aud") != self._audience
            or not _is_number(not_before)
            or not_before > now.timestamp()
        ):
            raise DomainError(Reason.INVALID_TOKEN)
        return payload

    def _signed_payload(self, token: str) -> dict[str, Any]:
        parts = token.split(".")
        try:
            if len(parts) != _TOKEN_PARTS or _decoded_json(parts[0]) != _HEADER:
                raise DomainError(Reason.INVALID_TOKEN)
            expected = self._signature(f"{parts[0]}.{parts[1]}")
            if not hmac.compare_digest(expected, _decoded(parts[2])):
                raise DomainError(Reason.INVALID_TOKEN)
            payload = _decoded_json(parts[1])
        except (ValueError, RecursionError) as malformed:
            raise DomainError(Reason.INVALID_TOKEN) from malformed
        if not isinstance(payload, dict):
            raise DomainError(Reason.INVALID_TOKEN)
        return payload

    def _signature(self, signed: str) -> bytes:
        return hmac.new(self._key, signed.encode("ascii"), hashlib.sha256).digest()


def _shared_claims(payload: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "user_id": UUID(_text(payload, "sub")),
        "jti": UUID(_text(payload, "jti")),
        "session_id": UUID(_text(payload, "sid")),
        "issued_at": _instant(payload, "iat"),
        "expires_at": _instant(payload, "exp"),
    }


def _text(payload: Mapping[str, Any], name: str) -> str:
    if not isinstance(payload[name], str):
        raise ValueError(f"{name} is not a string")
    return str(payload[name])


def _instant(payload: Mapping[str, Any], name: str) -> datetime:
    seconds = payload[name]
    if not _is_number(seconds):
        raise ValueError(f"{name} is not a number")
    # A float keeps microseconds of our centuries exactly, once it is rounded to them.
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=round(seconds * 1_000_000))


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _encoded_json(value: Mapping[str, Any]) -> str:
    return _encoded(json.dumps(value, separators=(",", ":")).encode("utf-8"))


def _decoded_json(text: str) -> Any:
    return json.loads(_decoded(text))


def _encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _decoded(text: str) -> bytes:
    data = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    # Python ignores foreign characters in base64; two spellings of one token must not both verify.
    if _encoded(data) != text:
        raise ValueError("not canonical base64url")
    return data
