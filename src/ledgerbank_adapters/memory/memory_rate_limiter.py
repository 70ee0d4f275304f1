"""Sliding windows of this process."""

import threading
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ledgerbank_domain.ports.clock import Clock
from ledgerbank_domain.ports.rate_limiter import RateLimiter, RateLimitVerdict


@dataclass(slots=True)
class _Window:
    counted: deque[datetime] = field(default_factory=deque)
    refused_at: datetime | None = None


class MemoryRateLimiter(RateLimiter):
    """Remembers the instant of every counted request, so it is exact; under one lock, so it is atomic.

    Each hit also forgets up to two keys that were idle for a window's length: there are never many more
    keys than were active in the last window.
    """

    def __init__(self, *, limit: int, window: timedelta, clock: Clock) -> None:
        self._limit = limit
        self._window = window
        self._clock = clock
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
            return self._counted(window, now)

    def _counted(self, window: _Window, now: datetime) -> RateLimitVerdict:
        counted = window.counted
        start = now - self._window
        while counted and counted[0] <= start:
            counted.popleft()
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
