"""Rate limiting over all processes and machines that share a Redis."""

from ledgerbank_adapters import requires_extra

with requires_extra("redis"):
    from ledgerbank_adapters.rate_limiting.redis_rate_limiter import RedisRateLimiter

__all__ = ["RedisRateLimiter"]
