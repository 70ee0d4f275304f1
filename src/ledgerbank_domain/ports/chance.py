"""Random numbers."""

from abc import abstractmethod
from typing import Protocol


class Chance(Protocol):
    """Random numbers that hide nothing: they spread retries out. Secrets have a port of their own."""

    @abstractmethod
    def fraction(self) -> float:
        """A random number from 0 up to, not including, 1. Safe to share between threads."""
