"""The simulated bank's books: customers, accounts, movements, and the time they are kept by."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Condition
from typing import TypeVar

from ledgerbank_adapters.simulated_bank.books.simulated_account import (
    ACCOUNT_KINDS,
    SimulatedAccount,
    SimulatedCustomer,
    SimulatedTransaction,
)
from ledgerbank_adapters.simulated_bank.books.simulated_bank_settings import SimulatedBankSettings
from ledgerbank_adapters.simulated_bank.books.simulated_draws import hashed_id
from ledgerbank_adapters.simulated_bank.books.simulated_habits import PLAIN
from ledgerbank_adapters.simulated_bank.books.simulated_history import (
    create_customer,
    customer_key,
    merchant_named,
    movement_id,
    open_account,
)
from ledgerbank_adapters.simulated_bank.books.simulated_webhooks import CREATED, UPDATED, SimulatedWebhooks
from ledgerbank_domain.money.currency import CURRENCIES

T = TypeVar("T")


class NotAtThisBankError(Exception):
    """Nothing here has this id."""


class NotPossibleError(Exception):
    """The bank's state does not allow it; the message says why."""


class SimulatedBooks:
    """Safe to use from many threads. Amounts are whole minor units.

    Methods raise NotAtThisBankError for unknown ids and NotPossibleError for what cannot be done.
    """

    def __init__(self, settings: SimulatedBankSettings, *, clock: Callable[[], datetime]) -> None:
        self.settings = settings
        self._clock = clock
        # Reentrant, so that a dialect may hold it over several calls; the courier of webhooks waits on it.
        self._changed = Condition()
        self.reset()

    def reset(self) -> None:
        """As if the bank had just opened."""
        with self.locked():
            opened = self.settings.starts_at or self._clock()
            self.ahead = timedelta()
            self.start = opened.astimezone(UTC).replace(microsecond=0)
            self.customers: dict[str, SimulatedCustomer] = {}
            self.accounts: dict[str, SimulatedAccount] = {}
            self.webhooks = SimulatedWebhooks(self.settings.webhook_retry_waits)
            self.habits = PLAIN

    @contextmanager
    def locked(self) -> Iterator[Condition]:
        """Nobody else changes or reads the bank meanwhile; whoever waits for a change is woken at the end."""
        with self._changed:
            try:
                yield self._changed
            finally:
                self._changed.notify_all()

    def now(self) -> datetime:
        """The bank's time, in UTC, to the millisecond."""
        now = (self._clock() + self.ahead).astimezone(UTC)
        return now.replace(microsecond=now.microsecond // 1000 * 1000)

    def advance(self, seconds: float) -> datetime:
        with self.locked():
            if seconds < 0:
                raise NotPossibleError("The bank's clock goes forward only.")
            self.ahead += timedelta(seconds=seconds)
            return self.now()

    def customer_named(self, name: str) -> SimulatedCustomer:
        """The customer of this name, who is one from the first mention on. Case and spaces do not matter."""
        with self.locked():
            user_id = hashed_id("user", self.settings.seed, customer_key(name))
            if user_id not in self.customers:
                customer = create_customer(
                    seed=self.settings.seed,
                    name=name,
                    start=self.start,
                    history_length=self.settings.history_length,
                )
                self.customers[user_id] = customer
                self.accounts.update((account.id, account) for account in customer.accounts)
            return self.customers[user_id]

    def customer(self, user_id: str) -> SimulatedCustomer:
        return found_in(self.customers, user_id)

    def account(self, account_id: str) -> SimulatedAccount:
        return found_in(self.accounts, account_id)

    def transaction(self, transaction_id: str) -> SimulatedTransaction:
        with self.locked():
            for account in self.accounts.values():
                if transaction_id in account.movements:
                    return account.movements[transaction_id]
        raise NotAtThisBankError(transaction_id)

    def open_account(
        self, user_id: str, *, kind: str, currency: str, description: str, balance: int = 0
    ) -> SimulatedAccount:
        """A further account of a customer, without movements. ``kind`` is a type of Monzo's."""
        with self.locked():
            if kind not in ACCOUNT_KINDS:
                raise NotPossibleError(f"There are only accounts of the types {', '.join(ACCOUNT_KINDS)}.")
            if currency not in CURRENCIES:
                raise NotPossibleError("There is no such currency.")
            customer = self.customer(user_id)
            account = open_account(
                seed=self.settings.seed,
                customer=customer,
                label=f"further {len(customer.accounts)}",
                kind=kind,
                currency=currency,
                description=description,
                created=self.now(),
            )
            account.opening_balance = balance
            self.accounts[account.id] = account
            return account

    def close_account(self, account_id: str) -> SimulatedAccount:
        with self.locked():
            account = self.account(account_id)
            account.closed = True
            return account

    def set_balance(self, account_id: str, balance: int) -> SimulatedAccount:
        """Makes the balance this figure by changing the opening figure alone."""
        with self.locked():
            account = self.account(account_id)
            account.opening_balance += balance - account.balance
            return account

    def add_transaction(
        self,
        account_id: str,
        amount: int,
        *,
        description: str = "Card payment",
        notes: str = "",
        merchant_name: str | None = None,
        pending: bool = True,
        decline_reason: str | None = None,
        created: datetime | None = None,
        local_amount: int | None = None,
        local_currency: str | None = None,
        listed: bool = True,
        shown_id: str | None = None,
    ) -> SimulatedTransaction:
        """A new movement, announced to webhooks. ``created`` (aware) may lie in the past.

        One that is not ``listed`` counts already, and is announced to nobody. ``shown_id`` is the id that
        clients see, if that is to be another's.
        """
        with self.locked():
            account = self.account(account_id)
            when = created.astimezone(UTC) if created is not None else self.now()
            merchant = merchant_named(merchant_name) if merchant_name else None
            sequence = len(account.movements)
            transaction = SimulatedTransaction(
                id=movement_id(account, sequence),
                account_id=account.id,
                sequence=sequence,
                created=when,
                updated=when,
                amount=amount,
                local_amount=amount if local_amount is None else local_amount,
                local_currency=local_currency or account.currency,
                description=description,
                notes=notes,
                merchant=merchant,
                category=merchant.category if merchant else "transfers",
                settled=None if pending or decline_reason else when,
                decline_reason=decline_reason,
                entered=self.now(),
                listed=listed,
                shown_id=shown_id,
            )
            account.keep([transaction])
            if listed:
                self.webhooks.announce(CREATED, account, transaction)
            return transaction

    def settle(self, transaction_id: str, *, amount: int | None = None) -> SimulatedTransaction:
        """Settles a pending movement, with another amount when one is given. Its id stays."""
        with self.locked():
            pending = self.pending(transaction_id)
            final = pending.amount if amount is None else amount
            foreign = self.account(pending.account_id).currency != pending.local_currency
            return self.change(
                replace(
                    pending,
                    amount=final,
                    local_amount=pending.local_amount if foreign else final,
                    settled=self.now(),
                    updated=self.now(),
                )
            )

    def decline(self, transaction_id: str, *, reason: str = "OTHER") -> SimulatedTransaction:
        """Declines a pending movement: it stays listed and no longer counts."""
        with self.locked():
            pending = self.pending(transaction_id)
            return self.change(replace(pending, decline_reason=reason, updated=self.now()))

    def vanish(self, transaction_id: str) -> SimulatedTransaction:
        """Forgets a movement: it is listed no longer, and nobody is told. Banks do that to holds."""
        with self.locked():
            vanished = replace(self.transaction(transaction_id), vanished=True, updated=self.now())
            self.account(vanished.account_id).keep([vanished])
            return vanished

    def pending(self, transaction_id: str) -> SimulatedTransaction:
        """One that is pending."""
        transaction = self.transaction(transaction_id)
        if not transaction.is_pending:
            raise NotPossibleError("The transaction is not pending.")
        return transaction

    def change(self, transaction: SimulatedTransaction) -> SimulatedTransaction:
        """Keeps a movement as it is now, announced to webhooks."""
        account = self.account(transaction.account_id)
        account.keep([transaction])
        self.webhooks.announce(UPDATED, account, transaction)
        return transaction


def found_in(table: dict[str, T], key: str) -> T:
    try:
        return table[key]
    except KeyError:
        raise NotAtThisBankError(key) from None
