"""Redaction: taking secrets out of what is going to be kept or shown."""

import re
from collections.abc import Mapping
from typing import Any

REDACTED = "[REDACTED]"

SECRET_KEYS = frozenset(
    {
        "password",
        "password_confirmation",
        "current_password",
        "new_password",
        "password_hash",
        "access_token",
        "refresh_token",
        "token",
        "authorization",
        "cookie",
        "secret",
        "client_secret",
        "private_key",
        "api_key",
        "code",
        "state",
        "code_verifier",
        "confirmation",
        "idempotency_key",
        "challenge",
        "otpauth_uri",
        "qr_svg",
        "recovery_codes",
    }
)

_BEARER = re.compile(r"\bbearer\s++[^\s\"',;]++", re.IGNORECASE)
# From the first character of a run only: trying again inside it would take quadratic time.
_DOTTED_RUN = re.compile(r"(?<![\w.-])[\w-]++(?:\.[\w-]*+){2,}", re.ASCII)
# The encoded beginning of a JSON object, which the first part of every JWT is: {" or { and white space.
_JWT_START = re.compile(r"e(?:yJ|yA|wo|wk|w0)")


# As they are made, and as somebody may have cut or mistyped them: what follows the id is the secret.
_API_KEY = re.compile(r"(lb_[0-9a-f]{32}_)[\w-]++", re.ASCII | re.IGNORECASE)


def redacted(value: Any) -> Any:
    """A JSON-like value without its secrets; what holds none comes back equal.

    The value of a secret key goes whatever it is, in any case and at any depth. Inside strings JWTs, the
    secrets of API keys and ``Bearer ...`` go.
    """
    match value:
        case str():
            return _redacted_text(value)
        case Mapping():
            return {
                key: REDACTED if str(key).lower() in SECRET_KEYS else redacted(item)
                for key, item in value.items()
            }
        case list() | tuple():
            return [redacted(item) for item in value]
        case _:
            return value


def _redacted_text(text: str) -> str:
    text = _BEARER.sub(f"Bearer {REDACTED}", text)
    return _DOTTED_RUN.sub(_without_jwt, _API_KEY.sub(rf"\1{REDACTED}", text))


def _without_jwt(run: re.Match[str]) -> str:
    start = _JWT_START.search(run[0])
    # Two more parts must follow, or it is a name with dots that happens to begin alike.
    if start is None or run[0].count(".", start.end()) < 2:  # noqa: PLR2004 - header.payload.signature
        return run[0]
    return run[0][: start.start()] + REDACTED
