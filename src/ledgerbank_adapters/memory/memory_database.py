"""Everything LedgerBank stores, in memory."""

import threading
from collections.abc import Hashable
from uuid import UUID

from ledgerbank_adapters.memory.memory_index import OrderedIndex, RunningTotalIndex, UniqueIndex
from ledgerbank_adapters.memory.memory_table import ForeignKey, MemoryTable
from ledgerbank_domain.audit.audit_event import AuditEvent, AuditOutcome
from ledgerbank_domain.banking.account import Account
from ledgerbank_domain.banking.bank import Bank, BankBranch
from ledgerbank_domain.banking.bank_login import BankLogin
from ledgerbank_domain.banking.transaction import Transaction
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.idempotency.idempotency_record import IdempotencyRecord
from ledgerbank_domain.ledger.journal import Direction, JournalEntry
from ledgerbank_domain.payments.payment import Payment, PaymentStatus
from ledgerbank_domain.users.refresh_token import RefreshToken
from ledgerbank_domain.users.user import User


class MemoryTables:
    """The tables, their constraints and their indexes. An index is named after what it finds."""

    def __init__(self) -> None:
        self._create_users()
        self._create_banks()
        self._create_payments()
        self._create_ledger()
        self.audit_about = OrderedIndex[AuditEvent](
            group_of=lambda event: event.target_id, order_of=lambda event: event.occurred_at
        )
        self.audit_refusals = OrderedIndex[AuditEvent](
            group_of=lambda event: event.name if event.outcome is AuditOutcome.FAILURE else None,
            order_of=lambda event: event.occurred_at,
        )
        self.audit_events = MemoryTable[AuditEvent](
            "audit_events", indexes=[self.audit_about, self.audit_refusals]
        )

        self.record_by_key = UniqueIndex[IdempotencyRecord](
            "key", lambda record: (record.user_id, record.key), reason=None
        )
        self.idempotency_records = MemoryTable[IdempotencyRecord](
            "idempotency_records",
            unique=[self.record_by_key],
            references=[ForeignKey("user_id", self.users, Reason.USER_NOT_FOUND)],
        )

    def _create_users(self) -> None:
        self.user_by_email = UniqueIndex[User](
            "email", lambda user: user.email, reason=Reason.EMAIL_ALREADY_EXISTS
        )
        self.users = MemoryTable[User]("users", unique=[self.user_by_email])
        self.token_by_jti = UniqueIndex[RefreshToken]("jti", lambda token: token.jti)
        # A session that was continued for years leaves a long tail of dead tokens, and one live one.
        self.live_token_of_session = UniqueIndex[RefreshToken](
            "session_id", lambda token: token.session_id if token.is_live else None, reason=None
        )
        self.live_tokens_of_user = OrderedIndex[RefreshToken](
            group_of=lambda token: token.user_id if token.is_live else None,
            order_of=lambda token: token.inserted_at,
        )
        self.refresh_tokens = MemoryTable[RefreshToken](
            "refresh_tokens",
            unique=[self.token_by_jti, self.live_token_of_session],
            indexes=[self.live_tokens_of_user],
            references=[ForeignKey("user_id", self.users, Reason.USER_NOT_FOUND)],
        )

    def _create_banks(self) -> None:
        # Never goes back, not even when a write is undone: one number too many only costs a look.
        self.catalogue_version = 0
        self.bank_by_code = UniqueIndex[Bank]("code", lambda bank: bank.code)
        bank_by_name = UniqueIndex[Bank]("name", lambda bank: bank.name)
        self.banks = MemoryTable[Bank]("banks", unique=[bank_by_name, self.bank_by_code])
        self.branches_of_bank = OrderedIndex[BankBranch](
            group_of=lambda branch: branch.bank_id, order_of=lambda branch: branch.name
        )
        self.bank_branches = MemoryTable[BankBranch](
            "bank_branches",
            unique=[
                UniqueIndex("iban", lambda branch: branch.iban),
                UniqueIndex("swift_code", lambda branch: branch.swift_code),
            ],
            indexes=[self.branches_of_bank],
            references=[ForeignKey("bank_id", self.banks, Reason.BANK_NOT_FOUND)],
        )
        self.logins_of_user = OrderedIndex[BankLogin](
            group_of=lambda login: login.user_id, order_of=lambda login: login.inserted_at
        )
        self.bank_logins = MemoryTable[BankLogin](
            "user_bank_logins",
            unique=[
                UniqueIndex("username", lambda login: (login.user_id, login.bank_branch_id, login.username))
            ],
            indexes=[self.logins_of_user],
            references=[
                ForeignKey("user_id", self.users, Reason.USER_NOT_FOUND),
                ForeignKey("bank_branch_id", self.bank_branches, Reason.BANK_BRANCH_NOT_FOUND),
            ],
        )
        self.accounts_of_user = OrderedIndex[Account](
            group_of=lambda account: account.user_id, order_of=lambda account: account.inserted_at
        )
        self.accounts = MemoryTable[Account](
            "user_bank_accounts",
            unique=[UniqueIndex("external_account_id", lambda account: account.external_account_id)],
            indexes=[self.accounts_of_user],
            references=[
                ForeignKey("user_id", self.users, Reason.USER_NOT_FOUND),
                ForeignKey("user_bank_login_id", self.bank_logins, Reason.BANK_LOGIN_NOT_FOUND),
                ForeignKey("bank_id", self.banks, Reason.BANK_NOT_FOUND),
            ],
        )

    def _create_payments(self) -> None:
        self.payments_of_user = OrderedIndex[Payment](
            group_of=lambda payment: payment.user_id, order_of=lambda payment: payment.inserted_at
        )
        self.pending_payments_of_user = OrderedIndex[Payment](
            group_of=lambda payment: payment.user_id if payment.is_pending else None,
            order_of=lambda payment: payment.id,
        )
        self.completed_payments_like = OrderedIndex[Payment](
            group_of=lambda payment: payment.signature if _is_completed(payment) else None,
            order_of=lambda payment: payment.posted_at,
        )
        self.spending_of_account = RunningTotalIndex[Payment](
            group_of=_spending_account,
            order_of=lambda payment: payment.posted_at,
            amount_of=lambda payment: payment.amount.amount,
        )
        self.payments = MemoryTable[Payment](
            "user_payments",
            indexes=[
                self.payments_of_user,
                self.pending_payments_of_user,
                self.completed_payments_like,
                self.spending_of_account,
            ],
            references=[
                ForeignKey("user_id", self.users, Reason.USER_NOT_FOUND),
                ForeignKey("user_bank_account_id", self.accounts, Reason.ACCOUNT_NOT_FOUND),
                ForeignKey("counterparty_account_id", self.accounts, Reason.ACCOUNT_NOT_FOUND),
            ],
        )

    def _create_ledger(self) -> None:
        self.journal_entries = MemoryTable[JournalEntry](
            "journal_entries",
            unique=[
                UniqueIndex("payment_id", lambda entry: entry.payment_id),
                UniqueIndex("reverses_entry_id", lambda entry: entry.reverses_entry_id),
            ],
            references=[ForeignKey("payment_id", self.payments, Reason.PAYMENT_NOT_FOUND)],
        )
        self.lines_of_account = OrderedIndex[Transaction](
            group_of=lambda line: line.account_id, order_of=lambda line: line.posted_at
        )
        self.lines_of_user = OrderedIndex[Transaction](
            group_of=lambda line: line.user_id, order_of=lambda line: line.posted_at
        )
        self.transactions = MemoryTable[Transaction](
            "transactions",
            unique=[
                # Two units that number their lines from the same balance cannot both be booked.
                UniqueIndex("line_number", lambda line: (line.account_id, line.line_number), reason=None),
                UniqueIndex("external_transaction_id", _external_key),
            ],
            indexes=[self.lines_of_account, self.lines_of_user],
            references=[
                ForeignKey("account_id", self.accounts, Reason.ACCOUNT_NOT_FOUND),
                ForeignKey("journal_entry_id", self.journal_entries, Reason.RESOURCE_NOT_FOUND),
                ForeignKey("payment_id", self.payments, Reason.PAYMENT_NOT_FOUND),
            ],
        )


class MemoryDatabase:
    """A store that lives as long as this object, for tests, simulations and trying things out.

    Units of work run strictly one after the other, however many threads start them: one lock is held
    from entering a unit to its end. That is serialisable isolation in its simplest form; it costs
    parallelism (readers wait for writers too, the ledger's proof included) and rules out deadlocks.
    """

    def __init__(self) -> None:
        self.tables = MemoryTables()
        self._turn = threading.Lock()
        self._owner: int | None = None

    def take_turn(self) -> None:
        """Waits until no unit of work is open.

        Raises ``RuntimeError`` when this thread has one open itself, for it would wait forever.
        """
        if self._owner == threading.get_ident():
            raise RuntimeError(
                "this thread already has a unit of work open on this MemoryDatabase: leave that one first"
            )
        self._turn.acquire()
        self._owner = threading.get_ident()

    def end_turn(self) -> None:
        self._owner = None
        self._turn.release()


def _is_completed(payment: Payment) -> bool:
    return payment.status is PaymentStatus.COMPLETED


def _spending_account(payment: Payment) -> UUID | None:
    spends = _is_completed(payment) and payment.direction is Direction.DEBIT
    return payment.user_bank_account_id if spends else None


def _external_key(line: Transaction) -> Hashable | None:
    return None if line.external_transaction_id is None else (line.account_id, line.external_transaction_id)
