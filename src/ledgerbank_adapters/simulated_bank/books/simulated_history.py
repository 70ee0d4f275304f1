"""Accounts and history of a customer, as they follow from the seed number, the name and the bank's start."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import accumulate

from ledgerbank_adapters.simulated_bank.books.simulated_account import (
    ACCOUNT_KINDS,
    SimulatedAccount,
    SimulatedCustomer,
    SimulatedMerchant,
    SimulatedTransaction,
)
from ledgerbank_adapters.simulated_bank.books.simulated_account_plans import ACCOUNT_PLANS, AccountPlan
from ledgerbank_adapters.simulated_bank.books.simulated_draws import HashedDraws, hashed_id, hashed_number

DEFAULT_HISTORY_LENGTH = 140
SORT_CODE = "040004"

# Name, category, merchant category code, cheapest and dearest purchase in minor units, currency of the shop.
_SHOPS = (
    ("Corner Grocers", "groceries", "5411", 350, 6_800, ""),
    ("Daily Grind Coffee", "eating_out", "5814", 240, 920, ""),
    ("City Transport", "transport", "4111", 180, 1_250, ""),
    ("Papeterie du Pont", "shopping", "5943", 400, 3_900, "EUR"),
    ("The Green Fork", "eating_out", "5812", 1_100, 8_400, ""),
    ("Streamline Video", "entertainment", "4899", 799, 1_599, ""),
    ("Brook & Sons Pharmacy", "personal_care", "5912", 250, 2_600, ""),
    ("Nordic Book Store", "shopping", "5942", 700, 4_500, ""),
)
# Every so many movements one is of this kind.
_INCOME_EVERY = 14
_CHECK_EVERY = 17
_DECLINE_EVERY = 19
_TWINS_EVERY = 23
_DECLINES = ("INSUFFICIENT_FUNDS", "CARD_BLOCKED", "INVALID_CVC")
_NOTES = ("", "", "", "with friends 🍕", "#holiday", "to be shared")


def customer_key(name: str) -> str:
    """What makes two spellings the same customer."""
    return " ".join(name.split()).casefold()


def create_customer(*, seed: int, name: str, start: datetime, history_length: int) -> SimulatedCustomer:
    """A customer with one account of each plan. In accounts of kinds that hold money it never ran out."""
    key = customer_key(name)
    customer = SimulatedCustomer(user_id=hashed_id("user", seed, key), name=" ".join(name.split()))
    for plan in ACCOUNT_PLANS:
        account = open_account(
            seed=seed,
            customer=customer,
            label=plan.label,
            kind=plan.kind,
            currency=plan.currency,
            description=plan.description,
            created=start - timedelta(days=plan.days + 1),
        )
        account.keep(_history(seed, account, plan, start, max(2, history_length * plan.share // 100)))
        _settle_opening(account, plan, HashedDraws(seed, account.id, "opening"), start)
    return customer


def open_account(
    *,
    seed: int,
    customer: SimulatedCustomer,
    label: str,
    kind: str,
    currency: str,
    description: str,
    created: datetime,
) -> SimulatedAccount:
    """An empty account, added to the customer's. ``label`` makes its id one of its own."""
    account_id = hashed_id("acc", seed, customer.user_id, label)
    others = ("Robin Partner",) if kind == "uk_retail_joint" else ()
    account = SimulatedAccount(
        id=account_id,
        user_id=customer.user_id,
        owner_names=(customer.name, *others),
        kind=ACCOUNT_KINDS[kind],
        currency=currency,
        description=description,
        created=created,
        account_number=f"{hashed_number('number', account_id) % 10**8:08}",
        sort_code=SORT_CODE,
    )
    customer.accounts.append(account)
    return account


def movement_id(account: SimulatedAccount, sequence: int) -> str:
    """The account's id has the seed and the customer in it already."""
    return hashed_id("tx", account.id, sequence)


def merchant_named(name: str, *, category: str = "general", category_code: str = "5999") -> SimulatedMerchant:
    """The same merchant for the same name, at every customer."""
    return SimulatedMerchant(
        id=hashed_id("merch", name),
        group_id=hashed_id("grp", name),
        name=name,
        category=category,
        category_code=category_code,
    )


def _history(
    seed: int, account: SimulatedAccount, plan: AccountPlan, start: datetime, length: int
) -> list[SimulatedTransaction]:
    teller = _Teller(account, plan.income, HashedDraws(seed, account.id, "history"), start)
    newest = start - timedelta(days=30 if plan.closed else 3)
    step = (newest - (start - timedelta(days=plan.days))) / length
    movements: list[SimulatedTransaction] = []
    for number in range(length - plan.pending):
        created = newest - step * (length - 1 - number) - step * teller.draws.between(0, 40) / 100
        if number % _TWINS_EVERY == _TWINS_EVERY - 1:
            # Two movements of one instant: who pages by time alone loses one of them.
            created = movements[-1].created
        movements.append(teller.movement(number, _to_milliseconds(created)))
    # Younger than the day that a purchase takes to settle.
    fresh = range(len(movements), length)
    return movements + [teller.purchase(each, start - timedelta(hours=7 * (length - each))) for each in fresh]


@dataclass(frozen=True, slots=True)
class _Teller:
    """Makes up the movements of one account."""

    account: SimulatedAccount
    income: tuple[str, int]
    draws: HashedDraws
    start: datetime

    def movement(self, number: int, created: datetime) -> SimulatedTransaction:
        """An income now and then, a rent between two of them, and else something bought."""
        source, least = self.income
        if number % _INCOME_EVERY == 0:
            return self._transfer(number, created, self.draws.between(least, least * 3 // 2), source, "")
        if number % _INCOME_EVERY == _INCOME_EVERY // 2:
            rent = self.draws.between(least // 4, least // 2)
            return self._transfer(number, created, -rent, "Robin Partner", "rent")
        bought = self.purchase(number, created)
        if number % _CHECK_EVERY == _CHECK_EVERY - 1:
            # Of nothing: a shop only asked whether the card is good.
            return replace(bought, amount=0, local_amount=0, settled=created, updated=created)
        if number % _DECLINE_EVERY == _DECLINE_EVERY - 1:
            reason = self.draws.one_of(_DECLINES)
            return replace(bought, decline_reason=reason, settled=None, updated=created)
        return bought

    def _transfer(
        self, number: int, created: datetime, amount: int, description: str, notes: str
    ) -> SimulatedTransaction:
        return SimulatedTransaction(
            id=movement_id(self.account, number),
            account_id=self.account.id,
            sequence=number,
            created=created,
            updated=created,
            amount=amount,
            local_amount=amount,
            local_currency=self.account.currency,
            description=description,
            notes=notes,
            category="transfers",
            settled=created,
        )

    def purchase(self, number: int, created: datetime) -> SimulatedTransaction:
        """Settles one to two days later; still pending when that is not yet over at the bank's start."""
        name, category, category_code, low, high, shop_currency = self.draws.one_of(_SHOPS)
        amount = -self.draws.between(low, high)
        foreign = bool(shop_currency) and shop_currency != self.account.currency
        settles = _to_milliseconds(created + timedelta(minutes=self.draws.between(24 * 60, 48 * 60)))
        settled = settles if settles < self.start else None
        return SimulatedTransaction(
            id=movement_id(self.account, number),
            account_id=self.account.id,
            sequence=number,
            created=created,
            updated=settled or created,
            amount=amount,
            local_amount=amount * 117 // 100 if foreign else amount,
            local_currency=shop_currency if foreign else self.account.currency,
            description=f"{name.upper()} LONDON GBR",
            notes=self.draws.one_of(_NOTES),
            merchant=merchant_named(name, category=category, category_code=category_code),
            category=category,
            settled=settled,
        )


def _settle_opening(
    account: SimulatedAccount, plan: AccountPlan, draws: HashedDraws, start: datetime
) -> None:
    if plan.kind == "uk_loan":
        account.opening_balance = -account.balance - draws.between(100_000, 900_000)
        return
    running = accumulate((each.amount for each in account.in_order() if each.stands), initial=0)
    account.opening_balance = max(0, -min(running)) + draws.between(2_000, 90_000)
    if plan.closed:
        closing = start - timedelta(days=29)
        account.keep([_payout(account, closing)])
        account.closed = True


def _payout(account: SimulatedAccount, when: datetime) -> SimulatedTransaction:
    return SimulatedTransaction(
        id=movement_id(account, len(account.movements)),
        account_id=account.id,
        sequence=len(account.movements),
        created=when,
        updated=when,
        amount=-account.balance,
        local_amount=-account.balance,
        local_currency=account.currency,
        description="Closing transfer",
        category="transfers",
        settled=when,
    )


def _to_milliseconds(instant: datetime) -> datetime:
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)
