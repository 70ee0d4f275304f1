"""Simulated banks for tests, on servers that stay: starting and stopping one takes a fifth of a second."""

import socket
import time
from collections.abc import Callable
from threading import Thread
from types import TracebackType
from typing import Any, Self

import httpx
import uvicorn
from starlette.types import Receive, Scope, Send

from ledgerbank_adapters.simulated_bank import SimulatedBankServer

# Where the clients of tests have the bank send customers back to.
REDIRECT_URIS = (
    "http://ledgerbank.example/api/v1/bank-logins/callback",
    "http://localhost:4000/api/v1/bank-logins/callback?kept=yes",
)
START_TIMEOUT_SECONDS = 20
# Clients of many tests come back to one server: their connections are not to be closed under them.
KEEP_ALIVE_SECONDS = 3600


class HostedBank(SimulatedBankServer):
    """A simulated bank like any other, new when entered; only the server it answers at was there before.

    What :class:`SimulatedBankServer` does about servers is tried with that class itself. Clients reach it by
    the network, so there is no ``transport``.
    """

    transport: httpx.BaseTransport | None = None

    def __enter__(self) -> Self:
        self._answering = _IDLE.pop() if _IDLE else _Host()
        application = self._server.config.app
        assert callable(application)
        self._answering.application = application
        self.model.redirect_uris.update(REDIRECT_URIS)
        self.url = self._answering.url
        self.courier.start()
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._answering.application = _closed
        _IDLE.append(self._answering)
        self.courier.stop()


def stop_idle_hosts() -> None:
    while _IDLE:
        _IDLE.pop().stop()


class _Host:
    """A server for one bank after the other."""

    def __init__(self) -> None:
        self.application: Callable[..., Any] = _closed
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._server = uvicorn.Server(
            uvicorn.Config(
                self._answer,
                log_config=None,
                access_log=False,
                interface="asgi3",
                lifespan="off",
                ws="none",
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=1,
            )
        )
        self._thread = Thread(
            target=self._server.run, args=([self._listener],), name="bank-host", daemon=True
        )
        self._thread.start()
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while not self._server.started:
            assert self._thread.is_alive()
            assert time.monotonic() < deadline
            time.sleep(0.005)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._listener.close()

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.application(scope, receive, send)


async def _closed(scope: Scope, receive: Receive, send: Send) -> None:
    raise AssertionError("a bank was called after its test")


_IDLE: list[_Host] = []
