"""What a ``bank.sync`` job does: one login, from the lease to the end."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from ledgerbank_domain.banking.bank_statement import ShownAccount
from ledgerbank_domain.banking.feed_warning import FeedFault, FeedWarning, RecordKind
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Category, Reason
from ledgerbank_domain.jobs.job import Job
from ledgerbank_domain.ports.bank_gateway import ApprovalPending, NotNow
from ledgerbank_domain.ports.chance import Chance
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
    SyncPutOff,
    SyncRun,
    SyncSucceeded,
)
from ledgerbank_domain.services.banks.bank_sync_schedule import sync_interval
from ledgerbank_domain.services.jobs.job_outcomes import OWN_WAIT_SECONDS
from ledgerbank_domain.services.jobs.job_running_service import UNEXPECTED
from ledgerbank_domain.services.jobs.job_work import JobPostponed

APPROVAL_LOOKED_AT_AGAIN_AFTER = timedelta(seconds=30)
CONTINUED_AFTER = timedelta(seconds=2)
# What takes longer than this does not come to an end.
CONTINUED_FOR = timedelta(days=1)
# Without a word of the bank's how long.
UNTOLD_PAUSE = timedelta(minutes=5)
SHORTEST_REST = timedelta(seconds=5)
# A bank that does not want to be asked for longer than this is as good as one that fails: attempts count.
PUT_OFF_FOR = timedelta(hours=6)
# Asking for the next account would meet the same.
_ENDS_THE_SYNC = frozenset({Reason.TIMEOUT, Reason.SERVICE_UNAVAILABLE, Reason.BANK_CONSENT_REQUIRED})


@dataclass(frozen=True, slots=True, kw_only=True)
class BankSyncService:
    """Syncs with banks: what a ``bank.sync`` job does. ``chance`` spreads what was put off together."""

    storage_clock: Clock
    chance: Chance
    leases: SyncLeases
    accounts: BankAccountUpsert
    account_sync: BankAccountSync

    def run_job(self, job: Job, deadline: datetime) -> None:
        """Brings all accounts of the login in line with its bank.

        Everything it writes is fenced by its lease: a sync that lost it changes nothing and ends quietly.

        Raises what made it fail, which the login tells once that was the last attempt, and
        :class:`JobPostponed` while another sync runs, while the approval in the bank's app is awaited, and
        while the bank does not want to be asked.
        """
        run = self.leases.take(job, deadline=deadline)
        if run is None:
            return
        try:
            self.leases.end(run, self._sync(run))
        except (SyncLeaseLost, ApprovalPending, DomainError) as stopped:
            end = self._end_by(stopped, run, job)
            match self.leases.end(run, end):
                case SyncOutcome.AWAITING_APPROVAL:
                    raise self._postponed(APPROVAL_LOOKED_AT_AGAIN_AFTER) from None
                case SyncOutcome.PUT_OFF | SyncOutcome.CONTINUED if (
                    isinstance(end, SyncPutOff) and end.until is not None
                ):
                    raise JobPostponed(end.until) from stopped
                case SyncOutcome.FAILED | SyncOutcome.RETRIED:
                    raise _kept_to_budget(stopped, run) from None
                case _:
                    pass
        except Exception:
            self.leases.end(run, _end_of_failure(UNEXPECTED, run, job))
            raise

    def _sync(self, run: SyncRun) -> SyncSucceeded:
        """Tells what was left out. Raises a failure after trying all accounts, where that makes sense."""
        shown = run.conversation.accounts()
        found = self.accounts.upsert(run, shown)
        now = self.storage_clock.now()
        unread = [record.warning(of_account=record.external_id, at=now) for record in shown.unread]
        warnings = [*found.warnings, *unread]
        if failures := self._sync_accounts(run, found, warnings):
            # One that may be tried again first: then it is.
            raise min(failures, key=lambda error: not error.reason.retryable)
        silent = run.conversation.without_webhook(shown.accounts)
        warnings += [_no_webhook(account, at=now) for account in silent]
        return SyncSucceeded(left_out=found.left_out, warnings=tuple(warnings))

    def _sync_accounts(
        self, run: SyncRun, found: UpsertedAccounts, warnings: list[FeedWarning]
    ) -> list[DomainError]:
        """The failures of single accounts; what could not be taken of the others is added to ``warnings``."""
        failures = [] if found.refused is None else [found.refused]
        for account_id, shown in self.account_sync.in_turn(found.taken):
            try:
                warnings += self.account_sync.sync(run, account_id, shown)
            except DomainError as error:
                if error.reason in _ENDS_THE_SYNC or error.category is Category.SYSTEM:
                    raise
                failures.append(error)
        return failures

    def _end_by(
        self, stopped: SyncLeaseLost | ApprovalPending | DomainError, run: SyncRun, job: Job
    ) -> SyncEnd:
        match stopped:
            case SyncLeaseLost():
                return SyncGivenUp(outcome=SyncOutcome.SUPERSEDED)
            case ApprovalPending():
                return SyncGivenUp(outcome=SyncOutcome.AWAITING_APPROVAL)
            case DomainError():
                return (
                    self._put_off_by(stopped, run, job)
                    or self._continued_after(stopped, run, job)
                    or _end_of_failure(stopped, run, job)
                )

    def _continued_after(self, error: DomainError, run: SyncRun, job: Job) -> SyncPutOff | None:
        """What was done is kept, and the rest is the next attempt's; None: nothing was."""
        now = self.storage_clock.now()
        is_out_of_time = now >= run.conversation.deadline
        if not (run.progress.made and error.reason.retryable and now - job.inserted_at < CONTINUED_FOR):
            return None
        if sync_interval(run.conversation.gateway) and not is_out_of_time:
            return None
        wait = timedelta(seconds=error.details.get("retry_after_seconds", 0))
        return SyncPutOff(outcome=SyncOutcome.CONTINUED, until=now + max(wait, CONTINUED_AFTER))

    def _put_off_by(self, error: DomainError, run: SyncRun, job: Job) -> SyncPutOff | None:
        """Until the bank may be asked again; None: it failed."""
        why = NotNow.of(error)
        if why is None:
            return None
        now = self.storage_clock.now()
        counts = now - job.inserted_at >= PUT_OFF_FOR
        if counts and job.is_given_up_after(error.category):
            return None
        wait = timedelta(seconds=error.details.get("retry_after_seconds", 0))
        outcome = SyncOutcome.RETRIED if counts else SyncOutcome.PUT_OFF
        if why is NotNow.RESTING:
            return SyncPutOff(outcome=outcome, until=now + self._spread(max(wait, SHORTEST_REST)))
        told = DomainError(error.reason, message="The bank takes no more of our requests for now")
        wait = max(wait or UNTOLD_PAUSE, sync_interval(run.conversation.gateway))
        return SyncPutOff(outcome=outcome, told=told, until=now + self._spread(wait))

    def _spread(self, wait: timedelta) -> timedelta:
        """What was put off together does not come again together."""
        return wait * (1 + self.chance.fraction() / 2)

    def _postponed(self, by: timedelta) -> JobPostponed:
        return JobPostponed(self.storage_clock.now() + by)


def _end_of_failure(error: DomainError, run: SyncRun, job: Job) -> SyncEnd:
    """The owner is told when nobody tries again by itself; a login that waits for long says why."""
    if job.is_given_up_after(error.category):
        return SyncFailed(error=error)
    waits_for_long = bool(sync_interval(run.conversation.gateway))
    return SyncPutOff(outcome=SyncOutcome.RETRIED, told=error if waits_for_long else None)


def _kept_to_budget(error: Exception, run: SyncRun) -> Exception:
    """The failure, tried again no sooner than the bank's budget of calls allows."""
    interval = sync_interval(run.conversation.gateway)
    if not interval or not isinstance(error, DomainError):
        return error
    return DomainError(error.reason, **error.details, **{OWN_WAIT_SECONDS: interval.total_seconds()})


def _no_webhook(account: ShownAccount, *, at: datetime) -> FeedWarning:
    return FeedWarning(
        kind=RecordKind.ACCOUNT,
        external_account_id=account.external_id,
        external_id=account.external_id,
        field="webhook",
        why=FeedFault.NO_WEBHOOK,
        at=at,
    )
