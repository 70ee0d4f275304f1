"""How much the rate limiter in memory remembers."""

import tracemalloc
from datetime import timedelta

from ledgerbank_adapters.memory import MemoryClock, MemoryRateLimiter
from ledgerbank_adapters.memory.tools.memory_rate_limiter import MAX_KEYS
from ledgerbank_adapters.metrics.prometheus_metrics import PrometheusMetrics

WINDOW = timedelta(seconds=60)


def test_it_never_holds_more_keys_than_it_may_and_counts_those_it_dropped() -> None:
    metrics = PrometheusMetrics()
    limiter = MemoryRateLimiter(limit=2, window=WINDOW, clock=MemoryClock(), max_keys=100, observer=metrics)

    for number in range(1000):
        limiter.hit(f"ip:{number}")
        assert len(limiter) <= 100

    assert len(limiter) == 100
    assert b"ledgerbank_rate_limit_keys_dropped_total 900.0" in metrics.exposition()


def test_the_key_that_was_idle_longest_goes_first() -> None:
    limiter = MemoryRateLimiter(limit=5, window=WINDOW, clock=MemoryClock(), max_keys=3)
    for key in ("a", "b", "c", "a", "d"):
        limiter.hit(key)

    assert limiter.hit("a").remaining == 2
    assert limiter.hit("c").remaining == 3
    assert limiter.hit("b").remaining == 4


def test_very_many_addresses_take_bounded_room() -> None:
    limiter = MemoryRateLimiter(limit=100, window=WINDOW, clock=MemoryClock(), max_keys=5_000)
    tracemalloc.start()
    try:
        for number in range(20_000):
            limiter.hit(f"ip:{number}")
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert len(limiter) == 5_000
    assert size < 5_000 * 600
    assert MAX_KEYS == 100_000
