"""When entries are booked, and what has to come together then."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ledgerbank_domain.banking.account import Account
from ledgerbank_domain.banking.transaction import Transaction
from ledgerbank_domain.ledger.journal import CustomerAccount, JournalEntry

TICK = timedelta(microseconds=1)
"""The smallest step of time that is told apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingTimes:
    """When money moved by its bank (its value date), and when it was booked here."""

    posted_at: datetime
    booked_at: datetime


def booking_times(accounts: Collection[Account], *, now: datetime) -> BookingTimes:
    """When money that moves between these accounts, locked and held here, is posted and booked.

    That is ``now``, which was read under their locks. Should the clock that it was read from have been set
    back, or stand still, then no line is posted before the account's last one all the same, and each is
    booked after it: so the lines that were booked by any instant are the first so many of them, for ever.
    """
    posted = [account.last_posted_at for account in accounts if account.last_posted_at is not None]
    booked = [account.last_booked_at + TICK for account in accounts if account.last_booked_at is not None]
    return BookingTimes(posted_at=max([now, *posted]), booked_at=max([now, *booked]))


def check_booking_is_complete(
    entries: Sequence[JournalEntry], *, accounts: Collection[Account], transactions: Sequence[Transaction]
) -> None:
    """Each posting on a customer's account has its one line, and each account touched its new balance.

    A line without its posting, or a posting without its line, would break the books, and a line never
    changes, so it does not say that its bank has yet to settle it: ``ValueError``, because no input may ever
    lead there.
    """
    postings = {
        posting.id: posting.account.account_id
        for entry in entries
        for posting in entry.postings
        if isinstance(posting.account, CustomerAccount)
    }
    lines = {line.id: line.account_id for line in transactions}
    if lines != postings or len(transactions) != len(postings):
        raise ValueError("each posting on a customer's account needs exactly one transaction of its id")
    if {account.id for account in accounts} != set(postings.values()):
        raise ValueError("the accounts are not those that the entries touch")
    if any(line.pending for line in transactions):
        raise ValueError("whether a line is pending is told by its import record")
