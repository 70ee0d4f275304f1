"""Time that a test or a simulation owns."""

import threading
from datetime import UTC, datetime, timedelta

from ledgerbank_domain.ports.clock import Clock

DEFAULT_START = datetime(2025, 1, 15, 12, 0, tzinfo=UTC)


class MemoryClock(Clock):
    """Stands still until it is told to move. Safe to share between threads."""

    def __init__(self, start: datetime = DEFAULT_START) -> None:
        """``start`` must be aware; it is kept in UTC. Raises ``ValueError`` otherwise."""
        self._now = _in_utc(start)
        self._lock = threading.Lock()

    def now(self) -> datetime:
        return self._now

    def set(self, instant: datetime) -> None:
        """Jumps to an aware instant, earlier ones too. Raises ``ValueError`` when it has no zone."""
        with self._lock:
            self._now = _in_utc(instant)

    def advance(self, by: timedelta) -> datetime:
        """Moves on by that much and returns the new instant."""
        with self._lock:
            self._now += by
            return self._now


def _in_utc(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError(f"{instant.isoformat()} has no time zone: a clock's instants are aware")
    return instant.astimezone(UTC)
