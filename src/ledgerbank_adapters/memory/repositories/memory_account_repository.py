"""Accounts in memory."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from uuid import UUID

from ledgerbank_adapters.memory.repositories.memory_bank_repository import bank_has_accounts
from ledgerbank_adapters.memory.storage.memory_banking_tables import MemoryBankingTables
from ledgerbank_adapters.memory.storage.memory_paging import page_of
from ledgerbank_adapters.memory.storage.memory_session import MemorySession
from ledgerbank_domain.banking.account import Account, AccountFilter, AccountSource, AccountType
from ledgerbank_domain.banking.house_bank import HOUSE_BANK_ID
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.page import Page, PageRequest
from ledgerbank_domain.ports.repositories.account_repository import AccountRepository


class MemoryAccountRepository(AccountRepository):
    def __init__(self, session: MemorySession) -> None:
        self._session = session

    def add(self, account: Account) -> None:
        if account.line_count or not account.balance.is_zero:
            raise ValueError(f"account {account.id} is new: only the journal gives it lines and a balance")
        self._check_credit_limit(account)
        self._check_source(account)
        self._session.insert(self._tables.accounts, account)

    def save(self, account: Account) -> None:
        stored = self._tables.accounts.find(account.id)
        if stored is None:
            raise LookupError(f"no account {account.id} to save")
        changed = replace(
            stored,
            account_name=account.account_name,
            status=account.status,
            credit_limit=account.credit_limit,
            missing_since=account.missing_since,
            last_sync_at=account.last_sync_at,
            completeness=account.completeness,
            updated_at=account.updated_at,
        )
        self._check_credit_limit(changed)
        self._session.update(self._tables.accounts, changed)

    def save_source(self, account: Account) -> None:
        stored = self._tables.accounts.find(account.id)
        if stored is None:
            raise LookupError(f"no account {account.id} to save")
        changed = replace(
            stored,
            source=account.source,
            bank_id=account.bank_id,
            user_bank_login_id=account.user_bank_login_id,
            external_account_id=account.external_account_id,
            number_hash=account.number_hash,
            status=account.status,
            missing_since=account.missing_since,
            updated_at=account.updated_at,
        )
        if stored.line_count and not ((stored.fed and changed.fed) or stored.source is changed.source):
            raise LookupError(f"account {account.id} has lines that its source cannot have told")
        self._check_source(changed)
        self._session.update(self._tables.accounts, changed)

    def find_many(self, account_ids: Collection[UUID]) -> Mapping[UUID, Account]:
        return self._tables.accounts.find_all(account_ids)

    def find_many_for_update(self, account_ids: Collection[UUID]) -> Mapping[UUID, Account]:
        return self._tables.accounts.find_all(account_ids)

    def list_of_user_for_update(self, user_id: UUID) -> list[Account]:
        return sorted(self.list_of_user(user_id), key=lambda account: account.id)

    def list_fed_by_external_id(self, external_id: str) -> list[Account]:
        called_so = self._tables.accounts.rows(self._tables.accounts_called.ids(external_id))
        return [account for account in called_so if account.source is AccountSource.PROVIDER]

    def list_page(self, wanted: AccountFilter, *, request: PageRequest) -> Page[Account]:
        newest_first = reversed(self.list_of_user(wanted.user_id))
        return page_of([account for account in newest_first if _matches(account, wanted)], request)

    def list_of_user(self, user_id: UUID) -> list[Account]:
        return self._tables.accounts.rows(self._tables.accounts_of_user.ids(user_id))

    def _check_source(self, account: Account) -> None:
        """A bank with a feed tells of its accounts, one without does not; of both there may be files."""
        bank = self._tables.banks.find(account.bank_id)
        is_told = account.source is AccountSource.PROVIDER
        if account.source is AccountSource.FILES:
            is_possible = bank is not None and bank.id != HOUSE_BANK_ID
        else:
            is_possible = bank is not None and bank.feeds_accounts is is_told
        if not is_possible:
            raise bank_has_accounts(self._session)

    def _check_credit_limit(self, account: Account) -> None:
        if not account.credit_limit.is_zero and account.account_type is not AccountType.CREDIT:
            raise self._session.failed_with(DomainError(Reason.NEGATIVE_BALANCE, field="credit_limit"))
        if not account.may_hold(account.balance):
            raise self._session.failed_with(DomainError(Reason.NEGATIVE_BALANCE, field="balance"))

    @property
    def _tables(self) -> MemoryBankingTables:
        return self._session.tables.banking


def _matches(account: Account, wanted: AccountFilter) -> bool:
    return (
        wanted.status in (None, account.status)
        and wanted.account_type in (None, account.account_type)
        and wanted.currency in (None, account.currency)
    )
