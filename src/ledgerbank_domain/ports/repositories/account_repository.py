"""Accounts in storage."""

from abc import abstractmethod
from collections.abc import Collection, Mapping
from typing import Protocol
from uuid import UUID

from ledgerbank_domain.banking.account import Account, AccountFilter
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.page import Page, PageRequest
from ledgerbank_domain.ports.repositories.presence import present


class AccountRepository(Protocol):
    """Customers' accounts; their balances change by :class:`JournalRepository` alone."""

    @abstractmethod
    def add(self, account: Account) -> None:
        """Stores a new account, which has no lines: balance zero.

        Raises ``resource_already_exists``, and ``bank_has_accounts`` when its bank began or ceased to feed
        accounts meanwhile.
        """

    @abstractmethod
    def save(self, account: Account) -> None:
        """Updates an account locked by this unit of work.

        Its name, status, credit limit and the times of its last sync and since when it is missing, nothing
        else. Raises
        ``negative_balance`` for a credit limit that the account cannot have.
        """

    @abstractmethod
    def save_source(self, account: Account) -> None:
        """Updates where an account that is locked by this unit of work has its movements from.

        Its source, bank, login, external id, what its number is known by, and whether it is missing there,
        nothing else. Raises ``resource_already_exists`` for an
        external id that another account of that customer at that bank has, and ``bank_has_accounts`` for a
        source that its bank cannot be.
        """

    @abstractmethod
    def find_many(self, account_ids: Collection[UUID]) -> Mapping[UUID, Account]:
        """The accounts that exist, by id."""

    @abstractmethod
    def find_many_for_update(self, account_ids: Collection[UUID]) -> Mapping[UUID, Account]:
        """The accounts that exist, by id, locked in ascending order of id."""

    def find(self, account_id: UUID) -> Account | None:
        """The one with this id, if it exists."""
        return self.find_many([account_id]).get(account_id)

    def get(self, account_id: UUID) -> Account:
        """Raises ``account_not_found``."""
        return present(self.find(account_id), Reason.ACCOUNT_NOT_FOUND)

    def get_for_update(self, account_id: UUID) -> Account:
        """Locked. Raises ``account_not_found``."""
        return present(self.find_many_for_update([account_id]).get(account_id), Reason.ACCOUNT_NOT_FOUND)

    @abstractmethod
    def list_of_user_for_update(self, user_id: UUID) -> list[Account]:
        """All of them, locked in ascending order of id."""

    @abstractmethod
    def list_fed_by_external_id(self, external_id: str) -> list[Account]:
        """The fed accounts that any bank calls so, whoever holds them, by ascending id; not locked."""

    @abstractmethod
    def list_page(self, wanted: AccountFilter, *, request: PageRequest) -> Page[Account]:
        """Newest first."""

    @abstractmethod
    def list_of_user(self, user_id: UUID) -> list[Account]:
        """All of them, oldest first."""
