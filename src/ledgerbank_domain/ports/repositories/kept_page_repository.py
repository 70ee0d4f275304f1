"""Kept pages in storage."""

from abc import abstractmethod
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from ledgerbank_domain.banking.kept_page import KeptPage


class KeptPageRepository(Protocol):
    """Pages of histories that are being read. Of one account, a number stands once."""

    @abstractmethod
    def add_many(self, pages: Sequence[KeptPage]) -> None:
        """Raises a conflict of transactions for a number that was kept meanwhile."""

    @abstractmethod
    def list_of_account(self, account_id: UUID) -> list[KeptPage]:
        """In their order."""

    @abstractmethod
    def list_accounts(self, account_ids: Collection[UUID]) -> set[UUID]:
        """Those of the accounts of which pages are kept."""

    @abstractmethod
    def delete_of_account(self, account_id: UUID) -> int:
        """Removes all of an account; returns how many."""

    @abstractmethod
    def delete_of_logins(self, login_ids: Collection[UUID]) -> int:
        """Removes what was read by the accesses of these logins; returns how many."""

    @abstractmethod
    def delete_kept_before(self, before: datetime, *, limit: int) -> int:
        """Removes those kept before then, and returns how many; at most ``limit`` at once."""
