"""One request and its answer, on a connection that may have more of them."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

from uvicorn._types import ASGI3Application, ASGIReceiveEvent, ASGISendEvent
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from ledgerbank_adapters.http.exchange.protocol_refusal import refused_scope, server_stops
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason


class ConnectionEnd:
    """What an exchange sees of its transport: how the connection is closed is the protocol's affair."""

    def __init__(self, transport: asyncio.Transport, close: Callable[[], None]) -> None:
        self.write = transport.write
        self.is_closing = transport.is_closing
        self.close = close


class GuardedExchange(RequestResponseCycle):
    """One request and its answer.

    Ends its connection when it is answered before its body has come: the rest would be taken for the next
    request, or would have to be read to its end.
    """

    refusal: DomainError | None = None
    """Why what has come of the request cannot be used, once that is known."""

    def refuse(self, refusal: DomainError) -> None:
        """Nothing is begun for it any more; whoever waits for its body is told that the client is gone."""
        self.refusal = refusal
        self.keep_alive = False
        self.message_event.set()

    async def run_asgi(self, app: ASGI3Application) -> None:
        """Has the application answer the request.

        Whatever it does or fails to do, the client gets an answer in the envelope, or none when nobody can
        say any more what became of its request.
        """
        try:
            if self.refusal is None:
                await app(self.scope, self.receive, self.send)
        except asyncio.CancelledError:
            self._stopped()
        except BaseException:
            self.logger.exception("the application failed")
            self.refusal = self.refusal or DomainError(Reason.INTERNAL_SERVER_ERROR)
        try:
            if self.refusal is not None and not self.response_started and not self.disconnected:
                await app(
                    cast(Any, refused_scope(dict(self.scope), self.refusal)), _receive_nothing, self.send
                )
        except BaseException:
            self.logger.exception("the application failed to say that it failed")
        finally:
            if not self.response_complete:
                self.transport.close()
            self.on_response = _nothing

    async def receive(self) -> ASGIReceiveEvent:
        message = await super().receive()
        return {"type": "http.disconnect"} if self.refusal else message

    async def send(self, message: ASGISendEvent) -> None:
        if message["type"] == "http.response.start" and self.more_body:
            self.keep_alive = False
        await super().send(message)

    def _stopped(self) -> None:
        """The server stops and waits no longer. Of a request whose body has not come nothing was done."""
        if self.more_body:
            self.refusal = server_stops()


async def _receive_nothing() -> ASGIReceiveEvent:
    return {"type": "http.disconnect"}


def _nothing() -> None:
    """There is no next request to begin."""
