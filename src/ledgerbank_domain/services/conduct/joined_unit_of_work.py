"""Joined units of work: a use-case that begins and commits within a unit which somebody else has begun."""

from datetime import datetime
from types import TracebackType
from typing import Self

from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, TransactionConflict, UnitOfWork


class UnitOfWorkAround(UnitOfWork):
    """A unit of work over another one, whose repositories are its own."""

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work
        self.users = work.users
        self.refresh_tokens = work.refresh_tokens
        self.login_attempts = work.login_attempts
        self.mail_tokens = work.mail_tokens
        self.second_factors = work.second_factors
        self.second_factor_challenges = work.second_factor_challenges
        self.banks = work.banks
        self.bank_logins = work.bank_logins
        self.bank_imports = work.bank_imports
        self.kept_pages = work.kept_pages
        self.statement_imports = work.statement_imports
        self.oauth_states = work.oauth_states
        self.webhook_events = work.webhook_events
        self.accounts = work.accounts
        self.transactions = work.transactions
        self.journal = work.journal
        self.payments = work.payments
        self.payees = work.payees
        self.step_up_confirmations = work.step_up_confirmations
        self.approvals = work.approvals
        self.personal_data = work.personal_data
        self.jobs = work.jobs
        self.job_workers = work.job_workers
        self.audit = work.audit
        self.audit_exports = work.audit_exports
        self.ledger = work.ledger
        self.idempotency = work.idempotency
        self.api_keys = work.api_keys
        self.erasure = work.erasure

    def now(self) -> datetime:
        """The storage's instant, as the unit itself tells it."""
        return self._work.now()


class JoinedUnitsOfWork(StartUnitOfWork):
    """Starts units that are parts of one that is open: what they commit is kept when that one is committed.

    A use-case that is composed over this one is done beside whatever else its unit does, all or nothing. Once
    storage gave up the transaction, none can be started any more: each raises that conflict again, so that
    whoever began the whole repeats the whole.
    """

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work
        self._conflict: TransactionConflict | None = None

    def __call__(self) -> UnitOfWork:
        """A part of the open unit. Raises :class:`TransactionConflict` after one."""
        if self._conflict is not None:
            raise TransactionConflict("this part of the transaction was given up") from self._conflict
        return _JoinedUnitOfWork(self._work, self)

    def give_up(self, conflict: TransactionConflict) -> None:
        """Nothing more can be done in the open unit."""
        self._conflict = conflict


class _JoinedUnitOfWork(UnitOfWorkAround):
    def __init__(self, work: UnitOfWork, joined: JoinedUnitsOfWork) -> None:
        super().__init__(work)
        self._joined = joined

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if isinstance(exception, TransactionConflict):
            self._joined.give_up(exception)

    def commit(self) -> None:
        """Left to whoever began the unit."""
