"""Failed logins, remembered for each e-mail and for each address, and what follows from their number."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

BACKOFF_WINDOW = timedelta(minutes=15)
LONGEST_DELAY = timedelta(seconds=60)
DEFAULT_BACKOFF_AFTER = 5
MAX_BACKOFF_AFTER = 100

SUSPICION_WINDOW = timedelta(minutes=5)
SUSPICIOUS_FAILURES = 5

FAILURES_BEFORE_WARNING = 10
WARNING_INTERVAL = timedelta(hours=24)

TRUSTED_FAILURES = 30

_DOUBLINGS = 6
# With all that is counted in fifteen minutes of delays, the free ones included.
MAX_REMEMBERED = MAX_BACKOFF_AFTER + 30


def email_subject(email_hash: str) -> str:
    """The subject of an e-mail, which is known by its keyed hash."""
    return f"email_hash:{email_hash}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginFailures:
    """Those of one ``subject``: an e-mail, by its keyed hash, or a client's network.

    ``failed_at`` is in order, the latest last. ``trusted_failed_at`` are wrong guesses during a delay, by
    clients whose right one would have been let through; they make no delay longer. The other instants tell
    when something was last done: a delay put on record, a suspicion raised, the owner warned.
    """

    subject: str
    failed_at: tuple[datetime, ...] = ()
    trusted_failed_at: tuple[datetime, ...] = ()
    refused_at: datetime | None = None
    suspected_at: datetime | None = None
    warned_at: datetime | None = None
    inserted_at: datetime
    updated_at: datetime

    @classmethod
    def none_yet(cls, subject: str, *, at: datetime) -> "LoginFailures":
        """A subject of whom nothing is known."""
        return cls(subject=subject, inserted_at=at, updated_at=at)

    def with_one_more(self, *, at: datetime) -> "LoginFailures":
        """A failure that counts towards delays; the latest ``MAX_REMEMBERED`` are kept."""
        remembered = (*self.failed_at, at)[-MAX_REMEMBERED:]
        return replace(self, failed_at=remembered, updated_at=at)

    def delay_left(self, *, after: int, at: datetime) -> timedelta:
        """How long nothing more is let through: 1, 2, 4 ... 60 s from the latest failure on.

        From the ``after``-th failure of fifteen minutes on; 0 means never.
        """
        recent = _since(self.failed_at, at - BACKOFF_WINDOW)
        if not after or recent < after:
            return timedelta(0)
        delay = min(timedelta(seconds=2 ** min(recent - after, _DOUBLINGS)), LONGEST_DELAY)
        return max(self.failed_at[-1] + delay - at, timedelta(0))

    def with_trusted_failure(self, *, at: datetime) -> "LoginFailures":
        """A wrong guess during a delay by a client that logged in before."""
        remembered = (*self.trusted_failed_at, at)[-TRUSTED_FAILURES:]
        return replace(self, trusted_failed_at=remembered, updated_at=at)

    def leaves_trust(self, *, at: datetime) -> bool:
        """Whether a client that logged in before may still be right at once."""
        return _since(self.trusted_failed_at, at - BACKOFF_WINDOW) < TRUSTED_FAILURES

    @property
    def is_refusal_told(self) -> bool:
        """Whether the delay after the latest failure is on record already."""
        return self.refused_at is not None and self.refused_at >= self.failed_at[-1]

    def is_newly_suspect(self, *, at: datetime) -> bool:
        """Whether it failed too often, and nothing was said about it in that time."""
        start = at - SUSPICION_WINDOW
        is_told = self.suspected_at is not None and self.suspected_at > start
        return not is_told and _since(self.failed_at, start) >= SUSPICIOUS_FAILURES

    def wants_warning(self, *, at: datetime) -> bool:
        """Whether its owner should be told, which happens once a day at most."""
        is_told = self.warned_at is not None and self.warned_at > at - WARNING_INTERVAL
        return not is_told and _since(self.failed_at, at - BACKOFF_WINDOW) >= FAILURES_BEFORE_WARNING


def _since(instants: tuple[datetime, ...], start: datetime) -> int:
    return sum(instant > start for instant in instants)
