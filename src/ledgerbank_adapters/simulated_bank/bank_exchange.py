"""One request to the simulated bank: read whole, counted, met by a fault when one is due, then answered."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

from anyio import sleep
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from ledgerbank_adapters.simulated_bank.simulated_bank_model import SimulatedBank
from ledgerbank_adapters.simulated_bank.simulated_faults import Fault, FaultEffect, FaultKind

FORM_TYPE = "application/x-www-form-urlencoded"

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)?", re.ASCII)
_AUTHORITY = re.compile(r"([A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(:\d{1,5})?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A request. ``url`` is its full address; header names are lower-case.

    Of a field that came twice the last counts; ``query_lists`` has all.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    path_parameters: Mapping[str, str]
    query: Mapping[str, str]
    query_lists: Mapping[str, list[str]]
    body: bytes

    @property
    def media_type(self) -> str:
        """What the body says that it is, without parameters; empty when it does not say."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def form(self) -> dict[str, str] | None:
        """The fields of a form; None when the body is none."""
        if self.media_type != FORM_TYPE:
            return None
        try:
            return dict(parse_qsl(self.body.decode(), keep_blank_values=True))
        except ValueError:
            return None

    def json(self) -> object:
        """The JSON of the body. Raises ValueError when it is none."""
        if self.media_type != "application/json":
            raise ValueError("The body must be application/json.")
        return json.loads(self.body)

    @property
    def bearer(self) -> str:
        """The access token; empty when none was sent."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""


Handler = Callable[[SimulatedBank, Arrival], Response]


@dataclass(frozen=True, slots=True, kw_only=True)
class BankOperation:
    """``name`` is one of OPERATIONS, or finds it out by the request; None: it is not one of the bank's."""

    method: str
    path: str
    handler: Handler
    name: str | Callable[[Arrival], str] | None


def create_routes(
    bank: SimulatedBank, operations: tuple[BankOperation, ...], *, under: str = ""
) -> list[Route]:
    return [Route(under + each.path, _endpoint(bank, each), methods=[each.method]) for each in operations]


def parse_instant(text: str, *, zone: str) -> datetime | None:
    """An RFC 3339 instant; None when it is none.

    ``zone`` is ``required``, or ``ignored`` as UK Open Banking has it.
    """
    if not _RFC3339.fullmatch(text):
        return None
    try:
        instant = datetime.fromisoformat(text.upper())
        if zone == "ignored":
            return instant.replace(tzinfo=UTC)
        return instant.astimezone(UTC) if instant.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def is_web_address(address: str) -> bool:
    """Whether someone can be sent there: http(s), a plain host, no fragment, no credentials."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return (
        parts.scheme in ("http", "https") and bool(_AUTHORITY.fullmatch(parts.netloc)) and not parts.fragment
    )


def json_answer(content: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return JSONResponse(content, status_code=status, headers={"Cache-Control": "no-store", **(headers or {})})


def _endpoint(bank: SimulatedBank, operation: BankOperation) -> Callable[[Request], object]:
    async def endpoint(request: Request) -> Response:
        arrival = await _read(request)
        name = operation.name(arrival) if callable(operation.name) else operation.name
        if name is None:
            with bank.locked():
                return operation.handler(bank, arrival)
        return await _answered(bank, operation.handler, arrival, name)

    return endpoint


async def _answered(bank: SimulatedBank, handler: Handler, arrival: Arrival, name: str) -> Response:
    with bank.locked():
        fault = bank.faults.begin(name)
        answer: Response | None = None
        if fault is None or fault.effect is FaultEffect.AFTER:
            answer = handler(bank, arrival)
            if answer.status_code < 400:  # noqa: PLR2004 - where error statuses begin
                bank.faults.worked(name)
    if fault is None and answer is not None:
        return answer
    assert fault is not None
    await sleep(fault.delay_seconds)
    return _failed(fault, answer)


def _failed(fault: Fault, answer: Response | None) -> Response:
    match fault.kind:
        case FaultKind.STATUS:
            headers = {} if fault.retry_after is None else {"Retry-After": fault.retry_after}
            code = "too_many_requests" if fault.status == 429 else "internal_service"  # noqa: PLR2004
            content = {"code": code, "message": "A fault that was asked for"}
            return json_answer(content, status=fault.status, headers=headers)
        case FaultKind.MALFORMED:
            return Response(b'{"cut short": ', media_type="application/json")
        case FaultKind.DROP:
            return DroppedConnection()
        case FaultKind.DELAY:
            return DroppedConnection() if answer is None else answer


class DroppedConnection(Response):
    """Promises a body and sends none: ASGI's only way to have the server drop the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        headers = [(b"content-length", b"2"), (b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})


async def _read(request: Request) -> Arrival:
    query_lists: dict[str, list[str]] = {}
    for name, value in request.query_params.multi_items():
        query_lists.setdefault(name, []).append(value)
    return Arrival(
        method=request.method,
        url=str(request.url),
        headers=dict(request.headers),
        path_parameters=dict(request.path_params),
        query={name: values[-1] for name, values in query_lists.items()},
        query_lists=query_lists,
        body=await request.body(),
    )


def token_operation_name(arrival: Arrival) -> str:
    """Exchange, refresh or a client's own token: by the form."""
    match (arrival.form or {}).get("grant_type"):
        case "refresh_token":
            return "token.refresh"
        case "client_credentials":
            return "token.client"
        case _:
            return "token.exchange"
