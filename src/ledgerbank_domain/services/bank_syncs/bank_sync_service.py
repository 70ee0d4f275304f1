"""What a ``bank.sync`` job does: one login, from the lease to the end."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from ledgerbank_domain.banking.bank_login import BankLogin
from ledgerbank_domain.banking.feed_warning import FeedWarning
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Category, Reason
from ledgerbank_domain.jobs.job import Job
from ledgerbank_domain.ports.bank_gateway import ApprovalPending
from ledgerbank_domain.ports.clock import Clock
from ledgerbank_domain.ports.sync_observer import SyncOutcome
from ledgerbank_domain.services.bank_syncs.bank_account_sync import BankAccountSync
from ledgerbank_domain.services.bank_syncs.bank_account_upsert import BankAccountUpsert, UpsertedAccounts
from ledgerbank_domain.services.bank_syncs.bank_sync_fence import SyncLeaseLost
from ledgerbank_domain.services.bank_syncs.bank_sync_lease import (
    SyncEnd,
    SyncFailed,
    SyncGivenUp,
    SyncLeases,
    SyncRun,
    SyncSucceeded,
)
from ledgerbank_domain.services.banks.bank_sync_schedule import sync_interval
from ledgerbank_domain.services.jobs.job_running_service import UNEXPECTED
from ledgerbank_domain.services.jobs.job_work import JobPostponed

APPROVAL_LOOKED_AT_AGAIN_AFTER = timedelta(seconds=30)
# Asking for the next account would meet the same.
_ENDS_THE_SYNC = frozenset({Reason.TIMEOUT, Reason.SERVICE_UNAVAILABLE, Reason.BANK_CONSENT_REQUIRED})


@dataclass(frozen=True, slots=True, kw_only=True)
class BankSyncService:
    """Syncs with banks: what a ``bank.sync`` job does."""

    storage_clock: Clock
    leases: SyncLeases
    accounts: BankAccountUpsert
    account_sync: BankAccountSync

    def run_job(self, job: Job, deadline: datetime) -> None:
        """Brings all accounts of the login in line with its bank.

        Everything it writes is fenced by its lease: a sync that lost it changes nothing and ends quietly.

        Raises what made it fail, which the login tells by then, and :class:`JobPostponed` while another sync
        runs, while the approval in the bank's app is awaited, and, for a bank with a budget of calls, in
        place of a failure that may be tried again.
        """
        run = self.leases.take(job, deadline=deadline)
        if run is None:
            return
        try:
            self.leases.end(run, self._sync(run))
        except (SyncLeaseLost, ApprovalPending, DomainError) as stopped:
            match self.leases.end(run, _end_by(stopped)):
                case SyncOutcome.AWAITING_APPROVAL:
                    raise self._postponed(APPROVAL_LOOKED_AT_AGAIN_AFTER) from None
                case SyncOutcome.FAILED:
                    self._raise_failure(run, stopped)
                case SyncOutcome.SUPERSEDED | SyncOutcome.SUCCEEDED:
                    pass
        except Exception:
            self.leases.end(run, SyncFailed(error=UNEXPECTED))
            raise

    def _sync(self, run: SyncRun) -> SyncSucceeded:
        """Tells what was left out. Raises a failure after trying all accounts, where that makes sense."""
        shown = run.conversation.accounts()
        found = self.accounts.upsert(run, shown.accounts)
        now = self.storage_clock.now()
        warnings = [record.warning(of_account=record.external_id, at=now) for record in shown.unread]
        if failures := self._sync_accounts(run, found, warnings):
            # One that may be tried again first: then it is.
            raise min(failures, key=lambda error: not error.reason.retryable)
        if _is_first_since_connected(run.login):
            # Connecting could not, if the customer had yet to approve the access in the bank's app.
            run.conversation.register_webhooks()
        return SyncSucceeded(left_out=found.left_out, warnings=tuple(warnings))

    def _sync_accounts(
        self, run: SyncRun, found: UpsertedAccounts, warnings: list[FeedWarning]
    ) -> list[DomainError]:
        """The failures of single accounts; what could not be taken of the others is added to ``warnings``."""
        failures = [] if found.refused is None else [found.refused]
        for account_id, shown in found.taken:
            try:
                warnings += self.account_sync.sync(run, account_id, shown)
            except DomainError as error:
                if error.reason in _ENDS_THE_SYNC or error.category is Category.SYSTEM:
                    raise
                failures.append(error)
        return failures

    def _raise_failure(self, run: SyncRun, error: Exception) -> None:
        interval = sync_interval(run.conversation.gateway)
        if interval and isinstance(error, DomainError) and error.reason.retryable:
            raise self._postponed(interval) from error
        raise error

    def _postponed(self, by: timedelta) -> JobPostponed:
        return JobPostponed(self.storage_clock.now() + by)


def _end_by(stopped: SyncLeaseLost | ApprovalPending | DomainError) -> SyncEnd:
    match stopped:
        case SyncLeaseLost():
            return SyncGivenUp(outcome=SyncOutcome.SUPERSEDED)
        case ApprovalPending():
            return SyncGivenUp(outcome=SyncOutcome.AWAITING_APPROVAL)
        case DomainError():
            return SyncFailed(error=stopped)


def _is_first_since_connected(login: BankLogin) -> bool:
    if login.last_sync_at is None or login.connected_at is None:
        return True
    return login.last_sync_at < login.connected_at
