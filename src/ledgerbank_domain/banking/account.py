"""A customer's account and how postings are booked on it."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from uuid import UUID

from ledgerbank_domain.banking.transaction import Transaction
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ledger.journal import CustomerAccount, JournalEntry, Posting
from ledgerbank_domain.money.currency import Currency
from ledgerbank_domain.money.money import Money


class AccountType(Enum):
    CHECKING = "CHECKING"
    SAVINGS = "SAVINGS"
    CREDIT = "CREDIT"
    INVESTMENT = "INVESTMENT"


class AccountStatus(Enum):
    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"
    CLOSED = "CLOSED"
    FROZEN = "FROZEN"
    SUSPENDED = "SUSPENDED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """``balance`` is always the sum of the account's lines; only :meth:`booked` changes it.

    ``bank_id`` names the clearing account on the other side of its movements. ``line_count`` numbers
    the lines without gaps, so that a lost or inserted line is seen.
    """

    id: UUID
    user_id: UUID
    user_bank_login_id: UUID
    bank_id: UUID
    account_type: AccountType
    account_name: str
    balance: Money
    credit_limit: Money
    status: AccountStatus = AccountStatus.ACTIVE
    last_four: str | None = None
    external_account_id: str | None = None
    last_sync_at: datetime | None = None
    line_count: int = 0
    inserted_at: datetime
    updated_at: datetime

    @property
    def currency(self) -> Currency:
        return self.balance.currency

    @property
    def available_balance(self) -> Money:
        return self.balance + self.credit_limit

    @property
    def is_active(self) -> bool:
        return self.status is AccountStatus.ACTIVE

    @property
    def ledger_account(self) -> CustomerAccount:
        return CustomerAccount(self.id)

    def booked(self, entry: JournalEntry, posting: Posting) -> tuple["Account", Transaction]:
        """The account after this posting, and the line that records it.

        Raises ``negative_balance`` when the balance would fall below ``-credit_limit`` and
        ``amount_exceeds_limit`` when it would outgrow storage.
        """
        if posting.account != self.ledger_account:
            raise ValueError(f"posting {posting.id} is not on account {self.id}")
        balance = self.balance + posting.signed_amount
        if balance < -self.credit_limit:
            raise DomainError(Reason.NEGATIVE_BALANCE, account_id=str(self.id))
        if not balance.is_representable:
            raise DomainError(Reason.AMOUNT_EXCEEDS_LIMIT, account_id=str(self.id))
        account = replace(self, balance=balance, line_count=self.line_count + 1, updated_at=entry.inserted_at)
        return account, Transaction.from_posting(
            entry, posting, user_id=self.user_id, balance_after=balance, line_number=account.line_count
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFilter:
    """What a list of accounts is narrowed to; None means any."""

    user_id: UUID
    status: AccountStatus | None = None
    account_type: AccountType | None = None
    currency: Currency | None = None
