"""Deferred commit: holding a use-case's commit back until something more is written beside its effect."""

from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import Self

from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork


class DeferredCommit(StartUnitOfWork):
    """Starts the units of work of one run of one use-case, on one thread, and holds its commit back.

    Units that are left without a commit, as those that only read are, are undone as ever. The one that is
    committed stays open, locks included, until :meth:`commit_with`; leaving the ``with`` block of this
    object before that undoes it. Raises ``RuntimeError`` when the use-case starts another unit after that:
    both could not be all or nothing.
    """

    def __init__(self, start_unit_of_work: StartUnitOfWork) -> None:
        self._start_unit_of_work = start_unit_of_work
        self._held: UnitOfWork | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._held is not None:
            self._held.__exit__(exception_type, exception, traceback)

    def __call__(self) -> UnitOfWork:
        """A unit whose commit will be held back. Raises ``RuntimeError`` once one is."""
        if self._held is not None:
            raise RuntimeError("a use-case whose commit is deferred commits once, as the last thing it does")
        return _HeldBackUnitOfWork(self._start_unit_of_work(), self)

    def hold(self, work: UnitOfWork) -> None:
        """Takes over a unit that its use-case has committed, as it thinks."""
        self._held = work

    def is_holding(self, work: UnitOfWork) -> bool:
        """Whether this unit is the one that stays open."""
        return self._held is work

    def commit_with(self, last_act: Callable[[UnitOfWork], None]) -> None:
        """Does ``last_act`` in the unit that is held, or in a new one when none is, and really commits."""
        if self._held is not None:
            last_act(self._held)
            self._held.commit()
            return
        with self._start_unit_of_work() as work:
            last_act(work)
            work.commit()


class _HeldBackUnitOfWork(UnitOfWork):
    """A unit of work that only seems to commit."""

    def __init__(self, work: UnitOfWork, deferred: DeferredCommit) -> None:
        self._work = work
        self._deferred = deferred
        self.users = work.users
        self.refresh_tokens = work.refresh_tokens
        self.login_attempts = work.login_attempts
        self.second_factors = work.second_factors
        self.second_factor_challenges = work.second_factor_challenges
        self.api_keys = work.api_keys
        self.banks = work.banks
        self.bank_logins = work.bank_logins
        self.bank_imports = work.bank_imports
        self.oauth_states = work.oauth_states
        self.webhook_events = work.webhook_events
        self.accounts = work.accounts
        self.transactions = work.transactions
        self.journal = work.journal
        self.payments = work.payments
        self.jobs = work.jobs
        self.job_workers = work.job_workers
        self.audit = work.audit
        self.audit_exports = work.audit_exports
        self.ledger = work.ledger
        self.idempotency = work.idempotency
        self.erasure = work.erasure

    def __enter__(self) -> Self:
        self._work.__enter__()
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if not self._deferred.is_holding(self._work):
            self._work.__exit__(exception_type, exception, traceback)

    def now(self) -> datetime:
        """The storage's instant, as the unit itself tells it."""
        return self._work.now()

    def commit(self) -> None:
        """Hands the unit over: it stays open, locks included."""
        self._deferred.hold(self._work)
