"""From a request to its answer: the order in which everything is looked at is decided here."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from anyio import CapacityLimiter, to_thread
from attrs import evolve, field, frozen
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope

from ledgerbank_adapters.http.caller_admission import Caller, CallerAdmission, Credentials
from ledgerbank_adapters.http.field_reader import FieldReader, read_query
from ledgerbank_adapters.http.http_answers import AnswerWriter, json_response
from ledgerbank_adapters.http.http_operation import Access, Answer, Call, Document, HttpServices, Operation
from ledgerbank_adapters.http.idempotency_key import (
    RETRY_HEADERS,
    answer_to_keep,
    idempotency_key,
    idempotent_request,
    replayed,
)
from ledgerbank_adapters.http.json_body import parse_json_body, read_body
from ledgerbank_adapters.http.rate_limit_gate import RateLimitTally, tally_of
from ledgerbank_adapters.http.request_context import RequestContext, context_of
from ledgerbank_adapters.http.wire_values import wire_instant
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Category, Reason
from ledgerbank_domain.idempotency.idempotency_record import StoredAnswer
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, TransactionConflict
from ledgerbank_domain.services.auth_service import Authentication
from ledgerbank_domain.services.idempotency_service import IdempotencyService, Performed

CANONICAL_PREFIX = "/api/v1"
FORBIDDEN = 403

logger = logging.getLogger(__name__)


@frozen(kw_only=True)
class _Arrived:
    """A request whose body has been read, or could not be: that is told once the caller is known.

    ``tally`` is None when nobody counts it. ``errors`` is what its answer tells.
    """

    context: RequestContext
    headers: Headers
    credentials: Credentials
    tally: RateLimitTally | None
    path_parameters: Mapping[str, str]
    query_string: bytes
    body: bytes | DomainError
    errors: list[DomainError] = field(factory=list)


@frozen(kw_only=True)
class OperationRunner:
    """``limiter`` bounds how many requests use the database at once: the size of its connection pool.

    Health questions have threads of their own, so that a busy pool does not look like a broken one.
    """

    services: HttpServices
    admission: CallerAdmission
    idempotency: IdempotencyService
    writer: AnswerWriter
    reader: FieldReader
    limiter: CapacityLimiter
    health_limiter: CapacityLimiter
    max_body_bytes: int

    async def run(self, operation: Operation[Any, Any], scope: Scope, receive: Receive) -> Response:
        """Errors of the catalog become answers; others are raised."""
        arrived = await self._arrived(operation, scope, receive)
        if not operation.blocking and arrived.tally is None:
            return self._answered(operation, arrived)
        # One trip to a thread does everything that may touch the database, authentication included.
        limiter = self.limiter if operation.wrapped else self.health_limiter
        return await to_thread.run_sync(partial(self._answered, operation, arrived), limiter=limiter)

    async def refuse(
        self, error: DomainError, scope: Scope, *, headers: Mapping[str, str] | None = None
    ) -> Response:
        """Answers a request that is for no operation; its caller is counted all the same."""
        context, tally = context_of(scope), self._tally(scope)
        if tally is not None:
            count = partial(self._count, Credentials.of(Headers(scope=scope)), context, tally)
            refusal = await to_thread.run_sync(count, limiter=self.limiter)
            if refusal is not None:
                return self.writer.error(refusal, context)
        return self.writer.error(error, context, headers=headers)

    def _count(
        self, credentials: Credentials, context: RequestContext, tally: RateLimitTally
    ) -> DomainError | None:
        try:
            self.admission.count(self.admission.identify(credentials, context.origin), tally)
        except DomainError as refusal:
            return refusal
        return None

    def _tally(self, scope: Scope) -> RateLimitTally | None:
        return None if self.admission.rate_limit is None else tally_of(scope)

    async def _arrived(self, operation: Operation[Any, Any], scope: Scope, receive: Receive) -> _Arrived:
        headers = Headers(scope=scope)
        credentials = Credentials.of(headers)
        body: bytes | DomainError = b""
        # A caller without any token is turned away before his body is read.
        if operation.takes_body and (operation.access is Access.PUBLIC or credentials.token is not None):
            try:
                body = await read_body(receive, headers, max_bytes=self.max_body_bytes)
            except DomainError as error:
                body = error
        return _Arrived(
            context=context_of(scope),
            headers=headers,
            credentials=credentials,
            tally=self._tally(scope),
            path_parameters=scope["path_params"],
            query_string=scope["query_string"],
            body=body,
        )

    def _answered(self, operation: Operation[Any, Any], arrived: _Arrived) -> Response:
        caller = self._caller(operation, arrived)
        response = self._admitted(operation, arrived, caller)
        if response.status_code == FORBIDDEN:
            # Recorded only now: what was refused inside a transaction is undone with it. A stored answer that
            # is given again does not tell its reason.
            error = arrived.errors[-1] if arrived.errors else DomainError(Reason.FORBIDDEN)
            self.admission.refusals.record_forbidden(caller.actor, error)
        return response

    def _caller(self, operation: Operation[Any, Any], arrived: _Arrived) -> Caller:
        origin = replace(arrived.context.origin, success_status=operation.status)
        needs_nobody = operation.access is Access.PUBLIC and arrived.tally is None
        if needs_nobody or operation.counted_on_address:
            return Caller(identity=DomainError(Reason.INVALID_TOKEN), origin=origin)
        return self.admission.identify(arrived.credentials, origin)

    def _admitted(self, operation: Operation[Any, Any], arrived: _Arrived, caller: Caller) -> Response:
        try:
            self.admission.count(caller, arrived.tally)
            call = self._call(operation, arrived, caller)
            if call.idempotency_key is None:
                return self._handled(operation, call, arrived)
            return self._handled_once(operation, call, arrived, call.idempotency_key)
        except TransactionConflict as conflict:
            return self._failed(DomainError(Reason.DATABASE_ERROR), arrived, cause=conflict)
        except DomainError as error:
            return self._failed(error, arrived, cause=error)

    def _handled(self, operation: Operation[Any, Any], call: Call[Any, Any], arrived: _Arrived) -> Response:
        try:
            answer = operation.handler(call)
        except DomainError as error:
            return _on_a_page(operation, call, error, self._failed(error, arrived, cause=error))
        return self._succeeded(operation, answer, arrived.context)

    def _handled_once(
        self, operation: Operation[Any, Any], call: Call[Any, Any], arrived: _Arrived, key: str
    ) -> Response:
        """The answer is made before the effect is committed, so that both can be stored at once."""

        def perform(start_unit_of_work: StartUnitOfWork) -> Performed[Response]:
            there = evolve(call, services=call.services.over(start_unit_of_work))
            response = self._handled(operation, there, arrived)
            return Performed(result=response, answer=answer_to_keep(response))

        outcome = self.idempotency.perform_once(idempotent_request(call, key), perform)
        return replayed(outcome) if isinstance(outcome, StoredAnswer) else outcome

    def _call(self, operation: Operation[Any, Any], arrived: _Arrived, caller: Caller) -> Call[Any, Any]:
        """Raises what is wrong with the caller, then what is wrong with the body as a whole."""
        authentication = self._authenticated(operation, arrived, caller)
        if isinstance(arrived.body, DomainError):
            raise arrived.body
        json = {} if operation.takes_raw_body else parse_json_body(arrived.body, arrived.headers)
        key = idempotency_key(arrived.headers) if operation.idempotent else None
        if operation.body is None and not isinstance(json, dict):
            raise DomainError(Reason.MISSING_FIELDS)
        return Call(
            services=self.services,
            actor=authentication.actor if authentication else Actor(origin=caller.origin),
            reader=self.reader,
            operation=operation,
            path_parameters=arrived.path_parameters,
            query_parameters=read_query(arrived.query_string)
            if operation.query or operation.takes_raw_body
            else {},
            headers=arrived.headers,
            json=json,
            received_at=wire_instant(arrived.context.received_at),
            authentication=authentication,
            idempotency_key=key,
            raw_body=arrived.body if operation.takes_raw_body else b"",
        )

    def _authenticated(
        self, operation: Operation[Any, Any], arrived: _Arrived, caller: Caller
    ) -> Authentication | None:
        if operation.access is Access.PUBLIC:
            return None
        authentication = self.admission.authenticated(caller, arrived.credentials)
        if operation.access is Access.ADMIN and not authentication.actor.is_admin:
            raise DomainError(Reason.INSUFFICIENT_PERMISSIONS)
        return authentication

    def _succeeded(self, operation: Operation[Any, Any], answer: Answer, context: RequestContext) -> Response:
        status = answer.status or operation.status
        if isinstance(answer.data, Document):
            document = answer.data
            return Response(document.content, status, document.headers, document.media_type)
        if not operation.wrapped:
            return json_response(answer.data, status=status)
        headers = dict(answer.headers)
        if answer.location is not None:
            headers["Location"] = CANONICAL_PREFIX + answer.location
        return self.writer.success(
            answer.data, context, status=status, metadata=_metadata(operation, answer), headers=headers
        )

    def _failed(self, error: DomainError, arrived: _Arrived, *, cause: Exception) -> Response:
        context = arrived.context
        arrived.errors.append(error)
        if error.category in (Category.SYSTEM, Category.EXTERNAL_DEPENDENCY):
            logger.error(
                "%s %s failed: %s (correlation id %s)",
                context.method,
                context.path,
                error.reason.code,
                context.correlation_id,
                exc_info=cause,
            )
        elif error.__cause__ is not None:
            # A refusal stands also when it cannot be recorded.
            logger.error("an audit event is lost (correlation id %s)", context.correlation_id, exc_info=cause)
        headers = RETRY_HEADERS if error.reason is Reason.IDEMPOTENCY_IN_PROGRESS else {}
        return self.writer.error(error, context, headers=headers)


def _on_a_page(
    operation: Operation[Any, Any], call: Call[Any, Any], error: DomainError, response: Response
) -> Response:
    """The answer to a failure, as a page where the operation has one for this caller."""
    page = None if operation.error_page is None else operation.error_page(call, error)
    if page is None:
        return response
    kept = {
        name: value
        for name, value in response.headers.items()
        if name not in ("content-length", "content-type")
    }
    return Response(page.content, response.status_code, {**kept, **page.headers}, page.media_type)


def _metadata(operation: Operation[Any, Any], answer: Answer) -> dict[str, Any]:
    told = {"action": answer.action or operation.action, "pagination": answer.pagination, **answer.metadata}
    return {name: value for name, value in told.items() if value is not None}
