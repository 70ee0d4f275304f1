"""Answers that are sent while they are made."""

import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ledgerbank_domain.errors.domain_error import DomainError

logger = logging.getLogger(__name__)


class StreamBroken(Exception):  # noqa: N818 - what happened, not what is wrong with the program
    """A document that was begun could not be brought to its end."""


class TakePiece(Protocol):
    """Does a step where requests of this kind have their place, in a time of its own."""

    async def __call__(self, step: Callable[[], bytes | None], /) -> bytes | None: ...


class StreamedResponse(Response):
    """Sends each piece before the next one is made.

    A failure before the first piece is an answer like every other. One after it ends the connection: no
    client shall take for whole what is not, and a status that was sent cannot be taken back.
    """

    def __init__(
        self,
        pieces: Callable[[], Iterator[bytes]],
        *,
        status: int,
        headers: Mapping[str, str],
        media_type: str,
        fail: Callable[[DomainError], Response],
    ) -> None:
        super().__init__(None, status, headers, media_type)
        # How long it is nobody knows yet.
        del self.headers["content-length"]
        self._pieces = pieces
        self._fail = fail
        self._take: TakePiece | None = None

    def taking_turns(self, take: TakePiece) -> "StreamedResponse":
        """Says where its pieces are made, which must be done before it is sent."""
        self._take = take
        return self

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "HEAD":
            await self._send_start(send)
            await send({"type": "http.response.body", "body": b""})
            return
        assert self._take is not None
        pieces = self._pieces()
        try:
            piece = await self._take(lambda: next(pieces, None))
        except DomainError as error:
            await self._fail(error)(scope, receive, send)
            return
        await self._send_start(send)
        while piece is not None:
            if piece:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            try:
                piece = await self._take(lambda: next(pieces, None))
            except DomainError as error:
                raise StreamBroken(error.reason.code) from error
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send_start(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
