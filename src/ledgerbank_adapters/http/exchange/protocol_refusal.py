"""Requests that the server turned away before they were understood: answered by the application all the same.

The server marks the scope of such a request; everything that stands on every answer stands on this one too.
"""

from typing import Any

from attrs import frozen
from starlette.types import ASGIApp, Receive, Scope, Send

from ledgerbank_adapters.http.exchange.http_answers import AnswerWriter
from ledgerbank_adapters.http.exchange.request_context import context_of
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason

CLOSE_CONNECTION = {"Connection": "close"}

_SCOPE_KEY = "ledgerbank.protocol_refusal"


def malformed_request(message: str, *, field: str | None = None) -> DomainError:
    """The request is no HTTP, or none that has one meaning only."""
    named = {} if field is None else {"field": field}
    return DomainError(Reason.INVALID_FIELD_FORMAT, message=message, **named)


def headers_too_large(message: str) -> DomainError:
    return DomainError(Reason.HEADERS_TOO_LARGE, message=message)


def no_room(message: str) -> DomainError:
    """Raised by nobody's fault; worth another try in a moment."""
    return DomainError(Reason.SERVICE_UNAVAILABLE, message=message, retry_after_seconds=1)


def server_stops() -> DomainError:
    """Nothing of the request was begun, nor will be; another process takes it, or this one started again."""
    return no_room("The server stops.")


def refused_scope(scope: dict[str, Any], refusal: DomainError) -> dict[str, Any]:
    """The scope of a request that is to be answered with this refusal, whatever it asks for."""
    return {**scope, _SCOPE_KEY: refusal}


@frozen
class ProtocolRefusalMiddleware:
    """Answers what the server refused.

    The connection is of no more use: nobody knows where a next request would begin.
    """

    app: ASGIApp
    writer: AnswerWriter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = scope.get(_SCOPE_KEY)
        if refusal is None:
            await self.app(scope, receive, send)
            return
        response = self.writer.error(refusal, context_of(scope), headers=CLOSE_CONNECTION)
        await response(scope, receive, send)
