"""Tokens as signed JWTs (RFC 7519, https://www.rfc-editor.org/rfc/rfc7519; advice of RFC 8725 followed)."""

import hmac
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
from jwt.algorithms import HMACAlgorithm

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Role
from ledgerbank_domain.identity.text_rules import is_text
from ledgerbank_domain.ports.security import AccessClaims, RefreshClaims, TokenCodec

ALGORITHM = "HS256"
# RFC 7518 §3.2: no shorter than the hash, https://www.rfc-editor.org/rfc/rfc7518#section-3.2
MIN_SECRET_BYTES = 32
MAX_LEEWAY = timedelta(seconds=5)
# Ours stay below 8,000; what is longer is not worth parsing.
MAX_TOKEN_LENGTH = 16_384

_COMPACT_FORM = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_KEY_ID_LABEL = b"ledgerbank token key id v1"


class JwtTokenCodec(TokenCodec):
    """Signs with ``secret``, verifies tokens of ``previous_secret`` as well. Safe to share between threads.

    A token expires at the instant ``expires_at`` + ``leeway``. All dates are NumericDates with microseconds,
    exact until the year 2242. Raises ValueError for a secret shorter than 32 bytes or shaped like an
    asymmetric key, and for a leeway outside 0 to 5 seconds.
    """

    def __init__(
        self,
        *,
        secret: bytes,
        previous_secret: bytes | None = None,
        issuer: str = "ledgerbank",
        audience: str = "ledgerbank-api",
        leeway: timedelta = timedelta(0),
    ) -> None:
        if not timedelta(0) <= leeway <= MAX_LEEWAY:
            raise ValueError("a leeway has 0 to 5 seconds")
        self._key_id = key_id(secret)
        self._keys = {self._key_id: _checked_key(secret)}
        if previous_secret is not None:
            self._keys.setdefault(key_id(previous_secret), _checked_key(previous_secret))
        self._issuer = issuer
        self._audience = audience
        self._leeway = leeway
        self._jws = jwt.PyJWS(algorithms=[ALGORITHM])

    def encode_access(self, claims: AccessClaims) -> str:
        return self._signed(claims, {"type": "access", "email": claims.email, "role": claims.role.value})

    def encode_refresh(self, claims: RefreshClaims) -> str:
        return self._signed(claims, {"type": "refresh"})

    def decode_access(self, token: str, *, now: datetime) -> AccessClaims:
        payload = self._verified(token, wanted_type="access", now=now)
        try:
            return AccessClaims(
                user_id=_uuid(payload["sub"]),
                email=_text(payload["email"]),
                role=Role(_text(payload["role"])),
                jti=_uuid(payload["jti"]),
                session_id=_uuid(payload["sid"]),
                issued_at=_instant(payload["iat"]),
                expires_at=_instant(payload["exp"]),
            )
        except (KeyError, ValueError):
            raise DomainError(Reason.INVALID_TOKEN) from None

    def decode_refresh(self, token: str, *, now: datetime) -> RefreshClaims:
        payload = self._verified(token, wanted_type="refresh", now=now)
        try:
            return RefreshClaims(
                user_id=_uuid(payload["sub"]),
                jti=_uuid(payload["jti"]),
                session_id=_uuid(payload["sid"]),
                issued_at=_instant(payload["iat"]),
                expires_at=_instant(payload["exp"]),
            )
        except (KeyError, ValueError):
            raise DomainError(Reason.INVALID_TOKEN) from None

    def _signed(self, claims: AccessClaims | RefreshClaims, extra: Mapping[str, str]) -> str:
        issued_at = claims.issued_at.timestamp()
        payload = {
            **extra,
            "sub": str(claims.user_id),
            "jti": str(claims.jti),
            "sid": str(claims.session_id),
            "iat": issued_at,
            "nbf": issued_at,
            "exp": claims.expires_at.timestamp(),
            "iss": self._issuer,
            "aud": self._audience,
        }
        return self._jws.encode(
            json.dumps(payload, separators=(",", ":"), ensure_ascii=False).encode(),
            self._keys[self._key_id],
            algorithm=ALGORITHM,
            headers={"kid": self._key_id},
        )

    def _verified(self, token: str, *, wanted_type: str, now: datetime) -> Mapping[str, Any]:
        payload = self._opened(token)
        # PyJWT would ask the machine's clock about the dates, and ask in another order.
        self._refuse_expired(payload, now)
        if payload.get("type", wanted_type) != wanted_type:
            raise DomainError(Reason.INVALID_TOKEN_TYPE)
        if not self._is_meant_for_us(payload, now):
            raise DomainError(Reason.INVALID_TOKEN)
        return payload

    def _opened(self, token: str) -> dict[str, Any]:
        """The payload of a token that one of our keys has signed."""
        # PyJWT alone would take padded segments, and would fail over a string that is not Unicode.
        if len(token) > MAX_TOKEN_LENGTH or _COMPACT_FORM.fullmatch(token) is None:
            raise DomainError(Reason.INVALID_TOKEN)
        try:
            header = self._jws.get_unverified_header(token)
            # RFC 7515 §4.1.11: an extension that must be understood, and we understand none.
            if "crit" in header or "b64" in header:
                raise DomainError(Reason.INVALID_TOKEN)
            key = self._keys[header["kid"]]
            payload = json.loads(self._jws.decode(token, key, algorithms=[ALGORITHM]))
        except (jwt.PyJWTError, KeyError, ValueError, RecursionError):
            raise DomainError(Reason.INVALID_TOKEN) from None
        if not isinstance(payload, dict):
            raise DomainError(Reason.INVALID_TOKEN)
        return payload

    def _refuse_expired(self, payload: Mapping[str, Any], now: datetime) -> None:
        try:
            is_expired = now - self._leeway >= _instant(payload["exp"])
        except (KeyError, ValueError):
            # Malformed, which ranks behind a wrong type: reading the claims will find it.
            return
        if is_expired:
            raise DomainError(Reason.TOKEN_EXPIRED)

    def _is_meant_for_us(self, payload: Mapping[str, Any], now: datetime) -> bool:
        audience = payload.get("aud")
        try:
            return (
                "type" in payload
                and payload.get("iss") == self._issuer
                and self._audience in (audience if isinstance(audience, list) else [audience])
                and now + self._leeway >= _instant(payload["nbf"])
            )
        except (KeyError, ValueError):
            return False


def key_id(secret: bytes) -> str:
    """The ``kid`` of a key: 16 hexadecimal digits that tell keys apart and nothing about them."""
    return hmac.digest(secret, _KEY_ID_LABEL, "sha256").hex()[:16]


def _checked_key(secret: bytes) -> bytes:
    if len(secret) < MIN_SECRET_BYTES:
        raise ValueError(f"a secret for tokens has at least {MIN_SECRET_BYTES} bytes")
    try:
        return HMACAlgorithm(HMACAlgorithm.SHA256).prepare_key(secret)
    except jwt.InvalidKeyError:
        raise ValueError("a secret for tokens is no asymmetric key, certificate or JWK") from None


def _text(claim: object) -> str:
    if not isinstance(claim, str) or not claim or not is_text(claim):
        raise ValueError("not a text")
    return claim


def _uuid(claim: object) -> UUID:
    text = _text(claim)
    found = UUID(text)
    # UUID() also reads braces, prefixes and foreign digits.
    if str(found) != text:
        raise ValueError("not a UUID as we write it")
    return found


def _instant(claim: object) -> datetime:
    if isinstance(claim, bool) or not isinstance(claim, int | float):
        raise ValueError("not a number")
    try:
        return datetime.fromtimestamp(claim, UTC)
    except (OverflowError, OSError):
        raise ValueError("not a date") from None
