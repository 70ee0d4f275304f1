"""Answers as they are sent: one envelope for success, one for every error.

Problem details follow RFC 9457, https://www.rfc-editor.org/rfc/rfc9457
"""

from collections.abc import Mapping
from typing import Annotated, Any, TypedDict

import orjson
from attrs import field, frozen
from starlette.responses import Response

from ledgerbank_adapters.http.exchange.accept_header import PROBLEM_MEDIA_TYPE, prefers_problem_details
from ledgerbank_adapters.http.exchange.http_observer import HttpObserver, SilentHttpObserver
from ledgerbank_adapters.http.exchange.request_context import RequestContext
from ledgerbank_adapters.http.fields.wire_values import WireInstant, wire_instant
from ledgerbank_domain.audit.redaction import redacted
from ledgerbank_domain.errors.domain_error import DomainError, ForCaller
from ledgerbank_domain.errors.error_catalog import Category, Reason
from ledgerbank_domain.ports.clock import Clock

JSON_MEDIA_TYPE = "application/json; charset=utf-8"


@frozen
class ErrorKind:
    """The status that a failure is answered with, and the type that its body names."""

    status: int
    type: str


KINDS_BY_CATEGORY = {
    Category.VALIDATION: ErrorKind(400, "validation_error"),
    Category.AUTHENTICATION: ErrorKind(401, "unauthorized"),
    Category.AUTHORIZATION: ErrorKind(403, "forbidden"),
    Category.NOT_FOUND: ErrorKind(404, "not_found"),
    Category.CONFLICT: ErrorKind(409, "conflict"),
    Category.BUSINESS_RULE: ErrorKind(422, "unprocessable_entity"),
    Category.RATE_LIMIT: ErrorKind(429, "rate_limit_exceeded"),
    Category.SYSTEM: ErrorKind(500, "internal_server_error"),
    Category.EXTERNAL_DEPENDENCY: ErrorKind(503, "service_unavailable"),
}
"""How failures of the domain look from outside: the only place that knows."""

KINDS_OF_PROTOCOL_REASONS = {
    Reason.INVALID_JSON: ErrorKind(400, "bad_request"),
    Reason.INVALID_FORM: ErrorKind(400, "bad_request"),
    Reason.METHOD_NOT_ALLOWED: ErrorKind(405, "method_not_allowed"),
    Reason.PAYLOAD_TOO_LARGE: ErrorKind(413, "payload_too_large"),
    Reason.UNSUPPORTED_MEDIA_TYPE: ErrorKind(415, "unsupported_media_type"),
    Reason.HEADERS_TOO_LARGE: ErrorKind(431, "headers_too_large"),
}

HEADERS_BY_STATUS = {
    401: {"WWW-Authenticate": "Bearer"},
    415: {"Accept": "application/json"},
}


def error_kind(reason: Reason) -> ErrorKind:
    if reason.category is Category.PROTOCOL:
        return KINDS_OF_PROTOCOL_REASONS[reason]
    return KINDS_BY_CATEGORY[reason.category]


class ErrorPayload(TypedDict):
    """``message`` is the catalog's text for ``reason``; ``details`` may say more."""

    type: str
    message: str
    code: int
    reason: Annotated[str, Reason]
    details: dict[str, Any]
    timestamp: WireInstant
    correlation_id: str


class ErrorEnvelopePayload(TypedDict):
    error: ErrorPayload


class ProblemPayload(TypedDict):
    """Problem details by RFC 9457, for whoever names their media type in ``Accept``."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    reason: Annotated[str, Reason]
    category: Annotated[str, Category]
    retryable: bool
    correlation_id: str
    details: dict[str, Any]
    timestamp: WireInstant


def problem_url(public_base_url: str, reason: Reason) -> str:
    """The address that explains a reason."""
    return f"{public_base_url}/api/problems/{reason.code}"


@frozen(kw_only=True)
class AnswerWriter:
    """``public_base_url`` has no final slash; it begins the address that explains a problem."""

    clock: Clock
    public_base_url: str
    observer: HttpObserver = field(factory=SilentHttpObserver)

    def success(
        self,
        data: object,
        context: RequestContext,
        *,
        status: int = 200,
        metadata: Mapping[str, Any],
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        envelope = {
            "data": data,
            "success": True,
            "timestamp": wire_instant(self.clock.now()),
            "correlation_id": context.correlation_id,
            "metadata": metadata,
        }
        return json_response(envelope, status=status, headers=headers)

    def error(
        self, error: DomainError, context: RequestContext, *, headers: Mapping[str, str] | None = None
    ) -> Response:
        self.observer.error_answered(error.reason)
        status = error_kind(error.reason).status
        headers = {**HEADERS_BY_STATUS.get(status, {}), **_retry_header(error), **(headers or {})}
        if prefers_problem_details(context.accept):
            return json_response(
                self._problem(error, context), status=status, headers=headers, media_type=PROBLEM_MEDIA_TYPE
            )
        return json_response({"error": self._error(error, context)}, status=status, headers=headers)

    def _error(self, error: DomainError, context: RequestContext) -> ErrorPayload:
        kind = error_kind(error.reason)
        return {
            "type": kind.type,
            "message": error.reason.message,
            "code": kind.status,
            "reason": error.reason.code,
            "details": details_for_caller(error),
            "timestamp": wire_instant(self.clock.now()),
            "correlation_id": context.correlation_id,
        }

    def _problem(self, error: DomainError, context: RequestContext) -> ProblemPayload:
        reason = error.reason
        return {
            "type": problem_url(self.public_base_url, reason),
            "title": reason.message,
            "status": error_kind(reason).status,
            "detail": error.message,
            "instance": context.path,
            "reason": reason.code,
            "category": reason.category.value,
            "retryable": reason.retryable,
            "correlation_id": context.correlation_id,
            "details": details_for_caller(error),
            "timestamp": wire_instant(self.clock.now()),
        }


def details_for_caller(error: DomainError) -> dict[str, Any]:
    """What an error tells whoever is answered: no secret but those that are for them."""
    handed_over = {
        name: value.secret for name, value in error.details.items() if isinstance(value, ForCaller)
    }
    return {**redacted(error.details), **handed_over}


def _retry_header(error: DomainError) -> dict[str, str]:
    """When whoever refused said how long to wait: a bank, or the breaker in front of it."""
    wait = error.details.get("retry_after_seconds")
    return {} if wait is None else {"Retry-After": str(wait)}


def json_response(
    content: object,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    media_type: str = JSON_MEDIA_TYPE,
) -> Response:
    return Response(orjson.dumps(content), status_code=status, headers=headers, media_type=media_type)
