"""The thread of a process that tells the workers of other processes of new jobs."""

from threading import Event, Thread

from ledgerbank_adapters.workers.brokers.nudge_line import (
    PACE_SECONDS,
    RETRY_SECONDS,
    NudgeLine,
    OpenNudgeLine,
)
from ledgerbank_adapters.workers.outage_guard import OutageGuard

KEEP_ALIVE_SECONDS = 5.0


class NudgeSender:
    """Sends one nudge for all that was told since the last one.

    Whoever tells waits for nothing. While the broker is away nudges are lost, and not made up for: the
    workers look by themselves.
    """

    def __init__(self, open_line: OpenNudgeLine) -> None:
        self._open_line = open_line
        self._line: NudgeLine | None = None
        self._sending = OutageGuard("Telling workers of new jobs at once")
        self._told = Event()
        self._stopping = Event()
        self._thread = Thread(target=self._work, name="nudge-sender", daemon=True)

    def start(self) -> None:
        """Does not wait for the broker."""
        self._thread.start()

    def tell(self) -> None:
        """There is something to do. Never blocks, never raises; from any thread."""
        self._told.set()

    def stop(self) -> None:
        """Waits for nothing: the thread ends once it is through with what it is doing."""
        self._stopping.set()
        self._told.set()

    def _work(self) -> None:
        while not self._stopping.is_set():
            was_told = self._told.wait(KEEP_ALIVE_SECONDS)
            if self._stopping.is_set():
                break
            # What is told from here on may be of a commit that this nudge is too early for.
            self._told.clear()
            done = self._sending.attempt(self._send) if was_told else self._keep_alive()
            self._stopping.wait(PACE_SECONDS if done else RETRY_SECONDS)
        self._drop_line()

    def _send(self) -> bool:
        if self._line is not None:
            try:
                self._line.send()
            except Exception:  # noqa: BLE001 - it died while nothing was to be sent; a new one tells what is wrong
                self._drop_line()
            else:
                return True
        self._line = self._open_line()
        try:
            self._line.send()
        except Exception:
            self._drop_line()
            raise
        return True

    def _keep_alive(self) -> bool:
        if self._line is not None:
            try:
                self._line.keep_alive()
            except Exception:  # noqa: BLE001 - the next nudge opens another one
                self._drop_line()
        return True

    def _drop_line(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.close()
