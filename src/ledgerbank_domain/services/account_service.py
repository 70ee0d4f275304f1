"""Reading accounts and their transactions."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from ledgerbank_domain.banking.account import Account, AccountFilter
from ledgerbank_domain.banking.account_policy import may_list_accounts_of, may_view_account
from ledgerbank_domain.banking.transaction import Transaction, TransactionFilter
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.identity.page import KeysetPage, KeysetRequest, Page, PageRequest
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork
from ledgerbank_domain.services.outcome import Outcome, result_of


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountService:
    start_unit_of_work: StartUnitOfWork

    def list_page(self, actor: Actor, wanted: AccountFilter, *, request: PageRequest) -> Page[Account]:
        """The accounts of ``wanted.user_id``. Raises ``insufficient_permissions`` for somebody else's."""
        if not may_list_accounts_of(actor, wanted.user_id):
            raise DomainError(Reason.INSUFFICIENT_PERMISSIONS)
        with self.start_unit_of_work() as work:
            return work.accounts.list_page(wanted, request=request)

    def get(self, actor: Actor, *, account_id: UUID) -> Account:
        """Raises ``account_not_found``, then ``unauthorized_access``."""
        return result_of(self.get_many([(actor, account_id)])[0])

    def get_many(self, requests: Sequence[tuple[Actor, UUID]]) -> list[Outcome[Account]]:
        """Accounts for many callers in one query; each answered by itself."""
        with self.start_unit_of_work() as work:
            return _viewable_accounts(work, requests)

    def list_transactions(
        self, actor: Actor, *, account_id: UUID, wanted: TransactionFilter, request: KeysetRequest
    ) -> KeysetPage[Transaction]:
        """The account's lines that ``wanted`` lets through.

        Raises ``account_not_found``, then ``unauthorized_access``.
        """
        with self.start_unit_of_work() as work:
            result_of(_viewable_accounts(work, [(actor, account_id)])[0])
            return work.transactions.list_keyset(replace(wanted, account_id=account_id), request=request)


def _viewable_accounts(work: UnitOfWork, requests: Sequence[tuple[Actor, UUID]]) -> list[Outcome[Account]]:
    accounts = work.accounts.find_many({account_id for _, account_id in requests})
    return [_viewable(actor, accounts.get(account_id)) for actor, account_id in requests]


def _viewable(actor: Actor, account: Account | None) -> Outcome[Account]:
    if account is None:
        return DomainError(Reason.ACCOUNT_NOT_FOUND)
    return account if may_view_account(actor, account) else DomainError(Reason.UNAUTHORIZED_ACCESS)
