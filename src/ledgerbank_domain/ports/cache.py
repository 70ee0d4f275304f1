"""A cache of what was computed. Only data of the bank catalogue may be kept."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

T = TypeVar("T")

DEFAULT_CACHE_LIFETIME = timedelta(seconds=300)
MAX_CACHE_LIFETIME = timedelta(seconds=3600)


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheStats:
    """How full a cache is, and how much it is used.

    ``total_access_count`` is how often the entries that are there were given out, ``average_access_count``
    how often each of them on average.
    """

    total_entries: int
    active_entries: int
    expired_entries: int
    total_access_count: int
    average_access_count: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheEntryDetails:
    """An entry as it is now; ``ttl_remaining`` is never negative."""

    key: str
    value: object
    created_at: datetime
    expires_at: datetime
    access_count: int
    is_expired: bool
    ttl_remaining: timedelta


class Cache(Protocol):
    """Bounded: when it is full, what has expired and then what was used least recently makes room.

    An entry lives until ``expires_at``, that instant excluded. Expired ones are given to nobody; they are
    counted until they are removed. Safe to share between threads.
    """

    @abstractmethod
    def put(self, key: str, value: object, ttl: timedelta = DEFAULT_CACHE_LIFETIME) -> None:
        """Keeps ``value``, in place of what the key had.

        Raises ``ValueError`` unless ``ttl`` is above zero and at most ``MAX_CACHE_LIFETIME``.
        """

    @abstractmethod
    def get(self, key: str) -> object | None:
        """What is kept, or None."""

    @abstractmethod
    def get_or_put(self, key: str, compute: Callable[[], T], ttl: timedelta = DEFAULT_CACHE_LIFETIME) -> T:
        """What is kept, else what ``compute`` returns, which is then kept.

        Of simultaneous callers of one key one computes and the others wait for it. What ``compute`` raises
        is raised to its caller and not kept; one of those who waited tries next. A result is not kept when
        its key was put or deleted, or the cache cleared, after its computation began. ``compute`` must not
        ask for its own key. Raises ``ValueError`` as :meth:`put`.
        """

    @abstractmethod
    def delete(self, key: str) -> None:
        """Forgets the key, known or not."""

    @abstractmethod
    def clear(self) -> None:
        """Forgets everything."""

    @abstractmethod
    def stats(self) -> CacheStats:
        """The counts at this moment; looking does not count as using."""

    @abstractmethod
    def cleanup(self) -> int:
        """Removes what has expired; returns how many entries that were."""

    @abstractmethod
    def entry_details(self, key: str) -> CacheEntryDetails | None:
        """The entry, expired or not, or None. Looking does not count as using."""
