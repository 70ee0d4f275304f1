"""The tables of a memory database, with their constraints and indexes."""

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ledgerbank_adapters.memory.storage.memory_import_row import ImportRow
from ledgerbank_adapters.memory.storage.memory_index import OrderedIndex, RunningTotalIndex, UniqueIndex
from ledgerbank_adapters.memory.storage.memory_login_tables import MemoryLoginTables
from ledgerbank_adapters.memory.storage.memory_table import ForeignKey, MemoryTable
from ledgerbank_domain.audit.audit_event import AuditEvent
from ledgerbank_domain.audit.audit_export_rules import AuditPosition
from ledgerbank_domain.banking.account import Account
from ledgerbank_domain.banking.bank import Bank, BankBranch
from ledgerbank_domain.banking.bank_login import BankLogin
from ledgerbank_domain.banking.oauth_state import OAuthState
from ledgerbank_domain.banking.transaction import Transaction
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.idempotency.idempotency_record import IdempotencyRecord
from ledgerbank_domain.jobs.job import WAITING_STATES, Job, JobKind, JobState
from ledgerbank_domain.jobs.job_timing import PERIODS
from ledgerbank_domain.jobs.job_worker import JobWorker
from ledgerbank_domain.ledger.journal import Direction, JournalEntry
from ledgerbank_domain.payments.payment import Payment
from ledgerbank_domain.users.refresh_token import RefreshToken
from ledgerbank_domain.users.user import User

_FREES_ITS_KEY = frozenset({JobState.CANCELLED, JobState.DISCARDED})


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookEventRow:
    """That a bank's event was received."""

    id: UUID
    provider: str
    event_id: str
    event_type: str
    ignored: bool
    inserted_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditExportRow:
    """Up to where the audit trail was exported."""

    id: UUID
    position: AuditPosition


class MemoryTables:
    """The tables, their constraints and their indexes. An index is named after what it finds."""

    def __init__(self) -> None:
        self._create_users()
        self.logins = MemoryLoginTables(self.users)
        self._create_banks()
        self._create_bank_connections()
        self._create_payments()
        self._create_ledger()
        self._create_bank_imports()
        self._create_jobs()
        self.audit_about = OrderedIndex[AuditEvent](
            group_of=lambda event: event.target_id, order_of=lambda event: event.occurred_at
        )
        self.audit_by_repeat = UniqueIndex[AuditEvent]("repeat_key", repeat_of, reason=None)
        self.audit_events = MemoryTable[AuditEvent](
            "audit_events", unique=[self.audit_by_repeat], indexes=[self.audit_about]
        )
        self.audit_exports = MemoryTable[AuditExportRow]("audit_exports")

        self.record_by_key = UniqueIndex[IdempotencyRecord](
            "key", lambda record: (record.user_id, record.key), reason=None
        )
        self.records_by_expiry = OrderedIndex[IdempotencyRecord](
            group_of=lambda _: True, order_of=lambda record: record.expires_at
        )
        self.idempotency_records = MemoryTable[IdempotencyRecord](
            "idempotency_records",
            unique=[self.record_by_key],
            indexes=[self.records_by_expiry],
            references=[ForeignKey("user_id", self.users, Reason.USER_NOT_FOUND)],
        )

    def _create_users(self) -> None:
        self.user_by_email = UniqueIndex[User](
            "email", lambda user: user.email_identity, reason=Reason.EMAIL_ALREADY_EXISTS
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
        self.tokens_by_expiry = OrderedIndex[RefreshToken](
            group_of=lambda _: True, order_of=lambda token: token.expires_at
        )
        self.refresh_tokens = MemoryTable[RefreshToken](
            "refresh_tokens",
            unique=[self.token_by_jti, self.live_token_of_session],
            indexes=[self.live_tokens_of_user, self.tokens_by_expiry],
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
        self.login_by_username = UniqueIndex[BankLogin](
            "username", lambda login: (login.user_id, login.bank_branch_id, login.username)
        )
        self.sealed_logins = OrderedIndex[BankLogin](
            group_of=lambda login: True if login.is_connected else None, order_of=lambda login: login.id
        )
        self.bank_logins = MemoryTable[BankLogin](
            "user_bank_logins",
            unique=[self.login_by_username],
            indexes=[self.logins_of_user, self.sealed_logins],
            references=[
                ForeignKey("user_id", self.users, Reason.USER_NOT_FOUND),
                ForeignKey("bank_branch_id", self.bank_branches, Reason.BANK_BRANCH_NOT_FOUND),
            ],
        )
        self.accounts_of_user = OrderedIndex[Account](
            group_of=lambda account: account.user_id, order_of=lambda account: account.inserted_at
        )
        self.account_by_external_id = UniqueIndex[Account]("external_account_id", _external_account_key)
        self.accounts_called = OrderedIndex[Account](
            group_of=lambda account: account.external_account_id, order_of=lambda account: account.id
        )
        self.accounts_of_bank = OrderedIndex[Account](
            group_of=lambda account: account.bank_id, order_of=lambda account: account.id
        )
        self.accounts = MemoryTable[Account](
            "user_bank_accounts",
            unique=[self.account_by_external_id],
            indexes=[self.accounts_of_user, self.accounts_called, self.accounts_of_bank],
            references=[
                ForeignKey("user_id", self.users, Reason.USER_NOT_FOUND),
                ForeignKey("user_bank_login_id", self.bank_logins, Reason.BANK_LOGIN_NOT_FOUND),
                ForeignKey("bank_id", self.banks, Reason.BANK_NOT_FOUND),
            ],
        )

    def _create_bank_connections(self) -> None:
        self.state_by_hash = UniqueIndex[OAuthState]("state", lambda state: state.state_hash)
        self.states_by_expiry = OrderedIndex[OAuthState](
            group_of=lambda _: True, order_of=lambda state: state.expires_at
        )
        self.sealed_states = OrderedIndex[OAuthState](
            group_of=lambda state: None if state.code_verifier is None else True,
            order_of=lambda state: state.id,
        )
        self.oauth_states = MemoryTable[OAuthState](
            "oauth_states",
            unique=[self.state_by_hash],
            indexes=[self.states_by_expiry, self.sealed_states],
            references=[
                ForeignKey("user_id", self.users, Reason.USER_NOT_FOUND),
                ForeignKey("user_bank_login_id", self.bank_logins, Reason.BANK_LOGIN_NOT_FOUND),
            ],
        )
        self.webhook_events_by_age = OrderedIndex[WebhookEventRow](
            group_of=lambda _: True, order_of=lambda event: event.inserted_at
        )
        self.webhook_events = MemoryTable[WebhookEventRow](
            "webhook_events",
            unique=[UniqueIndex("event_id", lambda event: (event.provider, event.event_id))],
            indexes=[self.webhook_events_by_age],
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
            group_of=lambda payment: payment.signature if payment.stands else None,
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
        self.reversal_of_entry = UniqueIndex[JournalEntry](
            "reverses_entry_id", lambda entry: entry.reverses_entry_id, reason=Reason.ALREADY_REVERSED
        )
        self.journal_entries = MemoryTable[JournalEntry](
            "journal_entries",
            unique=[UniqueIndex("payment_id", lambda entry: entry.payment_id), self.reversal_of_entry],
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

    def _create_bank_imports(self) -> None:
        self.pending_imports_of_account = OrderedIndex[ImportRow](
            group_of=lambda row: row.account_id if row.record.pending else None,
            order_of=lambda row: row.record.posted_at,
        )
        self.imports_of_account = OrderedIndex[ImportRow](
            group_of=lambda row: row.account_id, order_of=lambda row: row.record.posted_at
        )
        self.import_by_line = UniqueIndex[ImportRow](
            "transaction_id", lambda row: row.transaction_id, reason=None
        )
        self.bank_transaction_imports = MemoryTable[ImportRow](
            "bank_transaction_imports",
            unique=[self.import_by_line],
            indexes=[self.pending_imports_of_account, self.imports_of_account],
            references=[
                ForeignKey("account_id", self.accounts, Reason.ACCOUNT_NOT_FOUND),
                ForeignKey("transaction_id", self.transactions, Reason.RESOURCE_NOT_FOUND),
            ],
        )

    def _create_jobs(self) -> None:
        self.unfinished_job_by_payment_key = UniqueIndex[Job]("unique_key", _unfinished_payment_key)
        self.jobs_with_key = OrderedIndex[Job](
            group_of=lambda job: None if job.unique_key is None else (job.kind, job.unique_key),
            order_of=lambda job: job.inserted_at,
        )
        self.jobs_by_age = OrderedIndex[Job](group_of=lambda _: True, order_of=lambda job: job.inserted_at)
        self.waiting_jobs = OrderedIndex[Job](
            group_of=lambda job: (job.queue, job.priority) if job.state in WAITING_STATES else None,
            order_of=lambda job: (job.run_at, job.inserted_at),
        )
        self.executing_jobs = OrderedIndex[Job](
            group_of=lambda job: True if job.state is JobState.EXECUTING else None,
            order_of=lambda job: job.lease and job.lease.expires_at,
        )
        self.leased_jobs_of_owner = OrderedIndex[Job](
            group_of=lambda job: job.lease and job.lease.owner_id, order_of=lambda job: job.id
        )
        self.unfinished_syncs_of_login = OrderedIndex[Job](
            group_of=_login_of_unfinished_sync, order_of=lambda job: job.id
        )
        self.finished_jobs = OrderedIndex[Job](
            group_of=lambda job: True if job.is_finished else None, order_of=lambda job: job.completed_at
        )
        self.jobs = MemoryTable[Job](
            "jobs",
            unique=[self.unfinished_job_by_payment_key, UniqueIndex("unique_key", _once_key)],
            indexes=[
                self.jobs_with_key,
                self.jobs_by_age,
                self.waiting_jobs,
                self.executing_jobs,
                self.leased_jobs_of_owner,
                self.unfinished_syncs_of_login,
                self.finished_jobs,
            ],
        )
        self.job_workers = MemoryTable[JobWorker]("job_workers")


def _spending_account(payment: Payment) -> UUID | None:
    spends = payment.stands and payment.direction is Direction.DEBIT
    return payment.user_bank_account_id if spends else None


def repeat_of(event: AuditEvent) -> Hashable | None:
    """What an event that stands for several is found by."""
    return None if event.repeat_key is None else (event.name, event.repeat_key, event.repeat_minute)


def _external_account_key(account: Account) -> Hashable | None:
    external_id = account.external_account_id
    return None if external_id is None else (external_id, account.bank_id, account.user_id)


def _external_key(line: Transaction) -> Hashable | None:
    return None if line.external_transaction_id is None else (line.account_id, line.external_transaction_id)


def _unfinished_payment_key(job: Job) -> str | None:
    return job.unique_key if job.kind is JobKind.PAYMENT_PROCESS and not job.is_finished else None


def _once_key(job: Job) -> str | None:
    if job.kind is JobKind.PAYMENT_PROCESS:
        return None
    return job.unique_key if job.kind in PERIODS or job.state not in _FREES_ITS_KEY else None


def _login_of_unfinished_sync(job: Job) -> Hashable | None:
    return None if job.kind is not JobKind.BANK_SYNC or job.is_finished else job.args["bank_login_id"]
