"""Import records: which line stands for a bank's transaction, by which names, and whether it is settled."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from uuid import UUID


class ImportEnd(Enum):
    """Why no line stands for a bank's movement any more."""

    DECLINED = "declined"
    """The bank says so, or that it moves nothing."""
    VANISHED = "vanished"
    """It was pending, and the bank lists it no longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BankTransactionImport:
    """Which line stands for a bank's movement: one for each account and movement, for ever.

    ``transaction_id`` is the line that stands for it now. None: it was reversed, and ``ended`` says why.
    ``posted_at`` is the bank's word, by which it is asked again; lines may tell another time, for
    none is dated ahead of ours.

    It may have further names: a feed, a file and another provider each call it by their own. ``in_feed``:
    whether a feed ever told of it; one that only files told of no feed can miss.
    """

    account_id: UUID
    external_transaction_id: str
    transaction_id: UUID | None
    ended: ImportEnd | None = None
    pending: bool
    in_feed: bool = True
    posted_at: datetime
    inserted_at: datetime
    updated_at: datetime

    def with_line(
        self, transaction_id: UUID, *, pending: bool, posted_at: datetime, by_feed: bool = True, at: datetime
    ) -> "BankTransactionImport":
        """The record once this line stands for the movement, and what the bank says of it."""
        return replace(
            self,
            transaction_id=transaction_id,
            ended=None,
            pending=pending,
            in_feed=self.in_feed or by_feed,
            posted_at=posted_at,
            updated_at=at,
        )

    def void(self, ended: ImportEnd, *, at: datetime) -> "BankTransactionImport":
        """The record once no line stands for the movement any more."""
        return replace(self, transaction_id=None, ended=ended, pending=False, updated_at=at)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedSpan:
    """What of an account its feed has told, by the bank's word.

    ``newest`` is when the newest movement was posted, ``oldest_pending`` the oldest one that is still pending
    and not too old to be waited for. None: there is none.
    """

    newest: datetime | None
    oldest_pending: datetime | None

    def looked_at_from(self, lookback: timedelta) -> datetime | None:
        """From when on the bank is to be asked; None: for all that it has.

        A movement may be listed late, with a date that others passed already: so long is looked back.
        """
        if self.newest is None:
            return None
        start = self.newest - lookback
        return start if self.oldest_pending is None else min(start, self.oldest_pending)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldHistory:
    """How far back what an account's bank told goes.

    ``oldest`` is when its oldest movement was posted, whoever told of it; ``oldest_in_feed`` the oldest one
    that a feed told of, and ``feed_began_at`` when that feed first told anything. None: there is none.
    """

    oldest: datetime | None
    oldest_in_feed: datetime | None
    feed_began_at: datetime | None
