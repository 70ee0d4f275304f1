"""Units of work on a memory database."""

from datetime import datetime
from types import TracebackType
from typing import Self

from ledgerbank_adapters.memory.memory_ledger_proof import MemoryLedgerProof
from ledgerbank_adapters.memory.repositories.memory_audit_exports import MemoryAuditExports
from ledgerbank_adapters.memory.repositories.memory_audit_trail import MemoryAuditTrail
from ledgerbank_adapters.memory.repositories.memory_bank_connection_repository import (
    MemoryOAuthStateRepository,
    MemoryWebhookEventRepository,
)
from ledgerbank_adapters.memory.repositories.memory_bank_import_repository import (
    MemoryBankTransactionImportRepository,
)
from ledgerbank_adapters.memory.repositories.memory_bank_login_repository import MemoryBankLoginRepository
from ledgerbank_adapters.memory.repositories.memory_banking_repository import (
    MemoryAccountRepository,
    MemoryBankRepository,
)
from ledgerbank_adapters.memory.repositories.memory_idempotency_repository import MemoryIdempotencyRepository
from ledgerbank_adapters.memory.repositories.memory_job_repository import MemoryJobRepository
from ledgerbank_adapters.memory.repositories.memory_job_worker_repository import MemoryJobWorkerRepository
from ledgerbank_adapters.memory.repositories.memory_journal_repository import (
    MemoryJournalRepository,
    MemoryTransactionRepository,
)
from ledgerbank_adapters.memory.repositories.memory_login_attempt_repository import (
    MemoryLoginAttemptRepository,
)
from ledgerbank_adapters.memory.repositories.memory_payment_repository import MemoryPaymentRepository
from ledgerbank_adapters.memory.repositories.memory_user_repository import (
    MemoryRefreshTokenRepository,
    MemoryUserRepository,
)
from ledgerbank_adapters.memory.storage.memory_database import MemoryDatabase
from ledgerbank_adapters.memory.storage.memory_transaction import MemoryTransaction
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork


class MemoryUnitOfWork(UnitOfWork):
    """Serialisable: a second unit, for reading too, waits in ``__enter__`` until this one ends.

    ``TransactionConflict`` comes only of writing what was computed from an outdated, unlocked read, and
    ``database_error`` never. Misuse raises ``RuntimeError``: entering one inside another on the same
    thread (it would wait for itself), entering twice, using it after its end, from another thread, or
    after an error that broke it (a violated constraint).
    """

    def __init__(self, database: MemoryDatabase) -> None:
        transaction = MemoryTransaction(database)
        self._transaction = transaction
        self.users = MemoryUserRepository(transaction)
        self.refresh_tokens = MemoryRefreshTokenRepository(transaction)
        self.login_attempts = MemoryLoginAttemptRepository(transaction)
        self.banks = MemoryBankRepository(transaction)
        self.bank_logins = MemoryBankLoginRepository(transaction)
        self.oauth_states = MemoryOAuthStateRepository(transaction)
        self.webhook_events = MemoryWebhookEventRepository(transaction)
        self.bank_imports = MemoryBankTransactionImportRepository(transaction)
        self.accounts = MemoryAccountRepository(transaction)
        self.transactions = MemoryTransactionRepository(transaction)
        self.journal = MemoryJournalRepository(transaction)
        self.payments = MemoryPaymentRepository(transaction)
        self.jobs = MemoryJobRepository(transaction)
        self.job_workers = MemoryJobWorkerRepository(transaction)
        self.audit = MemoryAuditTrail(transaction)
        self.audit_exports = MemoryAuditExports(transaction)
        self.ledger = MemoryLedgerProof(transaction)
        self.idempotency = MemoryIdempotencyRepository(transaction)

    def __enter__(self) -> Self:
        self._transaction.begin()
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._transaction.roll_back()

    def now(self) -> datetime:
        return self._transaction.now()

    def commit(self) -> None:
        self._transaction.commit()


class StartMemoryUnitOfWork(StartUnitOfWork):
    """Starts units of work on one database, from any thread."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    def __call__(self) -> MemoryUnitOfWork:
        return MemoryUnitOfWork(self._database)
