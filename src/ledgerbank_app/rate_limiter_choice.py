"""Where requests are counted: in this process, or in a Redis that all processes share."""

from datetime import timedelta
from typing import TYPE_CHECKING

from ledgerbank_adapters.memory import MemoryRateLimiter
from ledgerbank_app.settings.server_settings import RateLimitSettings
from ledgerbank_app.settings.settings_loading import SettingsError
from ledgerbank_domain.ports.clock import Clock
from ledgerbank_domain.ports.rate_limiter import RateLimiter, RateLimitObserver

if TYPE_CHECKING:
    from ledgerbank_adapters.rate_limiting import RedisRateLimiter

HOUR = timedelta(hours=1)


def create_rate_limiter(
    settings: RateLimitSettings, clock: Clock, observer: RateLimitObserver
) -> RateLimiter | None:
    """None when requests are not limited. Connects to nothing yet. Raises SettingsError."""
    if not settings.enabled:
        return None
    return _limiter(settings, clock, observer, limit=settings.max_requests, window=settings.window)


def create_registration_limiter(
    settings: RateLimitSettings, clock: Clock, observer: RateLimitObserver
) -> RateLimiter | None:
    """As :func:`create_rate_limiter`."""
    if not settings.registrations_per_hour:
        return None
    return _limiter(settings, clock, observer, limit=settings.registrations_per_hour, window=HOUR)


def _limiter(
    settings: RateLimitSettings,
    clock: Clock,
    observer: RateLimitObserver,
    *,
    limit: int,
    window: timedelta,
) -> RateLimiter:
    if settings.storage_url is None:
        return MemoryRateLimiter(limit=limit, window=window, clock=clock, observer=observer)
    return _in_redis(settings.storage_url, limit=limit, window=window)


def shared_rate_limit_store_answers(url: str) -> bool:
    """Whether the Redis at this URL can be asked anything right now. Raises SettingsError."""
    return _in_redis(url, limit=1, window=HOUR).answers()


def _in_redis(url: str, *, limit: int, window: timedelta) -> "RedisRateLimiter":
    try:
        from ledgerbank_adapters.rate_limiting import RedisRateLimiter
    except ModuleNotFoundError:
        raise SettingsError(
            ["RATE_LIMIT_STORAGE_URL names a Redis: pip install 'ledgerbank[redis]' brings what it takes."]
        ) from None
    return RedisRateLimiter(url, limit=limit, window=window)
