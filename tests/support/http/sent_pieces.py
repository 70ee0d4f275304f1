"""What the server sends of an answer, piece by piece, without anybody keeping it."""

from dataclasses import dataclass
from typing import Any

from tests.support.http.http_bank import Customer


@dataclass
class SentPieces:
    """How many bodies of how many bytes were sent."""

    count: int = 0
    total: int = 0
    longest: int = 0


def sent_pieces(customer: Customer, path: str, query: str) -> SentPieces:
    """A GET of the customer's, below ``/api``."""
    sent = SentPieces()

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        size = len(message.get("body", b""))
        sent.count += 1
        sent.total += size
        sent.longest = max(sent.longest, size)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": f"/api{path}",
        "raw_path": f"/api{path}".encode(),
        "query_string": query.encode(),
        "headers": [(b"host", b"bank.test"), (b"authorization", f"Bearer {customer.token}".encode())],
        "client": ("203.0.113.7", 4711),
        "server": ("bank.test", 80),
    }

    async def ask() -> None:
        await customer.bank.app(scope, receive, send)  # type: ignore[arg-type]

    customer.bank.portal.call(ask)
    return sent
