"""The unit of work: one transaction, made explicit."""

from abc import abstractmethod
from datetime import datetime
from types import TracebackType
from typing import Protocol, Self

from ledgerbank_domain.ports.audit_exports import AuditExports
from ledgerbank_domain.ports.audit_trail import AuditTrail
from ledgerbank_domain.ports.ledger_proof import LedgerProof
from ledgerbank_domain.ports.repositories.account_repository import AccountRepository
from ledgerbank_domain.ports.repositories.api_key_repository import ApiKeyRepository
from ledgerbank_domain.ports.repositories.approval_repository import ApprovalRepository
from ledgerbank_domain.ports.repositories.bank_import_repository import BankTransactionImportRepository
from ledgerbank_domain.ports.repositories.bank_login_repository import BankLoginRepository
from ledgerbank_domain.ports.repositories.bank_repository import BankRepository
from ledgerbank_domain.ports.repositories.erasure_repository import ErasureRepository
from ledgerbank_domain.ports.repositories.idempotency_repository import IdempotencyRepository
from ledgerbank_domain.ports.repositories.job_repository import JobRepository
from ledgerbank_domain.ports.repositories.job_worker_repository import JobWorkerRepository
from ledgerbank_domain.ports.repositories.journal_repository import JournalRepository
from ledgerbank_domain.ports.repositories.kept_page_repository import KeptPageRepository
from ledgerbank_domain.ports.repositories.login_attempt_repository import LoginAttemptRepository
from ledgerbank_domain.ports.repositories.mail_token_repository import MailTokenRepository
from ledgerbank_domain.ports.repositories.oauth_state_repository import OAuthStateRepository
from ledgerbank_domain.ports.repositories.payee_repository import PayeeRepository
from ledgerbank_domain.ports.repositories.payment_repository import PaymentRepository
from ledgerbank_domain.ports.repositories.personal_data_repository import PersonalDataRepository
from ledgerbank_domain.ports.repositories.refresh_token_repository import RefreshTokenRepository
from ledgerbank_domain.ports.repositories.second_factor_challenge_repository import (
    SecondFactorChallengeRepository,
)
from ledgerbank_domain.ports.repositories.second_factor_repository import SecondFactorRepository
from ledgerbank_domain.ports.repositories.statement_import_repository import StatementImportRepository
from ledgerbank_domain.ports.repositories.step_up_confirmation_repository import StepUpConfirmationRepository
from ledgerbank_domain.ports.repositories.transaction_repository import TransactionRepository
from ledgerbank_domain.ports.repositories.user_repository import UserRepository
from ledgerbank_domain.ports.repositories.webhook_event_repository import WebhookEventRepository


class TransactionConflict(Exception):  # noqa: N818 - the term databases use for it
    """Storage gave up this transaction for another one (deadlock, serialisation failure).

    Nothing of it was kept; running the whole use-case again is safe and usually succeeds.
    """


class UnitOfWork(Protocol):
    """One transaction, all or nothing: leaving the block without :meth:`commit` undoes everything.

    Repositories see what this unit wrote. Locks are held until it ends; whoever takes several takes them in
    this order: user, approval, bank login, payment, accounts, jobs and their workers, each by ascending id;
    the record of an idempotency key comes last. No network call is made while one is open. A unit belongs to
    the thread that entered it and is used once.

    Any method of a unit or its repositories may raise :class:`TransactionConflict`, or ``database_error``
    when storage is out of reach.
    """

    users: UserRepository
    refresh_tokens: RefreshTokenRepository
    login_attempts: LoginAttemptRepository
    mail_tokens: MailTokenRepository
    second_factors: SecondFactorRepository
    second_factor_challenges: SecondFactorChallengeRepository
    api_keys: ApiKeyRepository
    banks: BankRepository
    bank_logins: BankLoginRepository
    bank_imports: BankTransactionImportRepository
    kept_pages: KeptPageRepository
    statement_imports: StatementImportRepository
    oauth_states: OAuthStateRepository
    webhook_events: WebhookEventRepository
    accounts: AccountRepository
    transactions: TransactionRepository
    journal: JournalRepository
    payments: PaymentRepository
    approvals: ApprovalRepository
    payees: PayeeRepository
    step_up_confirmations: StepUpConfirmationRepository
    personal_data: PersonalDataRepository
    jobs: JobRepository
    job_workers: JobWorkerRepository
    audit: AuditTrail
    audit_exports: AuditExports
    ledger: LedgerProof
    idempotency: IdempotencyRepository
    erasure: ErasureRepository

    @abstractmethod
    def __enter__(self) -> Self: ...

    @abstractmethod
    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

    @abstractmethod
    def now(self) -> datetime:
        """This instant by the storage's own clock, which all processes share: aware, UTC, microseconds.

        Read anew at each call. Whatever is decided about money by time goes by it, never by the clock of the
        machine that asks, and it is read after the locks are held: a unit that waited for one must not go on
        with an instant from before.
        """

    @abstractmethod
    def commit(self) -> None:
        """Makes everything durable and visible at once, and ends the unit."""


class StartUnitOfWork(Protocol):
    """Starts units of work; safe to share between threads."""

    @abstractmethod
    def __call__(self) -> UnitOfWork:
        """A unit that begins once its ``with`` block is entered."""
