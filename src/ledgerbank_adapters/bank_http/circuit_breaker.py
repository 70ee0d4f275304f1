"""A circuit breaker: after repeated failures nobody calls for a while, then one trial decides.

https://martinfowler.com/bliki/CircuitBreaker.html
"""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from ledgerbank_domain.ports.clock import Clock


class BreakerState(Enum):
    """Whether calls go out (CLOSED), one of them tries (HALF_OPEN), or none does (OPEN)."""

    CLOSED = "closed"
    HALF_OPEN = "half_open"
    OPEN = "open"


class BreakerOpen(Exception):  # noqa: N818 - a state of the breaker, not a failure of its own
    """The call is not to be made. ``retry_after`` is what is left until a trial is let through."""

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__("the circuit breaker is open")
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerSettings:
    """Opens at ``failures`` within ``window``, and stays so for ``open_for``."""

    failures: int = 5
    window: timedelta = timedelta(seconds=60)
    open_for: timedelta = timedelta(seconds=30)

    def __post_init__(self) -> None:
        if self.failures < 1 or min(self.window, self.open_for) <= timedelta(0):
            raise ValueError("a breaker needs at least one failure and spans of time above zero")


@dataclass(frozen=True, slots=True)
class BreakerPass:
    """Lets one call through. Its holder must say how the call ended: exactly one of the breaker's three."""

    generation: int
    is_trial: bool


class CircuitBreaker:
    """Safe to share between threads; calls nobody but the clock and ``on_change``.

    Closed: every call passes, and failures are remembered for the window; a success does not wipe them out,
    so that a bank which fails half of the time opens it as well. Open: no call passes. Once the time is
    over it is half-open: one call at a time passes as a trial, and its end closes the breaker or opens it
    for another full span. The end of a call that began before the last change of state says nothing about
    the bank as it is now, and is ignored.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        settings: BreakerSettings | None = None,
        on_change: Callable[[BreakerState], None] = lambda _: None,
    ) -> None:
        """``on_change`` is told of every change in its order; it must be quick and must not raise."""
        self._clock = clock
        self._settings = settings or BreakerSettings()
        self._on_change = on_change
        self._lock = threading.Lock()
        self._state = BreakerState.CLOSED
        self._generation = 0
        self._failures: deque[datetime] = deque()
        self._opens_until: datetime | None = None
        self._trial_runs = False

    @property
    def state(self) -> BreakerState:
        with self._lock:
            self._half_open_when_due(self._clock.now())
            return self._state

    def acquire(self) -> BreakerPass:
        """Asks to make a call. Raises :class:`BreakerOpen`."""
        with self._lock:
            now = self._clock.now()
            remaining = self._half_open_when_due(now)
            if self._state is BreakerState.OPEN:
                raise BreakerOpen(remaining)
            is_trial = self._state is BreakerState.HALF_OPEN
            if is_trial and self._trial_runs:
                raise BreakerOpen(timedelta(0))
            self._trial_runs = is_trial
            return BreakerPass(self._generation, is_trial)

    def succeeded(self, passed: BreakerPass) -> None:
        """The bank answered, be it with a refusal that is the caller's own doing."""
        with self._lock:
            if passed.is_trial and self._is_current(passed):
                self._change_to(BreakerState.CLOSED)

    def failed(self, passed: BreakerPass) -> None:
        """The bank did not answer, or could not serve."""
        with self._lock:
            if not self._is_current(passed):
                return
            now = self._clock.now()
            if passed.is_trial:
                self._open(now)
                return
            self._failures.append(now)
            # An instant after now is from before the clock was set back: nobody knows how old it is.
            self._failures = deque(
                at for at in self._failures if timedelta(0) <= now - at < self._settings.window
            )
            if len(self._failures) >= self._settings.failures:
                self._open(now)

    def abandoned(self, passed: BreakerPass) -> None:
        """The call ended without saying anything about the bank; another trial may be made."""
        with self._lock:
            if passed.is_trial and self._is_current(passed):
                self._trial_runs = False

    def _is_current(self, passed: BreakerPass) -> bool:
        return passed.generation == self._generation

    def _half_open_when_due(self, now: datetime) -> timedelta:
        """What is left of the time it is open."""
        if self._opens_until is None:
            return timedelta(0)
        # A clock that was set back does not keep it open for longer than it was meant to be.
        self._opens_until = min(self._opens_until, now + self._settings.open_for)
        remaining = self._opens_until - now
        if remaining <= timedelta(0):
            self._change_to(BreakerState.HALF_OPEN)
        return remaining

    def _open(self, now: datetime) -> None:
        self._change_to(BreakerState.OPEN)
        self._opens_until = now + self._settings.open_for

    def _change_to(self, state: BreakerState) -> None:
        self._state = state
        self._generation += 1
        self._failures.clear()
        self._opens_until = None
        self._trial_runs = False
        self._on_change(state)
