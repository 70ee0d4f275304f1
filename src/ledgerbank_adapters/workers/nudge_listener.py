"""The thread of a worker process that hears of new jobs which other processes left to it."""

from collections.abc import Callable
from threading import Event, Thread

from ledgerbank_adapters.workers.brokers.nudge_line import (
    PACE_SECONDS,
    RETRY_SECONDS,
    NudgeLine,
    OpenNudgeLine,
)
from ledgerbank_adapters.workers.outage_guard import OutageGuard

# How soon it notices that it is to stop.
WAIT_SECONDS = 1.0


class NudgeListener:
    """Calls ``wake`` for what it hears, some twenty times a second at most.

    A broker that is away is tried again and again.
    """

    def __init__(self, open_line: OpenNudgeLine, *, wake: Callable[[], None]) -> None:
        self._open_line = open_line
        self._wake = wake
        self._line: NudgeLine | None = None
        self._hearing = OutageGuard("Hearing of new jobs at once")
        self._stopping = Event()
        self._thread = Thread(target=self._work, name="nudge-listener", daemon=True)

    def start(self) -> None:
        """Does not wait for the broker."""
        self._thread.start()

    def stop(self) -> None:
        """Waits for nothing: the thread ends once it is through with what it is doing."""
        self._stopping.set()

    def _work(self) -> None:
        while not self._stopping.is_set():
            heard = self._hearing.attempt(self._hear)
            if heard is None:
                self._stopping.wait(RETRY_SECONDS)
            elif heard:
                self._wake()
                self._stopping.wait(PACE_SECONDS)
        self._drop_line()

    def _hear(self) -> bool:
        if self._line is None:
            self._line = self._open_line()
        try:
            return self._line.wait(WAIT_SECONDS)
        except Exception:
            self._drop_line()
            raise

    def _drop_line(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.close()
