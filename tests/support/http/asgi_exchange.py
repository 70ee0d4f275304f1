"""One ASGI exchange by hand, for what no well-behaved client sends."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson
from anyio.from_thread import BlockingPortal
from starlette.types import ASGIApp, Message


@dataclass
class Exchange:
    """``chunks`` are drawn only as fast as the application reads; when they end, so does the connection.

    With ``is_whole`` they are all of the body, and the connection stays.
    """

    app: ASGIApp
    portal: BlockingPortal
    method: str = "POST"
    path: str = "/api/users"
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    type: str = "http"
    is_whole: bool = False
    sent: list[Message] = field(default_factory=list)

    def run(self, chunks: Iterator[bytes]) -> "Exchange":
        scope: dict[str, Any] = {
            "type": self.type,
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": self.method,
            "path": self.path,
            "query_string": b"",
            "root_path": "",
            "scheme": "http",
            "headers": self.headers,
            "client": ("203.0.113.7", 4711),
            "server": ("bank.test", 80),
        }

        async def receive() -> Message:
            if self.type == "websocket":
                return {"type": "websocket.connect"}
            for chunk in chunks:
                return {"type": "http.request", "body": chunk, "more_body": True}
            if self.is_whole:
                return {"type": "http.request", "body": b"", "more_body": False}
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            self.sent.append(message)

        self.portal.call(self.app, scope, receive, send)
        return self

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])

    @property
    def json(self) -> Any:
        return orjson.loads(b"".join(message.get("body", b"") for message in self.sent[1:]))
