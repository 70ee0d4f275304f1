"""What a bank shows of its customer's accounts: the accounts, and the movements on each of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from ledgerbank_domain.banking.account import AccountType
from ledgerbank_domain.banking.feed_warning import UnreadRecord
from ledgerbank_domain.ledger.journal import Direction
from ledgerbank_domain.money.currency import Currency
from ledgerbank_domain.money.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownAccount:
    """An account as its bank shows it. ``external_id`` is the bank's id, unique over its customers."""

    external_id: str
    name: str
    account_type: AccountType
    currency: Currency
    last_four: str | None
    is_closed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownAccounts:
    """The accounts that a bank shows, and the records among them that cannot be read."""

    accounts: tuple[ShownAccount, ...]
    unread: tuple[UnreadRecord, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownBalance:
    """What a bank says is on an account; may be negative. A credit line is no part of it.

    ``counts_pending``: whether movements that are pending are in it already.
    """

    amount: Money
    counts_pending: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownMovement:
    """A movement that stands at the bank. ``pending``: it may still change its amount or be declined.

    ``description`` has 1 to 255 characters; ``amount`` is positive, in the account's currency.
    """

    external_id: str
    direction: Direction
    amount: Money
    description: str
    posted_at: datetime
    pending: bool

    @property
    def signed_amount(self) -> Money:
        """What it adds to the account: positive for CREDIT, negative for DEBIT."""
        return self.direction.signed(self.amount)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementPage:
    """One page of what a bank lists of an account.

    ``movements`` stand, in any order; ``void_ids`` were seen and do not stand: declined, or zero. ``unread``
    cannot be read, and may stand or not. ``next_page`` is opaque; None on the last page.
    """

    movements: tuple[ShownMovement, ...]
    void_ids: frozenset[str] = frozenset()
    unread: tuple[UnreadRecord, ...] = ()
    next_page: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BankStatement:
    """What a bank told of an account in one look: what stands, what was seen void, and the balance after.

    ``balance`` counts what is pending. ``unread`` are the records that cannot be read, each once.
    """

    movements: Mapping[str, ShownMovement]
    void_ids: frozenset[str]
    balance: Money
    unread: tuple[UnreadRecord, ...] = ()

    @classmethod
    def from_pages(cls, pages: Iterable[StatementPage], *, balance: ShownBalance) -> "BankStatement":
        """Where pages overlap the later one is newer."""
        standing: dict[str, ShownMovement] = {}
        void_ids: set[str] = set()
        unread: dict[UnreadRecord, None] = {}
        for page in pages:
            unread |= dict.fromkeys(page.unread)
            listed = {movement.external_id: movement for movement in page.movements}
            standing |= listed
            void_ids -= listed.keys()
            for void_id in page.void_ids - listed.keys():
                standing.pop(void_id, None)
                void_ids.add(void_id)
        return cls(
            movements=standing,
            void_ids=frozenset(void_ids),
            balance=_with_pending(balance, standing.values()),
            unread=tuple(unread),
        )

    @property
    def external_ids(self) -> frozenset[str]:
        """The bank's ids of all that was seen, void or not."""
        return self.void_ids | self.movements.keys()

    @property
    def balance_beyond(self) -> Money:
        """What the balance holds beyond the movements told.

        A movement that came between listing and balance is in this figure once; two looks in a row that
        agree on it had none.
        """
        beyond = self.balance
        for movement in self.movements.values():
            beyond -= movement.signed_amount
        return beyond


def _with_pending(balance: ShownBalance, movements: Iterable[ShownMovement]) -> Money:
    if balance.counts_pending:
        return balance.amount
    counted = balance.amount
    for movement in movements:
        if movement.pending:
            counted += movement.signed_amount
    return counted
