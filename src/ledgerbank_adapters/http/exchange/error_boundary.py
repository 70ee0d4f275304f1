"""The error boundary: whatever goes wrong inside becomes an answer in the envelope and a line in the log."""

import logging

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ledgerbank_adapters.http.exchange.http_answers import AnswerWriter
from ledgerbank_adapters.http.exchange.request_context import context_of
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason

logger = logging.getLogger(__name__)


class ErrorBoundaryMiddleware:
    """Answers for whatever comes out of the application, and logs it with the correlation id."""

    def __init__(self, app: ASGIApp, *, writer: AnswerWriter) -> None:
        self._app = app
        self._writer = writer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def send_noticed(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, send_noticed)
        except ClientDisconnect:
            # Nobody is left to answer.
            return
        except Exception:
            context = context_of(scope)
            logger.exception(
                "%s %s failed (correlation id %s)", context.method, context.path, context.correlation_id
            )
            if started:
                raise
            response = self._writer.error(DomainError(Reason.INTERNAL_SERVER_ERROR), context)
            await response(scope, receive, send)
