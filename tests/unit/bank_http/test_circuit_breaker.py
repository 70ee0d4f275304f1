"""Five failures within a minute open it for half a minute; then one trial at a time decides."""

from datetime import datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.support.racing_threads import race

from ledgerbank_adapters.bank_http.circuit_breaker import (
    BreakerOpen,
    BreakerPass,
    BreakerSettings,
    BreakerState,
    CircuitBreaker,
)
from ledgerbank_adapters.memory import MemoryClock

CLOSED, HALF_OPEN, OPEN = BreakerState.CLOSED, BreakerState.HALF_OPEN, BreakerState.OPEN


@pytest.fixture
def clock() -> MemoryClock:
    return MemoryClock()


@pytest.fixture
def changes() -> list[BreakerState]:
    return []


@pytest.fixture
def breaker(clock: MemoryClock, changes: list[BreakerState]) -> CircuitBreaker:
    return CircuitBreaker(clock=clock, on_change=changes.append)


def fail(breaker: CircuitBreaker, times: int = 1) -> None:
    for _ in range(times):
        breaker.failed(breaker.acquire())


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def test_it_opens_at_the_fifth_failure_and_not_before(breaker: CircuitBreaker) -> None:
    fail(breaker, 4)
    assert breaker.state is CLOSED

    fail(breaker)

    assert breaker.state is OPEN
    with pytest.raises(BreakerOpen) as refused:
        breaker.acquire()
    assert refused.value.retry_after == seconds(30)


def test_failures_that_are_spread_over_more_than_the_window_do_not_open_it(
    breaker: CircuitBreaker, clock: MemoryClock
) -> None:
    for _ in range(20):
        fail(breaker)
        clock.advance(seconds(15))

    assert breaker.state is CLOSED


def test_successes_between_failures_neither_count_nor_excuse_them(breaker: CircuitBreaker) -> None:
    for _ in range(100):
        breaker.succeeded(breaker.acquire())
    assert breaker.state is CLOSED

    for _ in range(5):
        fail(breaker)
        if breaker.state is CLOSED:
            breaker.succeeded(breaker.acquire())

    assert breaker.state is OPEN


def test_after_its_time_one_trial_passes_and_its_success_closes_it(
    breaker: CircuitBreaker, clock: MemoryClock, changes: list[BreakerState]
) -> None:
    fail(breaker, 5)
    clock.advance(seconds(29.999))
    with pytest.raises(BreakerOpen) as refused:
        breaker.acquire()
    assert refused.value.retry_after == seconds(0.001)
    clock.advance(seconds(0.001))
    assert breaker.state is HALF_OPEN

    trial = breaker.acquire()
    with pytest.raises(BreakerOpen):
        breaker.acquire()
    breaker.succeeded(trial)

    assert breaker.state is CLOSED
    assert changes == [OPEN, HALF_OPEN, CLOSED]
    fail(breaker, 4)
    assert breaker.state is CLOSED


def test_a_failed_trial_opens_it_for_another_full_span(breaker: CircuitBreaker, clock: MemoryClock) -> None:
    fail(breaker, 5)
    clock.advance(seconds(30))

    fail(breaker)

    assert breaker.state is OPEN
    clock.advance(seconds(29))
    assert breaker.state is OPEN
    clock.advance(seconds(1))
    assert breaker.state is HALF_OPEN


def test_a_trial_that_says_nothing_leaves_the_place_to_another(
    breaker: CircuitBreaker, clock: MemoryClock
) -> None:
    fail(breaker, 5)
    clock.advance(seconds(30))

    breaker.abandoned(breaker.acquire())

    assert breaker.acquire().is_trial


def test_the_end_of_a_call_from_before_the_outage_is_ignored(
    breaker: CircuitBreaker, clock: MemoryClock
) -> None:
    slow_success, slow_failure = breaker.acquire(), breaker.acquire()
    fail(breaker, 5)

    breaker.succeeded(slow_success)
    assert breaker.state is OPEN

    clock.advance(seconds(30))
    trial = breaker.acquire()
    breaker.failed(slow_failure)
    assert breaker.state is HALF_OPEN
    breaker.succeeded(trial)
    assert breaker.state is CLOSED


def test_calls_that_were_under_way_when_it_opened_do_not_prolong_its_time(
    breaker: CircuitBreaker, clock: MemoryClock
) -> None:
    slow = [breaker.acquire() for _ in range(5)]
    fail(breaker, 5)
    clock.advance(seconds(20))

    for passed in slow:
        breaker.failed(passed)

    clock.advance(seconds(10))
    assert breaker.state is HALF_OPEN


def test_a_clock_that_is_set_back_does_not_keep_it_open_for_longer(
    breaker: CircuitBreaker, clock: MemoryClock
) -> None:
    fail(breaker, 5)
    clock.advance(timedelta(days=-1))
    assert breaker.state is OPEN

    clock.advance(seconds(30))

    assert breaker.state is HALF_OPEN


def test_of_many_threads_exactly_one_makes_the_trial(breaker: CircuitBreaker, clock: MemoryClock) -> None:
    fail(breaker, 5)
    clock.advance(seconds(30))

    def passes(_: int) -> bool:
        try:
            breaker.acquire()
        except BreakerOpen:
            return False
        return True

    assert race(passes, threads=16).count(True) == 1


@pytest.mark.parametrize(
    "nonsense", [{"failures": 0}, {"window": timedelta(0)}, {"open_for": timedelta(seconds=-1)}]
)
def test_settings_that_make_no_breaker_are_refused(nonsense: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="at least one failure"):
        BreakerSettings(**nonsense)  # type: ignore[arg-type]


class BreakerMachine(RuleBasedStateMachine):
    """Any calls in any order against a plain telling of the rules."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = MemoryClock()
        self.breaker = CircuitBreaker(
            clock=self.clock, settings=BreakerSettings(failures=3, window=seconds(10), open_for=seconds(7))
        )
        self.under_way: list[tuple[BreakerPass, int]] = []
        self.failures: list[datetime] = []
        self.opened_at: datetime | None = None
        self.epoch = 0
        self.trial_is_under_way = False

    @property
    def expected(self) -> BreakerState:
        if self.opened_at is None:
            return CLOSED
        return OPEN if self.clock.now() - self.opened_at < seconds(7) else HALF_OPEN

    @rule(by=st.sampled_from([0.5, 1, 3, 7, 11]))
    def time_passes(self, by: float) -> None:
        self.clock.advance(seconds(by))

    @rule()
    def begin(self) -> None:
        may_pass = self.expected is CLOSED or (self.expected is HALF_OPEN and not self.trial_is_under_way)
        try:
            passed = self.breaker.acquire()
        except BreakerOpen:
            assert not may_pass
            return
        assert may_pass
        self.trial_is_under_way = self.expected is HALF_OPEN
        self.under_way.append((passed, self.epoch))

    @precondition(lambda self: self.under_way)
    @rule(data=st.data(), end=st.sampled_from(["succeeded", "failed", "abandoned"]))
    def finish(self, data: st.DataObject, end: str) -> None:
        passed, epoch = self.under_way.pop(data.draw(st.integers(0, len(self.under_way) - 1)))
        getattr(self.breaker, end)(passed)
        if epoch != self.epoch:
            return
        if passed.is_trial:
            self.trial_is_under_way = False
            if end != "abandoned":
                self.epoch += 1
                self.opened_at = None if end == "succeeded" else self.clock.now()
        elif end == "failed":
            now = self.clock.now()
            self.failures = [at for at in [*self.failures, now] if now - at < seconds(10)]
            if len(self.failures) == 3:
                self.failures = []
                self.epoch += 1
                self.opened_at = now

    @invariant()
    def shows_the_state(self) -> None:
        assert self.breaker.state is self.expected


TestBreakerMachine = BreakerMachine.TestCase
TestBreakerMachine.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
