"""A line on a customer's account: what a statement shows. Never changed once booked."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.text_rules import is_text
from ledgerbank_domain.ledger.journal import CustomerAccount, Direction, EntryKind, JournalEntry, Posting
from ledgerbank_domain.money.money import Money

MAX_SEARCH_LENGTH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """``balance_after`` is the account's balance right after line number ``line_number``; these numbers are
    the order of booking. ``posted_at`` is when it counts (its value date), ``inserted_at`` when it was
    booked, which is after the line before it.

    ``pending`` tells that the bank it was imported from has not settled it yet.
    """

    id: UUID
    account_id: UUID
    user_id: UUID
    journal_entry_id: UUID
    line_number: int
    kind: EntryKind
    direction: Direction
    amount: Money
    balance_after: Money
    description: str
    posted_at: datetime
    payment_id: UUID | None = None
    external_transaction_id: str | None = None
    pending: bool = False
    inserted_at: datetime
    updated_at: datetime

    @classmethod
    def from_posting(
        cls, entry: JournalEntry, posting: Posting, *, user_id: UUID, balance_after: Money, line_number: int
    ) -> "Transaction":
        if not isinstance(posting.account, CustomerAccount):
            raise ValueError(f"posting {posting.id} is not on a customer's account")
        return cls(
            id=posting.id,
            account_id=posting.account.account_id,
            user_id=user_id,
            journal_entry_id=entry.id,
            line_number=line_number,
            kind=entry.kind,
            direction=posting.direction,
            amount=posting.amount,
            balance_after=balance_after,
            description=entry.description,
            posted_at=entry.posted_at,
            payment_id=entry.payment_id,
            inserted_at=entry.inserted_at,
            updated_at=entry.inserted_at,
        )

    @property
    def signed_amount(self) -> Money:
        return self.amount if self.direction is Direction.CREDIT else -self.amount


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionFilter:
    """What a list of transactions is narrowed to; None means any, ranges are inclusive.

    ``text`` is found in a description however either is spelled (``search_form``). Raises ``invalid_filter``
    for one that is no text or longer than 100 characters.
    """

    account_id: UUID | None = None
    user_id: UUID | None = None
    direction: Direction | None = None
    posted_from: datetime | None = None
    posted_to: datetime | None = None
    min_amount: Decimal | None = None
    max_amount: Decimal | None = None
    text: str | None = None

    def __post_init__(self) -> None:
        if self.text is not None and not (is_text(self.text) and len(self.text) <= MAX_SEARCH_LENGTH):
            raise DomainError(Reason.INVALID_FILTER, field="q")
