"""Bulkheads: who may have a thread, and so a database connection; nobody so many that others wait for it."""

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from typing import Any, TypeVar

from anyio import CapacityLimiter, to_thread
from attrs import frozen

from ledgerbank_adapters.http.operations.http_operation import Operation

T = TypeVar("T")

HEALTH_THREADS = 4
# One in so many places is the most that a single caller has.
SHARES = 4


class Lane:
    """Threads for one kind of work, each with a connection behind it.

    A caller has at most a share of them at once; what else they ask for waits in front, in turn with that of
    others. So one whose work waits for a lock holds up themselves alone. Belongs to one event loop.
    """

    def __init__(self, places: int, *, share: int | None = None) -> None:
        self._share = share or max(places // SHARES, 1)
        self._free = places
        self._held: Counter[str] = Counter()
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}
        # Never waited for: who has a place has a thread.
        self._threads = CapacityLimiter(places)

    async def run(self, work: Callable[[], T], *, caller: str, patience: float) -> T:
        """Does the work in a thread. Raises TimeoutError when there is no place within so many seconds."""
        await self._take_place(caller, patience)
        try:
            return await to_thread.run_sync(work, limiter=self._threads)
        finally:
            self._give_back(caller)

    async def _take_place(self, caller: str, patience: float) -> None:
        if self._free and self._held[caller] < self._share:
            self._grant(caller)
            return
        place = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(caller, deque()).append(place)
        try:
            async with asyncio.timeout(patience):
                await place
        except BaseException:
            if place.done() and not place.cancelled():
                # It was granted in this very moment.
                self._give_back(caller)
            else:
                place.cancel()
            raise

    def _grant(self, caller: str) -> None:
        self._free -= 1
        self._held[caller] += 1

    def _give_back(self, caller: str) -> None:
        self._free += 1
        self._held[caller] -= 1
        if not self._held[caller]:
            del self._held[caller]
        while self._free and (granted := self._next_in_turn()):
            granted.set_result(None)

    def _next_in_turn(self) -> asyncio.Future[None] | None:
        """Of the caller who has waited longest since their last turn and has not had their share."""
        for caller in list(self._waiting):
            if self._held[caller] >= self._share:
                continue
            queue = self._waiting.pop(caller)
            while queue:
                place = queue.popleft()
                if place.done():
                    continue
                if queue:
                    self._waiting[caller] = queue
                self._grant(caller)
                return place
        return None


@frozen(kw_only=True)
class RequestLanes:
    """The threads that requests are answered in, by what they do.

    Reading never waits behind acting, which may wait for locks; hashing passwords behind neither, nor they
    behind it. Health questions have threads of their own, so that a busy server does not look like a broken
    one.
    """

    reading: Lane
    acting: Lane
    hashing: Lane
    health: Lane

    @classmethod
    def of(cls, *, places: int, hashing_places: int) -> "RequestLanes":
        """``places`` for reading and as many for acting."""
        return cls(
            reading=Lane(places),
            acting=Lane(places),
            hashing=Lane(hashing_places),
            health=Lane(HEALTH_THREADS, share=HEALTH_THREADS),
        )

    def lane_of(self, operation: Operation[Any, Any]) -> Lane:
        if not operation.wrapped:
            return self.health
        if operation.hashes_passwords:
            return self.hashing
        return self.reading if operation.only_reads else self.acting
