"""Entities for tests: valid by default, any field can be given, stored with whatever they need."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import UUID

from ledgerbank_domain.approvals.approval import ActKind, Approval
from ledgerbank_domain.banking.account import Account, AccountType
from ledgerbank_domain.banking.bank import Bank, BankBranch
from ledgerbank_domain.banking.bank_login import BankLogin, BankLoginStatus
from ledgerbank_domain.banking.booking import booking_times
from ledgerbank_domain.banking.transaction import Transaction
from ledgerbank_domain.identity.scope import Scope
from ledgerbank_domain.jobs.job import Job, JobKind, JobState
from ledgerbank_domain.ledger.journal import (
    ClearingAccount,
    CustomerAccount,
    Direction,
    EntryKind,
    JournalEntry,
    LedgerAccount,
    movement,
)
from ledgerbank_domain.money.currency import stored_currency
from ledgerbank_domain.money.money import Money
from ledgerbank_domain.payments.payment import Payment, PaymentType
from ledgerbank_domain.payments.payment_job import payment_job_key
from ledgerbank_domain.ports.clock import Clock
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork
from ledgerbank_domain.users.api_key import ApiKey, secret_hash_of
from ledgerbank_domain.users.refresh_token import RefreshToken
from ledgerbank_domain.users.user import User, UserStatus

KEY_SECRET = "s" * 43


@dataclass(kw_only=True)
class EntityBuilder:
    """``new_...`` only builds, ``a_...`` and ``an_...`` also store, each in a unit of work of its own."""

    start_unit_of_work: StartUnitOfWork
    clock: Clock
    ids: IdGenerator

    def __post_init__(self) -> None:
        self._numbers = count(1)

    def stored(self, store: Callable[[UnitOfWork], object]) -> None:
        with self.start_unit_of_work() as work:
            store(work)
            work.commit()

    def new_user(self, **fields: Any) -> User:
        number = next(self._numbers)
        defaults = {
            "email": f"user{number}@example.com",
            "full_name": f"User {number}",
            "password_hash": "a hash",
            "deleted_at": self.clock.now() if fields.get("status") is UserStatus.DELETED else None,
        }
        return User(**{**self._identity(), **defaults, **fields})

    def a_user(self, **fields: Any) -> User:
        user = self.new_user(**fields)
        self.stored(lambda work: work.users.add(user))
        return user

    def new_key(self, user: User, **fields: Any) -> ApiKey:
        defaults = {
            "user_id": user.id,
            "name": "Bookkeeping",
            "scopes": frozenset(Scope),
            "secret_hash": secret_hash_of(KEY_SECRET),
            "expires_at": self.clock.now() + timedelta(days=30),
        }
        return ApiKey(**{**self._identity(), **defaults, **fields})

    def a_key(self, user: User, **fields: Any) -> ApiKey:
        """A program's key, whose secret is ``KEY_SECRET``."""
        key = self.new_key(user, **fields)
        self.stored(lambda work: work.api_keys.add(key))
        return key

    def new_token(self, user: User, **fields: Any) -> RefreshToken:
        now = self.clock.now()
        defaults = {
            "user_id": user.id,
            "jti": self.ids.new_id(),
            "session_id": self.ids.new_id(),
            "session_started_at": now,
            "expires_at": now + timedelta(days=7),
            "last_used_at": now,
        }
        return RefreshToken(**{**self._identity(), **defaults, **fields})

    def a_token(self, user: User, **fields: Any) -> RefreshToken:
        token = self.new_token(user, **fields)
        self.stored(lambda work: work.refresh_tokens.add(token))
        return token

    def new_bank(self, **fields: Any) -> Bank:
        number = next(self._numbers)
        defaults = {"name": f"Bank {number}", "country": "GB", "code": f"BANK_{number}"}
        return Bank(**{**self._identity(), **defaults, **fields})

    def a_bank(self, **fields: Any) -> Bank:
        bank = self.new_bank(**fields)
        self.stored(lambda work: work.banks.add(bank))
        return bank

    def new_branch(self, bank: Bank, **fields: Any) -> BankBranch:
        defaults = {"bank_id": bank.id, "name": f"Branch {next(self._numbers)}", "country": "GB"}
        return BankBranch(**{**self._identity(), **defaults, **fields})

    def a_branch(self, bank: Bank | None = None, **fields: Any) -> BankBranch:
        branch = self.new_branch(bank or self.a_bank(), **fields)
        self.stored(lambda work: work.banks.add_branch(branch))
        return branch

    def new_login(self, user: User, branch: BankBranch, **fields: Any) -> BankLogin:
        defaults = {
            "user_id": user.id,
            "bank_branch_id": branch.id,
            "username": f"user{next(self._numbers):03}",
            "status": BankLoginStatus.ACTIVE,
        }
        return BankLogin(**{**self._identity(), **defaults, **fields})

    def a_login(self, user: User, branch: BankBranch | None = None, **fields: Any) -> BankLogin:
        login = self.new_login(user, branch or self.a_branch(), **fields)
        self.stored(lambda work: work.bank_logins.add(login))
        return login

    def new_account(self, login: BankLogin, branch: BankBranch, **fields: Any) -> Account:
        currency = stored_currency(fields.pop("currency", "GBP"))
        defaults = {
            "user_id": login.user_id,
            "user_bank_login_id": login.id,
            "bank_id": branch.bank_id,
            "account_type": AccountType.CHECKING,
            "account_name": f"Account {next(self._numbers)}",
            "balance": Money.zero(currency),
            "credit_limit": Money.zero(currency),
            "day_spent": Money.zero(currency),
        }
        return Account(**{**self._identity(), **defaults, **fields})

    def an_account(self, user: User | None = None, *, balance: str = "0", **fields: Any) -> Account:
        """With an opening entry when a balance is asked for: the journal is the only way to one."""
        branch = self.a_branch()
        account = self.new_account(self.a_login(user or self.a_user(), branch), branch, **fields)
        self.stored(lambda work: work.accounts.add(account))
        if Decimal(balance) == 0:
            return account
        return self.a_movement(account, Decimal(balance), kind=EntryKind.OPENING)[0]

    def new_movement(self, account: Account, amount: Decimal | Money, **fields: Any) -> JournalEntry:
        """In or out of an account by the amount's sign, against the bank's clearing account by default."""
        signed = amount if isinstance(amount, Money) else Money(amount, account.currency)
        against: LedgerAccount = fields.pop("against", ClearingAccount(account.bank_id))
        defaults = {
            "kind": EntryKind.PAYMENT,
            "direction": Direction.CREDIT if signed.is_positive else Direction.DEBIT,
            "description": "A movement",
            "at": self.clock.now(),
            "booked_at": booking_times([account], now=self.clock.now()).booked_at,
        }
        return movement(
            entry_id=self.ids.new_id(),
            posting_ids=(self.ids.new_id(), self.ids.new_id()),
            account=account.ledger_account,
            against=against,
            amount=signed if signed.is_positive else -signed,
            **{**defaults, **fields},
        )

    def a_movement(
        self, account: Account, amount: Decimal, **fields: Any
    ) -> tuple[Account, JournalEntry, Transaction]:
        entry = self.new_movement(account, amount, **fields)
        booked, line = account.booked(entry, entry.postings[0])
        self.stored(lambda work: work.journal.add_many([entry], accounts=[booked], transactions=[line]))
        return booked, entry, line

    def new_payment(self, account: Account, **fields: Any) -> Payment:
        amount = Money(Decimal(fields.pop("amount", 10)), account.currency)
        defaults = {
            "user_id": account.user_id,
            "user_bank_account_id": account.id,
            "amount": amount,
            "direction": Direction.DEBIT,
            "payment_type": PaymentType.PAYMENT,
            "description": f"Payment {next(self._numbers)}",
        }
        return Payment(**{**self._identity(), **defaults, **fields})

    def a_payment(self, account: Account, **fields: Any) -> Payment:
        payment = self.new_payment(account, **fields)
        self.stored(lambda work: work.payments.add_many([payment]))
        return payment

    def a_completed_payment(
        self, account: Account, *, at: datetime | None = None, **fields: Any
    ) -> tuple[Account, Payment]:
        """Executed against the clearing account, with the account as it is afterwards."""
        at = at or self.clock.now()
        payment = self.a_payment(account, **fields)
        entry = self.new_movement(
            account,
            payment.amount,
            direction=payment.direction,
            description=payment.description,
            at=at,
            payment_id=payment.id,
        )
        booked, line = account.booked(entry, entry.postings[0])
        completed = payment.completed(journal_entry_id=entry.id, at=at)

        def complete(work: UnitOfWork) -> None:
            work.journal.add_many([entry], accounts=[booked], transactions=[line])
            work.payments.save_many([completed])

        self.stored(complete)
        return booked, completed

    def new_approval(self, requester: User, target: User, **fields: Any) -> Approval:
        """That the target becomes support."""
        defaults: dict[str, Any] = {
            "kind": ActKind.USER_UPDATE,
            "target_id": target.id,
            "subject": str(target.id),
            "arguments": {"user_id": str(target.id), "role": "support"},
            "basis": {"role": target.role.value, "status": target.status.value, "email": target.email},
            "changes": {"role": {"old": target.role.value, "new": "support"}},
            "reason": "They will help",
            "requested_by": requester.id,
            "expires_at": self.clock.now() + timedelta(hours=72),
        }
        return Approval(**{**self._identity(), **defaults, **fields})

    def an_approval(self, requester: User, target: User, **fields: Any) -> Approval:
        approval = self.new_approval(requester, target, **fields)
        self.stored(lambda work: work.approvals.add(approval))
        return approval

    def new_job(self, kind: JobKind = JobKind.BANK_SYNC, **fields: Any) -> Job:
        """Available now. A job of the kind ``payment.process`` is of a payment of its own, unless given."""
        args = fields.pop("args", None) or {
            JobKind.PAYMENT_PROCESS: {"payment_id": str(self.ids.new_id())},
            JobKind.BANK_SYNC: {"bank_login_id": str(self.ids.new_id())},
        }.get(kind, {})
        defaults: dict[str, Any] = {
            "kind": kind,
            "args": args,
            "state": JobState.AVAILABLE,
            "run_at": self.clock.now(),
        }
        if kind is JobKind.PAYMENT_PROCESS:
            defaults["unique_key"] = payment_job_key(UUID(args["payment_id"]))
        return Job(**{**self._identity(), **defaults, **fields})

    def a_job(self, kind: JobKind = JobKind.BANK_SYNC, **fields: Any) -> Job:
        job = self.new_job(kind, **fields)
        self.stored(lambda work: work.jobs.add_many([job]))
        return job

    def _identity(self) -> dict[str, Any]:
        now = self.clock.now()
        return {"id": self.ids.new_id(), "inserted_at": now, "updated_at": now}


def book(work: UnitOfWork, entries: list[JournalEntry]) -> None:
    """Books entries as a use-case does: locks the accounts, lets them compute, writes all at once."""
    account_ids = {
        posting.account.account_id
        for entry in entries
        for posting in entry.postings
        if isinstance(posting.account, CustomerAccount)
    }
    accounts = dict(work.accounts.find_many_for_update(account_ids))
    booked, lines = [], []
    for drafted in entries:
        touched = [
            accounts[posting.account.account_id]
            for posting in drafted.postings
            if isinstance(posting.account, CustomerAccount)
        ]
        # Drafted before others were booked, it is booked after them all the same.
        last = max([account.last_booked_at or drafted.inserted_at for account in touched])
        entry = replace(drafted, inserted_at=max(drafted.inserted_at, last))
        booked.append(entry)
        for posting in entry.postings:
            if isinstance(posting.account, CustomerAccount):
                account, line = accounts[posting.account.account_id].booked(entry, posting)
                accounts[account.id] = account
                lines.append(line)
    work.journal.add_many(booked, accounts=list(accounts.values()), transactions=lines)


def only_account(work: UnitOfWork, account_id: UUID) -> Account:
    return work.accounts.find_many([account_id])[account_id]
