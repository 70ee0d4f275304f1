"""Banks and branches in memory."""

from collections.abc import Collection, Mapping
from uuid import UUID

from ledgerbank_adapters.memory.storage.memory_banking_tables import MemoryBankingTables
from ledgerbank_adapters.memory.storage.memory_paging import SortFields, page_of, sorted_by
from ledgerbank_adapters.memory.storage.memory_session import MemorySession
from ledgerbank_domain.banking.account import AccountSource
from ledgerbank_domain.banking.bank import Bank, BankBranch, BankFilter, BranchFilter
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.page import Page, PageRequest, Sort
from ledgerbank_domain.ports.repositories.bank_repository import BankRepository

_BANK_SORT_FIELDS: SortFields[Bank] = {
    "name": lambda bank: bank.name,
    "code": lambda bank: bank.code,
    "country": lambda bank: bank.country,
    "inserted_at": lambda bank: bank.inserted_at,
}


class MemoryBankRepository(BankRepository):
    def __init__(self, session: MemorySession) -> None:
        self._session = session

    def add(self, bank: Bank) -> None:
        self._session.insert(self._tables.banks, bank)
        self._tables.catalogue_version += 1

    def save(self, bank: Bank) -> None:
        stored = self._tables.banks.find(bank.id)
        begins_or_ceases = stored is not None and stored.feeds_accounts is not bank.feeds_accounts
        accounts = self._tables.accounts.rows(self._tables.accounts_of_bank.ids(bank.id))
        if begins_or_ceases and any(account.source is not AccountSource.FILES for account in accounts):
            raise bank_has_accounts(self._session)
        self._session.update(self._tables.banks, bank)
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
        self._session.insert(self._tables.bank_branches, branch)
        self._tables.catalogue_version += 1

    def find_many_branches(self, branch_ids: Collection[UUID]) -> Mapping[UUID, BankBranch]:
        return self._tables.bank_branches.find_all(branch_ids)

    def list_branches(self, bank_id: UUID) -> list[BankBranch]:
        return self._tables.bank_branches.rows(self._tables.branches_of_bank.ids(bank_id))

    def list_branches_page(self, wanted: BranchFilter, *, request: PageRequest) -> Page[BankBranch]:
        branches = self.list_branches(wanted.bank_id)
        return page_of([each for each in branches if wanted.country in (None, each.country)], request)

    @property
    def _tables(self) -> MemoryBankingTables:
        return self._session.tables.banking


def bank_has_accounts(session: MemorySession) -> Exception:
    """A bank either tells of its accounts or has them held here; only files are nothing to it."""
    return session.failed_with(DomainError(Reason.BANK_HAS_ACCOUNTS, field="integration_module"))
