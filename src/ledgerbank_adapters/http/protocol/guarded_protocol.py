"""HTTP/1.1 on one connection, over uvicorn's fast parser, with limits that hold while a request comes.

Framing follows RFC 9112, https://www.rfc-editor.org/rfc/rfc9112
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import unquote

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from ledgerbank_adapters.http.exchange.protocol_refusal import (
    malformed_request,
    no_room,
    refused_scope,
    server_stops,
)
from ledgerbank_adapters.http.exchange.request_context import BODY_CAME_AT
from ledgerbank_adapters.http.protocol.guarded_exchange import ConnectionEnd, GuardedExchange
from ledgerbank_adapters.http.protocol.request_head_limits import (
    MAX_HEAD_BYTES,
    RequestHead,
    check_framing,
    check_host,
)
from ledgerbank_domain.errors.domain_error import DomainError

HEAD_SECONDS = 10
BODY_STANDSTILL_SECONDS = 20
# Who is sending a request when the server is told to stop has so long for the rest of it: what comes by then
# still has its whole time (REQUEST_TIMEOUT_SECONDS) before the server waits no longer.
LAST_BODY_SECONDS = 8
# How long somebody may take to read on an answer that does not fit into the socket's buffers.
ANSWER_STANDSTILL_SECONDS = 20
# One who is refused while sending gets to read why: what else comes is thrown away for so long.
LINGER_SECONDS = 5
LINGER_BYTES = 134_217_728
LINGER_PAUSE_SECONDS = 0.01
# More at once would let a client that pipelines have its requests held in any number.
PIECE_BYTES = 8192
# Connections beyond the limit that are told so. Who comes after them is not even answered.
CONNECTIONS_TOLD = 250

BODY_HEADERS = frozenset([b"content-length", b"transfer-encoding"])


class GuardedHttpProtocol(HttpToolsProtocol):
    """HTTP/1.1 (RFC 9112) on one connection, with limits on what a request may take.

    These are 64 KiB and 100 headers until its head is complete, ten seconds for that, and twenty without any
    progress of its body. ``limit_concurrency`` of the server's configuration is how many connections there
    are at most.

    A refused request is answered by the application, as every other, and in its turn; then the connection
    ends.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._head = RequestHead()
        self._is_in_head = True
        self._unparsed = bytearray()
        self._bytes_without_body = 0
        self._body_moved_at = 0.0
        self._refusal: DomainError | None = None
        # From here on nothing is parsed any more.
        self._is_over = False
        self._has_client_ended = False
        # What is known of a request is told to a parser anew: nothing of it is news.
        self._is_told_again = False
        self._thrown_away = 0
        self._watch: asyncio.TimerHandle | None = None
        self._last_watch: asyncio.TimerHandle | None = None
        self._reader_watch: asyncio.TimerHandle | None = None

    # The connection's life.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        limit = self.limit_concurrency
        if limit is None or len(self.connections) <= limit:
            self._watch_head()
        elif len(self.connections) <= limit + CONNECTIONS_TOLD:
            self._refuse(no_room("The server has as many connections as it takes."))
        else:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._unwatch()
        self._unwatch_reader()
        if self._last_watch is not None:
            self._last_watch.cancel()
        self._unset_keepalive_if_required()
        self._is_over = True
        self._unparsed.clear()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        if self._is_over:
            self._throw_away(len(data))
            return
        self._unparsed += data
        self._parse()

    def eof_received(self) -> bool:  # type: ignore[override]
        """The client sends nothing more.

        What has come whole is answered all the same; the result is whether the connection is kept for that.
        """
        exchange = self._exchange
        if exchange is None or exchange.response_complete:
            return False
        if exchange.more_body and not self._is_over:
            # The rest of it will not come.
            return False
        self._has_client_ended = True
        exchange.keep_alive = False
        return True

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch_reader()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._unwatch_reader()

    def shutdown(self) -> None:
        """The server stops: what is under way is finished, and nothing more is begun."""
        super().shutdown()
        for exchange, _ in self.pipeline:
            cast(GuardedExchange, exchange).refuse(server_stops())
        if self._is_body_awaited:
            self._last_watch = self.loop.call_later(LAST_BODY_SECONDS, self._look_at_last_body)

    def timeout_keep_alive_handler(self) -> None:
        self._drop()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self.transport.is_closing():
            self._parse()

    def end_connection(self) -> None:
        """Closes the connection after its last answer, so that this arrives.

        Closing at once would have the peer's system throw the answer away when more of the request comes
        after that.
        """
        if self.transport.is_closing():
            return
        # Whoever waits behind it could not be answered any more: it is not begun.
        self.pipeline.clear()
        if (self._is_over or not self._is_in_head) and not self._has_client_ended:
            self._linger()
            return
        self.transport.close()
        if self.transport.get_write_buffer_size():
            self._watch_reader()

    # Parsing, in pieces.

    def _parse(self) -> None:
        while self._unparsed and not self._is_over and not self.pipeline:
            size = min(PIECE_BYTES, self._head.room) if self._is_in_head else PIECE_BYTES
            piece = bytes(self._unparsed[:size])
            del self._unparsed[:size]
            self._feed(piece)
        if self._is_over:
            return
        if self.pipeline:
            # The rest has time until what came before it is answered.
            self.flow.pause_reading()
        elif self._watch is None and not self._is_in_head:
            self._body_moved_at = self.loop.time()
            self._watch = self.loop.call_later(BODY_STANDSTILL_SECONDS, self._look_at_body)
        elif self._watch is None and self._head.has_begun:
            self._watch_head()

    def _feed(self, piece: bytes) -> None:
        head, was_in_head = self._head, self._is_in_head
        self._bytes_without_body += len(piece)
        try:
            self.parser.feed_data(piece)
            if was_in_head and self._is_in_head and self._head is head:
                head.arrived(len(piece))
            elif self._bytes_without_body > MAX_HEAD_BYTES + PIECE_BYTES:
                raise malformed_request("The body's chunks have endless extensions or trailers.")
        except httptools.HttpParserUpgrade as upgrade:
            # Nothing is upgraded here: the body follows, or the next request.
            self._unparsed[:0] = piece[upgrade.args[0] :]
            if not self._is_in_head:
                self._parse_body_anew()
        except httptools.HttpParserError as error:
            self.logger.debug("Malformed request: %s", error)
            self._refuse(self._refusal or malformed_request("This is no HTTP request."))
        except DomainError as refusal:
            self._refuse(refusal)

    def _parse_body_anew(self) -> None:
        """Another parser, told of the body alone, reads on from here.

        The first one takes no body of a request to upgrade for one.
        """
        framing = [name + b": " + value + b"\r\n" for name, value in self.headers if name in BODY_HEADERS]
        self.parser = httptools.HttpRequestParser(self)
        self._is_told_again = True
        self.parser.feed_data(b"POST / HTTP/1.1\r\n" + b"".join(framing) + b"\r\n")
        self._is_told_again = False

    # What the parser tells. It swallows errors, so that they are kept.

    def on_message_begin(self) -> None:
        if self._is_told_again:
            return
        super().on_message_begin()
        self._head.has_begun = True
        self._bytes_without_body = 0

    def on_url(self, url: bytes) -> None:
        if self._is_told_again:
            return
        self._checked(lambda: self._head.has_target(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._is_told_again:
            return
        self._checked(lambda: self._head.has_header(name, value))
        if self._is_in_head:
            super().on_header(name, value)
        # Else it is a trailer: nothing that stands behind the body may change what the request is.

    def on_headers_complete(self) -> None:
        if self._is_told_again:
            return
        self._checked(self._check_head)
        target = httptools.parse_url(self.url)
        raw_path = target.path or b"/"
        self.scope["path"] = unquote(raw_path.decode("ascii"))
        self.scope["raw_path"] = raw_path
        self.scope["query_string"] = target.query or b""
        self._is_in_head = False
        self._unwatch()
        keeps_alive = self.scope["http_version"] != "1.0" and self.parser.should_keep_alive()
        self._begin_exchange(self.scope, keep_alive=keeps_alive)

    def on_body(self, body: bytes) -> None:
        self._body_moved_at = self.loop.time()
        self._bytes_without_body = 0
        if not self.cycle.response_complete:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if self.parser.should_upgrade() and self._has_body:
            return
        self._unwatch()
        self._is_in_head = True
        self._head = RequestHead()
        if not self.cycle.response_complete:
            cast(dict[str, Any], self.cycle.scope)[BODY_CAME_AT] = time.monotonic()
            self.cycle.more_body = False
            self.cycle.message_event.set()

    def _check_head(self) -> None:
        version = self.parser.get_http_version()
        self.scope["method"] = self.parser.get_method().decode("ascii")
        self.scope["http_version"] = version
        check_framing(self.headers, http_version=version)
        check_host(self.headers, http_version=version)

    @property
    def _has_body(self) -> bool:
        return not BODY_HEADERS.isdisjoint(name for name, _ in self.headers)

    def _checked(self, check: Callable[[], None]) -> None:
        try:
            check()
        except DomainError as refusal:
            self._refusal = refusal
            raise

    @property
    def _is_body_awaited(self) -> bool:
        return not self._is_over and not self._is_in_head

    # Answering.

    @property
    def _exchange(self) -> GuardedExchange | None:
        return cast(GuardedExchange | None, self.cycle)

    def _begin_exchange(self, scope: Any, *, keep_alive: bool) -> GuardedExchange:
        before = self._exchange
        exchange = GuardedExchange(
            scope=scope,
            transport=cast(asyncio.Transport, ConnectionEnd(self.transport, self.end_connection)),
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=self.access_log,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue,
            keep_alive=keep_alive,
            on_response=self.on_response_complete,
        )
        self.cycle = exchange
        if before is None or before.response_complete:
            self._start_asgi_task(exchange, self.app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((exchange, self.app))
        return exchange

    def _refuse(self, refusal: DomainError) -> None:
        """Answers once what came before is answered, and looks at nothing that comes any more."""
        was_in_head, self._is_in_head, self._is_over = self._is_in_head, True, True
        self._unparsed.clear()
        self._unwatch()
        if not was_in_head and self._exchange is not None:
            self._exchange.refuse(refusal)
            return
        scope = self._scope_of_refused()
        exchange = self._begin_exchange(refused_scope(scope, refusal), keep_alive=False)
        exchange.more_body = False
        exchange.message_event.set()

    def _scope_of_refused(self) -> dict[str, Any]:
        """With what is known of the request. HEAD alone is told apart: it takes no body for an answer."""
        if cast(Any, self.scope) is None:
            self.on_message_begin()
        scope: dict[str, Any] = dict(self.scope)
        is_head = scope.get("method") == "HEAD"
        return scope | {
            "method": "HEAD" if is_head else "GET",
            "path": "/",
            "raw_path": b"/",
            "query_string": b"",
            "headers": list(self.headers),
        }

    # Waiting, never for ever.

    def _watch_head(self) -> None:
        self._watch = self.loop.call_later(HEAD_SECONDS, self._look_at_head)

    def _unwatch(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None

    def _watch_reader(self) -> None:
        self._unwatch_reader()
        self._reader_watch = self.loop.call_later(ANSWER_STANDSTILL_SECONDS, self._abort)

    def _unwatch_reader(self) -> None:
        if self._reader_watch is not None:
            self._reader_watch.cancel()
            self._reader_watch = None

    def _look_at_head(self) -> None:
        if self._exchange is not None and not self._exchange.response_complete:
            # What came before it is being answered: that is not cut off.
            self._watch_head()
        else:
            self._drop()

    def _look_at_last_body(self) -> None:
        if self._is_body_awaited:
            self._refuse(server_stops())

    def _look_at_body(self) -> None:
        self._watch = None
        now = self.loop.time()
        if self.flow.read_paused:
            # It is we who do not read on.
            self._body_moved_at = now
        rest = self._body_moved_at + BODY_STANDSTILL_SECONDS - now
        if rest <= 0:
            self._drop()
        else:
            self._watch = self.loop.call_later(rest, self._look_at_body)

    def _linger(self) -> None:
        self._is_over = True
        self._unparsed.clear()
        self._unwatch()
        self.flow.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._watch = self.loop.call_later(LINGER_SECONDS, self._drop)

    def _throw_away(self, number: int) -> None:
        self._thrown_away += number
        if self._thrown_away > LINGER_BYTES:
            self._abort()
            return
        # A little at a time: the others' requests are worth more.
        self.flow.pause_reading()
        self.loop.call_later(LINGER_PAUSE_SECONDS, self._read_on)

    def _read_on(self) -> None:
        if not self.transport.is_closing():
            self.flow.resume_reading()

    def _drop(self) -> None:
        if self.transport.get_write_buffer_size():
            self._abort()
        else:
            self.transport.close()

    def _abort(self) -> None:
        self.transport.abort()
