"""Places are shared out so that nobody waits for somebody else's locks."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from ledgerbank_adapters.http.operations.request_lanes import Lane

PATIENCE = 30.0


class Gate:
    """Work that ends when it is told to."""

    def __init__(self) -> None:
        self.running: list[str] = []
        self.open = threading.Event()

    def work(self, name: str) -> Callable[[], str]:
        def run() -> str:
            self.running.append(name)
            self.open.wait(PATIENCE)
            return name

        return run


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - threads have no event of this loop
            await asyncio.sleep(0.01)


def test_a_caller_has_at_most_his_share_at_once_and_others_pass_by() -> None:
    async def scene() -> None:
        lane, gate = Lane(8), Gate()
        greedy = [
            asyncio.create_task(lane.run(gate.work(f"greedy {n}"), caller="greedy", patience=PATIENCE))
            for n in range(10)
        ]
        await until(lambda: len(gate.running) == 2)
        assert await lane.run(lambda: "modest", caller="modest", patience=1) == "modest"
        assert len(gate.running) == 2
        gate.open.set()
        assert await asyncio.gather(*greedy) == [f"greedy {n}" for n in range(10)]

    asyncio.run(scene())


def test_callers_who_wait_take_turns() -> None:
    async def scene() -> None:
        lane, gate = Lane(1), Gate()
        order: list[str] = []
        first = asyncio.create_task(lane.run(gate.work("first"), caller="first", patience=PATIENCE))
        await until(lambda: gate.running == ["first"])
        waiting = [
            asyncio.create_task(lane.run(partial(order.append, name), caller=name[0], patience=PATIENCE))
            for name in ("a1", "a2", "a3", "b1", "c1", "b2")
        ]
        await asyncio.sleep(0)
        gate.open.set()
        await asyncio.gather(first, *waiting)
        assert order == ["a1", "b1", "c1", "a2", "b2", "a3"]

    asyncio.run(scene())


def test_who_has_waited_long_enough_gets_no_place_and_takes_none_away() -> None:
    async def scene() -> None:
        lane, gate = Lane(1), Gate()
        first = asyncio.create_task(lane.run(gate.work("first"), caller="first", patience=PATIENCE))
        await until(lambda: gate.running == ["first"])
        for _ in range(3):
            with suppress(TimeoutError):
                await lane.run(gate.work("late"), caller="late", patience=0.01)
                raise AssertionError("there was a place")
        gate.open.set()
        await first
        assert gate.running == ["first"]
        assert await lane.run(lambda: "next", caller="late", patience=1) == "next"

    asyncio.run(scene())


def test_a_client_that_leaves_while_it_waits_or_in_the_moment_of_its_turn_leaves_its_place_free() -> None:
    async def scene() -> None:
        lane, gate = Lane(1), Gate()
        first = asyncio.create_task(lane.run(gate.work("first"), caller="first", patience=PATIENCE))
        await until(lambda: gate.running == ["first"])
        leaving = [
            asyncio.create_task(lane.run(lambda: "gone", caller=f"leaving {n}", patience=PATIENCE))
            for n in range(2)
        ]
        await asyncio.sleep(0)
        leaving[0].cancel()
        gate.open.set()
        await first
        leaving[1].cancel()
        await asyncio.gather(*leaving, return_exceptions=True)
        assert await lane.run(lambda: "next", caller="next", patience=1) == "next"

    asyncio.run(scene())


def test_work_that_fails_gives_its_place_back() -> None:
    def fail() -> None:
        raise LookupError

    async def scene() -> None:
        lane = Lane(1)
        for _ in range(3):
            with suppress(LookupError):
                await lane.run(fail, caller="unlucky", patience=1)
        assert await lane.run(lambda: "next", caller="next", patience=1) == "next"

    asyncio.run(scene())
