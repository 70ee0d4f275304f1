"""Units of work on a memory database."""

from datetime import datetime
from types import TracebackType
from typing import Self

from ledgerbank_adapters.memory.memory_ledger_proof import MemoryLedgerProof
from ledgerbank_adapters.memory.repositories.memory_account_repository import MemoryAccountRepository
from ledgerbank_adapters.memory.repositories.memory_api_key_repository import MemoryApiKeyRepository
from ledgerbank_adapters.memory.repositories.memory_approval_repository import MemoryApprovalRepository
from ledgerbank_adapters.memory.repositories.memory_audit_exports import MemoryAuditExports
from ledgerbank_adapters.memory.repositories.memory_audit_trail import MemoryAuditTrail
from ledgerbank_adapters.memory.repositories.memory_bank_import_repository import (
    MemoryBankTransactionImportRepository,
)
from ledgerbank_adapters.memory.repositories.memory_bank_login_repository import MemoryBankLoginRepository
from ledgerbank_adapters.memory.repositories.memory_bank_repository import MemoryBankRepository
from ledgerbank_adapters.memory.repositories.memory_erasure_repository import MemoryErasureRepository
from ledgerbank_adapters.memory.repositories.memory_idempotency_repository import MemoryIdempotencyRepository
from ledgerbank_adapters.memory.repositories.memory_job_repository import MemoryJobRepository
from ledgerbank_adapters.memory.repositories.memory_job_worker_repository import MemoryJobWorkerRepository
from ledgerbank_adapters.memory.repositories.memory_journal_repository import MemoryJournalRepository
from ledgerbank_adapters.memory.repositories.memory_kept_page_repository import MemoryKeptPageRepository
from ledgerbank_adapters.memory.repositories.memory_login_attempt_repository import (
    MemoryLoginAttemptRepository,
)
from ledgerbank_adapters.memory.repositories.memory_mail_token_repository import MemoryMailTokenRepository
from ledgerbank_adapters.memory.repositories.memory_oauth_state_repository import MemoryOAuthStateRepository
from ledgerbank_adapters.memory.repositories.memory_payee_repository import MemoryPayeeRepository
from ledgerbank_adapters.memory.repositories.memory_payment_repository import MemoryPaymentRepository
from ledgerbank_adapters.memory.repositories.memory_personal_data_repository import (
    MemoryPersonalDataRepository,
)
from ledgerbank_adapters.memory.repositories.memory_refresh_token_repository import (
    MemoryRefreshTokenRepository,
)
from ledgerbank_adapters.memory.repositories.memory_second_factor_challenge_repository import (
    MemorySecondFactorChallengeRepository,
)
from ledgerbank_adapters.memory.repositories.memory_second_factor_repository import (
    MemorySecondFactorRepository,
)
from ledgerbank_adapters.memory.repositories.memory_statement_import_repository import (
    MemoryStatementImportRepository,
)
from ledgerbank_adapters.memory.repositories.memory_step_up_confirmation_repository import (
    MemoryStepUpConfirmationRepository,
)
from ledgerbank_adapters.memory.repositories.memory_transaction_repository import MemoryTransactionRepository
from ledgerbank_adapters.memory.repositories.memory_user_repository import MemoryUserRepository
from ledgerbank_adapters.memory.repositories.memory_webhook_event_repository import (
    MemoryWebhookEventRepository,
)
from ledgerbank_adapters.memory.storage.memory_database import MemoryDatabase
from ledgerbank_adapters.memory.storage.memory_session import MemorySession
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork


class MemoryUnitOfWork(UnitOfWork):
    """Serialisable: a second unit, for reading too, waits in ``__enter__`` until this one ends.

    ``TransactionConflict`` comes only of writing what was computed from an outdated, unlocked read, and
    ``database_error`` never. Misuse raises ``RuntimeError``: entering one inside another on the same
    thread (it would wait for itself), entering twice, using it after its end, from another thread, or
    after an error that broke it (a violated constraint).
    """

    def __init__(self, database: MemoryDatabase) -> None:
        session = MemorySession(database)
        self._session = session
        self.users = MemoryUserRepository(session)
        self.refresh_tokens = MemoryRefreshTokenRepository(session)
        self.login_attempts = MemoryLoginAttemptRepository(session)
        self.second_factors = MemorySecondFactorRepository(session)
        self.second_factor_challenges = MemorySecondFactorChallengeRepository(session)
        self.api_keys = MemoryApiKeyRepository(session)
        self.mail_tokens = MemoryMailTokenRepository(session)
        self.banks = MemoryBankRepository(session)
        self.bank_logins = MemoryBankLoginRepository(session)
        self.oauth_states = MemoryOAuthStateRepository(session)
        self.webhook_events = MemoryWebhookEventRepository(session)
        self.kept_pages = MemoryKeptPageRepository(session)
        self.bank_imports = MemoryBankTransactionImportRepository(session)
        self.statement_imports = MemoryStatementImportRepository(session)
        self.accounts = MemoryAccountRepository(session)
        self.transactions = MemoryTransactionRepository(session)
        self.journal = MemoryJournalRepository(session)
        self.payments = MemoryPaymentRepository(session)
        self.personal_data = MemoryPersonalDataRepository(session)
        self.approvals = MemoryApprovalRepository(session)
        self.payees = MemoryPayeeRepository(session)
        self.step_up_confirmations = MemoryStepUpConfirmationRepository(session)
        self.jobs = MemoryJobRepository(session)
        self.job_workers = MemoryJobWorkerRepository(session)
        self.audit = MemoryAuditTrail(session)
        self.audit_exports = MemoryAuditExports(session)
        self.ledger = MemoryLedgerProof(session)
        self.idempotency = MemoryIdempotencyRepository(session)
        self.erasure = MemoryErasureRepository(session)

    def __enter__(self) -> Self:
        self._session.begin()
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._session.roll_back()

    def now(self) -> datetime:
        return self._session.now()

    def commit(self) -> None:
        self._session.commit()


class MemoryStartUnitOfWork(StartUnitOfWork):
    """Starts units of work on one database, from any thread."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    def __call__(self) -> MemoryUnitOfWork:
        return MemoryUnitOfWork(self._database)
