"""The machine's clock."""

from datetime import UTC, datetime

from ledgerbank_domain.ports.clock import Clock


class SystemClock(Clock):
    """The time of this machine, as its operating system has it."""

    def now(self) -> datetime:
        return datetime.now(UTC)
