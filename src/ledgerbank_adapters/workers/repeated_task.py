"""A thread that does one thing again and again."""

from collections.abc import Callable
from threading import Event, Thread

from ledgerbank_adapters.workers.outage_guard import OutageGuard

RETRY_SECONDS = 1.0


class RepeatedTask:
    """Does it every so many seconds from :meth:`start` on; never ends by itself.

    What failed is done again after a second.
    """

    def __init__(self, name: str, guard: OutageGuard, task: Callable[[], None], *, seconds: float) -> None:
        self._guard = guard
        self._task = task
        self._seconds = seconds
        self._stopping = Event()
        self._thread = Thread(target=self._work, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """Waits for the end of what it is doing, that many seconds at most."""
        self._stopping.set()
        self._thread.join(timeout)

    def _work(self) -> None:
        while not self._stopping.is_set():
            done = self._guard.attempt(self._do)
            self._stopping.wait(self._seconds if done else min(self._seconds, RETRY_SECONDS))

    def _do(self) -> bool:
        self._task()
        return True
