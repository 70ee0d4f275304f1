"""Journal entries in storage: the books themselves."""

from abc import abstractmethod
from collections.abc import Collection, Sequence
from typing import Protocol
from uuid import UUID

from ledgerbank_domain.banking.account import Account
from ledgerbank_domain.banking.transaction import Transaction
from ledgerbank_domain.ledger.journal import JournalEntry


class JournalRepository(Protocol):
    """Append-only, in storage as well. The only way to change a balance."""

    @abstractmethod
    def add_many(
        self,
        entries: Sequence[JournalEntry],
        *,
        accounts: Collection[Account],
        transactions: Sequence[Transaction],
    ) -> None:
        """Books entries: their lines on customers' accounts, their clearing lines, the new balances.

        ``accounts`` are those touched, locked by this unit of work, with the balance and line count
        after the last of ``transactions``. Raises ``negative_balance`` when storage finds a balance
        under its floor, which no caller that asked the rules under lock ever sees.
        """

    @abstractmethod
    def find(self, entry_id: UUID) -> JournalEntry | None:
        """The one with this id, if it exists; an entry never changes, so none is locked."""

    @abstractmethod
    def find_reversal_of(self, entry_id: UUID) -> JournalEntry | None:
        """The entry that undid this one."""
