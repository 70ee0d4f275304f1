"""What a bank shows of its customer's accounts: the accounts, and the movements on each of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from ledgerbank_domain.banking.account import AccountType
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

    ``movements`` stand, in any order; ``void_ids`` were seen and do not stand: declined, or zero.
    ``next_page`` is opaque; None on the last page.
    """

    movements: tuple[ShownMovement, ...]
    void_ids: frozenset[str] = frozenset()
    next_page: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BankStatement:
    """What a bank told of an account in one look: what stands, what was seen void, and the balance after."""

    movements: Mapping[str, ShownMovement]
    void_ids: frozenset[str]
    balance: Money

    @classmethod
    def from_pages(cls, pages: Iterable[StatementPage], *, balance: Money) -> "BankStatement":
        """Where pages overlap the later one is newer."""
        standing: dict[str, ShownMovement] = {}
        void_ids: set[str] = set()
        for page in pages:
            listed = {movement.external_id: movement for movement in page.movements}
            standing |= listed
            void_ids -= listed.keys()
            for void_id in page.void_ids - listed.keys():
                standing.pop(void_id, None)
                void_ids.add(void_id)
        return cls(movements=standing, void_ids=frozenset(void_ids), balance=balance)

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
