"""Banks and their branches in storage."""

from abc import abstractmethod
from collections.abc import Collection, Mapping
from typing import Protocol
from uuid import UUID

from ledgerbank_domain.banking.bank import Bank, BankBranch, BankFilter, BranchFilter
from ledgerbank_domain.identity.page import Page, PageRequest, Sort

BANK_SORT_FIELDS = frozenset({"name", "code", "country", "inserted_at"})


class BankRepository(Protocol):
    """The catalogue of banks and branches.

    Uniqueness is by constraint: writing raises ``resource_already_exists`` naming the field.
    """

    @abstractmethod
    def add(self, bank: Bank) -> None:
        """Stores a new bank; the catalogue has another version after that."""

    @abstractmethod
    def save(self, bank: Bank) -> None:
        """Updates a bank locked by this unit of work.

        Raises ``bank_has_accounts`` when it has accounts and would begin or cease to feed them.
        """

    @abstractmethod
    def get(self, bank_id: UUID) -> Bank:
        """Raises ``bank_not_found``."""

    @abstractmethod
    def get_for_update(self, bank_id: UUID) -> Bank:
        """Locked. Raises ``bank_not_found``."""

    @abstractmethod
    def find_by_code(self, code: str) -> Bank | None:
        """The bank with exactly this code, whatever its status."""

    @abstractmethod
    def list_page(self, wanted: BankFilter, *, sort: tuple[Sort, ...], request: PageRequest) -> Page[Bank]:
        """Sorted by ``BANK_SORT_FIELDS`` and then ``id``."""

    @abstractmethod
    def catalogue_version(self) -> int:
        """Another number after every commit that wrote a bank or a branch, in whichever process.

        What is read after the version is at least as new as the version says.
        """

    @abstractmethod
    def add_branch(self, branch: BankBranch) -> None:
        """Stores a new branch. Raises ``bank_not_found`` when its bank does not exist."""

    @abstractmethod
    def find_many_branches(self, branch_ids: Collection[UUID]) -> Mapping[UUID, BankBranch]:
        """The branches that exist, by id."""

    @abstractmethod
    def list_branches(self, bank_id: UUID) -> list[BankBranch]:
        """By name, then id."""

    @abstractmethod
    def list_branches_page(self, wanted: BranchFilter, *, request: PageRequest) -> Page[BankBranch]:
        """By name, then id."""
