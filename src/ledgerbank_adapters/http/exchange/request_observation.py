"""Tells the observer of each request: what it was, how it was answered, how long that took."""

import time

from attrs import define, frozen
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ledgerbank_adapters.http.exchange.http_observer import HttpObserver

UNKNOWN_ROUTE = "unknown"
# A client may make up any number of methods: they must not become as many labels.
METHODS = frozenset(["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"])
OTHER_METHOD = "OTHER"

_SCOPE_KEY = "ledgerbank.observed_route"


@define
class _ObservedRoute:
    """Shared by all the copies that layers make of a scope."""

    template: str = UNKNOWN_ROUTE


@frozen
class RequestObservationMiddleware:
    """Measures every request from its first line to the end of its answer."""

    app: ASGIApp
    observer: HttpObserver

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        route, status = _ObservedRoute(), 0

        async def send_noticed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app({**scope, _SCOPE_KEY: route}, receive, send_noticed)
        finally:
            # Without a status nobody was answered: the client left.
            if status:
                self.observer.request_answered(
                    method=scope["method"] if scope["method"] in METHODS else OTHER_METHOD,
                    route=route.template,
                    status=status,
                    seconds=time.perf_counter() - began,
                )


def observe_route(scope: Scope, template: str) -> None:
    """The router found that the request is for this template."""
    scope[_SCOPE_KEY].template = template
