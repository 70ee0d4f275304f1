"""What is remembered of a bank's movements in storage."""

from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from ledgerbank_domain.banking.bank_transaction_import import BankTransactionImport


class BankTransactionImportRepository(Protocol):
    """Which lines stand for which of a bank's transactions; unique by account and the bank's id."""

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
        """Those that exist, by the bank's id."""

    @abstractmethod
    def synced_since(self, account_id: UUID) -> datetime | None:
        """From when on the bank is to be asked of the account's movements.

        When the oldest transaction that is still pending was posted, else the newest one imported, by the
        bank's word. None: nothing was ever imported.
        """
