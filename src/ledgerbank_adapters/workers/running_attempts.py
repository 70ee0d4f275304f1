"""How many attempts run in this process now."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition


class RunningAttempts:
    """Shared by the threads that run them and the one that waits for their end."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._count = 0

    @contextmanager
    def one_more(self) -> Iterator[None]:
        """While this is entered there is one more of them."""
        with self._changed:
            self._count += 1
        try:
            yield
        finally:
            with self._changed:
                self._count -= 1
                self._changed.notify_all()

    def wait_until_none(self, timeout: float | None = None) -> bool:
        """Waits that many seconds at most, or as long as it takes; whether none is left."""
        with self._changed:
            return self._changed.wait_for(lambda: self._count == 0, timeout)
