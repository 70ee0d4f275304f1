"""A simulated bank that is called without a network: what thousands of schedules have time for."""

import asyncio
from threading import Lock
from types import TracebackType
from typing import Any, Self

import httpx
from starlette.types import Message
from tests.support.servers.hosted_bank import REDIRECT_URIS

from ledgerbank_adapters.simulated_bank import SimulatedBankServer

ADDRESS = "http://bank.example"


class DirectBank(SimulatedBankServer):
    """The same application on no port; its webhooks are delivered by nobody.

    ``transport`` takes clients to it.
    """

    def __enter__(self) -> Self:
        self.model.redirect_uris.update(REDIRECT_URIS)
        self.url = ADDRESS
        self.transport = _DirectTransport(self._server.config.app)
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.transport.stop()


class _DirectTransport(httpx.BaseTransport):
    """One call after the other. An answer that promises a body and has none is a broken connection."""

    def __init__(self, application: Any) -> None:
        self._application = application
        self._loop = asyncio.new_event_loop()
        self._lock = Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        with self._lock:
            return self._loop.run_until_complete(self._answer(request))

    def stop(self) -> None:
        self._loop.close()

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        status, headers, body = 0, [], b""

        async def receive() -> Message:
            return {"type": "http.request", "body": request.read(), "more_body": False}

        async def send(message: Message) -> None:
            nonlocal status, headers, body
            if message["type"] == "http.response.start":
                status, headers = message["status"], list(message["headers"])
            else:
                body += message["body"]

        await self._application(_scope(request), receive, send)
        promised = next((int(value) for name, value in headers if name == b"content-length"), 0)
        if len(body) < promised:
            raise httpx.RemoteProtocolError("the bank broke the connection off", request=request)
        return httpx.Response(status, headers=headers, content=body, request=request)


def _scope(request: httpx.Request) -> dict[str, Any]:
    path, _, query = request.url.raw_path.partition(b"?")
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": request.url.path,
        "raw_path": path,
        "query_string": query,
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "server": ("bank.example", 80),
        "client": ("127.0.0.1", 1),
    }
