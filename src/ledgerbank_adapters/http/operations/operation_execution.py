"""What is done for a request in a thread: the order in which everything is looked at is decided here."""

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, NoReturn, TypeVar

from attrs import evolve, field, frozen
from starlette.datastructures import Headers
from starlette.responses import Response

from ledgerbank_adapters.http.exchange.http_answers import AnswerWriter, json_response
from ledgerbank_adapters.http.exchange.loading_ahead import is_loaded_ahead
from ledgerbank_adapters.http.fields.field_reader import FieldReader, read_query
from ledgerbank_adapters.http.fields.form_body import parse_form_body
from ledgerbank_adapters.http.fields.json_body import parse_json_body
from ledgerbank_adapters.http.fields.wire_values import wire_instant
from ledgerbank_adapters.http.operations.arrived_request import ArrivedRequest
from ledgerbank_adapters.http.operations.caller_admission import Caller, CallerAdmission, key_of_user
from ledgerbank_adapters.http.operations.http_host import Document, HttpHost, StreamedDocument
from ledgerbank_adapters.http.operations.http_operation import Access, Answer, Call, Continued, Operation
from ledgerbank_adapters.http.operations.idempotency_key import (
    RETRY_HEADERS,
    answer_to_keep,
    idempotency_key,
    idempotent_request,
    replayed,
)
from ledgerbank_adapters.http.operations.public_paths import CANONICAL_PREFIX
from ledgerbank_adapters.http.operations.registration_gate import RegistrationGate
from ledgerbank_adapters.http.operations.streamed_response import StreamedResponse
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Category, Reason
from ledgerbank_domain.idempotency.idempotency_record import StoredAnswer
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, TransactionConflict
from ledgerbank_domain.services.conduct.scope_check import require_scope
from ledgerbank_domain.services.idempotency.idempotency_service import Performed
from ledgerbank_domain.services.service_composition import Services
from ledgerbank_domain.services.users.authentication import Authentication

T = TypeVar("T")

FORBIDDEN = 403
# Who was let in longer ago is asked for once more before they act.
ASKED_AGAIN_AFTER_SECONDS = 1.0
# What we say to protect ourselves, where nothing failed before: anybody may cause it, as often as they like.
TURNED_AWAY = (Reason.TIMEOUT, Reason.SERVICE_UNAVAILABLE)

logger = logging.getLogger(__name__)


@frozen(kw_only=True)
class AdmittedCaller:
    """Who was counted and let in. ``authentication`` is None where anybody may call."""

    caller: Caller
    authentication: Authentication | None
    let_in_at: float = field(factory=time.monotonic)

    @property
    def was_kept_waiting(self) -> bool:
        """Whether it took so long to get here that who calls may be somebody else by now."""
        waited = time.monotonic() - self.let_in_at
        return self.authentication is not None and waited > ASKED_AGAIN_AFTER_SECONDS

    @property
    def actor(self) -> Actor:
        if self.authentication is None:
            return Actor(origin=self.caller.origin)
        return self.authentication.actor

    def actor_of(self, arrived: ArrivedRequest) -> Actor:
        """The caller of a request whose body, if it has one, has come since they were let in."""
        actor = self.actor
        return replace(actor, origin=replace(actor.origin, received_at=arrived.context.arrival.at))

    @property
    def key_of_place(self) -> str | None:
        """By what places are shared out to whoever they have proven to be; None where anybody may call."""
        return None if self.authentication is None else key_of_user(self.authentication.user.id)


@frozen(kw_only=True)
class RemainingStep:
    """What is left of an operation, to be done in the share of ``caller_key``."""

    caller_key: str
    perform: Callable[[], Response]


@frozen(kw_only=True)
class OperationExecution:
    """The steps of answering one request, in their order.

    Each gives a response where the catalog has an error for what went wrong; other exceptions are raised.
    """

    services: Services
    host: HttpHost
    openapi_json: Callable[[], bytes]
    registrations: RegistrationGate
    admission: CallerAdmission
    writer: AnswerWriter
    reader: FieldReader

    def admit(self, operation: Operation[Any, Any], arrived: ArrivedRequest) -> AdmittedCaller | Response:
        """Finds out who calls, counts that, and looks whether they may call at all."""
        origin = replace(arrived.context.origin, success_status=operation.status)
        needs_nobody = operation.access is Access.PUBLIC and arrived.tally is None
        if needs_nobody or operation.counted_on_address:
            caller = Caller(identity=DomainError(Reason.INVALID_TOKEN), origin=origin)
        else:
            caller = self.admission.identify(arrived.presented, origin)

        def admitted() -> AdmittedCaller:
            self.admission.count(caller, arrived.tally)
            return AdmittedCaller(
                caller=caller, authentication=self._authenticated(operation, arrived, caller)
            )

        return self._without_errors(arrived, caller, admitted)

    def perform(
        self, operation: Operation[Any, Any], arrived: ArrivedRequest, admitted: AdmittedCaller, body: bytes
    ) -> Response | RemainingStep:
        """Reads what is asked and does it, or as much of it as belongs into this caller's share."""

        def performed() -> Response | RemainingStep:
            call = self._call(operation, arrived, self._still_admitted(operation, arrived, admitted), body)
            if call.idempotency_key is None:
                return self._begun(operation, call, arrived, admitted.caller)
            return self._handled_once(operation, call, arrived, call.idempotency_key)

        return self._without_errors(arrived, admitted.caller, performed)

    def answer(self, operation: Operation[Any, Any], arrived: ArrivedRequest) -> Response | RemainingStep:
        """Both steps, for a request that has no body."""
        admitted = self.admit(operation, arrived)
        if isinstance(admitted, Response):
            return admitted
        return self.perform(operation, arrived, admitted, b"")

    def count(self, arrived: ArrivedRequest) -> DomainError | None:
        """Counts a request that is for no operation; the refusal, when there were too many."""
        caller = self.admission.identify(arrived.presented, arrived.context.origin)
        try:
            self.admission.count(caller, arrived.tally)
        except DomainError as refusal:
            return refusal
        return None

    def fail(
        self, error: DomainError, arrived: ArrivedRequest, *, cause: Exception | None = None
    ) -> Response:
        """The answer that tells the error; what is our own or another system's fault is logged."""
        context = arrived.context
        arrived.errors.append(error)
        if error.reason in TURNED_AWAY and error.__cause__ is None:
            logger.warning(
                "%s %s was turned away: %s (correlation id %s)",
                context.method,
                context.path,
                error.reason.code,
                context.correlation_id,
            )
        elif error.category in (Category.SYSTEM, Category.EXTERNAL_DEPENDENCY):
            logger.error(
                "%s %s failed: %s (correlation id %s)",
                context.method,
                context.path,
                error.reason.code,
                context.correlation_id,
                exc_info=cause or error,
            )
        elif error.__cause__ is not None:
            # A refusal stands also when it cannot be recorded.
            logger.error(
                "an audit event is lost (correlation id %s)", context.correlation_id, exc_info=cause or error
            )
        headers = RETRY_HEADERS if error.reason is Reason.IDEMPOTENCY_IN_PROGRESS else {}
        return self.writer.error(error, context, headers=headers)

    def _without_errors(self, arrived: ArrivedRequest, caller: Caller, step: Callable[[], T]) -> T | Response:
        response: T | Response
        try:
            response = step()
        except TransactionConflict as conflict:
            response = self.fail(DomainError(Reason.DATABASE_ERROR), arrived, cause=conflict)
        except DomainError as error:
            response = self.fail(error, arrived, cause=error)
        if isinstance(response, Response) and response.status_code == FORBIDDEN:
            # Recorded only now: what was refused inside a transaction is undone with it. A stored answer that
            # is given again does not tell its reason.
            told = arrived.errors[-1] if arrived.errors else DomainError(Reason.FORBIDDEN)
            self.admission.refusals.record_forbidden(caller.actor, told)
        return response

    def _authenticated(
        self, operation: Operation[Any, Any], arrived: ArrivedRequest, caller: Caller
    ) -> Authentication | None:
        if operation.access is Access.PUBLIC:
            return None
        authentication = self.admission.authenticated(caller, arrived.credentials)
        require_scope(authentication.actor, operation.scope_for_keys)
        authentication.require_open(operation.open_to_duty)
        if operation.access is Access.ADMIN and not authentication.actor.is_admin:
            raise DomainError(Reason.INSUFFICIENT_PERMISSIONS)
        return authentication

    def _still_admitted(
        self, operation: Operation[Any, Any], arrived: ArrivedRequest, admitted: AdmittedCaller
    ) -> AdmittedCaller:
        """A body may come long after its head: what ended meanwhile opens nothing any more."""
        if not admitted.was_kept_waiting:
            return admitted
        caller = self.admission.identify(arrived.presented, admitted.caller.origin)
        return AdmittedCaller(caller=caller, authentication=self._authenticated(operation, arrived, caller))

    def _call(
        self, operation: Operation[Any, Any], arrived: ArrivedRequest, admitted: AdmittedCaller, body: bytes
    ) -> Call[Any, Any]:
        """Raises what is wrong with the body as a whole."""
        json = _read_body(operation, body, arrived.headers)
        key = idempotency_key(arrived.headers) if operation.idempotent else None
        if operation.body is None and not isinstance(json, dict):
            raise DomainError(Reason.MISSING_FIELDS)
        return Call(
            services=self.services,
            host=self.host,
            openapi_json=self.openapi_json,
            registrations=self.registrations,
            actor=admitted.actor_of(arrived),
            reader=self.reader,
            operation=operation,
            path_parameters=arrived.path_parameters,
            query_parameters=read_query(arrived.query_string)
            if operation.query or operation.takes_raw_body
            else {},
            headers=arrived.headers,
            json=json,
            received_at=wire_instant(arrived.context.received_at),
            authentication=admitted.authentication,
            idempotency_key=key,
            raw_body=body if operation.takes_raw_body else b"",
        )

    def _begun(
        self, operation: Operation[Any, Any], call: Call[Any, Any], arrived: ArrivedRequest, caller: Caller
    ) -> Response | RemainingStep:
        outcome = self._answered(operation, call, arrived, partial(_handler_of(operation, arrived), call))
        if isinstance(outcome, Response):
            return outcome
        rest = partial(self._in_one_go, operation, call, arrived, outcome.act)
        return RemainingStep(
            caller_key=key_of_user(outcome.user_id),
            perform=partial(self._without_errors, arrived, caller, rest),
        )

    def _in_one_go(
        self,
        operation: Operation[Any, Any],
        call: Call[Any, Any],
        arrived: ArrivedRequest,
        act: Callable[[], Answer | Continued],
    ) -> Response:
        outcome = self._answered(operation, call, arrived, act)
        while not isinstance(outcome, Response):
            outcome = self._answered(operation, call, arrived, outcome.act)
        return outcome

    def _answered(
        self,
        operation: Operation[Any, Any],
        call: Call[Any, Any],
        arrived: ArrivedRequest,
        act: Callable[[], Answer | Continued],
    ) -> Response | Continued:
        try:
            answer = act()
        except DomainError as error:
            return _on_a_page(operation, call, error, self.fail(error, arrived, cause=error))
        if isinstance(answer, Answer) and answer.refusal is not None:
            self.fail(answer.refusal, arrived, cause=answer.refusal)
        return answer if isinstance(answer, Continued) else self._succeeded(operation, answer, arrived)

    def _handled_once(
        self, operation: Operation[Any, Any], call: Call[Any, Any], arrived: ArrivedRequest, key: str
    ) -> Response:
        """The answer is made before the effect is committed, so that both can be stored at once."""

        def perform(start_unit_of_work: StartUnitOfWork) -> Performed[Response]:
            there = evolve(call, services=call.services.over(start_unit_of_work))
            # Within the unit that keeps the key, so there is no later step.
            response = self._in_one_go(operation, there, arrived, partial(operation.handler, there))
            if _can_be_lifted(arrived):
                return Performed(result=response, answer=None, effect_stands=True)
            return Performed(result=response, answer=answer_to_keep(response))

        outcome = self.services.idempotency.perform_once(idempotent_request(call, key), perform)
        return replayed(outcome) if isinstance(outcome, StoredAnswer) else outcome

    def _succeeded(self, operation: Operation[Any, Any], answer: Answer, arrived: ArrivedRequest) -> Response:
        status = answer.status or operation.status
        if isinstance(answer.data, StreamedDocument):
            streamed = answer.data
            return StreamedResponse(
                streamed.pieces,
                status=status,
                headers=streamed.headers,
                media_type=streamed.media_type,
                fail=partial(self.fail, arrived=arrived),
            )
        if isinstance(answer.data, Document):
            document = answer.data
            return Response(document.content, status, document.headers, document.media_type)
        if not operation.wrapped:
            return json_response(answer.data, status=status)
        headers = dict(answer.headers)
        if answer.location is not None:
            headers["Location"] = CANONICAL_PREFIX + answer.location
        return self.writer.success(
            answer.data,
            arrived.context,
            status=status,
            metadata=_metadata(operation, answer),
            headers=headers,
        )


def _read_body(operation: Operation[Any, Any], body: bytes, headers: Headers) -> object:
    if operation.takes_raw_body:
        return {}
    return parse_form_body(body, headers) if operation.takes_form else parse_json_body(body, headers)


def _handler_of(
    operation: Operation[Any, Any], arrived: ArrivedRequest
) -> Callable[[Call[Any, Any]], Answer | Continued]:
    """A request that only looks must not act: HEAD, and a browser that loads ahead of who sits at it."""
    if operation.glance is None:
        return operation.handler
    if arrived.context.method == "HEAD":
        return operation.glance
    return _refuse_ahead if is_loaded_ahead(arrived.headers) else operation.handler


def _refuse_ahead(_: Call[Any, Any]) -> NoReturn:
    """What was loaded in vain is loaded again once somebody wants to see it."""
    raise DomainError(Reason.SERVICE_UNAVAILABLE, message="Nothing is done before it is asked for.")


def _can_be_lifted(arrived: ArrivedRequest) -> bool:
    """Whether it was refused until its caller confirms it: then it is sent again, under the same key."""
    return bool(arrived.errors) and arrived.errors[-1].reason is Reason.STEP_UP_REQUIRED


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
