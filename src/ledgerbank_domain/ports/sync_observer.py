"""What syncs with banks tell whoever counts."""

from abc import abstractmethod
from enum import Enum
from typing import Protocol

from ledgerbank_domain.banking.feed_warning import FeedFault


class SyncOutcome(Enum):
    """How a sync that had begun ended; the fixed list of the metric's label."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    RETRIED = "retried"
    """It failed, and is tried again before anybody is told."""
    CONTINUED = "continued"
    """There was more than one sync has time for: the next one goes on where it stopped."""
    PUT_OFF = "put_off"
    """The bank is not to be asked for now: its budget of calls is used up, or it is left alone."""
    AWAITING_APPROVAL = "awaiting_approval"
    """The customer has yet to approve the access in their bank's app."""
    SUPERSEDED = "superseded"
    """Its lease was lost: the login was connected anew, disconnected or paused meanwhile."""


class BalanceCheck(Enum):
    """What a balance that a bank stated said of an account's lines; the fixed list of the metric's label."""

    PROVED = "proved"
    """They add up to it."""
    GAP = "gap"
    """They do not: something is missing, or too much."""
    CLOSED = "closed"
    """What was missing before is there now."""


class SyncObserver(Protocol):
    """Whom syncs tell what somebody should count.

    Must be quick and must not raise; is called from many threads.
    """

    @abstractmethod
    def bank_sync_ended(self, *, provider: str, outcome: SyncOutcome) -> None:
        """A sync that had begun has ended; once for each, after that was stored."""

    @abstractmethod
    def feed_records_skipped(self, *, provider: str, why: FeedFault, count: int) -> None:
        """A sync had to leave out so many records of what its bank sent, for one and the same reason."""

    @abstractmethod
    def feed_balance_checked(self, *, provider: str, check: BalanceCheck) -> None:
        """An account's lines were held against its bank's balance, once for each sync of it."""
