"""What the calls to banks tell whoever counts."""

from enum import Enum
from typing import Protocol


class BankRequestOutcome(Enum):
    """How a call to a bank ended; the fixed list of the metric's label."""

    SUCCESS = "success"
    REFUSED = "refused"
    """Any 4xx but 429."""
    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    """No connection, or one that broke before the answer was whole."""
    MALFORMED = "malformed"
    """An answer that is none: a redirect, no JSON, too large."""
    BREAKER_OPEN = "breaker_open"
    """Not called at all."""


class BankHttpObserver(Protocol):
    """Must be quick and must not raise; is called from many threads."""

    def bank_request(self, *, provider: str, operation: str, outcome: str) -> None:
        """A call ended. ``operation`` is one of a gateway's few, ``outcome`` of ``BankRequestOutcome``."""

    def breaker_changed(self, *, provider: str, state: str) -> None:
        """A provider's breaker is now ``closed``, ``half_open`` or ``open``; told at the start as well."""


class SilentBankHttpObserver(BankHttpObserver):
    """Counts nothing."""

    def bank_request(self, *, provider: str, operation: str, outcome: str) -> None:
        pass

    def breaker_changed(self, *, provider: str, state: str) -> None:
        pass
