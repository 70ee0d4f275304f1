"""What of a bank's feed could not be taken as it came: told on the login, until a sync finds it well."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

MAX_WARNINGS = 20


class RecordKind(Enum):
    """What a record is, or would have been."""

    ACCOUNT = "account"
    MOVEMENT = "movement"


class FeedFault(Enum):
    """What is wrong; the fixed list of a metric's label."""

    MISSING = "missing"
    """A field is not there, null or empty, and nothing can stand for it."""
    UNREADABLE = "unreadable"
    """A field is of a wrong type, or no date, no amount, no id."""
    UNKNOWN = "unknown"
    """A field is readable, but means nothing here: a currency or a status that nobody has."""
    CONTRADICTORY = "contradictory"
    """A field says something else than the account that it belongs to."""
    ADJUSTED = "adjusted"
    """What was left out of an account stands in its balance as an adjustment."""
    VANISHED = "vanished"
    """A movement was booked, and the bank lists it no longer."""
    NO_WEBHOOK = "no_webhook"
    """The bank will not tell of news: it did not take our wish for a webhook."""
    NOT_SHOWN = "not_shown"
    """An account that the bank shows no longer."""
    DOUBTFUL = "doubtful"
    """It may be one that the books know under another id, and nothing decides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadRecord:
    """A record that was left out: which one, as far as it says, and what is wrong with it.

    ``external_id`` is the bank's id, where one could be read. ``field`` is a place in the record; no value of
    it is told.
    """

    kind: RecordKind
    external_id: str | None
    field: str
    fault: FeedFault

    def warning(self, *, of_account: str | None, at: datetime) -> "FeedWarning":
        """How the login tells of it."""
        return FeedWarning(
            kind=self.kind,
            external_account_id=of_account,
            external_id=self.external_id,
            field=self.field,
            why=self.fault,
            at=at,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedWarning:
    """What a sync could not take as it came, as the login's owner sees it.

    ``external_account_id`` is the bank's id of the account that a movement belongs to. It holds nothing that
    the bank wrote but ids.
    """

    kind: RecordKind
    external_account_id: str | None
    external_id: str | None
    field: str
    why: FeedFault
    at: datetime
