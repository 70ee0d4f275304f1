"""How far the past of an account reaches: what nothing that is still to be booked can change."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from ledgerbank_domain.banking.account import Account
from ledgerbank_domain.banking.booking import TICK


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingHorizon:
    """The times that the next line of an account may have at the earliest.

    ``posted`` and ``booked`` are now, or the time of the last line should that be later: by a bank's clock,
    or by one that was set back since. All lines that there are were booked by ``settled``, and no other one
    will ever be.
    """

    now: datetime
    posted: datetime
    booked: datetime
    settled: datetime

    @classmethod
    def of(cls, account: Account | None, *, now: datetime) -> Self:
        """The horizon of an account that is locked; ``now`` was read under its lock.

        The next booking will be then or later, and after the last one. Of no account it is all that is known.
        """
        posted_at = None if account is None else account.last_posted_at
        booked_at = None if account is None else account.last_booked_at
        return cls(
            now=now,
            posted=max(now, posted_at or now),
            booked=max(now, booked_at or now),
            settled=max(now - TICK, booked_at or now - TICK),
        )
