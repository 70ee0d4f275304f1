"""Pruning: clearing away what nobody needs any more."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ledgerbank_domain.banking.kept_page import KEPT_FOR
from ledgerbank_domain.ports.clock import Clock
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork
from ledgerbank_domain.services.conduct.conflict_retry import retried_on_conflict
from ledgerbank_domain.users.login_client import CLIENT_MEMORY
from ledgerbank_domain.users.login_failures import WARNING_INTERVAL
from ledgerbank_domain.users.second_factor import ENROLMENT_LIFETIME

DEFAULT_JOB_RETENTION = timedelta(days=7)
FOR_EVER = timedelta(0)
# Until then whoever shows one is told that it has ended, and its owner sees which it was.
API_KEY_RETENTION = timedelta(days=90)
# The trail keeps what was asked for and who decided.
APPROVAL_RETENTION = timedelta(days=30)
# For a while whoever comes too late is told so.
MAIL_TOKEN_RETENTION = timedelta(days=7)
WEBHOOK_EVENT_RETENTION = timedelta(days=30)
# Small enough for a short transaction, large enough that an hour's worth takes few of them.
ROWS_AT_ONCE = 1000

Removal = Callable[[UnitOfWork, int], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class MaintenanceService:
    """Removes what has been kept for as long as it is to be."""

    start_unit_of_work: StartUnitOfWork
    storage_clock: Clock
    job_retention: timedelta = DEFAULT_JOB_RETENTION
    audit_retention: timedelta = FOR_EVER
    # What ends by itself once its time is over, each as many as it is told; they say how many.
    endings: Sequence[Removal] = ()

    def prune(self, deadline: datetime) -> None:
        """What a ``maintenance.prune`` job does. Stops at the deadline: the next one goes on."""
        now = self.storage_clock.now()
        for remove in self._removals(now):
            while self._remove(remove) == ROWS_AT_ONCE and self.storage_clock.now() < deadline:
                pass

    def _removals(self, now: datetime) -> tuple[Removal, ...]:
        return (
            *self.endings,
            lambda work, limit: work.refresh_tokens.delete_expired(now, limit=limit),
            lambda work, limit: work.api_keys.delete_expired(now - API_KEY_RETENTION, limit=limit),
            lambda work, limit: work.login_attempts.delete_failures_before(
                now - WARNING_INTERVAL, limit=limit
            ),
            lambda work, limit: work.login_attempts.delete_clients_before(now - CLIENT_MEMORY, limit=limit),
            lambda work, limit: work.second_factors.delete_unconfirmed_before(
                now - ENROLMENT_LIFETIME, limit=limit
            ),
            lambda work, limit: work.second_factor_challenges.delete_expired(now, limit=limit),
            lambda work, limit: work.idempotency.delete_expired(now, limit=limit),
            lambda work, limit: work.mail_tokens.delete_expired(now - MAIL_TOKEN_RETENTION, limit=limit),
            lambda work, limit: work.oauth_states.delete_expired(now, limit=limit),
            lambda work, limit: work.statement_imports.delete_expired(now, limit=limit),
            lambda work, limit: work.kept_pages.delete_kept_before(now - KEPT_FOR, limit=limit),
            lambda work, limit: work.approvals.delete_decided_before(now - APPROVAL_RETENTION, limit=limit),
            lambda work, limit: work.step_up_confirmations.delete_expired(now, limit=limit),
            lambda work, limit: work.webhook_events.delete_received_before(
                now - WEBHOOK_EVENT_RETENTION, limit=limit
            ),
            lambda work, limit: work.jobs.delete_finished_before(now - self.job_retention, limit=limit),
            *self._audit_removal(now),
        )

    def _audit_removal(self, now: datetime) -> tuple[Removal, ...]:
        if self.audit_retention == FOR_EVER:
            return ()
        before = now - self.audit_retention
        return (lambda work, limit: work.audit_exports.delete_exported_before(before, limit=limit),)

    @retried_on_conflict
    def _remove(self, remove: Removal) -> int:
        with self.start_unit_of_work() as work:
            removed = remove(work, ROWS_AT_ONCE)
            work.commit()
        return removed
