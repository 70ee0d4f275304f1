"""What this process has just left to the workers, told to its own."""

from collections.abc import Callable


class JobArrivals:
    """Tells whoever listens in this process that jobs which are due at once have been committed here.

    What tells other processes listens here as well.
    """

    def __init__(self) -> None:
        self._listeners: list[Callable[[], None]] = []

    def listen(self, listener: Callable[[], None]) -> None:
        """It must be quick and must not raise; it is called by the thread that committed."""
        self._listeners.append(listener)

    def forget(self, listener: Callable[[], None]) -> None:
        """It has ended."""
        self._listeners = [known for known in self._listeners if known != listener]

    def tell(self) -> None:
        for listener in self._listeners:
            listener()
