"""Workers: processes that run jobs, and until when each is taken for alive."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class JobWorker:
    """A process that runs jobs, and until when it is taken for alive.

    All attempts of a worker stand and fall with it: it says that it lives, they do not.
    """

    id: UUID
    alive_until: datetime

    def is_alive_at(self, now: datetime) -> bool:
        """Whether its last sign of life still counts; at ``alive_until`` it no longer does."""
        return self.alive_until > now
