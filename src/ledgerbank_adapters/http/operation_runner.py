"""From a request to its answer: the order in which everything is looked at is decided here."""

import logging
from collections.abc import Mapping
from functools import partial
from typing import Any

from anyio import CapacityLimiter, to_thread
from attrs import frozen
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope

from ledgerbank_adapters.http.field_reader import FieldReader, read_query
from ledgerbank_adapters.http.http_answers import AnswerWriter, json_response
from ledgerbank_adapters.http.http_operation import Access, Answer, Call, HttpServices, Operation
from ledgerbank_adapters.http.json_body import parse_json_body, read_body
from ledgerbank_adapters.http.request_context import RequestContext, context_of
from ledgerbank_adapters.http.wire_values import wire_instant
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Category, Reason
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.ports.unit_of_work import TransactionConflict
from ledgerbank_domain.services.auth_service import Authentication

CANONICAL_PREFIX = "/api/v1"

logger = logging.getLogger(__name__)


@frozen(kw_only=True)
class _Arrived:
    """A request whose body has been read, or could not be: that is told once the caller is known."""

    context: RequestContext
    headers: Headers
    token: str | None
    path_parameters: Mapping[str, str]
    query_string: bytes
    body: bytes | DomainError


@frozen(kw_only=True)
class OperationRunner:
    """``limiter`` bounds how many requests use the database at once: the size of its connection pool.

    Health questions have threads of their own, so that a busy pool does not look like a broken one.
    """

    services: HttpServices
    writer: AnswerWriter
    reader: FieldReader
    limiter: CapacityLimiter
    health_limiter: CapacityLimiter
    max_body_bytes: int

    async def run(self, operation: Operation[Any, Any], scope: Scope, receive: Receive) -> Response:
        """Errors of the catalog become answers; others are raised."""
        context = context_of(scope)
        try:
            arrived = await self._arrived(operation, scope, receive, context)
        except DomainError as error:
            return self.writer.error(error, context)
        if not operation.blocking:
            return self._answered(operation, arrived)
        # One trip to a thread does everything that may touch the database, authentication included.
        limiter = self.limiter if operation.wrapped else self.health_limiter
        return await to_thread.run_sync(partial(self._answered, operation, arrived), limiter=limiter)

    async def _arrived(
        self, operation: Operation[Any, Any], scope: Scope, receive: Receive, context: RequestContext
    ) -> _Arrived:
        headers = Headers(scope=scope)
        # A caller without any token is turned away before his body is read.
        token = None if operation.access is Access.PUBLIC else _bearer_token(headers)
        body: bytes | DomainError = b""
        if operation.takes_body:
            try:
                body = await read_body(receive, headers, max_bytes=self.max_body_bytes)
            except DomainError as error:
                body = error
        return _Arrived(
            context=context,
            headers=headers,
            token=token,
            path_parameters=scope["path_params"],
            query_string=scope["query_string"],
            body=body,
        )

    def _answered(self, operation: Operation[Any, Any], arrived: _Arrived) -> Response:
        try:
            answer = operation.handler(self._call(operation, arrived))
        except TransactionConflict as conflict:
            return self._failed(DomainError(Reason.DATABASE_ERROR), arrived.context, cause=conflict)
        except DomainError as error:
            return self._failed(error, arrived.context, cause=error)
        return self._succeeded(operation, answer, arrived.context)

    def _call(self, operation: Operation[Any, Any], arrived: _Arrived) -> Call[Any, Any]:
        """Raises what is wrong with the caller, then what is wrong with the body as a whole."""
        authentication = self._authenticated(operation, arrived)
        if isinstance(arrived.body, DomainError):
            raise arrived.body
        json = parse_json_body(arrived.body, arrived.headers)
        if operation.body is None and not isinstance(json, dict):
            raise DomainError(Reason.MISSING_FIELDS)
        return Call(
            services=self.services,
            actor=authentication.actor if authentication else Actor(origin=arrived.context.origin),
            reader=self.reader,
            operation=operation,
            path_parameters=arrived.path_parameters,
            query_parameters=read_query(arrived.query_string) if operation.query else {},
            json=json,
            received_at=wire_instant(arrived.context.received_at),
            authentication=authentication,
        )

    def _authenticated(self, operation: Operation[Any, Any], arrived: _Arrived) -> Authentication | None:
        if arrived.token is None:
            return None
        authentication = self.services.auth.authenticate(arrived.token, origin=arrived.context.origin)
        if operation.access is Access.ADMIN and not authentication.actor.is_admin:
            raise DomainError(Reason.INSUFFICIENT_PERMISSIONS)
        return authentication

    def _succeeded(self, operation: Operation[Any, Any], answer: Answer, context: RequestContext) -> Response:
        status = answer.status or operation.status
        if not operation.wrapped:
            return json_response(answer.data, status=status)
        metadata: dict[str, Any] = {}
        if operation.action is not None:
            metadata["action"] = operation.action
        if answer.pagination is not None:
            metadata["pagination"] = answer.pagination
        location = {} if answer.location is None else {"Location": CANONICAL_PREFIX + answer.location}
        return self.writer.success(answer.data, context, status=status, metadata=metadata, headers=location)

    def _failed(self, error: DomainError, context: RequestContext, *, cause: Exception) -> Response:
        if error.category in (Category.SYSTEM, Category.EXTERNAL_DEPENDENCY):
            logger.error(
                "%s %s failed: %s (correlation id %s)",
                context.method,
                context.path,
                error.reason.code,
                context.correlation_id,
                exc_info=cause,
            )
        return self.writer.error(error, context)


def _bearer_token(headers: Headers) -> str:
    """RFC 6750 §2.1, https://www.rfc-editor.org/rfc/rfc6750#section-2.1. Raises ``invalid_token``."""
    credentials = headers.getlist("authorization")
    scheme, _, token = credentials[0].strip().partition(" ") if len(credentials) == 1 else ("", "", "")
    if scheme.lower() != "bearer" or not token.strip():
        raise DomainError(Reason.INVALID_TOKEN)
    return token.strip()
