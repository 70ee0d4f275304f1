"""Connections on which tests say exactly what goes over the wire."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

HEADERS_OF_EVERY_ANSWER = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "x-xss-protection": "1; mode=block",
    "referrer-policy": "strict-origin-when-cross-origin",
    "permissions-policy": "geolocation=(), microphone=(), camera=()",
    "cache-control": "no-store",
}

# A whole request but for the empty line that ends it.
HEALTH = b"GET /api/health HTTP/1.1\r\nHost: localhost\r\n"


@dataclass(frozen=True)
class RawAnswer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class RawConnection:
    def __init__(self, port: int, *, timeout: float = 60, source: str = "127.0.0.1") -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout, source_address=(source, 0))
        self._read = b""

    def send(self, data: bytes) -> None:
        """As much of it as the other side takes."""
        with suppress(ConnectionError):
            self.socket.sendall(data)

    def answer(self) -> RawAnswer:
        """The next one. Fails the test when the connection ends before."""
        while b"\r\n\r\n" not in self._read:
            self._receive()
        head, _, self._read = self._read.partition(b"\r\n\r\n")
        status_line, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", "0"))
        while len(self._read) < length:
            self._receive()
        body, self._read = self._read[:length], self._read[length:]
        return RawAnswer(int(status_line.split()[1]), headers, body)

    def is_closed(self) -> bool:
        """Whether the other side has ended the connection by now, without having said anything."""
        self.socket.setblocking(False)
        try:
            return self.socket.recv(1) == b""
        except BlockingIOError:
            return False
        except ConnectionError:
            return True
        finally:
            self.socket.setblocking(True)

    def wait_for_the_end(self, *, seconds: float) -> float:
        """How long it took until the other side closed; fails the test after so many seconds."""
        began = time.monotonic()
        self.socket.settimeout(seconds)
        with suppress(ConnectionError):
            while self.socket.recv(65_536):
                pass
        return time.monotonic() - began

    def close(self) -> None:
        self.socket.close()

    def _receive(self) -> None:
        received = self.socket.recv(65_536)
        assert received, f"the connection ended after {self._read!r}"
        self._read += received


@contextmanager
def raw_connection(port: int, *, source: str = "127.0.0.1") -> Iterator[RawConnection]:
    connection = RawConnection(port, source=source)
    try:
        yield connection
    finally:
        connection.close()


def raw_answer(port: int, request: bytes) -> RawAnswer:
    with raw_connection(port) as connection:
        connection.send(request)
        return connection.answer()


def error_of_raw(answer: RawAnswer, status: int, reason: str) -> dict[str, Any]:
    """The error of an answer that has the envelope and the headers that stand on every answer."""
    assert (answer.status, answer.json["error"]["reason"]) == (status, reason), answer
    error: dict[str, Any] = answer.json["error"]
    assert error["code"] == status
    assert error["correlation_id"] == answer.headers["x-correlation-id"]
    for name, value in HEADERS_OF_EVERY_ANSWER.items():
        assert answer.headers[name] == value
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    return error
