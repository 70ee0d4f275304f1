"""Loading the sample data: as often as one likes, from as many processes at once as one likes.

What is there is never touched: no password, balance or name is reset.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ledgerbank_app.sample.sample_banks import (
    DEMO_BANK,
    SIMULATED_BANKS,
    TEST_BANK,
    SampleBankLoader,
)
from ledgerbank_app.sample.sample_customers import SAMPLE_USERS, SampleAccount, SampleLine, SampleUser
from ledgerbank_domain.banking.account import Account
from ledgerbank_domain.banking.bank import BankBranch
from ledgerbank_domain.banking.bank_login import BankLogin, BankLoginStatus
from ledgerbank_domain.banking.transaction import Transaction
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ledger.journal import ClearingAccount, Direction, EntryKind, JournalEntry, movement
from ledgerbank_domain.money.money import Money
from ledgerbank_domain.payments.payment import Payment
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.security import PasswordHasher
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork
from ledgerbank_domain.services.users.password_proof import password_hash_of
from ledgerbank_domain.users.user import User


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleDataLoader:
    """Stores the sample data that is missing, and leaves alone what is there.

    ``dialects`` are those in which the simulated bank is offered, each as a bank of its own.
    """

    start_unit_of_work: StartUnitOfWork
    ids: IdGenerator
    hasher: PasswordHasher
    dialects: Sequence[str]

    def load_banks(self) -> None:
        """The banks alone: with them come neither people, whose passwords are published, nor money."""
        banks = self._banks()
        self._load_simulated(banks)
        for bank in (DEMO_BANK, TEST_BANK):
            banks.load(bank)

    def load(self) -> None:
        """The bank, the customers and the money of development; loading again changes nothing."""
        banks = self._banks()
        self._load_simulated(banks)
        for sample in SAMPLE_USERS:
            user = self._find_or_register(sample)
            if sample.account is not None:
                self._open_account_once(user, sample.account, banks.load(sample.account.bank))

    def _load_simulated(self, banks: SampleBankLoader) -> None:
        for dialect in self.dialects:
            banks.load(SIMULATED_BANKS[dialect])

    def _banks(self) -> SampleBankLoader:
        return SampleBankLoader(start_unit_of_work=self.start_unit_of_work, ids=self.ids)

    def _find_or_register(self, sample: SampleUser) -> User:
        with self.start_unit_of_work() as work:
            found = work.users.find_by_email(sample.email)
        return found or self._register(sample)

    def _register(self, sample: SampleUser) -> User:
        password_hash = password_hash_of(self.hasher, sample.password)
        try:
            with self.start_unit_of_work() as work:
                now = work.now()
                user = User(
                    id=self.ids.new_id(),
                    email=sample.email,
                    full_name=sample.full_name,
                    # Nobody reads their mail: whoever wants addresses confirmed can use them all the same.
                    verified=True,
                    password_hash=password_hash,
                    role=sample.role,
                    inserted_at=now,
                    updated_at=now,
                )
                work.users.add(user)
                work.commit()
        except DomainError as error:
            if error.reason is not Reason.EMAIL_ALREADY_EXISTS:
                raise
            return self._find_or_register(sample)
        return user

    def _open_account_once(self, user: User, sample: SampleAccount, branch: BankBranch) -> None:
        """Login, account and lines come in one transaction, decided on under the user's lock."""
        with self.start_unit_of_work() as work:
            work.users.get_for_update(user.id)
            find = work.bank_logins.find_by_username_for_update
            if find(user_id=user.id, bank_branch_id=branch.id, username=sample.username) is not None:
                return
            now = work.now()
            login = self._add_login(work, user, sample, branch, at=now)
            account = self._add_account(work, login, sample, branch, at=now)
            self._book_lines(work, account, sample, at=now)
            work.commit()

    def _add_login(
        self, work: UnitOfWork, user: User, sample: SampleAccount, branch: BankBranch, *, at: datetime
    ) -> BankLogin:
        login = BankLogin(
            id=self.ids.new_id(),
            user_id=user.id,
            bank_branch_id=branch.id,
            username=sample.username,
            status=BankLoginStatus.ACTIVE,
            scope=("read", "write"),
            inserted_at=at,
            updated_at=at,
        )
        work.bank_logins.add(login)
        return login

    def _add_account(
        self, work: UnitOfWork, login: BankLogin, sample: SampleAccount, branch: BankBranch, *, at: datetime
    ) -> Account:
        account = Account(
            id=self.ids.new_id(),
            user_id=login.user_id,
            user_bank_login_id=login.id,
            bank_id=branch.bank_id,
            account_type=sample.account_type,
            account_name=sample.name,
            balance=Money.zero(sample.currency),
            credit_limit=Money.zero(sample.currency),
            day_spent=Money.zero(sample.currency),
            last_four=sample.last_four,
            inserted_at=at,
            updated_at=at,
        )
        work.accounts.add(account)
        return account

    def _book_lines(self, work: UnitOfWork, account: Account, sample: SampleAccount, *, at: datetime) -> None:
        opening = SampleLine(sample.opening_balance, Direction.CREDIT, "Opening balance")
        entries = [self._entry(account, opening, EntryKind.OPENING, at=at)]
        for line in sample.lines:
            payment = self._add_payment(work, account, line, at=at)
            kind = EntryKind.IMPORT if payment is None else EntryKind.PAYMENT
            entry = self._entry(account, line, kind, payment=payment, at=at)
            entries.append(entry)
        transactions: list[Transaction] = []
        for entry in entries:
            account, transaction = account.booked(entry, entry.postings[0])
            transactions.append(transaction)
        work.journal.add_many(entries, accounts=[account], transactions=transactions)
        self._complete_payments(work, entries, at=at)

    def _entry(
        self,
        account: Account,
        line: SampleLine,
        kind: EntryKind,
        *,
        payment: Payment | None = None,
        at: datetime,
    ) -> JournalEntry:
        return movement(
            entry_id=self.ids.new_id(),
            posting_ids=(self.ids.new_id(), self.ids.new_id()),
            kind=kind,
            account=account.ledger_account,
            against=ClearingAccount(account.bank_id),
            direction=line.direction,
            amount=Money(line.amount, account.currency),
            description=line.description,
            at=at,
            payment_id=payment.id if payment else None,
        )

    def _add_payment(
        self, work: UnitOfWork, account: Account, line: SampleLine, *, at: datetime
    ) -> Payment | None:
        if line.payment_type is None:
            return None
        payment = Payment(
            id=self.ids.new_id(),
            user_id=account.user_id,
            user_bank_account_id=account.id,
            amount=Money(line.amount, account.currency),
            direction=line.direction,
            payment_type=line.payment_type,
            description=line.description,
            inserted_at=at,
            updated_at=at,
        )
        work.payments.add_many([payment])
        return payment

    def _complete_payments(self, work: UnitOfWork, entries: list[JournalEntry], *, at: datetime) -> None:
        entry_of = {entry.payment_id: entry.id for entry in entries if entry.payment_id}
        pending = work.payments.find_many(entry_of.keys())
        work.payments.save_many(
            [payment.completed(journal_entry_id=entry_of[payment.id], at=at) for payment in pending.values()]
        )
