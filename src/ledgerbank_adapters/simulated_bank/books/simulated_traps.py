"""What goes wrong between a bank's books and what its customers' clients are shown of them."""

from dataclasses import replace
from datetime import datetime

from ledgerbank_adapters.simulated_bank.books.simulated_account import (
    BalanceKind,
    SimulatedAccount,
    SimulatedTransaction,
)
from ledgerbank_adapters.simulated_bank.books.simulated_books import NotPossibleError, SimulatedBooks
from ledgerbank_adapters.simulated_bank.books.simulated_draws import hashed_id
from ledgerbank_adapters.simulated_bank.books.simulated_habits import Oddity
from ledgerbank_adapters.simulated_bank.books.simulated_webhooks import CREATED


class SimulatedTraps:
    """Safe to use from many threads; methods raise what those of the books raise."""

    def __init__(self, books: SimulatedBooks) -> None:
        self._books = books

    def list_movement(self, transaction_id: str, *, listed: bool) -> SimulatedTransaction:
        """Whether lists have it. It counts either way: banks list late, under the date of long ago."""
        with self._books.locked():
            before = self._books.transaction(transaction_id)
            after = replace(before, listed=listed)
            account = self._books.account(after.account_id)
            account.keep([after])
            if listed and not before.listed:
                self._books.webhooks.announce(CREATED, account, after)
            return after

    def replace_hold(
        self,
        transaction_id: str,
        *,
        amount: int | None = None,
        pending: bool = False,
        created: datetime | None = None,
    ) -> SimulatedTransaction:
        """Takes a pending movement off the list and lists the same purchase anew: under another id.

        ``amount`` and ``created`` are those of the hold unless given.
        """
        with self._books.locked():
            hold = self._books.pending(transaction_id)
            self._books.vanish(transaction_id)
            return self._books.add_transaction(
                hold.account_id,
                hold.amount if amount is None else amount,
                description=hold.description,
                notes=hold.notes,
                merchant_name=hold.merchant.name if hold.merchant else None,
                pending=pending,
                created=created or hold.created,
            )

    def make_movement_odd(self, transaction_id: str, oddity: Oddity | None) -> SimulatedTransaction:
        """From now on the record that tells of it has that wrong about it; None puts it right."""
        with self._books.locked():
            odd = replace(self._books.transaction(transaction_id), oddity=oddity)
            self._books.account(odd.account_id).keep([odd])
            return odd

    def make_account_odd(self, account_id: str, oddity: Oddity | None) -> SimulatedAccount:
        """The same of the record that tells of an account."""
        with self._books.locked():
            account = self._books.account(account_id)
            account.oddity = oddity
            return account

    def show_account(self, account_id: str, *, shown: bool) -> SimulatedAccount:
        """Whether clients see it at all."""
        with self._books.locked():
            account = self._books.account(account_id)
            account.shown = shown
            return account

    def set_credit_line(self, account_id: str, limit: int) -> SimulatedAccount:
        """What may be overdrawn, or spent by the card."""
        with self._books.locked():
            if limit < 0:
                raise NotPossibleError("A credit line is not below nothing.")
            account = self._books.account(account_id)
            account.credit_line = limit
            return account

    def set_balance_kinds(self, account_id: str, kinds: tuple[BalanceKind, ...]) -> SimulatedAccount:
        """Which balances UK Open Banking shows of it."""
        with self._books.locked():
            if not kinds:
                raise NotPossibleError("A bank shows one balance at least.")
            account = self._books.account(account_id)
            account.balance_kinds = kinds
            return account

    def renumber(self, user_id: str, *, movements: bool = False) -> list[SimulatedAccount]:
        """Every account of a customer gets another id, with ``movements`` what is on it too.

        The old ids are known no longer, and webhooks for them are gone. Banks do so at a new consent.
        """
        with self._books.locked():
            renumbered = self._books.customer(user_id).accounts
            for account in renumbered:
                del self._books.accounts[account.id]
                for webhook in self._books.webhooks.of_account(account.id):
                    del self._books.webhooks.registered[webhook.id]
                account.id = hashed_id("acc", account.id, "renumbered")
                self._books.accounts[account.id] = account
                account.movements = {
                    each.id: each
                    for each in (_moved(each, account.id, movements) for each in account.movements.values())
                }
            return list(renumbered)


def _moved(movement: SimulatedTransaction, account_id: str, renumbered: bool) -> SimulatedTransaction:
    moved = replace(movement, account_id=account_id)
    return (
        replace(moved, id=hashed_id("tx", movement.id, "renumbered"), shown_id=None) if renumbered else moved
    )
