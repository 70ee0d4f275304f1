"""Double entry: every movement of money is a balanced journal entry of postings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from uuid import UUID

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.value_rules import (
    require_ids,
    require_instants,
    require_member,
    require_optional_ids,
    require_texts,
)
from ledgerbank_domain.money.currency import Currency
from ledgerbank_domain.money.money import Money, require_money_moved

MIN_POSTINGS = 2
MAX_ENTRY_DESCRIPTION_LENGTH = 255


class Direction(Enum):
    """CREDIT adds to an account, DEBIT takes from it (as a customer reads a statement)."""

    CREDIT = "CREDIT"
    DEBIT = "DEBIT"

    @property
    def opposite(self) -> "Direction":
        """The direction that undoes this one, as on the other side of an entry."""
        return Direction.DEBIT if self is Direction.CREDIT else Direction.CREDIT

    def signed(self, amount: Money) -> Money:
        """What a movement of ``amount`` adds to an account: positive for CREDIT, negative for DEBIT."""
        return amount if self is Direction.CREDIT else -amount


class EntryKind(Enum):
    """Why money moved."""

    OPENING = "OPENING"
    PAYMENT = "PAYMENT"
    TRANSFER = "TRANSFER"
    IMPORT = "IMPORT"
    RECONCILIATION = "RECONCILIATION"
    REVERSAL = "REVERSAL"


SPENDING_KINDS = frozenset({EntryKind.PAYMENT, EntryKind.TRANSFER})
"""What somebody here paid: what it takes from an account counts against the day's limit."""

REVERSIBLE_KINDS = SPENDING_KINDS
"""What somebody here caused. The others are a bank's word, or undo something themselves."""


@dataclass(frozen=True, slots=True)
class CustomerAccount:
    """A customer's account as a place in the ledger; its postings become transactions."""

    account_id: UUID

    def __post_init__(self) -> None:
        require_ids(account_id=self.account_id)


@dataclass(frozen=True, slots=True)
class ClearingAccount:
    """The bank's side of a movement, one per bank and currency.

    It keeps no running balance, so that no two payments ever wait for each other on it.
    """

    bank_id: UUID

    def __post_init__(self) -> None:
        require_ids(bank_id=self.bank_id)


LedgerAccount = CustomerAccount | ClearingAccount


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """One line of an entry: a positive amount in or out of one ledger account."""

    id: UUID
    account: LedgerAccount
    direction: Direction
    amount: Money

    def __post_init__(self) -> None:
        require_ids(id=self.id)
        if not isinstance(self.account, CustomerAccount | ClearingAccount):
            raise DomainError(Reason.INVALID_FIELD_FORMAT, field="account")
        require_member(Direction, self.direction, Reason.INVALID_DIRECTION, field="direction")
        require_money_moved(self.amount)

    @property
    def signed_amount(self) -> Money:
        """What the posting adds to its account: positive for CREDIT, negative for DEBIT."""
        return self.direction.signed(self.amount)


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """A movement of money in one currency whose postings sum to zero.

    ``posted_at`` is when it counts: its value date, for what a bank tells the bank's. ``inserted_at`` is when
    it was booked here. An unbalanced entry cannot be built: ``ValueError``, because no input may ever lead to
    one.
    """

    id: UUID
    kind: EntryKind
    description: str
    posted_at: datetime
    postings: tuple[Posting, ...]
    payment_id: UUID | None = None
    reverses_entry_id: UUID | None = None
    inserted_at: datetime

    def __post_init__(self) -> None:
        require_ids(id=self.id)
        require_optional_ids(payment_id=self.payment_id, reverses_entry_id=self.reverses_entry_id)
        require_member(EntryKind, self.kind, Reason.INVALID_FIELD_FORMAT, field="kind")
        require_texts(
            MAX_ENTRY_DESCRIPTION_LENGTH, Reason.INVALID_DESCRIPTION_FORMAT, description=self.description
        )
        require_instants(posted_at=self.posted_at, inserted_at=self.inserted_at)
        if len(self.postings) < MIN_POSTINGS:
            raise ValueError("a journal entry has at least two postings")
        if len({posting.account for posting in self.postings}) != len(self.postings):
            raise ValueError("a journal entry touches each ledger account once")
        total = Money.zero(self.currency)
        for posting in self.postings:
            total += posting.signed_amount
        if not total.is_zero:
            raise ValueError(f"an unbalanced journal entry: its postings sum to {total}")
        if (self.kind is EntryKind.REVERSAL) != (self.reverses_entry_id is not None):
            raise ValueError("a reversal, and nothing else, names the entry it reverses")

    @property
    def currency(self) -> Currency:
        """The one currency of all its postings."""
        return self.postings[0].amount.currency

    @property
    def is_reversible(self) -> bool:
        """Whether people may reverse it; a bank's reversal of its own movements is not asked this."""
        return self.kind in REVERSIBLE_KINDS


def movement(
    *,
    entry_id: UUID,
    posting_ids: tuple[UUID, UUID],
    kind: EntryKind,
    account: CustomerAccount,
    against: LedgerAccount,
    direction: Direction,
    amount: Money,
    description: str,
    at: datetime,
    booked_at: datetime | None = None,
    payment_id: UUID | None = None,
) -> JournalEntry:
    """The usual entry: an amount in or out of a customer's account, against one other ledger account.

    It is posted ``at``, and booked then too unless ``booked_at`` says otherwise.
    """
    return JournalEntry(
        id=entry_id,
        kind=kind,
        description=description,
        posted_at=at,
        inserted_at=booked_at or at,
        payment_id=payment_id,
        postings=(
            Posting(id=posting_ids[0], account=account, direction=direction, amount=amount),
            Posting(id=posting_ids[1], account=against, direction=direction.opposite, amount=amount),
        ),
    )


def reversal(
    entry: JournalEntry,
    *,
    entry_id: UUID,
    posting_ids: Sequence[UUID],
    description: str,
    at: datetime,
    booked_at: datetime | None = None,
) -> JournalEntry:
    """The entry that undoes ``entry``: the same postings, mirrored, posted and booked as :func:`movement`."""
    return JournalEntry(
        id=entry_id,
        kind=EntryKind.REVERSAL,
        description=description,
        posted_at=at,
        inserted_at=booked_at or at,
        reverses_entry_id=entry.id,
        postings=tuple(
            Posting(
                id=posting_id,
                account=posting.account,
                direction=posting.direction.opposite,
                amount=posting.amount,
            )
            for posting_id, posting in zip(posting_ids, entry.postings, strict=True)
        ),
    )
