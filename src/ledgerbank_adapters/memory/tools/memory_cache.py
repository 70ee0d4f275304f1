"""A cache in this process, standard library only."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast

from ledgerbank_domain.ports.cache import (
    DEFAULT_CACHE_LIFETIME,
    MAX_CACHE_LIFETIME,
    Cache,
    CacheEntryDetails,
    CacheStats,
    T,
)
from ledgerbank_domain.ports.clock import Clock

DEFAULT_MAX_ENTRIES = 1000


@dataclass(slots=True)
class _Entry:
    value: object
    created_at: datetime
    expires_at: datetime
    access_count: int = 0


@dataclass(slots=True)
class _Computation:
    """``waiting`` counts who computes or waits for it; ``outdated``: its result must not be kept any more."""

    turn: threading.Lock = field(default_factory=threading.Lock)
    waiting: int = 0
    outdated: bool = False


class MemoryCache(Cache):
    """Holds at most ``max_entries``; what one process forgets, another one still has."""

    def __init__(self, clock: Clock, *, max_entries: int = DEFAULT_MAX_ENTRIES) -> None:
        """Raises ``ValueError`` when not even one entry is allowed."""
        if max_entries < 1:
            raise ValueError(f"a cache of {max_entries} entries keeps nothing")
        self._clock = clock
        self._max_entries = max_entries
        self._lock = threading.Lock()
        # The least recently used entry comes first.
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._computations: dict[str, _Computation] = {}

    def put(self, key: str, value: object, ttl: timedelta = DEFAULT_CACHE_LIFETIME) -> None:
        _check_lifetime(ttl)
        with self._lock:
            self._outdate(key)
            self._store(key, value, ttl)

    def get(self, key: str) -> object | None:
        with self._lock:
            entry = self._used(key)
            return None if entry is None else entry.value

    def get_or_put(self, key: str, compute: Callable[[], T], ttl: timedelta = DEFAULT_CACHE_LIFETIME) -> T:
        _check_lifetime(ttl)
        with self._lock:
            entry = self._used(key)
        if entry is not None:
            return cast(T, entry.value)
        with self._turn_at(key) as computation:
            with self._lock:
                entry = self._used(key)
                computation.outdated = False
            if entry is not None:
                return cast(T, entry.value)
            value = compute()
            with self._lock:
                if not computation.outdated:
                    self._store(key, value, ttl)
            return value

    def delete(self, key: str) -> None:
        with self._lock:
            self._outdate(key)
            self._entries.pop(key, None)

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()
            for key in self._computations:
                self._outdate(key)

    def stats(self) -> CacheStats:
        with self._lock:
            total = len(self._entries)
            expired = len(self._expired())
            accesses = sum(entry.access_count for entry in self._entries.values())
        return CacheStats(
            total_entries=total,
            active_entries=total - expired,
            expired_entries=expired,
            total_access_count=accesses,
            average_access_count=accesses / total if total else 0.0,
        )

    def cleanup(self) -> int:
        with self._lock:
            return self._remove_expired()

    def entry_details(self, key: str) -> CacheEntryDetails | None:
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            remaining = entry.expires_at - self._clock.now()
            return CacheEntryDetails(
                key=key,
                value=entry.value,
                created_at=entry.created_at,
                expires_at=entry.expires_at,
                access_count=entry.access_count,
                is_expired=remaining <= timedelta(0),
                ttl_remaining=max(remaining, timedelta(0)),
            )

    @contextmanager
    def _turn_at(self, key: str) -> Iterator[_Computation]:
        with self._lock:
            computation = self._computations.setdefault(key, _Computation())
            computation.waiting += 1
        try:
            with computation.turn:
                yield computation
        finally:
            with self._lock:
                computation.waiting -= 1
                if not computation.waiting:
                    del self._computations[key]

    def _outdate(self, key: str) -> None:
        if key in self._computations:
            self._computations[key].outdated = True

    def _used(self, key: str) -> _Entry | None:
        entry = self._entries.get(key)
        if entry is None or entry.expires_at <= self._clock.now():
            return None
        entry.access_count += 1
        self._entries.move_to_end(key)
        return entry

    def _store(self, key: str, value: object, ttl: timedelta) -> None:
        now = self._clock.now()
        self._entries.pop(key, None)
        if len(self._entries) >= self._max_entries and not self._remove_expired():
            self._entries.popitem(last=False)
        self._entries[key] = _Entry(value, created_at=now, expires_at=now + ttl)

    def _remove_expired(self) -> int:
        expired = self._expired()
        for key in expired:
            del self._entries[key]
        return len(expired)

    def _expired(self) -> list[str]:
        now = self._clock.now()
        return [key for key, entry in self._entries.items() if entry.expires_at <= now]


def _check_lifetime(ttl: timedelta) -> None:
    if not timedelta(0) < ttl <= MAX_CACHE_LIFETIME:
        raise ValueError(f"an entry lives more than 0 and at most {MAX_CACHE_LIFETIME}, not {ttl}")
