"""Banks, logins, accounts and transactions in storage."""

from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from ledgerbank_domain.banking.account import Account, AccountFilter
from ledgerbank_domain.banking.bank import Bank, BankBranch, BankFilter, BranchFilter
from ledgerbank_domain.banking.bank_login import BankLogin, BankLoginFilter
from ledgerbank_domain.banking.bank_transaction_import import BankTransactionImport
from ledgerbank_domain.banking.transaction import Transaction, TransactionFilter
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.page import KeysetPage, KeysetRequest, Page, PageRequest, Sort
from ledgerbank_domain.ledger.journal import JournalEntry
from ledgerbank_domain.ports.repositories.presence import present

BANK_SORT_FIELDS = frozenset({"name", "code", "country", "inserted_at"})
TRANSACTION_SORT_FIELDS = frozenset({"posted_at", "amount"})


class BankRepository(Protocol):
    """Uniqueness is by constraint: writing raises ``resource_already_exists`` naming the field."""

    @abstractmethod
    def add(self, bank: Bank) -> None: ...

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
    def find_by_code(self, code: str) -> Bank | None: ...

    @abstractmethod
    def list_page(self, wanted: BankFilter, *, sort: tuple[Sort, ...], request: PageRequest) -> Page[Bank]:
        """Sorted by ``BANK_SORT_FIELDS`` and then ``id``."""

    @abstractmethod
    def catalogue_version(self) -> int:
        """Another number after every commit that wrote a bank or a branch, in whichever process.

        What is read after the version is at least as new as the version says.
        """

    @abstractmethod
    def add_branch(self, branch: BankBranch) -> None: ...

    @abstractmethod
    def find_many_branches(self, branch_ids: Collection[UUID]) -> Mapping[UUID, BankBranch]:
        """The branches that exist, by id."""

    @abstractmethod
    def list_branches(self, bank_id: UUID) -> list[BankBranch]:
        """By name, then id."""

    @abstractmethod
    def list_branches_page(self, wanted: BranchFilter, *, request: PageRequest) -> Page[BankBranch]:
        """By name, then id."""


class BankLoginRepository(Protocol):
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

    @abstractmethod
    def disconnect_all_of_user(self, user_id: UUID, *, at: datetime) -> int:
        """Erases the tokens of the user's logins and makes them INACTIVE; returns how many changed."""


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
        """When the oldest transaction that is still pending was posted, else the newest one imported, by the
        bank's word.

        None: nothing was ever imported.
        """


class AccountRepository(Protocol):
    @abstractmethod
    def add(self, account: Account) -> None:
        """A new account has no lines: balance zero.

        Raises ``resource_already_exists``, and ``bank_has_accounts`` when its bank began or ceased to feed
        its accounts meanwhile.
        """

    @abstractmethod
    def save(self, account: Account) -> None:
        """Updates name, status, credit limit and the time of the last sync of an account locked by this unit
        of work, nothing else.

        Raises ``negative_balance`` for a credit limit that the account cannot have.
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
    def find_by_external_ids(
        self, external_ids: Collection[str], *, user_id: UUID, bank_id: UUID
    ) -> Mapping[str, Account]:
        """Those of a customer at a bank that exist, by the bank's id; not locked.

        The same id may be another customer's as well (a joint account), or another bank's.
        """

    @abstractmethod
    def list_fed_by_external_id(self, external_id: str) -> list[Account]:
        """The fed accounts that any bank calls so, whoever holds them, by ascending id; not locked."""

    @abstractmethod
    def move_to_login(self, account_id: UUID, login_id: UUID, *, at: datetime) -> None:
        """Lets another login of the same customer at the same bank tell of an account from now on."""

    @abstractmethod
    def list_page(self, wanted: AccountFilter, *, request: PageRequest) -> Page[Account]:
        """Newest first."""

    @abstractmethod
    def list_of_user(self, user_id: UUID) -> list[Account]:
        """All of them, oldest first."""


class TransactionRepository(Protocol):
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
    def find(self, entry_id: UUID) -> JournalEntry | None: ...

    @abstractmethod
    def find_reversal_of(self, entry_id: UUID) -> JournalEntry | None:
        """The entry that undid this one."""
