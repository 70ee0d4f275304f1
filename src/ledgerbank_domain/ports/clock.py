"""Time as a port, so that a test or a simulation can own it."""

from abc import abstractmethod
from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    @abstractmethod
    def now(self) -> datetime:
        """The current instant: aware, UTC, microseconds."""
