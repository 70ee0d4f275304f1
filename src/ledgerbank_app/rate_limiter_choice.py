"""Where requests are counted: in this process, or in a Redis that all processes share."""

from ledgerbank_adapters.memory import MemoryRateLimiter
from ledgerbank_app.settings import RateLimitSettings
from ledgerbank_app.settings_loading import SettingsError
from ledgerbank_domain.ports.clock import Clock
from ledgerbank_domain.ports.rate_limiter import RateLimiter


def create_rate_limiter(settings: RateLimitSettings, clock: Clock) -> RateLimiter | None:
    """None when requests are not limited. Connects to nothing yet. Raises SettingsError."""
    if not settings.enabled:
        return None
    if settings.storage_url is None:
        return MemoryRateLimiter(limit=settings.max_requests, window=settings.window, clock=clock)
    try:
        from ledgerbank_adapters.rate_limiting import RedisRateLimiter
    except ModuleNotFoundError:
        raise SettingsError(
            ["RATE_LIMIT_STORAGE_URL names a Redis: pip install 'ledgerbank[redis]' brings what it takes."]
        ) from None
    return RedisRateLimiter(settings.storage_url, limit=settings.max_requests, window=settings.window)
