"""Transactions: the lines on customers' accounts that statements show; never changed once booked."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.text_rules import is_text
from ledgerbank_domain.identity.value_rules import (
    plain_decimal,
    require_ids,
    require_instants,
    require_member,
    require_optional_ids,
    require_optional_instants,
    require_optional_member,
    require_optional_texts,
    require_texts,
)
from ledgerbank_domain.ledger.journal import (
    MAX_ENTRY_DESCRIPTION_LENGTH,
    CustomerAccount,
    Direction,
    EntryKind,
    JournalEntry,
    Posting,
)
from ledgerbank_domain.money.money import Money, require_money, require_money_moved

MAX_SEARCH_LENGTH = 100
MAX_EXTERNAL_ID_LENGTH = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """A line on a customer's account; never changed once booked.

    ``balance_after`` is the account's balance right after line number ``line_number``; these numbers are the
    order of booking. ``posted_at`` is when it counts (its value date), ``inserted_at`` when it was booked,
    which is after the line before it. ``day_spent`` is what was spent by then of the day of ``posted_at``.

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
    day_spent: Money
    description: str
    posted_at: datetime
    payment_id: UUID | None = None
    external_transaction_id: str | None = None
    pending: bool = False
    inserted_at: datetime
    updated_at: datetime

    def __post_init__(self) -> None:
        require_ids(
            id=self.id,
            account_id=self.account_id,
            user_id=self.user_id,
            journal_entry_id=self.journal_entry_id,
        )
        require_optional_ids(payment_id=self.payment_id)
        require_member(EntryKind, self.kind, Reason.INVALID_FIELD_FORMAT, field="kind")
        require_member(Direction, self.direction, Reason.INVALID_DIRECTION, field="direction")
        require_money_moved(self.amount)
        require_money(balance_after=self.balance_after, day_spent=self.day_spent)
        require_texts(
            MAX_ENTRY_DESCRIPTION_LENGTH, Reason.INVALID_DESCRIPTION_FORMAT, description=self.description
        )
        require_optional_texts(MAX_EXTERNAL_ID_LENGTH, external_transaction_id=self.external_transaction_id)
        require_instants(posted_at=self.posted_at, inserted_at=self.inserted_at, updated_at=self.updated_at)

    @classmethod
    def from_posting(
        cls,
        entry: JournalEntry,
        posting: Posting,
        *,
        user_id: UUID,
        balance_after: Money,
        day_spent: Money,
        line_number: int,
    ) -> "Transaction":
        """The line of a posting on a customer's account, with the posting's id.

        Raises ``ValueError`` for a posting on the clearing account, which keeps no lines.
        """
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
            day_spent=day_spent,
            description=entry.description,
            posted_at=entry.posted_at,
            payment_id=entry.payment_id,
            inserted_at=entry.inserted_at,
            updated_at=entry.inserted_at,
        )

    @property
    def signed_amount(self) -> Money:
        """What it added to the account: positive for CREDIT, negative for DEBIT."""
        return self.direction.signed(self.amount)


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionFilter:
    """What a list of transactions is narrowed to; None means any, ranges are inclusive.

    ``text`` is found in a description however either is spelled (``search_form``). Raises ``invalid_filter``
    for one that is no text or longer than 100 characters, ``invalid_uuid_format``, ``invalid_direction``,
    ``invalid_datetime_format`` and ``invalid_amount_format``.
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
        require_optional_ids(account_id=self.account_id, user_id=self.user_id)
        require_optional_member(Direction, self.direction, Reason.INVALID_DIRECTION, field="direction")
        require_optional_instants(date_from=self.posted_from, date_to=self.posted_to)
        if self.min_amount is not None:
            plain_decimal(self.min_amount, field="min_amount")
        if self.max_amount is not None:
            plain_decimal(self.max_amount, field="max_amount")
        if self.text is not None and not (is_text(self.text) and len(self.text) <= MAX_SEARCH_LENGTH):
            raise DomainError(Reason.INVALID_FILTER, field="q")
