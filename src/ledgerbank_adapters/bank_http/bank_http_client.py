"""One bank over HTTP: timeouts and a breaker around every call, and every failure as the domain names it."""

import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from types import TracebackType
from typing import Any, Self, TypeVar, cast
from urllib.parse import urlencode

import httpx

from ledgerbank_adapters.bank_http.bank_http_observer import (
    BankHttpObserver,
    BankRequestOutcome,
    SilentBankHttpObserver,
)
from ledgerbank_adapters.bank_http.bank_json import parse_bank_json
from ledgerbank_adapters.bank_http.bank_payload_reader import UnreadablePayload
from ledgerbank_adapters.bank_http.bank_refusal import BankRefusal, InterpretRefusal
from ledgerbank_adapters.bank_http.circuit_breaker import (
    BreakerOpen,
    BreakerSettings,
    BreakerState,
    CircuitBreaker,
)
from ledgerbank_adapters.bank_http.retry_after import parse_retry_after, wait_in_seconds
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ports.bank_gateway import AccessTokenRefused, NotNow
from ledgerbank_domain.ports.clock import Clock

Read = TypeVar("Read")
Pairs = Sequence[tuple[str, str]]

# A page of 100 transactions with their merchants is some 300 kB.
MAX_BODY_BYTES = 8 * 1024 * 1024
# The read timeout is for each piece of a body: one that trickles in would hold its thread for ever.
MAX_BODY_SECONDS = 30.0
_OK = range(200, 300)
_CLIENT_ERRORS = range(400, 500)
_UNAUTHORIZED = 401
_TOO_MANY_REQUESTS = 429
_SERVICE_UNAVAILABLE = 503
_SERVER_ERRORS_FROM = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class BankHttpSettings:
    """How long a bank may take to answer, and when it is given a rest."""

    connect_timeout: timedelta = timedelta(seconds=5)
    """Also for a free connection of the pool."""
    read_timeout: timedelta = timedelta(seconds=10)
    """Also for writing; each counts from the last piece that came or went."""
    breaker: BreakerSettings = field(default_factory=BreakerSettings)

    @property
    def timeout(self) -> httpx.Timeout:
        """The same for the client, in seconds."""
        connect, read = self.connect_timeout.total_seconds(), self.read_timeout.total_seconds()
        return httpx.Timeout(connect=connect, read=read, write=read, pool=connect)


@dataclass(frozen=True, slots=True, kw_only=True)
class BankCall:
    """What is asked of a bank. ``operation`` is a constant, for the metrics.

    ``path`` is joined to the client's base URL; its variable parts must be quoted. Values of ``query`` and
    ``form`` are encoded. ``repr`` shows nothing of what is sent.
    """

    operation: str
    method: str
    path: str
    access_token: str | None = None
    query: Pairs = ()
    form: Pairs | None = None
    json: Mapping[str, Any] | None = None

    def __repr__(self) -> str:
        return f"BankCall({self.operation})"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    status: int
    content: Any
    has_body: bool
    retry_after_seconds: int | None


class BankHttpClient:
    """Safe to share between threads. Keeps connections; ``close`` gives them back.

    Failures come out as ``DomainError`` with ``details`` ``provider``, ``operation`` and, where the bank or
    the breaker says, ``retry_after_seconds`` (1 to 3600); 429 and an open breaker also say ``not_now``:

    ===============================================  =======================
    no answer in time                                ``timeout``
    no connection, 429, 503, breaker open            ``service_unavailable``
    401 to an access token                           ``AccessTokenRefused``
    any other 4xx                                    what the gateway makes of it, else ``bank_api_error``
    any other 5xx, a redirect, an unreadable body    ``bank_api_error``
    ===============================================  =======================

    To the breaker timeouts, broken connections, 429 and 5xx are failures, any other answer is a success.
    No exception names what was sent: tokens, codes and secrets appear in none.
    """

    def __init__(
        self,
        *,
        provider: str,
        base_url: str,
        clock: Clock,
        settings: BankHttpSettings | None = None,
        observer: BankHttpObserver | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """``base_url`` has no query. ``transport`` replaces the network."""
        self.provider = provider
        self.settings = settings or BankHttpSettings()
        self._clock = clock
        self._observer = observer or SilentBankHttpObserver()
        self._breaker = CircuitBreaker(
            clock=clock, settings=self.settings.breaker, on_change=self._tell_breaker_changed
        )
        self._tell_breaker_changed(BreakerState.CLOSED)
        self._http = httpx.Client(
            base_url=base_url,
            timeout=self.settings.timeout,
            follow_redirects=False,
            # Without compression the bound on a body's size is a bound on the work it can make.
            headers={"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "ledgerbank"},
            verify=_certificates(),
            transport=transport,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def breaker_state(self) -> BreakerState:
        return self._breaker.state

    def close(self) -> None:
        self._http.close()

    def fetch(
        self, call: BankCall, *, read: Callable[[Any], Read], interpret: InterpretRefusal | None = None
    ) -> Read:
        """Makes the call and gives what ``read`` makes of the answer's JSON value. Raises as the class says.

        ``read`` raises ``UnreadablePayload`` for a value that makes no sense.
        """
        answer = self._called(call, lambda body: read(parse_bank_json(body)), interpret)
        return cast("Read", answer)

    def send(self, call: BankCall, *, interpret: InterpretRefusal | None = None) -> None:
        """Makes a call of which only the success counts, whatever the body is. Raises as the class says."""
        self._called(call, lambda _: None, interpret)

    def bank_api_error(self, operation: str, **details: Any) -> DomainError:
        """For an answer that makes no sense."""
        return DomainError(Reason.BANK_API_ERROR, provider=self.provider, operation=operation, **details)

    def _called(
        self, call: BankCall, read: Callable[[bytes], Any], interpret: InterpretRefusal | None
    ) -> Any:
        answer = self._answer_to(self._request_for(call), call.operation, read)
        if answer.status in _OK:
            return answer.content
        raise self._failure(answer, call, interpret)

    def _request_for(self, call: BankCall) -> httpx.Request:
        request = self._http.build_request(
            call.method,
            call.path,
            params=tuple(call.query) or None,
            # As pairs, because names may come twice and in an order.
            content=None if call.form is None else urlencode(call.form),
            json=call.json,
        )
        if call.form is not None:
            request.headers["Content-Type"] = "application/x-www-form-urlencoded"
        if call.access_token is not None:
            request.headers["Authorization"] = f"Bearer {call.access_token}"
        return request

    def _answer_to(self, request: httpx.Request, operation: str, read: Callable[[bytes], Any]) -> _Answer:
        """The bank's answer, whatever it is, once the breaker and the metrics know how the call ended."""
        try:
            passed = self._breaker.acquire()
        except BreakerOpen as is_open:
            self._count(operation, BankRequestOutcome.BREAKER_OPEN)
            wait = wait_in_seconds(is_open.retry_after)
            raise self._unavailable(operation, wait, not_now=NotNow.RESTING.value) from None
        end, outcome = self._breaker.abandoned, None
        try:
            answer = self._exchange(request, read)
            outcome = _outcome_of(answer.status)
            end = self._breaker.failed if _is_failure(answer.status) else self._breaker.succeeded
        except httpx.PoolTimeout:
            # All our connections are busy, of which the bank knows nothing.
            outcome = BankRequestOutcome.TIMEOUT
            raise self._timeout(operation) from None
        except httpx.TimeoutException:
            end, outcome = self._breaker.failed, BankRequestOutcome.TIMEOUT
            raise self._timeout(operation) from None
        except httpx.TransportError:
            end, outcome = self._breaker.failed, BankRequestOutcome.UNREACHABLE
            raise self._unavailable(operation, None) from None
        except UnreadablePayload as unreadable:
            end, outcome = self._breaker.succeeded, BankRequestOutcome.MALFORMED
            raise self.bank_api_error(operation, fields=unreadable.fields) from None
        else:
            return answer
        finally:
            end(passed)
            if outcome is not None:
                self._count(operation, outcome)

    def _exchange(self, request: httpx.Request, read: Callable[[bytes], Any]) -> _Answer:
        response = self._http.send(request, stream=True)
        try:
            body = _bounded_body(response)
        finally:
            response.close()
        wait = parse_retry_after(response.headers.get("Retry-After"), now=self._clock.now())
        is_success = response.status_code in _OK
        try:
            content = read(body) if is_success else parse_bank_json(body)
        except ValueError:
            if is_success:
                raise UnreadablePayload(["$"]) from None
            # A refusal is one, whether or not it can be read.
            content = None
        return _Answer(
            status=response.status_code,
            content=content,
            has_body=bool(body.strip()),
            retry_after_seconds=wait,
        )

    def _failure(self, answer: _Answer, call: BankCall, interpret: InterpretRefusal | None) -> Exception:
        if answer.status == _TOO_MANY_REQUESTS:
            wait, why = answer.retry_after_seconds, NotNow.TOO_MANY_CALLS.value
            return self._unavailable(call.operation, wait, not_now=why)
        if answer.status == _SERVICE_UNAVAILABLE:
            return self._unavailable(call.operation, answer.retry_after_seconds)
        if answer.status == _UNAUTHORIZED and call.access_token is not None:
            return AccessTokenRefused(f"{self.provider} refused the access token")
        if answer.status in _CLIENT_ERRORS and interpret is not None:
            meaning = interpret(
                BankRefusal(status=answer.status, document=answer.content, has_body=answer.has_body)
            )
            if meaning is not None:
                return meaning
        return self.bank_api_error(call.operation, status=answer.status)

    def _timeout(self, operation: str) -> DomainError:
        return DomainError(Reason.TIMEOUT, provider=self.provider, operation=operation)

    def _unavailable(self, operation: str, retry_after_seconds: int | None, **details: str) -> DomainError:
        known = {} if retry_after_seconds is None else {"retry_after_seconds": retry_after_seconds}
        return DomainError(
            Reason.SERVICE_UNAVAILABLE, provider=self.provider, operation=operation, **known, **details
        )

    def _count(self, operation: str, outcome: BankRequestOutcome) -> None:
        self._observer.bank_request(provider=self.provider, operation=operation, outcome=outcome.value)

    def _tell_breaker_changed(self, state: BreakerState) -> None:
        self._observer.breaker_changed(provider=self.provider, state=state.value)


def _is_failure(status: int) -> bool:
    return status == _TOO_MANY_REQUESTS or status >= _SERVER_ERRORS_FROM


def _outcome_of(status: int) -> BankRequestOutcome:
    if status in _OK:
        return BankRequestOutcome.SUCCESS
    if status == _TOO_MANY_REQUESTS:
        return BankRequestOutcome.RATE_LIMITED
    if status in _CLIENT_ERRORS:
        return BankRequestOutcome.REFUSED
    return BankRequestOutcome.SERVER_ERROR if _is_failure(status) else BankRequestOutcome.MALFORMED


def _bounded_body(response: httpx.Response) -> bytes:
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise UnreadablePayload(["$"])
    body = bytearray()
    deadline = time.monotonic() + MAX_BODY_SECONDS
    for piece in response.iter_bytes():
        body += piece
        if len(body) > MAX_BODY_BYTES:
            raise UnreadablePayload(["$"])
        if time.monotonic() > deadline:
            raise httpx.ReadTimeout("the body took too long")
    return bytes(body)


@cache
def _certificates() -> ssl.SSLContext:
    """Those that httpx trusts, read once a process: that is the slowest part of making a client."""
    return httpx.create_ssl_context()
