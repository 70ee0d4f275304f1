"""Ids of version 7: unique, rising, and as RFC 9562 lays them out."""

import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ledgerbank_adapters.memory import MemoryIdGenerator
from ledgerbank_adapters.system import Uuid7IdGenerator
from ledgerbank_domain.ports.id_generator import IdGenerator

MILLISECOND = 1_000_000
readings = st.lists(st.integers(0, 2**40), min_size=1, max_size=200)


def with_clock(readings: list[int], **options: Callable[[int], int]) -> Uuid7IdGenerator:
    remaining = iter(readings)
    return Uuid7IdGenerator(read_nanoseconds=lambda: next(remaining) * MILLISECOND, **options)


def milliseconds_of(id_: uuid.UUID) -> int:
    return id_.int >> 80


@pytest.mark.parametrize("generator", [Uuid7IdGenerator(), MemoryIdGenerator(), MemoryIdGenerator(2**48 - 1)])
def test_ids_are_uuids_of_version_7_and_of_the_rfc_variant(generator: IdGenerator) -> None:
    for _ in range(100):
        id_ = generator.new_id()
        assert id_.version == 7
        assert id_.variant == uuid.RFC_4122


@given(readings)
@example([5, 4, 3, 3, 3, 6, 0])
def test_ids_rise_strictly_whatever_the_clock_does(milliseconds: list[int]) -> None:
    generator = with_clock(milliseconds)

    ids = [generator.new_id() for _ in milliseconds]

    assert all(first < second for first, second in pairwise(ids))
    assert [str(id_) for id_ in ids] == sorted(str(id_) for id_ in ids)


@given(readings)
def test_an_id_bears_the_latest_millisecond_that_the_clock_has_shown(milliseconds: list[int]) -> None:
    generator = with_clock(milliseconds)

    for number in range(len(milliseconds)):
        assert milliseconds_of(generator.new_id()) == max(milliseconds[: number + 1])


def test_a_millisecond_that_is_used_up_borrows_the_next_one() -> None:
    # Whenever chance is asked it gives all the bits that an id holds, so that there is no room to rise.
    generator = with_clock([7] * 4, random_bits=lambda bits: 2**74 - 1 if bits > 32 else 0)

    ids = [generator.new_id() for _ in range(4)]

    assert [milliseconds_of(id_) for id_ in ids] == [7, 8, 9, 10]


def test_ids_of_two_generators_differ_within_one_millisecond() -> None:
    ids = [with_clock([7]).new_id() for _ in range(1000)]

    assert len(set(ids)) == 1000


@pytest.mark.parametrize("generator", [Uuid7IdGenerator(), MemoryIdGenerator()])
def test_threads_never_get_the_same_id_and_each_sees_them_rise(generator: IdGenerator) -> None:
    start = threading.Barrier(8)

    def draw(_: int) -> list[uuid.UUID]:
        start.wait(60)
        return [generator.new_id() for _ in range(2000)]

    with ThreadPoolExecutor(8) as pool:
        drawn = list(pool.map(draw, range(8)))

    assert len({id_ for ids in drawn for id_ in ids}) == 16_000
    assert all(ids == sorted(ids) for ids in drawn)


def test_counted_ids_are_the_same_in_every_run_and_differ_between_series() -> None:
    first, again, other = MemoryIdGenerator(), MemoryIdGenerator(), MemoryIdGenerator(series=1)

    ids = [first.new_id() for _ in range(100)]

    assert [again.new_id() for _ in range(100)] == ids
    assert ids == sorted(set(ids))
    assert not {other.new_id() for _ in range(100)} & set(ids)


@pytest.mark.parametrize("series", [-1, 2**48])
def test_a_series_that_has_no_room_in_an_id_is_refused(series: int) -> None:
    with pytest.raises(ValueError, match="series"):
        MemoryIdGenerator(series)
