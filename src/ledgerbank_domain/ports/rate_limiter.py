"""Rate limits: counting requests, so that nobody makes more of them than is good for the others."""

from abc import abstractmethod
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


class RateLimitStoreError(Exception):
    """The store that counts is out of reach. Whoever asked decides what happens instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimitVerdict:
    """Where a key stands after one more request.

    ``remaining`` requests would still be let through now. At ``resets_at`` the oldest counted request
    leaves the window. ``is_first_refusal``: no other request of this key was refused within a window's
    length before this one.
    """

    allowed: bool
    limit: int
    remaining: int
    resets_at: datetime
    is_first_refusal: bool = False


class RateLimiter(Protocol):
    """A sliding window for each key: at any time at most ``limit`` requests of the last window are counted.

    Looking and counting are one step, however many threads (and, over a shared store, processes) ask at
    once. A refused request is not counted. A key nobody asks about any more takes no room after a while.
    """

    @abstractmethod
    def hit(self, key: str) -> RateLimitVerdict:
        """Counts a request, or refuses it. Raises :class:`RateLimitStoreError`."""


class RateLimitObserver(Protocol):
    """Whom a rate limiter tells what somebody should count.

    Must be quick and must not raise; is called from many threads.
    """

    @abstractmethod
    def rate_limit_key_dropped(self) -> None:
        """There were too many keys to remember: the one that was idle longest is counted anew."""


class SilentRateLimitObserver(RateLimitObserver):
    """For whoever counts nothing."""

    def rate_limit_key_dropped(self) -> None:
        """Nobody wants to know."""
