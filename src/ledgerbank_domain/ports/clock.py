"""Time as a port, so that a test or a simulation can own it."""

from abc import abstractmethod
from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """A source of the time: this machine, or storage. About money :meth:`UnitOfWork.now` decides."""

    @abstractmethod
    def now(self) -> datetime:
        """The current instant: aware, UTC, microseconds."""
