"""The headers of requests and answers, as the document tells them."""

from typing import Any

from ledgerbank_adapters.http.exchange.request_context import CORRELATION_HEADER
from ledgerbank_adapters.http.exchange.security_headers import SECURITY_HEADERS, STRICT_TRANSPORT
from ledgerbank_adapters.http.openapi.openapi_errors import CORRELATION_EXAMPLE
from ledgerbank_adapters.http.openapi.openapi_schemas import Schema
from ledgerbank_adapters.http.operations.http_operation import MessagePayload, NoKey, Operation
from ledgerbank_adapters.http.operations.idempotency_key import KEY_HEADER, REPLAYED_HEADER
from ledgerbank_adapters.http.operations.prefer_header import APPLIED_HEADER, PREFER_HEADER, RESPOND_ASYNC
from ledgerbank_domain.identity.scope import Scope

TEXT: Schema = {"type": "string"}
WHOLE_NUMBER: Schema = {"type": "integer", "minimum": 0}
LOCATION = "Location"
SECONDS: Schema = {"type": "integer", "minimum": 1}


def _header(description: str, schema: Schema, *, required: bool = False) -> Schema:
    return {"description": description, "schema": schema} | ({"required": True} if required else {})


RESPONSE_HEADERS: dict[str, Schema] = {
    CORRELATION_HEADER: _header(
        "The request's own id when it sent a well-formed one, else a new one.",
        {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,128}$", "examples": [CORRELATION_EXAMPLE]},
        required=True,
    ),
    **{
        name: _header("Tells browsers to be strict.", {"type": "string", "examples": [value]}, required=True)
        for name, value in SECURITY_HEADERS.items()
    },
    **{
        name: _header("In production.", {"type": "string", "const": value})
        for name, value in STRICT_TRANSPORT.items()
    },
    "Access-Control-Allow-Origin": _header("The request's `Origin`, when it is an allowed one.", TEXT),
    "Access-Control-Expose-Headers": _header("What a page of an allowed origin may read.", TEXT),
    "Vary": _header("What the answer depends on.", TEXT),
    "X-RateLimit-Limit": _header("How many requests one window allows.", WHOLE_NUMBER),
    "X-RateLimit-Remaining": _header("How many are left after this one.", WHOLE_NUMBER),
    "X-RateLimit-Reset": _header(
        "Unix time in seconds at which the oldest counted request leaves the window.", WHOLE_NUMBER
    ),
    "Retry-After": _header("Whole seconds after which the request may be repeated.", SECONDS),
    LOCATION: _header(
        "Path of what was made, or where to go next.",
        {"type": "string", "format": "uri-reference"},
        required=True,
    ),
    "WWW-Authenticate": _header("How to say who is calling.", {"const": "Bearer"}, required=True),
    "Accept": _header("What a body may be.", {"const": "application/json"}, required=True),
    REPLAYED_HEADER: _header("The answer was given before and is repeated.", {"const": "true"}),
    APPLIED_HEADER: _header("The preference that was honoured.", {"const": RESPOND_ASYNC}, required=True),
}

_OF_EVERY_ANSWER = (
    CORRELATION_HEADER,
    *SECURITY_HEADERS,
    *STRICT_TRANSPORT,
    "Access-Control-Allow-Origin",
    "Access-Control-Expose-Headers",
    "Vary",
)
_OF_COUNTED_ANSWERS = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")
_BY_STATUS = {
    201: (LOCATION,),
    202: (LOCATION,),
    303: (LOCATION,),
    401: ("WWW-Authenticate",),
    409: ("Retry-After",),
    415: ("Accept",),
    429: ("Retry-After",),
    503: ("Retry-After",),
}

REQUEST_HEADERS: dict[str, Schema] = {
    CORRELATION_HEADER: {
        "name": CORRELATION_HEADER,
        "in": "header",
        "description": (
            "Follows the request through answers, logs and audit events. 1 to 128 of `A-Za-z0-9._-`;"
            " anything else is replaced by a new id."
        ),
        "schema": {"type": "string"},
    },
    KEY_HEADER: {
        "name": KEY_HEADER,
        "in": "header",
        "description": (
            "Makes the request safe to repeat: one key has one effect, and a repeat gets the first answer."
        ),
        "schema": {"type": "string", "pattern": "^[ -~]{1,255}$", "minLength": 1, "maxLength": 255},
    },
    PREFER_HEADER: {
        "name": PREFER_HEADER,
        "in": "header",
        "description": (
            f"With `{RESPOND_ASYNC}` among its preferences (RFC 7240) a worker does it and the answer is 202."
        ),
        "schema": {"type": "string", "examples": [RESPOND_ASYNC]},
    },
}
SESSION_SCHEME = "accessToken"
KEY_SCHEME = "apiKey"
SECURITY_SCHEMES: dict[str, Schema] = {
    SESSION_SCHEME: {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The `access_token` that `POST /auth/login` answers with: a person's session.",
    },
    KEY_SCHEME: {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "lb_<id>_<secret>",
        "description": (
            "The `key` that `POST /api-keys` answers with, once: a program's. It may do what its scopes name"
            " and its owner may do; an operation names the scope that it needs. Scopes: "
            + ", ".join(f"`{scope.value}`" for scope in Scope)
            + "."
        ),
    },
}


def response_headers(operation: Operation[Any, Any], status: int) -> dict[str, Schema]:
    names = [*_OF_EVERY_ANSWER, *_BY_STATUS.get(status, ())]
    if operation.answer is MessagePayload and LOCATION in names:
        # What is no more than said has no address.
        names.remove(LOCATION)
    if operation.wrapped:
        names += _OF_COUNTED_ANSWERS
    if operation.idempotent:
        names.append(REPLAYED_HEADER)
    if _honours_preference(operation, status):
        names.append(APPLIED_HEADER)
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def request_headers(operation: Operation[Any, Any]) -> list[Schema]:
    names = [CORRELATION_HEADER, *([KEY_HEADER] if operation.idempotent else [])]
    if _honours_preference(operation):
        names.append(PREFER_HEADER)
    return [{"$ref": f"#/components/parameters/{name}"} for name in names]


def _honours_preference(operation: Operation[Any, Any], status: int | None = None) -> bool:
    """Whether it has an answer, with this status or with any, for who prefers that."""
    other = operation.other_answer
    return other is not None and other.preference is not None and status in (None, other.status)


def security_of(operation: Operation[Any, Any]) -> list[dict[str, list[str]]]:
    """Either of the schemes; a key with the scope that is told as what the scheme requires."""
    if operation.scope is NoKey.PUBLIC:
        return []
    if operation.scope is NoKey.SESSIONS_ONLY:
        return [{SESSION_SCHEME: []}]
    return [{SESSION_SCHEME: []}, {KEY_SCHEME: [operation.scope.value]}]
