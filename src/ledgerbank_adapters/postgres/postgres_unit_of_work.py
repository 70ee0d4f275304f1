"""One PostgreSQL transaction and the repositories that speak in it."""

from datetime import datetime
from types import TracebackType
from typing import Self

from sqlalchemy import Engine

from ledgerbank_adapters.postgres.postgres_clock import storage_time
from ledgerbank_adapters.postgres.postgres_ledger_proof import PostgresLedgerProof
from ledgerbank_adapters.postgres.repositories.postgres_account_repository import PostgresAccountRepository
from ledgerbank_adapters.postgres.repositories.postgres_api_key_repository import PostgresApiKeyRepository
from ledgerbank_adapters.postgres.repositories.postgres_approval_repository import (
    PostgresApprovalRepository,
)
from ledgerbank_adapters.postgres.repositories.postgres_audit_exports import PostgresAuditExports
from ledgerbank_adapters.postgres.repositories.postgres_audit_trail import PostgresAuditTrail
from ledgerbank_adapters.postgres.repositories.postgres_bank_import_repository import (
    PostgresBankTransactionImportRepository,
)
from ledgerbank_adapters.postgres.repositories.postgres_bank_login_repository import (
    PostgresBankLoginRepository,
)
from ledgerbank_adapters.postgres.repositories.postgres_bank_repository import PostgresBankRepository
from ledgerbank_adapters.postgres.repositories.postgres_erasure_repository import PostgresErasureRepository
from ledgerbank_adapters.postgres.repositories.postgres_idempotency_repository import (
    PostgresIdempotencyRepository,
)
from ledgerbank_adapters.postgres.repositories.postgres_job_repository import PostgresJobRepository
from ledgerbank_adapters.postgres.repositories.postgres_job_worker_repository import (
    PostgresJobWorkerRepository,
)
from ledgerbank_adapters.postgres.repositories.postgres_journal_repository import PostgresJournalRepository
from ledgerbank_adapters.postgres.repositories.postgres_kept_page_repository import (
    PostgresKeptPageRepository,
)
from ledgerbank_adapters.postgres.repositories.postgres_login_attempt_repository import (
    PostgresLoginAttemptRepository,
)
from ledgerbank_adapters.postgres.repositories.postgres_mail_token_repository import (
    PostgresMailTokenRepository,
)
from ledgerbank_adapters.postgres.repositories.postgres_oauth_state_repository import (
    PostgresOAuthStateRepository,
)
from ledgerbank_adapters.postgres.repositories.postgres_payee_repository import PostgresPayeeRepository
from ledgerbank_adapters.postgres.repositories.postgres_payment_repository import PostgresPaymentRepository
from ledgerbank_adapters.postgres.repositories.postgres_personal_data_repository import (
    PostgresPersonalDataRepository,
)
from ledgerbank_adapters.postgres.repositories.postgres_refresh_token_repository import (
    PostgresRefreshTokenRepository,
)
from ledgerbank_adapters.postgres.repositories.postgres_second_factor_challenge_repository import (
    PostgresSecondFactorChallengeRepository,
)
from ledgerbank_adapters.postgres.repositories.postgres_second_factor_repository import (
    PostgresSecondFactorRepository,
)
from ledgerbank_adapters.postgres.repositories.postgres_statement_import_repository import (
    PostgresStatementImportRepository,
)
from ledgerbank_adapters.postgres.repositories.postgres_step_up_confirmation_repository import (
    PostgresStepUpConfirmationRepository,
)
from ledgerbank_adapters.postgres.repositories.postgres_transaction_repository import (
    PostgresTransactionRepository,
)
from ledgerbank_adapters.postgres.repositories.postgres_user_repository import PostgresUserRepository
from ledgerbank_adapters.postgres.repositories.postgres_webhook_event_repository import (
    PostgresWebhookEventRepository,
)
from ledgerbank_adapters.postgres.statements.job_arrivals import JobArrivals
from ledgerbank_adapters.postgres.statements.postgres_observer import PostgresObserver, SilentPostgresObserver
from ledgerbank_adapters.postgres.statements.postgres_session import PostgresSession
from ledgerbank_domain.ports.clock import Clock
from ledgerbank_domain.ports.deadline import Deadline, current_deadline
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork


class PostgresUnitOfWork(UnitOfWork):
    """One transaction in READ COMMITTED.

    Every statement sees what was committed before it, and a lock that was waited for gives the newest version
    of its row.

    The connection is taken at the first statement, so that a unit which asks nothing costs nothing. Raises
    RuntimeError when it is used a second time, after its end, after a failed statement, or by another thread.
    """

    def __init__(
        self,
        engine: Engine,
        observer: PostgresObserver,
        clock: Clock | None = None,
        deadline: Deadline | None = None,
        arrivals: JobArrivals | None = None,
    ) -> None:
        session = PostgresSession(engine, deadline=deadline)
        self._session = session
        self._clock = clock
        self.users = PostgresUserRepository(session)
        self.refresh_tokens = PostgresRefreshTokenRepository(session)
        self.login_attempts = PostgresLoginAttemptRepository(session)
        self.second_factors = PostgresSecondFactorRepository(session)
        self.second_factor_challenges = PostgresSecondFactorChallengeRepository(session)
        self.api_keys = PostgresApiKeyRepository(session)
        self.mail_tokens = PostgresMailTokenRepository(session)
        self.banks = PostgresBankRepository(session)
        self.bank_logins = PostgresBankLoginRepository(session)
        self.oauth_states = PostgresOAuthStateRepository(session)
        self.webhook_events = PostgresWebhookEventRepository(session)
        self.kept_pages = PostgresKeptPageRepository(session)
        self.bank_imports = PostgresBankTransactionImportRepository(session)
        self.statement_imports = PostgresStatementImportRepository(session)
        self.accounts = PostgresAccountRepository(session)
        self.transactions = PostgresTransactionRepository(session)
        self.journal = PostgresJournalRepository(session)
        self.payments = PostgresPaymentRepository(session, observer)
        self.personal_data = PostgresPersonalDataRepository(session)
        self.approvals = PostgresApprovalRepository(session)
        self.payees = PostgresPayeeRepository(session)
        self.step_up_confirmations = PostgresStepUpConfirmationRepository(session)
        self.jobs = PostgresJobRepository(session, arrivals)
        self.job_workers = PostgresJobWorkerRepository(session)
        self.audit = PostgresAuditTrail(session)
        self.audit_exports = PostgresAuditExports(session)
        self.ledger = PostgresLedgerProof(session)
        self.idempotency = PostgresIdempotencyRepository(session)
        self.erasure = PostgresErasureRepository(session)

    def __enter__(self) -> Self:
        self._session.open()
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._session.close()

    def now(self) -> datetime:
        return storage_time(self._session) if self._clock is None else self._clock.now()

    def commit(self) -> None:
        self._session.commit()


class PostgresStartUnitOfWork(StartUnitOfWork):
    """Starts units of work on an engine, of which any number of threads may share one.

    Their time is the database's. A test or a simulation that owns time gives a ``clock`` to go by instead,
    which then all who work on that database have to share. ``arrivals`` are told of the jobs that they leave
    to the workers.

    Work that has a deadline is done on ``request_engine`` where there is one: a pool of its own, whose
    connections have limits that fit such work.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        request_engine: Engine | None = None,
        observer: PostgresObserver | None = None,
        clock: Clock | None = None,
        arrivals: JobArrivals | None = None,
    ) -> None:
        self._arrivals = arrivals
        self._engine = engine
        self._request_engine = request_engine or engine
        self._observer = observer or SilentPostgresObserver()
        self._clock = clock

    def __call__(self) -> PostgresUnitOfWork:
        deadline = current_deadline()
        engine = self._engine if deadline is None else self._request_engine
        return PostgresUnitOfWork(engine, self._observer, self._clock, deadline, self._arrivals)
