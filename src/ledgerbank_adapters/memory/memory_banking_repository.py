"""Banks, logins and accounts in memory."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from ledgerbank_adapters.memory.memory_database import MemoryTables
from ledgerbank_adapters.memory.memory_paging import page_of
from ledgerbank_adapters.memory.memory_transaction import MemoryTransaction
from ledgerbank_domain.banking.account import Account, AccountFilter, AccountType
from ledgerbank_domain.banking.bank import Bank, BankBranch
from ledgerbank_domain.banking.bank_login import BankLogin, BankLoginStatus
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.page import Page, PageRequest
from ledgerbank_domain.ports.banking_repository import AccountRepository, BankLoginRepository, BankRepository


class MemoryBankRepository(BankRepository):
    def __init__(self, transaction: MemoryTransaction) -> None:
        self._transaction = transaction

    def add(self, bank: Bank) -> None:
        self._transaction.insert(self._tables.banks, bank)

    def find_by_code(self, code: str) -> Bank | None:
        bank_id = self._tables.bank_by_code.find(code)
        return None if bank_id is None else self._tables.banks.find(bank_id)

    def add_branch(self, branch: BankBranch) -> None:
        self._transaction.insert(self._tables.bank_branches, branch)

    def list_branches(self, bank_id: UUID) -> list[BankBranch]:
        return self._tables.bank_branches.rows(self._tables.branches_of_bank.ids(bank_id))

    @property
    def _tables(self) -> MemoryTables:
        return self._transaction.tables


class MemoryBankLoginRepository(BankLoginRepository):
    def __init__(self, transaction: MemoryTransaction) -> None:
        self._transaction = transaction

    def add(self, login: BankLogin) -> None:
        self._transaction.insert(self._tables.bank_logins, login)

    def list_of_user(self, user_id: UUID) -> list[BankLogin]:
        return self._tables.bank_logins.rows(self._tables.logins_of_user.ids(user_id))

    def disconnect_all_of_user(self, user_id: UUID, *, at: datetime) -> int:
        connected = [login for login in self.list_of_user(user_id) if _is_connected(login)]
        for login in connected:
            self._transaction.update(
                self._tables.bank_logins,
                replace(login, status=BankLoginStatus.INACTIVE, token_expires_at=None, updated_at=at),
            )
        return len(connected)

    @property
    def _tables(self) -> MemoryTables:
        return self._transaction.tables


class MemoryAccountRepository(AccountRepository):
    def __init__(self, transaction: MemoryTransaction) -> None:
        self._transaction = transaction

    def add(self, account: Account) -> None:
        if account.line_count or not account.balance.is_zero:
            raise ValueError(f"account {account.id} is new: only the journal gives it lines and a balance")
        if not account.credit_limit.is_zero and account.account_type is not AccountType.CREDIT:
            raise self._transaction.failed_with(DomainError(Reason.NEGATIVE_BALANCE, field="credit_limit"))
        self._transaction.insert(self._tables.accounts, account)

    def find_many(self, account_ids: Collection[UUID]) -> Mapping[UUID, Account]:
        return self._tables.accounts.find_all(account_ids)

    def find_many_for_update(self, account_ids: Collection[UUID]) -> Mapping[UUID, Account]:
        return self._tables.accounts.find_all(account_ids)

    def list_page(self, wanted: AccountFilter, *, request: PageRequest) -> Page[Account]:
        newest_first = reversed(self.list_of_user(wanted.user_id))
        return page_of([account for account in newest_first if _matches(account, wanted)], request)

    def list_of_user(self, user_id: UUID) -> list[Account]:
        return self._tables.accounts.rows(self._tables.accounts_of_user.ids(user_id))

    @property
    def _tables(self) -> MemoryTables:
        return self._transaction.tables


def _is_connected(login: BankLogin) -> bool:
    return login.status is not BankLoginStatus.INACTIVE or login.token_expires_at is not None


def _matches(account: Account, wanted: AccountFilter) -> bool:
    return (
        wanted.status in (None, account.status)
        and wanted.account_type in (None, account.account_type)
        and wanted.currency in (None, account.currency)
    )
