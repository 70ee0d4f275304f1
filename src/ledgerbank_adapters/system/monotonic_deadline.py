"""Deadlines on the machine's clock that is never set."""

import time
from dataclasses import dataclass
from typing import Self

from ledgerbank_domain.ports.deadline import Deadline


@dataclass(frozen=True, slots=True)
class MonotonicDeadline(Deadline):
    """``ends_at`` is a reading of ``time.monotonic``."""

    ends_at: float

    @classmethod
    def after(cls, seconds: float) -> Self:
        return cls(time.monotonic() + seconds)

    def remaining_seconds(self) -> float:
        return self.ends_at - time.monotonic()

    def extended_by(self, seconds: float) -> Self:
        return type(self)(self.ends_at + seconds)
