"""What every rate limiter promises: one suite over memory and over Redis."""

import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from redis import Redis
from tests.support.racing_threads import race
from tests.support.servers.redis_servers import NO_REDIS, is_there, some_redis

from ledgerbank_adapters.memory import MemoryClock, MemoryRateLimiter
from ledgerbank_adapters.rate_limiting import RedisRateLimiter
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.ports.rate_limiter import RateLimiter, RateLimitVerdict

LIMIT = 5
WINDOW = timedelta(seconds=10)
START = datetime(2030, 1, 15, 12, 0, 0, 250_000, tzinfo=UTC)


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if not is_there():
        pytest.skip(NO_REDIS)
    with some_redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


class World:
    """Limiters that count together, and a clock that they all read."""

    def __init__(self, new: Callable[[], RateLimiter], wait: Callable[[float], object]) -> None:
        self.new = new
        self.wait = wait
        # A Redis that others use too may know any key already.
        self.key = f"user:{secrets.token_hex(8)}"


@pytest.fixture(params=["memory", "redis"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    if request.param == "memory":
        clock = MemoryClock(START)
        limiter = MemoryRateLimiter(limit=LIMIT, window=WINDOW, clock=clock)
        yield World(lambda: limiter, lambda seconds: clock.advance(timedelta(seconds=seconds)))
        return
    url: str = request.getfixturevalue("redis_url")
    with time_machine.travel(START, tick=False) as traveller:
        yield World(lambda: RedisRateLimiter(url, limit=LIMIT, window=WINDOW), traveller.shift)


def seconds_until(verdict: RateLimitVerdict, start: datetime = START) -> float:
    return (verdict.resets_at - start).total_seconds()


def test_requests_up_to_the_limit_are_let_through_and_told_how_many_remain(world: World) -> None:
    limiter = world.new()

    verdicts = [limiter.hit(world.key) for _ in range(LIMIT)]

    assert [verdict.allowed for verdict in verdicts] == [True] * LIMIT
    assert [verdict.remaining for verdict in verdicts] == [4, 3, 2, 1, 0]
    assert {verdict.limit for verdict in verdicts} == {LIMIT}


def test_the_reset_is_when_the_oldest_counted_request_leaves_the_window(world: World) -> None:
    limiter = world.new()
    limiter.hit(world.key)
    world.wait(4)

    verdict = limiter.hit(world.key)

    assert seconds_until(verdict) == pytest.approx(10, abs=0.001)
    world.wait(6.001)
    later = limiter.hit(world.key)
    assert (later.allowed, later.remaining) == (True, LIMIT - 2)
    assert seconds_until(later) == pytest.approx(14, abs=0.001)


def test_a_refused_request_is_not_counted(world: World) -> None:
    limiter = world.new()
    for _ in range(LIMIT):
        limiter.hit(world.key)
    world.wait(5)
    refused = [limiter.hit(world.key) for _ in range(20)]

    assert not any(verdict.allowed for verdict in refused)
    assert {verdict.remaining for verdict in refused} == {0}
    assert seconds_until(refused[-1]) == pytest.approx(10, abs=0.001)
    world.wait(5.001)
    assert limiter.hit(world.key).remaining == LIMIT - 1


def test_the_window_slides_so_that_no_two_halves_hold_more_than_the_limit(world: World) -> None:
    limiter = world.new()
    allowed = []
    for half_second in range(80):
        if limiter.hit(world.key).allowed:
            allowed.append(half_second / 2)
        world.wait(0.5)

    for start in allowed:
        assert sum(start <= moment < start + 9.9 for moment in allowed) <= LIMIT
    assert len(allowed) >= 4 * LIMIT - 1


def test_only_the_first_refusal_within_a_window_is_called_the_first(world: World) -> None:
    limiter = world.new()
    verdicts = [limiter.hit(world.key) for _ in range(LIMIT + 4)]
    assert [verdict.is_first_refusal for verdict in verdicts] == [False] * LIMIT + [True, False, False, False]

    world.wait(10.001)
    verdicts = [limiter.hit(world.key) for _ in range(LIMIT + 2)]
    assert [verdict.is_first_refusal for verdict in verdicts] == [False] * LIMIT + [True, False]


def test_keys_are_counted_apart(world: World) -> None:
    limiter = world.new()
    for _ in range(LIMIT + 1):
        limiter.hit(world.key)

    assert limiter.hit(world.key + "0").allowed
    assert not limiter.hit(world.key).allowed


def test_of_fifty_requests_at_once_exactly_the_limit_is_let_through(world: World) -> None:
    limiters = [world.new() for _ in range(5)]
    for limiter in limiters:
        limiter.hit(world.key + "warm")

    outcomes = race(lambda number: limiters[number % 5].hit(world.key), threads=50)

    verdicts = [outcome for outcome in outcomes if not isinstance(outcome, DomainError)]
    assert len(verdicts) == 50
    assert sum(verdict.allowed for verdict in verdicts) == LIMIT
    assert sum(verdict.is_first_refusal for verdict in verdicts) == 1
    assert all(verdict.remaining >= 0 for verdict in verdicts)


def test_limiters_over_one_store_keep_one_window(world: World) -> None:
    first, second = world.new(), world.new()

    assert [(first, second)[number % 2].hit(world.key).remaining for number in range(LIMIT)] == [
        4,
        3,
        2,
        1,
        0,
    ]
    assert not first.hit(world.key).allowed
    assert not second.hit(world.key).allowed


def test_idle_keys_are_forgotten(world: World, request: pytest.FixtureRequest) -> None:
    limiter = world.new()
    for number in range(100):
        limiter.hit(f"{world.key}:{number}")

    world.wait(10.001)
    for _ in range(60):
        limiter.hit(world.key)

    if isinstance(limiter, MemoryRateLimiter):
        assert len(limiter) == 1
    else:
        with Redis.from_url(request.getfixturevalue("redis_url")) as redis:
            keys = list(redis.scan_iter(f"ledgerbank:rate:*{world.key}*"))
            assert len(keys) >= 100
            assert all(0 < redis.ttl(key) <= 10 for key in keys)
