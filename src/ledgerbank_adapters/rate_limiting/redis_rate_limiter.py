"""Rate limits as sliding windows in Redis, by the library limits."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from limits import RateLimitItemPerSecond
from limits.errors import StorageError
from limits.storage import RedisStorage
from limits.strategies import MovingWindowRateLimiter
from redis.backoff import NoBackoff
from redis.retry import Retry

from ledgerbank_domain.ports.rate_limiter import RateLimiter, RateLimitStoreError, RateLimitVerdict

KEY_PREFIX = "ledgerbank:rate"
# A store that does not answer at once holds up every request of the API.
TIMEOUT_SECONDS = 0.5
# Whoever has no certificate for the host's name is not spoken to.
TLS_OPTIONS: Mapping[str, Any] = {"ssl_cert_reqs": "required", "ssl_check_hostname": True}


class RedisRateLimiter(RateLimiter):
    """Everybody who counts in the same Redis must have the same limit and window, and clocks that agree.

    Looking and counting are one script in Redis; a second one then reads where the key stands, so
    ``remaining`` may already tell of other requests that came in between. Keys expire with their window.
    Connects at the first request; a connection that died meanwhile is replaced once.
    """

    def __init__(self, url: str, *, limit: int, window: timedelta) -> None:
        seconds = int(window.total_seconds())
        self._window = window
        self._requests = RateLimitItemPerSecond(limit, seconds, namespace="requests")
        self._refusals = RateLimitItemPerSecond(1, seconds, namespace="refusals")
        self._storage = storage = RedisStorage(
            url,
            key_prefix=KEY_PREFIX,
            wrap_exceptions=True,
            socket_timeout=TIMEOUT_SECONDS,
            socket_connect_timeout=TIMEOUT_SECONDS,
            retry=Retry(NoBackoff(), 1),  # type: ignore[arg-type]  # passed on to redis, which wants just that
            **(TLS_OPTIONS if url.startswith("rediss:") else {}),
        )
        self._limiter = MovingWindowRateLimiter(storage)

    def answers(self) -> bool:
        """Whether the store can be asked anything right now."""
        return bool(self._storage.check())

    def hit(self, key: str) -> RateLimitVerdict:
        try:
            allowed = self._limiter.hit(self._requests, key)
            resets_at, remaining = self._limiter.get_window_stats(self._requests, key)
            is_first_refusal = not allowed and self._limiter.hit(self._refusals, key)
        except StorageError as error:
            raise RateLimitStoreError(str(error)) from error
        return RateLimitVerdict(
            allowed=allowed,
            limit=self._requests.amount,
            remaining=max(remaining, 0) if allowed else 0,
            resets_at=datetime.fromtimestamp(resets_at, UTC),
            is_first_refusal=is_first_refusal,
        )
