"""Bank logins in storage."""

from abc import abstractmethod
from collections.abc import Collection, Mapping
from typing import Protocol
from uuid import UUID

from ledgerbank_domain.banking.bank_login import BankLogin, BankLoginFilter
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.page import Page, PageRequest
from ledgerbank_domain.ports.repositories.presence import present


class BankLoginRepository(Protocol):
    """Customers' connections to banks, their sealed tokens and leases included."""

    @abstractmethod
    def add(self, login: BankLogin) -> None:
        """Raises ``resource_already_exists`` when (user, branch, username) is taken."""

    @abstractmethod
    def save(self, login: BankLogin) -> None:
        """Updates a login locked by this unit of work: all that may change, tokens and lease included."""

    @abstractmethod
    def find_many(self, login_ids: Collection[UUID]) -> Mapping[UUID, BankLogin]:
        """The logins that exist, by id."""

    @abstractmethod
    def find_for_update(self, login_id: UUID) -> BankLogin | None:
        """Locked."""

    def find(self, login_id: UUID) -> BankLogin | None:
        """The one with this id, if it exists."""
        return self.find_many([login_id]).get(login_id)

    def get(self, login_id: UUID) -> BankLogin:
        """Raises ``bank_login_not_found``."""
        return present(self.find(login_id), Reason.BANK_LOGIN_NOT_FOUND)

    def get_for_update(self, login_id: UUID) -> BankLogin:
        """Locked. Raises ``bank_login_not_found``."""
        return present(self.find_for_update(login_id), Reason.BANK_LOGIN_NOT_FOUND)

    @abstractmethod
    def find_by_username_for_update(
        self, *, user_id: UUID, bank_branch_id: UUID, username: str
    ) -> BankLogin | None:
        """Locked."""

    @abstractmethod
    def list_of_user_for_update(self, user_id: UUID) -> list[BankLogin]:
        """All of them, locked in ascending order of id."""

    @abstractmethod
    def list_page(self, wanted: BankLoginFilter, *, request: PageRequest) -> Page[BankLogin]:
        """Newest first."""

    @abstractmethod
    def list_connected(self, *, after: UUID | None, limit: int) -> list[BankLogin]:
        """Logins with tokens that are not INACTIVE, by ascending id, from the one after ``after`` on."""

    @abstractmethod
    def list_sealed(self, *, after: UUID | None, limit: int) -> list[BankLogin]:
        """Logins with tokens, whatever their status, by ascending id, from the one after ``after`` on."""
