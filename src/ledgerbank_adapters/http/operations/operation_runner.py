"""From a request to its answer: when it gets a thread, when its body is read, how long all that may take."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

from attrs import frozen
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope

from ledgerbank_adapters.http.exchange.http_answers import AnswerWriter
from ledgerbank_adapters.http.exchange.protocol_refusal import no_room
from ledgerbank_adapters.http.exchange.request_body import (
    ANONYMOUS_BODY_SECONDS,
    BODY_SECONDS,
    BodyMemory,
    HeldBody,
    ReadBody,
    read_body,
)
from ledgerbank_adapters.http.exchange.request_context import context_of
from ledgerbank_adapters.http.operations.arrived_request import ArrivedRequest
from ledgerbank_adapters.http.operations.caller_admission import CallerAdmission, Credentials
from ledgerbank_adapters.http.operations.http_operation import Access, Operation
from ledgerbank_adapters.http.operations.operation_execution import (
    AdmittedCaller,
    OperationExecution,
    RemainingStep,
)
from ledgerbank_adapters.http.operations.rate_limit_gate import tally_of
from ledgerbank_adapters.http.operations.request_lanes import Lane, RequestLanes
from ledgerbank_adapters.http.operations.streamed_response import StreamedResponse
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.ports.deadline import Deadline, time_is_up, working_until

T = TypeVar("T")

NO_BODY = ReadBody(content=b"", seconds=0.0)

# Who waits longer than this for a password to be hashed had better come again.
HASHING_PATIENCE_SECONDS = 5.0


@frozen(kw_only=True)
class OperationRunner:
    """A caller is known, counted and let in before the body is read; only then a place to act is asked for.

    So is whoever shows an API key, for their place is their owner's, who is not known before.
    ``start_deadline`` begins the time that a request has, waiting for a place included. The time that the
    client takes to send the body does not count.
    """

    execution: OperationExecution
    admission: CallerAdmission
    writer: AnswerWriter
    lanes: RequestLanes
    bodies: BodyMemory
    anonymous_bodies: BodyMemory
    start_deadline: Callable[[], Deadline]
    max_body_bytes: int

    async def run(self, operation: Operation[Any, Any], scope: Scope, receive: Receive) -> Response:
        """Errors of the catalog become answers; others are raised."""
        arrived = self._arrived(scope)
        response = await self._answered(operation, arrived, receive)
        if isinstance(response, StreamedResponse):
            return response.taking_turns(partial(self._next_piece, operation, arrived))
        return response

    async def _answered(
        self, operation: Operation[Any, Any], arrived: ArrivedRequest, receive: Receive
    ) -> Response:
        try:
            if not operation.blocking and arrived.tally is None:
                return await self._finished(self.execution.answer(operation, arrived), self.start_deadline())
            if operation.takes_body or (arrived.presented.shows_api_key and not _is_public(operation)):
                return await self._run_in_steps(operation, arrived, receive)
            work, deadline = partial(self.execution.answer, operation, arrived), self.start_deadline()
            caller = _caller_key(operation, arrived)
            outcome = await self._in_lane(operation, caller, work, deadline)
            return await self._finished(outcome, deadline)
        except DomainError as error:
            # Before there was a thread for it, or between two of them.
            return self.execution.fail(error, arrived)

    async def refuse(
        self, error: DomainError, scope: Scope, *, headers: Mapping[str, str] | None = None
    ) -> Response:
        """Answers a request that is for no operation; its caller is counted all the same."""
        arrived = self._arrived(scope)
        if arrived.tally is not None:
            try:
                count = partial(self.execution.count, arrived)
                refusal = await self._in(
                    self.lanes.reading, count, arrived.presented.key, self.start_deadline()
                )
            except DomainError as failure:
                return self.execution.fail(failure, arrived)
            if refusal is not None:
                return self.writer.error(refusal, arrived.context)
        return self.writer.error(error, arrived.context, headers=headers)

    def _arrived(self, scope: Scope) -> ArrivedRequest:
        credentials = Credentials.of(Headers(scope=scope))
        return ArrivedRequest.of(
            scope,
            credentials=credentials,
            presented=self.admission.present(credentials, context_of(scope).origin),
            tally=None if self.admission.rate_limit is None else tally_of(scope),
        )

    async def _run_in_steps(
        self, operation: Operation[Any, Any], arrived: ArrivedRequest, receive: Receive
    ) -> Response:
        deadline = self.start_deadline()
        admitted = await self._admitted(operation, arrived, deadline)
        if isinstance(admitted, Response):
            return admitted
        memory = self.anonymous_bodies if admitted.authentication is None else self.bodies
        caller = admitted.key_of_place or _caller_key(operation, arrived)
        with memory.of(caller) as held:
            body = NO_BODY
            if operation.takes_body:
                body = await self._body(operation, admitted, arrived, receive, held)
            work = partial(self.execution.perform, operation, arrived, admitted, body.content)
            deadline = deadline.extended_by(body.seconds + operation.longer_by_seconds)
            outcome = await self._in_lane(operation, caller, work, deadline)
        return await self._finished(outcome, deadline)

    async def _finished(self, outcome: Response | RemainingStep, deadline: Deadline) -> Response:
        if isinstance(outcome, Response):
            return outcome
        return await self._in(self.lanes.acting, outcome.perform, outcome.caller_key, deadline)

    async def _next_piece(
        self, operation: Operation[Any, Any], arrived: ArrivedRequest, step: Callable[[], bytes | None]
    ) -> bytes | None:
        """In turn with everybody else's requests: while the client reads, the place is somebody else's."""
        lane, caller = self.lanes.lane_of(operation), _caller_key(operation, arrived)
        return await self._in(lane, step, caller, self.start_deadline())

    async def _admitted(
        self, operation: Operation[Any, Any], arrived: ArrivedRequest, deadline: Deadline
    ) -> AdmittedCaller | Response:
        admit = partial(self.execution.admit, operation, arrived)
        if _is_public(operation) and arrived.tally is None:
            return admit()
        return await self._in(self.lanes.reading, admit, _caller_key(operation, arrived), deadline)

    async def _body(
        self,
        operation: Operation[Any, Any],
        admitted: AdmittedCaller,
        arrived: ArrivedRequest,
        receive: Receive,
        held: HeldBody,
    ) -> ReadBody:
        return await read_body(
            receive,
            arrived.headers,
            max_body_bytes=operation.max_body_bytes or self.max_body_bytes,
            seconds=ANONYMOUS_BODY_SECONDS if admitted.authentication is None else BODY_SECONDS,
            held=held,
        )

    async def _in_lane(
        self,
        operation: Operation[Any, Any],
        caller: str,
        work: Callable[[], Response | RemainingStep],
        deadline: Deadline,
    ) -> Response | RemainingStep:
        lane = self.lanes.lane_of(operation)
        if not operation.hashes_passwords:
            return await self._in(lane, work, caller, deadline)
        patience = min(HASHING_PATIENCE_SECONDS, deadline.remaining_seconds())
        try:
            return await lane.run(_until(deadline, work), caller=caller, patience=patience)
        except TimeoutError:
            raise no_room("Too many passwords are being hashed.") from None

    async def _in(self, lane: Lane, work: Callable[[], T], caller: str, deadline: Deadline) -> T:
        """Raises ``timeout`` when there is no place for it in time."""
        try:
            return await lane.run(
                _until(deadline, work), caller=caller, patience=deadline.remaining_seconds()
            )
        except TimeoutError:
            raise time_is_up() from None


def _until(deadline: Deadline, work: Callable[[], T]) -> Callable[[], T]:
    def run() -> T:
        with working_until(deadline):
            return work()

    return run


def _is_public(operation: Operation[Any, Any]) -> bool:
    return operation.access is Access.PUBLIC


def _caller_key(operation: Operation[Any, Any], arrived: ArrivedRequest) -> str:
    """Where anybody may call, a token that is sent along gives no place of its own."""
    presented = arrived.presented
    return presented.key_of_address if _is_public(operation) else presented.key
