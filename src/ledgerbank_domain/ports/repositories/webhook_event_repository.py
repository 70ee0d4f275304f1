"""Which webhook events of banks were received, in storage."""

from abc import abstractmethod
from datetime import datetime
from typing import Protocol
from uuid import UUID


class WebhookEventRepository(Protocol):
    """Which notices of banks have come already: a bank sends one until it is answered."""

    @abstractmethod
    def add_new(
        self, *, row_id: UUID, provider: str, event_id: str, event_type: str, ignored: bool, at: datetime
    ) -> bool:
        """Notes an event; False when it was noted before. Of two at once, one waits for the other."""

    @abstractmethod
    def delete_received_before(self, before: datetime, *, limit: int) -> int:
        """Removes records, and returns how many; at most ``limit`` at once."""
