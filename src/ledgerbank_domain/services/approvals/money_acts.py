"""Acts about money that take two administrators: credit limits, lifting a stop, undoing what was booked."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Self
from uuid import UUID

from ledgerbank_domain.approvals.approval import ActKind
from ledgerbank_domain.banking.account import Account, AccountChanges, AccountStatus
from ledgerbank_domain.banking.account_policy import account_update_takes_two
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.ledger.journal import CustomerAccount
from ledgerbank_domain.ports.unit_of_work import UnitOfWork
from ledgerbank_domain.services.approvals.staff_act import (
    ActingServices,
    ConcernedUsers,
    Facts,
    StaffAct,
    facts_of,
)


def account_update(account_id: UUID, changes: AccountChanges) -> StaffAct:
    """Changing an account; it takes two for another credit limit, and for lifting what staff had stopped."""
    return _AccountUpdate(account_id=account_id, changes=changes)


def payment_reversal(payment_id: UUID, reason: str) -> StaffAct:
    """Undoing a payment."""
    return _PaymentReversal(payment_id=payment_id, reason=reason)


def entry_reversal(entry_id: UUID, reason: str) -> StaffAct:
    """Undoing an entry of the journal."""
    return _EntryReversal(entry_id=entry_id, reason=reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class _AccountUpdate(StaffAct):
    """Another credit limit, or lifting what staff had stopped."""

    account_id: UUID
    changes: AccountChanges

    kind = ActKind.ACCOUNT_UPDATE

    @property
    def target_id(self) -> UUID:
        return self.account_id

    @classmethod
    def read(cls, arguments: Facts) -> Self:
        status, limit = arguments.get("status"), arguments.get("credit_limit")
        changes = AccountChanges(
            account_name=arguments.get("account_name"),
            status=None if status is None else AccountStatus(status),
            credit_limit=None if limit is None else Decimal(limit),
        )
        return cls(account_id=UUID(arguments["account_id"]), changes=changes)

    def arguments(self) -> Facts:
        return {"account_id": str(self.account_id), **self.wanted()}

    def takes_two(self, work: UnitOfWork, actor: Actor) -> bool:  # noqa: ARG002 - whoever it is
        account = work.accounts.find(self.account_id)
        return account is not None and account_update_takes_two(account, self.changes)

    def concerned(self, work: UnitOfWork) -> ConcernedUsers:
        account = work.accounts.find(self.account_id)
        owners = set() if account is None else {account.user_id}
        return ConcernedUsers(ids=owners, gaining=owners)

    def basis(self, work: UnitOfWork) -> Facts:
        account = work.accounts.get_for_update(self.account_id)
        return facts_of(_account_facts(account), self.wanted(), "status", "credit_limit")

    def wanted(self) -> Facts:
        changes = self.changes
        told = {
            "account_name": changes.account_name,
            "status": changes.status and changes.status.value,
            "credit_limit": None if changes.credit_limit is None else f"{changes.credit_limit:f}",
        }
        return {name: value for name, value in told.items() if value is not None}

    def perform(self, services: ActingServices, actor: Actor) -> UUID:
        return services.accounts.update(actor, account_id=self.account_id, changes=self.changes).id


@dataclass(frozen=True, slots=True, kw_only=True)
class _PaymentReversal(StaffAct):
    """Undoing a payment. Whether that is still possible the ledger itself knows."""

    payment_id: UUID
    reason: str = field(repr=False)

    kind = ActKind.PAYMENT_REVERSE

    @property
    def target_id(self) -> UUID:
        return self.payment_id

    @classmethod
    def read(cls, arguments: Facts) -> Self:
        return cls(payment_id=UUID(arguments["payment_id"]), reason=arguments["reason"])

    def arguments(self) -> Facts:
        return {"payment_id": str(self.payment_id), "reason": self.reason}

    def takes_two(self, work: UnitOfWork, actor: Actor) -> bool:  # noqa: ARG002 - whatever it is
        return True

    def concerned(self, work: UnitOfWork) -> ConcernedUsers:
        payment = work.payments.find(self.payment_id)
        return _owners(work, None if payment is None else payment.journal_entry_id)

    def basis(self, work: UnitOfWork) -> Facts:  # noqa: ARG002 - what was executed never changes
        return {}

    def wanted(self) -> Facts:
        return {}

    def perform(self, services: ActingServices, actor: Actor) -> UUID:
        return services.reversals.reverse_payment(actor, payment_id=self.payment_id, reason=self.reason).id


@dataclass(frozen=True, slots=True, kw_only=True)
class _EntryReversal(StaffAct):
    """Undoing an entry of the journal, as :class:`_PaymentReversal` does a payment."""

    entry_id: UUID
    reason: str = field(repr=False)

    kind = ActKind.ENTRY_REVERSE

    @property
    def target_id(self) -> UUID:
        return self.entry_id

    @classmethod
    def read(cls, arguments: Facts) -> Self:
        return cls(entry_id=UUID(arguments["entry_id"]), reason=arguments["reason"])

    def arguments(self) -> Facts:
        return {"entry_id": str(self.entry_id), "reason": self.reason}

    def takes_two(self, work: UnitOfWork, actor: Actor) -> bool:  # noqa: ARG002 - whatever it is
        return True

    def concerned(self, work: UnitOfWork) -> ConcernedUsers:
        return _owners(work, self.entry_id)

    def basis(self, work: UnitOfWork) -> Facts:  # noqa: ARG002 - an entry never changes
        return {}

    def wanted(self) -> Facts:
        return {}

    def perform(self, services: ActingServices, actor: Actor) -> UUID:
        services.reversals.reverse_entry(actor, entry_id=self.entry_id, reason=self.reason)
        return self.entry_id


def _owners(work: UnitOfWork, entry_id: UUID | None) -> ConcernedUsers:
    """Whose money the entry moved: all of them are locked, and any of them might gain."""
    entry = None if entry_id is None else work.journal.find(entry_id)
    postings = () if entry is None else entry.postings
    accounts = work.accounts.find_many(
        {each.account.account_id for each in postings if isinstance(each.account, CustomerAccount)}
    )
    owners = {account.user_id for account in accounts.values()}
    return ConcernedUsers(ids=owners, gaining=owners)


def _account_facts(account: Account) -> Facts:
    return {
        "account_name": account.account_name,
        "status": account.status.value,
        "credit_limit": f"{account.credit_limit.amount:f}",
    }


MONEY_ACTS: tuple[type[StaffAct], ...] = (_AccountUpdate, _PaymentReversal, _EntryReversal)
"""Their rows of the table."""
