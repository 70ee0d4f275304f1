"""What every cache promises."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from tests.support.racing_threads import TIMEOUT_SECONDS, race

from ledgerbank_adapters.memory import MemoryCache, MemoryClock
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ports.cache import DEFAULT_CACHE_LIFETIME, MAX_CACHE_LIFETIME, Cache, CacheStats

SECOND = timedelta(seconds=1)


@pytest.fixture(params=["memory"])
def cache(clock: MemoryClock) -> Cache:
    """Has room for three entries."""
    return MemoryCache(clock, max_entries=3)


def test_what_was_put_is_given_until_its_time_is_over(cache: Cache, clock: MemoryClock) -> None:
    cache.put("short", 1, 2 * SECOND)
    cache.put("long", 2)
    clock.advance(2 * SECOND - timedelta(microseconds=1))
    assert (cache.get("short"), cache.get("long"), cache.get("other")) == (1, 2, None)
    clock.advance(timedelta(microseconds=1))
    assert (cache.get("short"), cache.get("long")) == (None, 2)
    clock.advance(DEFAULT_CACHE_LIFETIME)
    assert cache.get("long") is None


def test_putting_a_key_again_replaces_its_value_and_its_time(cache: Cache, clock: MemoryClock) -> None:
    cache.put("key", "old", SECOND)
    cache.put("key", "new", 2 * SECOND)
    clock.advance(SECOND)
    assert cache.get("key") == "new"


@pytest.mark.parametrize("ttl", [timedelta(0), -SECOND, MAX_CACHE_LIFETIME + SECOND])
def test_a_lifetime_out_of_range_is_refused(cache: Cache, ttl: timedelta) -> None:
    with pytest.raises(ValueError, match="at most"):
        cache.put("key", 1, ttl)
    with pytest.raises(ValueError, match="at most"):
        cache.get_or_put("key", lambda: pytest.fail("nothing is computed in vain"), ttl)
    cache.put("key", 1, MAX_CACHE_LIFETIME)


def test_a_value_is_computed_only_when_none_is_kept(cache: Cache, clock: MemoryClock) -> None:
    results = iter(["first", "second"])
    assert [cache.get_or_put("key", lambda: next(results), SECOND) for _ in range(3)] == ["first"] * 3
    clock.advance(SECOND)
    assert cache.get_or_put("key", lambda: next(results)) == "second"
    assert cache.get_or_put("nothing", lambda: None) is None
    assert cache.get_or_put("nothing", lambda: pytest.fail("None is a value too")) is None


def test_an_error_is_raised_and_not_kept(cache: Cache) -> None:
    def fail() -> str:
        raise DomainError(Reason.BANK_NOT_FOUND)

    with pytest.raises(DomainError):
        cache.get_or_put("key", fail)
    assert cache.get_or_put("key", lambda: "value") == "value"


def test_of_simultaneous_callers_of_a_key_one_computes(cache: Cache) -> None:
    computations = []

    def compute() -> str:
        computations.append(threading.get_ident())
        threading.Event().wait(0.05)
        return "value"

    assert race(lambda _: cache.get_or_put("key", compute), threads=8) == ["value"] * 8
    assert len(computations) == 1


def test_after_an_error_one_of_those_who_waited_computes(cache: Cache) -> None:
    computations = []

    def compute() -> str:
        computations.append(threading.get_ident())
        if len(computations) == 1:
            threading.Event().wait(0.05)
            raise DomainError(Reason.DATABASE_ERROR)
        return "value"

    outcomes = race(lambda _: cache.get_or_put("key", compute), threads=4)

    assert sorted(map(str, outcomes)) == ["database_error", "value", "value", "value"]
    assert len(computations) == 2


def test_computations_of_different_keys_do_not_wait_for_one_another(cache: Cache) -> None:
    together = threading.Barrier(3)

    def compute() -> int:
        return together.wait(TIMEOUT_SECONDS) * 0

    assert race(lambda number: cache.get_or_put(f"key {number}", compute), threads=3) == [0, 0, 0]


@pytest.mark.parametrize(
    ("meanwhile", "kept"),
    [
        (lambda cache: cache.delete("key"), None),
        (lambda cache: cache.clear(), None),
        (lambda cache: cache.put("key", "newer"), "newer"),
        (lambda cache: cache.delete("another key"), "computed"),
    ],
    ids=["deleted", "cleared", "put", "another deleted"],
)
def test_what_was_computed_before_its_key_was_forgotten_or_put_is_not_kept(
    cache: Cache, meanwhile: Callable[[Cache], None], kept: str | None
) -> None:
    def compute() -> str:
        meanwhile(cache)
        return "computed"

    assert cache.get_or_put("key", compute) == "computed"
    assert cache.get("key") == kept


def test_deleted_and_cleared_entries_are_gone(cache: Cache) -> None:
    cache.put("one", 1)
    cache.put("two", 2)
    cache.delete("one")
    cache.delete("never known")
    assert (cache.get("one"), cache.get("two")) == (None, 2)
    cache.clear()
    assert cache.get("two") is None
    assert cache.stats().total_entries == 0


def test_a_full_cache_drops_what_has_expired_and_then_what_was_used_least_recently(
    cache: Cache, clock: MemoryClock
) -> None:
    cache.put("expired", 1, SECOND)
    cache.put("used", 2)
    cache.put("unused", 3)
    clock.advance(SECOND)
    cache.put("fourth", 4)
    assert (cache.get("used"), cache.get("unused"), cache.get("fourth")) == (2, 3, 4)
    cache.get("used")
    cache.get("fourth")
    cache.put("fifth", 5)
    assert (cache.get("used"), cache.get("unused"), cache.get("fifth")) == (2, None, 5)
    assert cache.stats().total_entries == 3
    cache.put("fifth", 6)
    assert cache.stats().total_entries == 3


def test_the_figures_tell_what_is_kept_and_how_often_it_was_used(cache: Cache, clock: MemoryClock) -> None:
    assert cache.stats() == CacheStats(
        total_entries=0,
        active_entries=0,
        expired_entries=0,
        total_access_count=0,
        average_access_count=0.0,
    )
    cache.put("short", 1, SECOND)
    cache.put("long", 2)
    cache.get("short")
    cache.get("long")
    cache.get_or_put("long", lambda: 3)
    cache.get("unknown")
    clock.advance(SECOND)
    cache.get("short")
    assert cache.stats() == CacheStats(
        total_entries=2,
        active_entries=1,
        expired_entries=1,
        total_access_count=3,
        average_access_count=1.5,
    )
    assert cache.cleanup() == 1
    assert cache.cleanup() == 0
    assert cache.stats().total_entries == 1


def test_an_entry_tells_its_age_and_what_is_left_of_it(cache: Cache, clock: MemoryClock) -> None:
    start = clock.now()
    cache.put("key", "value", 10 * SECOND)
    cache.get("key")
    clock.advance(4 * SECOND)

    details = cache.entry_details("key")

    assert details is not None
    assert (details.key, details.value, details.access_count) == ("key", "value", 1)
    assert (details.created_at, details.expires_at) == (start, start + 10 * SECOND)
    assert (details.is_expired, details.ttl_remaining) == (False, 6 * SECOND)
    clock.advance(7 * SECOND)
    expired = cache.entry_details("key")
    assert expired is not None
    assert (expired.is_expired, expired.ttl_remaining) == (True, timedelta(0))
    assert cache.entry_details("other") is None


def test_a_cache_without_room_cannot_be_made(clock: MemoryClock) -> None:
    with pytest.raises(ValueError, match="keeps nothing"):
        MemoryCache(clock, max_entries=0)
