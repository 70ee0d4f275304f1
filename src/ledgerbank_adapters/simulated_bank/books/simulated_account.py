"""What the simulated bank keeps for a customer: accounts and their movements, in minor units."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from ledgerbank_adapters.simulated_bank.books.simulated_habits import Oddity

BANK_CODE = "SIMB"
"""The bank's part of an IBAN."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountKind:
    """One product of the bank, under its name in each dialect.

    ``monzo_type`` as in https://docs.monzo.com/#accounts; ``open_banking_type`` and
    ``open_banking_subtype`` as ``OBExternalAccountType1Code`` and ``OBExternalAccountSubType1Code`` of
    version 3.1, ``cash_account_type`` as ``OBExternalCashAccountType1Code`` of version 4.0.
    """

    monzo_type: str
    open_banking_type: str
    open_banking_subtype: str
    cash_account_type: str

    @property
    def is_card(self) -> bool:
        """Whether it is owed, and what may still be spent is told as available."""
        return self.cash_account_type == "CARD"


ACCOUNT_KINDS = {
    kind.monzo_type: kind
    for kind in (
        AccountKind(
            monzo_type="uk_retail",
            open_banking_type="Personal",
            open_banking_subtype="CurrentAccount",
            cash_account_type="CACC",
        ),
        AccountKind(
            monzo_type="uk_retail_joint",
            open_banking_type="Personal",
            open_banking_subtype="CurrentAccount",
            cash_account_type="CACC",
        ),
        AccountKind(
            monzo_type="uk_business",
            open_banking_type="Business",
            open_banking_subtype="CurrentAccount",
            cash_account_type="CACC",
        ),
        AccountKind(
            monzo_type="uk_prepaid",
            open_banking_type="Personal",
            open_banking_subtype="PrePaidCard",
            cash_account_type="WALT",
        ),
        AccountKind(
            monzo_type="uk_monzo_flex",
            open_banking_type="Personal",
            open_banking_subtype="CreditCard",
            cash_account_type="CARD",
        ),
        AccountKind(
            monzo_type="uk_loan",
            open_banking_type="Personal",
            open_banking_subtype="Loan",
            cash_account_type="LOAN",
        ),
    )
}


class BalanceKind(Enum):
    """AVAILABLE counts what is pending, and the credit line; BOOKED does not; CLOSING is yesterday's."""

    AVAILABLE = "available"
    BOOKED = "booked"
    CLOSING = "closing"


USUAL_BALANCES = (BalanceKind.AVAILABLE, BalanceKind.BOOKED)


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedMerchant:
    """``category_code`` is an ISO 18245 merchant category code."""

    id: str
    group_id: str
    name: str
    category: str
    category_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedTransaction:
    """One movement. ``amount`` is negative when money leaves; its id stays when it settles or is declined.

    ``sequence`` is the order in which the bank saw it: what orders movements of one instant. ``entered`` is
    when it came into the books, ``created`` what the bank dates it by. One that is not ``listed`` counts,
    and is told of later. ``shown_id`` is its id to the outside, when that is not its own; ``oddity`` what is
    wrong with the record that tells of it.
    """

    id: str
    account_id: str
    sequence: int
    created: datetime
    updated: datetime
    amount: int
    local_amount: int
    local_currency: str
    description: str
    notes: str = ""
    merchant: SimulatedMerchant | None = None
    category: str = "general"
    settled: datetime | None = None
    decline_reason: str | None = None
    vanished: bool = False
    entered: datetime | None = None
    listed: bool = True
    shown_id: str | None = None
    oddity: Oddity | None = None

    @property
    def told_id(self) -> str:
        """The id that it is shown under."""
        return self.shown_id or self.id

    @property
    def is_listed(self) -> bool:
        """Whether lists have it."""
        return self.listed and not self.vanished

    @property
    def stands(self) -> bool:
        """Whether it counts in the balance: pending movements do, declined and vanished ones do not."""
        return self.decline_reason is None and not self.vanished

    @property
    def is_pending(self) -> bool:
        return self.stands and self.settled is None

    @property
    def place(self) -> tuple[datetime, int]:
        """Its place in the account's order."""
        return (self.created, self.sequence)


@dataclass(slots=True, kw_only=True)
class SimulatedAccount:
    """``opening_balance`` is the figure older than every movement shown, in minor units.

    ``credit_line`` is what may be overdrawn, or spent by a card; nothing of it is the customer's. One that is
    not ``shown`` is there, and no client sees it. ``balance_kinds`` are those that UK Open Banking shows.
    """

    id: str
    user_id: str
    owner_names: tuple[str, ...]
    kind: AccountKind
    currency: str
    description: str
    created: datetime
    account_number: str
    sort_code: str
    opening_balance: int = 0
    closed: bool = False
    shown: bool = True
    oddity: Oddity | None = None
    credit_line: int = 0
    balance_kinds: tuple[BalanceKind, ...] = USUAL_BALANCES
    movements: dict[str, SimulatedTransaction] = field(default_factory=dict)

    @property
    def iban(self) -> str:
        """With the check digits of ISO 7064."""
        basic = f"{BANK_CODE}{self.sort_code}{self.account_number}"
        digits = "".join(str(int(each, 36)) for each in f"{basic}GB00")
        return f"GB{98 - int(digits) % 97:02}{basic}"

    @property
    def balance(self) -> int:
        """Opening figure and all that stands, pending included."""
        return self.opening_balance + sum(each.amount for each in self.movements.values() if each.stands)

    @property
    def booked_balance(self) -> int:
        """The same without what is pending."""
        return self.balance - sum(each.amount for each in self.movements.values() if each.is_pending)

    def booked_before(self, instant: datetime) -> int:
        """What was booked by then."""
        settled = (each for each in self.movements.values() if each.stands and each.settled is not None)
        return self.opening_balance + sum(
            each.amount for each in settled if (each.settled or instant) < instant
        )

    def told(self, told_id: str) -> SimulatedTransaction | None:
        """The newest movement that is shown under this id."""
        shown = [each for each in self.movements.values() if each.told_id == told_id]
        return max(shown, key=lambda each: each.place, default=None)

    def entered_after(self, instant: datetime) -> list[SimulatedTransaction]:
        """What stands, and came into the books later than that."""
        return [
            each
            for each in self.movements.values()
            if each.stands and each.entered is not None and each.entered > instant
        ]

    def in_order(self) -> list[SimulatedTransaction]:
        """What is listed, oldest first."""
        return sorted(
            (each for each in self.movements.values() if each.is_listed), key=lambda each: each.place
        )

    def keep(self, transactions: Iterable[SimulatedTransaction]) -> None:
        # Another dictionary, not a changed one: readers of the old one may be at it without the bank's lock.
        self.movements = self.movements | {each.id: each for each in transactions}


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedItem:
    """A notice in the customer's app."""

    account_id: str
    title: str
    body: str
    url: str


@dataclass(slots=True, kw_only=True)
class SimulatedCustomer:
    """A customer of the simulated bank, their accounts there, and what its app showed them."""

    user_id: str
    name: str
    accounts: list[SimulatedAccount] = field(default_factory=list)
    feed: list[FeedItem] = field(default_factory=list)
