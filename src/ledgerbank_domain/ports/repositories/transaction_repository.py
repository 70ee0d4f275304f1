"""Transactions, the lines of accounts, in storage."""

from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from ledgerbank_domain.banking.account_statement import LineTotals
from ledgerbank_domain.banking.transaction import Transaction, TransactionFilter
from ledgerbank_domain.identity.page import KeysetPage, KeysetRequest
from ledgerbank_domain.money.currency import Currency

TRANSACTION_SORT_FIELDS = frozenset({"posted_at", "amount"})


class TransactionRepository(Protocol):
    """The lines of customers' accounts, to be read; :class:`JournalRepository` writes them."""

    @abstractmethod
    def find_many(self, transaction_ids: Collection[UUID]) -> Mapping[UUID, Transaction]:
        """The lines that exist, by id."""

    @abstractmethod
    def list_keyset(self, wanted: TransactionFilter, *, request: KeysetRequest) -> KeysetPage[Transaction]:
        """Sorted by one of ``TRANSACTION_SORT_FIELDS`` and then ``id``, in the same direction."""

    @abstractmethod
    def balance_at(self, account_id: UUID, at: datetime, *, known_at: datetime) -> Decimal:
        """The sum of the account's lines posted at or before ``at`` and booked at or before ``known_at``.

        Zero when there are none.
        """

    @abstractmethod
    def totals_between(
        self, account_id: UUID, begin: datetime, end: datetime, *, known_at: datetime, currency: Currency
    ) -> LineTotals:
        """What the account's lines come to that were posted from ``begin`` to ``end``, both inclusive.

        Of those booked at or before ``known_at``. ``currency`` is the account's.
        """

    @abstractmethod
    def list_between(
        self,
        account_id: UUID,
        begin: datetime,
        end: datetime,
        *,
        known_at: datetime,
        after: Transaction | None,
        limit: int,
    ) -> Sequence[Transaction]:
        """The first so many of these lines, by ``posted_at`` and then ``id``, that come after the given one.

        It is not told of them whether they are pending.
        """

    @abstractmethod
    def balances_before(self, account_id: UUID, instants: Sequence[datetime]) -> Sequence[Decimal]:
        """The sum of the account's lines posted before each of the instants, which ascend."""

    @abstractmethod
    def list_standing_differences(self, account_id: UUID) -> Sequence[Transaction]:
        """The account's OPENING and RECONCILIATION lines that are not reversed, by line number."""
