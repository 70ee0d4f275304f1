"""Banks and accounts in memory."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from ledgerbank_adapters.memory.storage.memory_paging import SortFields, page_of, sorted_by
from ledgerbank_adapters.memory.storage.memory_tables import MemoryTables
from ledgerbank_adapters.memory.storage.memory_transaction import MemoryTransaction
from ledgerbank_domain.banking.account import Account, AccountFilter, AccountType
from ledgerbank_domain.banking.bank import Bank, BankBranch, BankFilter, BranchFilter
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.page import Page, PageRequest, Sort
from ledgerbank_domain.ports.repositories.banking_repository import AccountRepository, BankRepository

_BANK_SORT_FIELDS: SortFields[Bank] = {
    "name": lambda bank: bank.name,
    "code": lambda bank: bank.code,
    "country": lambda bank: bank.country,
    "inserted_at": lambda bank: bank.inserted_at,
}


class MemoryBankRepository(BankRepository):
    def __init__(self, transaction: MemoryTransaction) -> None:
        self._transaction = transaction

    def add(self, bank: Bank) -> None:
        self._transaction.insert(self._tables.banks, bank)
        self._tables.catalogue_version += 1

    def save(self, bank: Bank) -> None:
        stored = self._tables.banks.find(bank.id)
        begins_or_ceases = stored is not None and stored.feeds_accounts is not bank.feeds_accounts
        if begins_or_ceases and self._tables.accounts_of_bank.ids(bank.id):
            raise _bank_has_accounts(self._transaction)
        self._transaction.update(self._tables.banks, bank)
        self._tables.catalogue_version += 1

    def get(self, bank_id: UUID) -> Bank:
        bank = self._tables.banks.find(bank_id)
        if bank is None:
            raise DomainError(Reason.BANK_NOT_FOUND)
        return bank

    def get_for_update(self, bank_id: UUID) -> Bank:
        return self.get(bank_id)

    def find_by_code(self, code: str) -> Bank | None:
        bank_id = self._tables.bank_by_code.find(code)
        return None if bank_id is None else self._tables.banks.find(bank_id)

    def list_page(self, wanted: BankFilter, *, sort: tuple[Sort, ...], request: PageRequest) -> Page[Bank]:
        matching = [
            bank
            for bank in self._tables.banks
            if wanted.country in (None, bank.country) and wanted.status in (None, bank.status)
        ]
        return page_of(sorted_by(matching, sort, _BANK_SORT_FIELDS), request)

    def catalogue_version(self) -> int:
        return self._tables.catalogue_version

    def add_branch(self, branch: BankBranch) -> None:
        self._transaction.insert(self._tables.bank_branches, branch)
        self._tables.catalogue_version += 1

    def find_many_branches(self, branch_ids: Collection[UUID]) -> Mapping[UUID, BankBranch]:
        return self._tables.bank_branches.find_all(branch_ids)

    def list_branches(self, bank_id: UUID) -> list[BankBranch]:
        return self._tables.bank_branches.rows(self._tables.branches_of_bank.ids(bank_id))

    def list_branches_page(self, wanted: BranchFilter, *, request: PageRequest) -> Page[BankBranch]:
        branches = self.list_branches(wanted.bank_id)
        return page_of([each for each in branches if wanted.country in (None, each.country)], request)

    @property
    def _tables(self) -> MemoryTables:
        return self._transaction.tables


class MemoryAccountRepository(AccountRepository):
    def __init__(self, transaction: MemoryTransaction) -> None:
        self._transaction = transaction

    def add(self, account: Account) -> None:
        if account.line_count or not account.balance.is_zero:
            raise ValueError(f"account {account.id} is new: only the journal gives it lines and a balance")
        self._check_credit_limit(account)
        bank = self._tables.banks.find(account.bank_id)
        if bank is None or bank.feeds_accounts is not account.fed:
            raise _bank_has_accounts(self._transaction)
        self._transaction.insert(self._tables.accounts, account)

    def save(self, account: Account) -> None:
        stored = self._tables.accounts.find(account.id)
        if stored is None:
            raise LookupError(f"no account {account.id} to save")
        changed = replace(
            stored,
            account_name=account.account_name,
            status=account.status,
            credit_limit=account.credit_limit,
            last_sync_at=account.last_sync_at,
            updated_at=account.updated_at,
        )
        self._check_credit_limit(changed)
        self._transaction.update(self._tables.accounts, changed)

    def find_many(self, account_ids: Collection[UUID]) -> Mapping[UUID, Account]:
        return self._tables.accounts.find_all(account_ids)

    def find_many_for_update(self, account_ids: Collection[UUID]) -> Mapping[UUID, Account]:
        return self._tables.accounts.find_all(account_ids)

    def list_of_user_for_update(self, user_id: UUID) -> list[Account]:
        return sorted(self.list_of_user(user_id), key=lambda account: account.id)

    def find_by_external_ids(
        self, external_ids: Collection[str], *, user_id: UUID, bank_id: UUID
    ) -> Mapping[str, Account]:
        find = self._tables.account_by_external_id.find
        account_ids = {key: find((key, bank_id, user_id)) for key in external_ids}
        accounts = self._tables.accounts.find_all([each for each in account_ids.values() if each is not None])
        return {key: accounts[each] for key, each in account_ids.items() if each is not None}

    def list_fed_by_external_id(self, external_id: str) -> list[Account]:
        called_so = self._tables.accounts.rows(self._tables.accounts_called.ids(external_id))
        return [account for account in called_so if account.fed]

    def move_to_login(self, account_id: UUID, login_id: UUID, *, at: datetime) -> None:
        account = self._tables.accounts.find_all([account_id])[account_id]
        moved = replace(account, user_bank_login_id=login_id, updated_at=at)
        self._transaction.update(self._tables.accounts, moved)

    def list_page(self, wanted: AccountFilter, *, request: PageRequest) -> Page[Account]:
        newest_first = reversed(self.list_of_user(wanted.user_id))
        return page_of([account for account in newest_first if _matches(account, wanted)], request)

    def list_of_user(self, user_id: UUID) -> list[Account]:
        return self._tables.accounts.rows(self._tables.accounts_of_user.ids(user_id))

    def _check_credit_limit(self, account: Account) -> None:
        if not account.credit_limit.is_zero and account.account_type is not AccountType.CREDIT:
            raise self._transaction.failed_with(DomainError(Reason.NEGATIVE_BALANCE, field="credit_limit"))
        if not account.may_hold(account.balance):
            raise self._transaction.failed_with(DomainError(Reason.NEGATIVE_BALANCE, field="balance"))

    @property
    def _tables(self) -> MemoryTables:
        return self._transaction.tables


def _matches(account: Account, wanted: AccountFilter) -> bool:
    return (
        wanted.status in (None, account.status)
        and wanted.account_type in (None, account.account_type)
        and wanted.currency in (None, account.currency)
    )


def _bank_has_accounts(transaction: MemoryTransaction) -> Exception:
    """A bank that feeds its accounts has fed ones alone, and one that does not none of them."""
    return transaction.failed_with(DomainError(Reason.BANK_HAS_ACCOUNTS, field="integration_module"))
