"""The rate limit: how many requests a caller may make, and the headers that tell where they stand."""

import logging
import re
from datetime import datetime, timedelta
from math import ceil

from attrs import define, field, frozen
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ledgerbank_adapters.http.exchange.http_observer import HttpObserver
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.identity.client_network import client_network
from ledgerbank_domain.ports.clock import Clock
from ledgerbank_domain.ports.rate_limiter import RateLimiter, RateLimitStoreError, RateLimitVerdict

# Once out of reach the store is left alone for so long: waiting for it would slow every request down.
STORE_PAUSE = timedelta(seconds=1)
WARNING_INTERVAL = timedelta(minutes=1)

_SCOPE_KEY = "ledgerbank.rate_limit_tally"
_UNCOUNTED_PATH = re.compile(r"/api(/v1)?/(health|metrics|docs)(/.*)?", re.DOTALL)

logger = logging.getLogger(__name__)


@define
class RateLimitTally:
    """Where the caller of one request stands, once it has been counted. Shared by all copies of a scope."""

    verdict: RateLimitVerdict | None = None
    retry_after: int | None = None


def tally_of(scope: Scope) -> RateLimitTally | None:
    """None for a path that is not counted; unknown paths are."""
    tally: RateLimitTally = scope[_SCOPE_KEY]
    return None if _UNCOUNTED_PATH.fullmatch(scope["path"]) else tally


class RateLimitHeadersMiddleware:
    """Tells the caller of every counted request where they stand, whatever else becomes of it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        tally = RateLimitTally()

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start" and tally.verdict is not None:
                headers = MutableHeaders(scope=message)
                headers["X-RateLimit-Limit"] = str(tally.verdict.limit)
                headers["X-RateLimit-Remaining"] = str(tally.verdict.remaining)
                headers["X-RateLimit-Reset"] = str(ceil(tally.verdict.resets_at.timestamp()))
                if tally.retry_after is not None:
                    headers["Retry-After"] = str(tally.retry_after)
            await send(message)

        await self._app({**scope, _SCOPE_KEY: tally}, receive, send_with_headers)


@define
class _Outage:
    """Two threads may both notice it at once; then there are two lines in the log."""

    until: datetime | None = None
    warned_at: datetime | None = None


@frozen(kw_only=True)
class RateLimitGate:
    """Counts each request against its caller: the user, or the address when nobody knows who it is.

    Of IPv6 the address is the whole /64. While the store is out of reach everybody is let through. Safe to
    share between threads.
    """

    limiter: RateLimiter
    clock: Clock
    observer: HttpObserver
    _outage: _Outage = field(factory=_Outage, init=False)

    def count(self, actor: Actor, tally: RateLimitTally) -> None:
        """Raises ``rate_limit_exceeded``."""
        verdict = self._verdict(_key(actor))
        tally.verdict = verdict
        if verdict is None or verdict.allowed:
            return
        wait = verdict.resets_at - self.clock.now()
        tally.retry_after = max(ceil(wait.total_seconds()), 1)
        raise DomainError(Reason.RATE_LIMIT_EXCEEDED)

    def _verdict(self, key: str) -> RateLimitVerdict | None:
        now = self.clock.now()
        if self._outage.until is None or now >= self._outage.until:
            try:
                return self.limiter.hit(key)
            except RateLimitStoreError as error:
                self._begin_outage(now, error)
        self.observer.request_not_counted()
        return None

    def _begin_outage(self, now: datetime, error: RateLimitStoreError) -> None:
        outage = self._outage
        outage.until = now + STORE_PAUSE
        if outage.warned_at is None or now >= outage.warned_at + WARNING_INTERVAL:
            outage.warned_at = now
            logger.warning("requests are let through uncounted: the rate limit's store fails: %s", error)


def _key(actor: Actor) -> str:
    return f"user:{actor.user_id}" if actor.user_id else f"ip:{client_network(actor.origin.ip)}"
