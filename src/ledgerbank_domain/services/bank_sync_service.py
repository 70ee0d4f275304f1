"""What a ``bank.sync`` job does: one login, from the lease to the end."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from ledgerbank_domain.banking.bank_login import BankLogin
from ledgerbank_domain.banking.bank_statement import ShownAccount
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Category, Reason
from ledgerbank_domain.jobs.job import Job
from ledgerbank_domain.ports.bank_gateway import ApprovalPending
from ledgerbank_domain.ports.clock import Clock
from ledgerbank_domain.ports.sync_observer import SyncObserver, SyncOutcome
from ledgerbank_domain.services.bank_access import BankAccess, BankAccessKeeper
from ledgerbank_domain.services.bank_account_sync import BankAccountSync
from ledgerbank_domain.services.bank_account_upsert import BankAccountUpsert, UpsertedAccounts
from ledgerbank_domain.services.bank_conversation import BankConversation
from ledgerbank_domain.services.bank_sync_lease import SyncLeaseLost, SyncLeases, SyncRun
from ledgerbank_domain.services.bank_sync_schedule import sync_interval
from ledgerbank_domain.services.bank_token_sealer import BankTokenSealer
from ledgerbank_domain.services.job_running_service import UNEXPECTED
from ledgerbank_domain.services.job_work import JobPostponed

APPROVAL_AWAITED_FOR = timedelta(minutes=5)
APPROVAL_LOOKED_AT_AGAIN_AFTER = timedelta(seconds=30)
# Asking for the next account would meet the same.
_ENDS_THE_SYNC = frozenset({Reason.TIMEOUT, Reason.SERVICE_UNAVAILABLE, Reason.BANK_CONSENT_REQUIRED})


class _AwaitingApproval(Exception):  # noqa: N818 - a state, not a failure
    """The customer has yet to approve the access in their bank's app."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BankSyncService:
    """``clock`` is the storage's."""

    clock: Clock
    leases: SyncLeases
    sealer: BankTokenSealer
    accounts: BankAccountUpsert
    account_sync: BankAccountSync
    accesses: BankAccessKeeper
    observer: SyncObserver

    def run_job(self, job: Job, deadline: datetime) -> None:
        """Brings all accounts of the login in line with its bank. Everything it writes is fenced by its
        lease: a sync that lost it changes nothing and ends quietly.

        Raises what made it fail, which the login tells by then, and :class:`JobPostponed` while another sync
        runs, while the approval in the bank's app is awaited, and, for a bank with a budget of calls, in
        place of a failure that may be tried again.
        """
        run = self.leases.take(job, deadline=deadline)
        if run is None:
            return
        try:
            left_out = self._sync(run)
            self.leases.succeed(run, left_out=left_out)
        except SyncLeaseLost:
            self._give_up(run, SyncOutcome.SUPERSEDED)
        except _AwaitingApproval:
            self._give_up(run, SyncOutcome.AWAITING_APPROVAL)
            raise JobPostponed(self.clock.now() + APPROVAL_LOOKED_AT_AGAIN_AFTER) from None
        except DomainError as error:
            if self._fail(run, error):
                self._raise(run, error)
        except Exception:
            self._fail(run, UNEXPECTED)
            raise
        else:
            self._observe(run, SyncOutcome.SUCCEEDED)

    def _sync(self, run: SyncRun) -> DomainError | None:
        """What had to be left out. Raises a failure after trying all accounts, where that makes sense."""
        conversation = BankConversation(
            run=run,
            leases=self.leases,
            sealer=self.sealer,
            clock=self.clock,
            tokens=self.sealer.open(run.login),
        )
        if run.login.needs_refresh(self.clock.now()):
            conversation.renew_tokens()
        found = self.accounts.upsert(run, self._list_accounts(run, conversation))
        if failures := self._sync_accounts(run, conversation, found):
            # One that may be tried again first: then it is.
            raise min(failures, key=lambda error: not error.reason.retryable)
        if _is_first_since_connected(run.login):
            self._register_webhooks(run, conversation)
        return found.left_out

    def _register_webhooks(self, run: SyncRun, conversation: BankConversation) -> None:
        """Connecting could not, if the customer had yet to approve the access in their bank's app."""
        self.accesses.register_webhooks(
            BankAccess(
                gateway=run.gateway,
                access_token=conversation.tokens.access,
                provider_user_id=run.login.provider_user_id,
            )
        )

    def _list_accounts(self, run: SyncRun, conversation: BankConversation) -> list[ShownAccount]:
        try:
            return conversation.ask(lambda token: run.gateway.list_accounts(access_token=token))
        except ApprovalPending:
            connected_at = run.login.connected_at
            if connected_at is None or self.clock.now() - connected_at >= APPROVAL_AWAITED_FOR:
                raise DomainError(Reason.BANK_CONSENT_REQUIRED) from None
            raise _AwaitingApproval from None

    def _sync_accounts(
        self, run: SyncRun, conversation: BankConversation, found: UpsertedAccounts
    ) -> list[DomainError]:
        failures = [] if found.refused is None else [found.refused]
        for account_id, shown in found.taken:
            try:
                self.account_sync.sync(run, conversation, account_id, shown)
            except DomainError as error:
                if error.reason in _ENDS_THE_SYNC or error.category is Category.SYSTEM:
                    raise
                failures.append(error)
        return failures

    def _fail(self, run: SyncRun, error: DomainError) -> bool:
        """False when the lease was lost before: then the failure is nobody's concern any more."""
        try:
            self.leases.fail(run, error)
        except SyncLeaseLost:
            self._give_up(run, SyncOutcome.SUPERSEDED)
            return False
        self._observe(run, SyncOutcome.FAILED)
        return True

    def _raise(self, run: SyncRun, error: DomainError) -> None:
        interval = sync_interval(run.gateway)
        if interval and error.reason.retryable:
            raise JobPostponed(self.clock.now() + interval) from error
        raise error

    def _give_up(self, run: SyncRun, outcome: SyncOutcome) -> None:
        self.leases.release(run)
        self._observe(run, outcome)

    def _observe(self, run: SyncRun, outcome: SyncOutcome) -> None:
        self.observer.bank_sync_ended(provider=run.gateway.provider, outcome=outcome)


def _is_first_since_connected(login: BankLogin) -> bool:
    if login.last_sync_at is None or login.connected_at is None:
        return True
    return login.last_sync_at < login.connected_at
