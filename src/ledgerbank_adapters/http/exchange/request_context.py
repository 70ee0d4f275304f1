"""Correlation ids, and what else is known of a request before anything of it is understood."""

import re
import secrets
import time
from collections.abc import Collection
from datetime import datetime, timedelta
from urllib.parse import quote

from attrs import define, frozen
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ledgerbank_adapters.http.exchange.client_address import IpNetwork, client_ip
from ledgerbank_domain.identity.actor import Origin
from ledgerbank_domain.ports.clock import Clock

CORRELATION_HEADER = "X-Correlation-ID"
MAX_USER_AGENT_LENGTH = 255
# Where a server that knows it says in the scope when the last of a body came, by the monotonic clock.
BODY_CAME_AT = "ledgerbank.body_came_at"

_SCOPE_KEY = "ledgerbank.request_context"
_CORRELATION_ID = re.compile(r"[A-Za-z0-9._-]{1,128}", re.ASCII)
_CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@define
class Arrival:
    """When a request had come as far as it has: with its head, and once that is read, with its body."""

    at: datetime


@frozen(kw_only=True)
class RequestContext:
    """``path`` is percent-encoded, as it came, without the query; ``accept`` joins all such headers.

    ``received_at`` is when its turn came and its head was there. ``arrival`` goes on to its body: what that
    says was not here any earlier.
    """

    received_at: datetime
    arrival: Arrival
    correlation_id: str
    client_ip: str | None
    user_agent: str | None
    method: str
    path: str
    accept: str

    @property
    def origin(self) -> Origin:
        return Origin(
            ip=self.client_ip,
            user_agent=self.user_agent,
            method=self.method,
            path=self.path,
            correlation_id=self.correlation_id,
            received_at=self.arrival.at,
        )


def context_of(scope: Scope) -> RequestContext:
    context: RequestContext = scope[_SCOPE_KEY]
    return context


class RequestContextMiddleware:
    """The outermost layer: reads the clock first of all, for that instant tells theft from a lost race."""

    def __init__(self, app: ASGIApp, *, clock: Clock, trusted_proxies: Collection[IpNetwork]) -> None:
        self._app = app
        self._clock = clock
        self._trusted_proxies = trusted_proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        context = self._context(scope, received_at=self._clock.now())

        async def receive_dated() -> Message:
            message = await receive()
            if message["type"] == "http.request" and not message.get("more_body", False):
                context.arrival.at = max(context.received_at, self._when_body_came(scope))
            return message

        correlation = (CORRELATION_HEADER.lower().encode(), context.correlation_id.encode())

        async def send_correlated(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), correlation]}
            await send(message)

        await self._app({**scope, _SCOPE_KEY: context}, receive_dated, send_correlated)

    def _when_body_came(self, scope: Scope) -> datetime:
        """Now, less the time that it has waited for somebody to read it."""
        came_at = scope.get(BODY_CAME_AT)
        waited = 0.0 if came_at is None else time.monotonic() - came_at
        return self._clock.now() - timedelta(seconds=waited)

    def _context(self, scope: Scope, *, received_at: datetime) -> RequestContext:
        headers = Headers(scope=scope)
        peer, _ = scope.get("client") or (None, None)
        return RequestContext(
            received_at=received_at,
            arrival=Arrival(received_at),
            correlation_id=_correlation_id(headers),
            client_ip=client_ip(peer, ",".join(headers.getlist("x-forwarded-for")), self._trusted_proxies),
            user_agent=_user_agent(headers),
            method=scope["method"],
            path=_path(scope),
            accept=",".join(headers.getlist("accept")),
        )


def _correlation_id(headers: Headers) -> str:
    given = headers.get(CORRELATION_HEADER, "")
    return given if _CORRELATION_ID.fullmatch(given) else secrets.token_hex(16)


def _user_agent(headers: Headers) -> str | None:
    text = _CONTROL_CHARACTERS.sub("", headers.get("user-agent", ""))
    return text[:MAX_USER_AGENT_LENGTH] or None


def _path(scope: Scope) -> str:
    raw_path = scope.get("raw_path") or scope["path"].encode("utf-8", "replace")
    return quote(raw_path, safe="/%:@!$&'()*+,;=~")
