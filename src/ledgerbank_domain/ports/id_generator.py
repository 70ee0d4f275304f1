"""New ids as a port, so that a simulation can be repeated exactly."""

from abc import abstractmethod
from typing import Protocol
from uuid import UUID


class IdGenerator(Protocol):
    """New ids that rise with time. Safe to share between threads."""

    @abstractmethod
    def new_id(self) -> UUID:
        """A fresh UUID version 7 (RFC 9562 §5.7), never given before.

        Ids of one process rise in the order of the calls, so that indexes grow at their end.
        """
