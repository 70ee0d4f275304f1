"""What is remembered of a bank's movements in storage."""

from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from ledgerbank_domain.banking.bank_transaction_import import BankTransactionImport, ImportedSpan, ToldHistory


class BankTransactionImportRepository(Protocol):
    """Which lines stand for which of a bank's transactions; unique by account and the bank's id.

    That id is a record's own name; further ones are unique for an account as well.
    """

    @abstractmethod
    def add_many(self, imports: Sequence[BankTransactionImport]) -> None:
        """One that is there already, which only an outdated look leads to, is a ``TransactionConflict``."""

    @abstractmethod
    def save_many(self, imports: Sequence[BankTransactionImport]) -> None:
        """Updates imports of an account locked by this unit of work."""

    @abstractmethod
    def find_many(
        self, account_id: UUID, external_transaction_ids: Collection[str]
    ) -> Mapping[str, BankTransactionImport]:
        """Those that exist, by the name that was asked for: their own, or a further one."""

    @abstractmethod
    def add_names(self, account_id: UUID, names: Mapping[str, str], *, at: datetime) -> None:
        """Further names, each of a record that is called by its own; one that is there is a conflict."""

    @abstractmethod
    def list_names(
        self, account_id: UUID, external_transaction_ids: Collection[str]
    ) -> Mapping[str, Sequence[str]]:
        """The further names of records, by their own; those without any are left out."""

    @abstractmethod
    def list_standing(
        self, account_id: UUID, *, since: datetime | None, before: datetime
    ) -> Sequence[BankTransactionImport]:
        """Those with a line that the bank posted from ``since`` (None: ever) to ``before``, oldest first."""

    @abstractmethod
    def list_pending(self, account_id: UUID) -> Sequence[BankTransactionImport]:
        """Those that the bank has not settled, oldest first."""

    @abstractmethod
    def imported_span(self, account_id: UUID, *, pending_since: datetime) -> ImportedSpan:
        """What feeds told; of pending movements those count that were posted since ``pending_since``."""

    @abstractmethod
    def told_history(self, account_id: UUID) -> ToldHistory:
        """How far back the account's history goes; movements without a line count as well."""
