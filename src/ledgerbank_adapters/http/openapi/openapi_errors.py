"""Which errors an operation can answer with, and how the document tells them."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from ledgerbank_adapters.http.exchange.accept_header import PROBLEM_MEDIA_TYPE
from ledgerbank_adapters.http.exchange.http_answers import ErrorPayload, error_kind
from ledgerbank_adapters.http.fields.wire_values import WireInstant
from ledgerbank_adapters.http.openapi.openapi_schemas import INSTANT_EXAMPLE, Schema
from ledgerbank_adapters.http.operations.http_operation import Access, Operation
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.users.duty import Duty

CORRELATION_EXAMPLE = "b7ad6b7169203331b7ad6b7169203331"

_OF_EVERY_REQUEST = (
    # What is no HTTP, or has no Host or two of them.
    Reason.INVALID_FIELD_FORMAT,
    Reason.HEADERS_TOO_LARGE,
    Reason.INTERNAL_SERVER_ERROR,
)
_OF_EVERY_USE_CASE = (
    Reason.DATABASE_ERROR,
    Reason.RATE_LIMIT_EXCEEDED,
    Reason.TIMEOUT,
    Reason.SERVICE_UNAVAILABLE,
)
_OF_EVERY_CALLER_WITH_TOKEN = (
    Reason.INVALID_TOKEN,
    Reason.TOKEN_EXPIRED,
    Reason.INVALID_TOKEN_TYPE,
    Reason.TOKEN_REVOKED,
)
_OF_EVERY_BODY = (
    Reason.INVALID_JSON,
    Reason.MISSING_FIELDS,
    Reason.PAYLOAD_TOO_LARGE,
    Reason.UNSUPPORTED_MEDIA_TYPE,
)
_OF_EVERY_FORM = (
    Reason.INVALID_FORM,
    Reason.MISSING_FIELDS,
    Reason.PAYLOAD_TOO_LARGE,
    Reason.UNSUPPORTED_MEDIA_TYPE,
)
_OF_EVERY_IDEMPOTENCY_KEY = (
    Reason.INVALID_IDEMPOTENCY_KEY,
    Reason.IDEMPOTENCY_IN_PROGRESS,
    Reason.IDEMPOTENCY_KEY_REUSED,
)


def reasons_of(operation: Operation[Any, Any]) -> list[Reason]:
    """Every reason an operation can answer with: its own, and those that its shape implies."""
    reasons = [*operation.errors, *_implied_reasons(operation)]
    return [reason for reason in Reason if reason in reasons]


def _implied_reasons(operation: Operation[Any, Any]) -> list[Reason]:
    reasons = [*_OF_EVERY_REQUEST]
    if operation.wrapped:
        reasons += _OF_EVERY_USE_CASE
    if operation.access is not Access.PUBLIC:
        # The last of them for keys without the scope, and for users where only administrators may call.
        reasons += [*_OF_EVERY_CALLER_WITH_TOKEN, Reason.INSUFFICIENT_PERMISSIONS]
        reasons += [duty.reason for duty in Duty if duty not in operation.open_to_duty]
    if operation.takes_raw_body:
        reasons.append(Reason.PAYLOAD_TOO_LARGE)
    elif operation.takes_form:
        reasons += _OF_EVERY_FORM
    elif operation.takes_body:
        reasons += _OF_EVERY_BODY
    if operation.idempotent:
        reasons += _OF_EVERY_IDEMPOTENCY_KEY
    if "{" in operation.path:
        # A parameter with a slash in it makes another path, which nobody knows.
        reasons.append(Reason.RESOURCE_NOT_FOUND)
    return reasons


def reasons_by_status(operation: Operation[Any, Any]) -> dict[int, list[Reason]]:
    by_status: defaultdict[int, list[Reason]] = defaultdict(list)
    for reason in reasons_of(operation):
        by_status[error_kind(reason).status].append(reason)
    return dict(sorted(by_status.items()))


def error_content(reasons: Sequence[Reason]) -> dict[str, Any]:
    """The two forms of an error, each with its reasons and an example for every one."""
    return {
        "application/json": {
            "schema": {
                "allOf": [
                    {"$ref": "#/components/schemas/ErrorEnvelope"},
                    {"properties": {"error": {"properties": _told_of(reasons, status_key="code")}}},
                ]
            },
            "examples": {reason.code: {"$ref": f"#/components/examples/{reason.code}"} for reason in reasons},
        },
        PROBLEM_MEDIA_TYPE: {
            "schema": {
                "allOf": [
                    {"$ref": "#/components/schemas/Problem"},
                    {"properties": _told_of(reasons, status_key="status")},
                ]
            },
        },
    }


def error_description(reasons: Sequence[Reason]) -> str:
    return "\n".join(f"- `{reason.code}`: {reason.message}" for reason in reasons)


def _told_of(reasons: Sequence[Reason], *, status_key: str) -> dict[str, Schema]:
    return {
        status_key: {"const": error_kind(reasons[0]).status},
        "reason": {"enum": [reason.code for reason in reasons]},
    }


def error_examples() -> dict[str, Any]:
    """An example for every reason there is, which operations refer to."""
    return {reason.code: {"value": {"error": _error_example(reason)}} for reason in Reason}


def _error_example(reason: Reason) -> ErrorPayload:
    kind = error_kind(reason)
    return {
        "type": kind.type,
        "message": reason.message,
        "code": kind.status,
        "reason": reason.code,
        "details": {},
        "timestamp": WireInstant(INSTANT_EXAMPLE),
        "correlation_id": CORRELATION_EXAMPLE,
    }
