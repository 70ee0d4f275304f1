"""Tables of operations as Starlette routes: one flat route for each path under each prefix."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from attrs import frozen
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from ledgerbank_adapters.http.exchange.request_observation import observe_route
from ledgerbank_adapters.http.operations.http_operation import Operation
from ledgerbank_adapters.http.operations.operation_runner import OperationRunner
from ledgerbank_adapters.http.operations.public_paths import CANONICAL_PREFIX
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason

PREFIXES = ("/api", CANONICAL_PREFIX)


@frozen(kw_only=True)
class PathEndpoint:
    """Everything that can be done at one path. ``path`` is the template, without prefix."""

    path: str
    operations: Mapping[str, Operation[Any, Any]]
    runner: OperationRunner
    unknown_path: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].endswith("\n") and not self.path.endswith("}"):
            # The "$" of a route's pattern matches before a final line break as well.
            await self.unknown_path(scope, receive, send)
            return
        observe_route(scope, self.path)
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        operation = self.operations.get(method)
        if operation is None:
            refusal = DomainError(Reason.METHOD_NOT_ALLOWED)
            headers = {"Allow": ", ".join(self.allowed_methods)}
            response = await self.runner.refuse(refusal, scope, headers=headers)
        else:
            response = await self.runner.run(operation, scope, receive)
        await response(scope, receive, send)

    @property
    def allowed_methods(self) -> list[str]:
        """Preflights are answered before any path is looked at, so OPTIONS is none of a path's methods."""
        return sorted({*self.operations, *(["HEAD"] if "GET" in self.operations else [])})


@frozen
class UnknownPath:
    """What answers where no route does."""

    runner: OperationRunner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await WebSocketClose()(scope, receive, send)
            return
        response = await self.runner.refuse(DomainError(Reason.RESOURCE_NOT_FOUND), scope)
        await response(scope, receive, send)


class BodilessHeadMiddleware:
    """Answers HEAD with the headers of GET, ``Content-Length`` included, and without the body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_without_body(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        is_head = scope["type"] == "http" and scope["method"] == "HEAD"
        await self._app(scope, receive, send_without_body if is_head else send)


def root_route(operation: Operation[Any, Any], runner: OperationRunner, unknown_path: ASGIApp) -> BaseRoute:
    """The one path that stands under no prefix."""
    operations = {operation.method: operation}
    endpoint = PathEndpoint(
        path=operation.path, operations=operations, runner=runner, unknown_path=unknown_path
    )
    return Route(operation.path, endpoint, name=operation.path)


def operation_routes(
    operations: Iterable[Operation[Any, Any]], runner: OperationRunner, unknown_path: ASGIApp
) -> list[BaseRoute]:
    """Literal segments come before parameters, so ``/users/stats`` is never taken for an id."""
    by_path: dict[str, dict[str, Operation[Any, Any]]] = defaultdict(dict)
    for operation in operations:
        by_path[operation.path][operation.method] = operation
    endpoints = [
        PathEndpoint(path=path, operations=by_path[path], runner=runner, unknown_path=unknown_path)
        for path in sorted(by_path, key=_parameters_last)
    ]
    return [
        Route(prefix + endpoint.path, endpoint, name=endpoint.path)
        for prefix in PREFIXES
        for endpoint in endpoints
    ]


def _parameters_last(path: str) -> list[tuple[bool, str]]:
    return [(segment.startswith("{"), segment) for segment in path.split("/")]
