"""Nudges: how processes tell each other over a broker that there is something to do."""

from abc import abstractmethod
from collections.abc import Callable
from typing import Protocol, TypeAlias

# Nobody tells, or is woken, more often than that.
PACE_SECONDS = 0.05
# How soon to try again what a broker that is away kept from being done.
RETRY_SECONDS = 1.0


class NudgeLine(Protocol):
    """One connection, for one thread, that carries hints without content.

    A hint may be lost, doubled, late or somebody else's, and all that comes of it is a look at the table,
    sooner or later.

    A line that raised :class:`JobTransportError` is of no use any more; close it and open another one.
    """

    @abstractmethod
    def send(self) -> None:
        """Tells whoever waits now, in any process. Raises :class:`JobTransportError`."""

    @abstractmethod
    def keep_alive(self) -> None:
        """To be called every few seconds by who has nothing to send. Raises :class:`JobTransportError`."""

    @abstractmethod
    def wait(self, seconds: float) -> bool:
        """Whether a nudge came within about that time; what came together is one.

        The first call is what makes the line hear. Raises :class:`JobTransportError`.
        """

    @abstractmethod
    def close(self) -> None:
        """Never raises."""


OpenNudgeLine: TypeAlias = Callable[[], NudgeLine]
"""Opens a line to the broker. Raises :class:`JobTransportError`."""
