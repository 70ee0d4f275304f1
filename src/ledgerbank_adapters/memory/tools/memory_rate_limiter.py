"""Rate limits as sliding windows of this process."""

import threading
from bisect import bisect_right
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ledgerbank_domain.ports.clock import Clock
from ledgerbank_domain.ports.rate_limiter import (
    RateLimiter,
    RateLimitObserver,
    RateLimitVerdict,
    SilentRateLimitObserver,
)

MAX_KEYS = 100_000


@dataclass(slots=True)
class _Window:
    # A list takes an eighth of the room of a deque, and most keys are counted once.
    counted: list[datetime] = field(default_factory=list)
    refused_at: datetime | None = None


class MemoryRateLimiter(RateLimiter):
    """Remembers the instant of every counted request, so it is exact; under one lock, so it is atomic.

    Each hit also forgets up to two keys that were idle for a window's length, and the one that was idle
    longest when there are more than ``max_keys``: whoever has very many addresses finds each of them counted
    anew, but takes no more room than that.
    """

    def __init__(
        self,
        *,
        limit: int,
        window: timedelta,
        clock: Clock,
        max_keys: int = MAX_KEYS,
        observer: RateLimitObserver | None = None,
    ) -> None:
        self._limit = limit
        self._window = window
        self._clock = clock
        self._max_keys = max_keys
        self._observer = observer or SilentRateLimitObserver()
        self._lock = threading.Lock()
        # In the order of their last hit, refused ones included: who is idle stands in front.
        self._windows: OrderedDict[str, tuple[datetime, _Window]] = OrderedDict()

    def __len__(self) -> int:
        """How many keys are remembered."""
        return len(self._windows)

    def hit(self, key: str) -> RateLimitVerdict:
        with self._lock:
            now = self._clock.now()
            self._forget_idle(now)
            _, window = self._windows.pop(key, (now, _Window()))
            self._windows[key] = (now, window)
            if len(self._windows) > self._max_keys:
                self._windows.popitem(last=False)
                self._observer.rate_limit_key_dropped()
            return self._counted(window, now)

    def _counted(self, window: _Window, now: datetime) -> RateLimitVerdict:
        counted = window.counted
        start = now - self._window
        del counted[: bisect_right(counted, start)]
        allowed = len(counted) < self._limit
        is_first_refusal = False
        if allowed:
            counted.append(now)
        elif window.refused_at is None or window.refused_at <= start:
            is_first_refusal = True
            window.refused_at = now
        return RateLimitVerdict(
            allowed=allowed,
            limit=self._limit,
            remaining=self._limit - len(counted),
            resets_at=counted[0] + self._window,
            is_first_refusal=is_first_refusal,
        )

    def _forget_idle(self, now: datetime) -> None:
        for _ in range(2):
            if not self._windows:
                return
            key = next(iter(self._windows))
            if self._windows[key][0] > now - self._window:
                return
            del self._windows[key]
