"""Request bodies: bounded in size, in time, and in how much memory all of them have together."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from anyio import fail_after
from attrs import define, field, frozen
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import Receive

from ledgerbank_adapters.http.exchange.protocol_refusal import no_room
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ports.deadline import time_is_up

# A body that comes may come slowly, as over a mobile network; who says who they are get more time for it.
BODY_SECONDS = 60
ANONYMOUS_BODY_SECONDS = 20
# Of all bodies that are being read or worked on; half of it is for callers who said who they are, and of each
# half a single caller has a share.
BODY_MEMORY = 67_108_864
SHARES = 4


@define
class BodyMemory:
    """What all bodies of one kind of caller may take together, in bytes.

    The share of one is room for the largest body at least. Nobody who may be anybody takes the room of those
    who said who they are. Belongs to one event loop.
    """

    total: int = BODY_MEMORY // 2
    _taken: int = 0
    _taken_by: Counter[str] = field(factory=Counter)

    @classmethod
    def for_bodies_of(cls, max_body_bytes: int) -> "BodyMemory":
        return cls(total=max(BODY_MEMORY // 2, SHARES * max_body_bytes))

    @contextmanager
    def of(self, caller: str) -> Iterator["HeldBody"]:
        """Memory for one body, taken bit by bit, given back at the end of the block."""
        held = HeldBody(self, caller)
        try:
            yield held
        finally:
            self._taken -= held.size
            self._taken_by[caller] -= held.size
            if not self._taken_by[caller]:
                del self._taken_by[caller]

    def take(self, caller: str, size: int) -> None:
        """Raises ``service_unavailable``."""
        of_caller = self._taken_by[caller] + size
        if of_caller > self.total // SHARES or self._taken + size > self.total:
            raise no_room("Too many bodies are being read.")
        self._taken += size
        self._taken_by[caller] += size


@define
class HeldBody:
    """The memory that one body holds, in bytes, counted for its caller and for all together."""

    memory: BodyMemory
    caller: str
    size: int = 0

    def take(self, size: int) -> None:
        """Raises ``service_unavailable``."""
        self.memory.take(self.caller, size)
        self.size += size


@frozen(kw_only=True)
class ReadBody:
    """``seconds`` is how long its client took to send it."""

    content: bytes
    seconds: float


async def read_body(
    receive: Receive, headers: Headers, *, max_body_bytes: int, seconds: float, held: HeldBody
) -> ReadBody:
    """The whole body, or nothing of it.

    Raises ``payload_too_large`` as soon as it is known to be too long, ``timeout`` when it does not come in
    time, and ``service_unavailable`` when there is no memory for it.

    Raises ``ClientDisconnect`` when the client leaves in between.
    """
    declared = headers.get("content-length", "")
    if declared.isdecimal() and _exceeds(declared, max_body_bytes):
        raise _too_large(max_body_bytes)
    began = time.monotonic()
    try:
        with fail_after(seconds):
            content = await _content(receive, max_body_bytes=max_body_bytes, held=held)
    except TimeoutError:
        raise time_is_up() from None
    return ReadBody(content=content, seconds=time.monotonic() - began)


async def _content(receive: Receive, *, max_body_bytes: int, held: HeldBody) -> bytes:
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        piece = message.get("body", b"")
        if len(body) + len(piece) > max_body_bytes:
            raise _too_large(max_body_bytes)
        held.take(len(piece))
        body += piece
        more = message.get("more_body", False)
    return bytes(body)


def _exceeds(decimal_digits: str, limit: int) -> bool:
    """Without making a number of digits that may be thousands."""
    digits = decimal_digits.lstrip("0")
    return len(digits) > len(str(limit)) or int(digits or "0") > limit


def _too_large(max_body_bytes: int) -> DomainError:
    return DomainError(Reason.PAYLOAD_TOO_LARGE, limit_bytes=max_body_bytes)
