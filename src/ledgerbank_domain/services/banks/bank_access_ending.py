"""Ending accesses at banks: what was disconnected here is kept until the bank has confirmed it."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar
from uuid import UUID

from ledgerbank_domain.banking.bank_login import BankLogin, LoginError
from ledgerbank_domain.banking.bank_statement import ShownAccount
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.jobs.job import Job, JobKind
from ledgerbank_domain.notifications.notification import bank_access_not_ended
from ledgerbank_domain.ports.bank_gateway import AccessTokenRefused, ApprovalPending, BankGateway, BankTokens
from ledgerbank_domain.ports.clock import Clock
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork
from ledgerbank_domain.services.banks.bank_access import PATIENCE
from ledgerbank_domain.services.banks.bank_gateway_lookup import Gateways, bank_of_branch, gateway_of
from ledgerbank_domain.services.banks.bank_token_sealer import BankTokenSealer, OpenedTokens
from ledgerbank_domain.services.conduct.conflict_retry import retried_on_conflict
from ledgerbank_domain.services.jobs.job_work import JobPostponed
from ledgerbank_domain.services.notifications.notification_service import queue_notification

# Whoever disconnects waits for the bank first; the job does what that could not.
JOB_BEGINS_AFTER = timedelta(minutes=1)
SHORTEST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=6)
# A bank whose webhooks cannot be removed for so long keeps them; the access itself is ended all the same.
WEBHOOKS_TRIED_FOR = timedelta(days=1)
TRIED_FOR = timedelta(days=3)

T = TypeVar("T")


class _NothingToEnd(Exception):  # noqa: N818 - what is found
    """The access was ended already, or the login is connected anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BankAccessEndings:
    """Disconnects logins: here at once, and at their banks until they have confirmed it.

    Nothing but the first step is done while a unit of work is open.
    """

    start_unit_of_work: StartUnitOfWork
    storage_clock: Clock
    ids: IdGenerator
    gateways: Gateways
    sealer: BankTokenSealer

    def begin_in(
        self, work: UnitOfWork, logins: Iterable[BankLogin], *, at: datetime, correlation_id: str | None
    ) -> list[BankLogin]:
        """The locked logins, disconnected; those whose bank has yet to be told have a job for it."""
        ended = [self._ended(work, login, at=at) for login in logins]
        for login in ended:
            work.bank_logins.save(login)
        jobs = [
            Job.new(
                JobKind.BANK_DISCONNECT,
                job_id=self.ids.new_id(),
                args={"bank_login_id": str(login.id)},
                at=at,
                run_at=at + JOB_BEGINS_AFTER,
                correlation_id=correlation_id,
            )
            for login in ended
            if login.ending_since == at
        ]
        work.kept_pages.delete_of_logins([login.id for login in ended])
        if jobs:
            work.jobs.add_many(jobs)
        return ended

    def end_now(self, logins: Sequence[BankLogin]) -> None:
        """Has the banks end the accesses, as far as that can be waited for; no failure gets out."""
        deadline = self.storage_clock.now() + PATIENCE
        for login in logins:
            if login.ending_since is not None:
                with suppress(DomainError, _NothingToEnd):
                    self._attempt(login.id, deadline)

    def run_job(self, job: Job, deadline: datetime) -> None:
        """What a ``bank.disconnect`` job does.

        Raises :class:`JobPostponed` while it is worth trying, and then what the bank said; the owner is told
        after the last attempt.
        """
        login_id = UUID(job.args["bank_login_id"])
        try:
            self._attempt(login_id, deadline)
        except _NothingToEnd:
            pass
        except DomainError as error:
            now = self.storage_clock.now()
            waited = now - job.inserted_at
            if error.reason.retryable and waited < TRIED_FOR:
                raise JobPostponed(now + min(max(waited, SHORTEST_WAIT), LONGEST_WAIT)) from error
            if job.is_given_up_after(error.category):
                self._tell(login_id, error, correlation_id=job.correlation_id)
            raise

    def _ended(self, work: UnitOfWork, login: BankLogin, *, at: datetime) -> BankLogin:
        if login.ending_since is not None:
            return login
        gateway = gateway_of(bank_of_branch(work, login.bank_branch_id), self.gateways)
        return login.disconnected(at=at) if gateway is None or login.tokens is None else login.ending(at=at)

    def _attempt(self, login_id: UUID, deadline: datetime) -> None:
        """Raises :class:`_NothingToEnd`, and what kept the bank from confirming, as the login says then."""
        login, gateway = self._ending(login_id)
        try:
            _Ending(login=login, gateway=gateway, deadline=deadline, means=self).end()
        except DomainError as error:
            self._note(login, error)
            raise
        self._confirm(login)

    def _ending(self, login_id: UUID) -> tuple[BankLogin, BankGateway]:
        with self.start_unit_of_work() as work:
            login = work.bank_logins.find_many([login_id]).get(login_id)
            if login is None or login.ending_since is None:
                raise _NothingToEnd
            gateway = gateway_of(bank_of_branch(work, login.bank_branch_id), self.gateways)
        if gateway is None:
            raise DomainError(Reason.BANK_INACTIVE)
        return login, gateway

    def keep_tokens(self, login: BankLogin, tokens: BankTokens) -> None:
        """Keeps what the bank gave in place of the tokens that are used up. Raises :class:`_NothingToEnd`."""
        sealed = self.sealer.seal(tokens, login_id=login.id)
        self._change(login, lambda found, now: found.refreshed(sealed, at=now))

    def _note(self, login: BankLogin, error: DomainError) -> None:
        def told(found: BankLogin, now: datetime) -> BankLogin:
            message = "The access at the bank could not be ended yet"
            why = LoginError(reason=error.reason, message=message, at=now)
            return replace(found, last_error=why, updated_at=now)

        self._change(login, told)

    def _confirm(self, login: BankLogin) -> None:
        self._change(login, lambda found, now: found.disconnected(at=now))

    @retried_on_conflict
    def _change(self, login: BankLogin, change: Callable[[BankLogin, datetime], BankLogin]) -> None:
        """Raises :class:`_NothingToEnd` when the login was connected anew meanwhile."""
        with self.start_unit_of_work() as work:
            found = work.bank_logins.find_for_update(login.id)
            if found is None or found.ending_since != login.ending_since:
                raise _NothingToEnd
            work.bank_logins.save(change(found, work.now()))
            work.commit()

    @retried_on_conflict
    def _tell(self, login_id: UUID, error: DomainError, *, correlation_id: str | None) -> None:
        with self.start_unit_of_work() as work:
            login = work.bank_logins.find_for_update(login_id)
            if login is None or login.ending_since is None:
                return
            now = work.now()
            notification = bank_access_not_ended(
                user_id=login.user_id,
                bank_name=bank_of_branch(work, login.bank_branch_id).name,
                username=login.username,
                reason=error.reason,
                since=login.ending_since,
                cause=f"{login.id}:{login.ending_since.isoformat()}",
            )
            queue_notification(work, notification, ids=self.ids, at=now, correlation_id=correlation_id)
            work.commit()


@dataclass(slots=True, kw_only=True)
class _Ending:
    """One attempt: the webhooks are removed, then the access itself is ended."""

    login: BankLogin
    gateway: BankGateway
    deadline: datetime
    means: BankAccessEndings
    _tokens: OpenedTokens = field(init=False)
    _is_over: bool = field(default=False, init=False)
    """The bank has no access left to be asked with; a consent may be there all the same."""

    def end(self) -> None:
        """Raises what keeps the bank from confirming, and :class:`_NothingToEnd`."""
        self._tokens = self.means.sealer.open(self.login)
        if self.login.needs_refresh(self.means.storage_clock.now()):
            self._refresh()
        try:
            self._remove_webhooks()
        except DomainError:
            since = self.login.ending_since or self.deadline
            if self.means.storage_clock.now() - since < WEBHOOKS_TRIED_FOR:
                raise
        try:
            self.gateway.revoke(
                access_token=self._tokens.access, provider_user_id=self.login.provider_user_id
            )
        except AccessTokenRefused:
            pass
        except ApprovalPending:
            raise DomainError(Reason.BANK_API_ERROR) from None

    def _remove_webhooks(self) -> None:
        """There is none where the customer has never approved the access in their bank's app."""
        with suppress(ApprovalPending):
            shown = self._ask(lambda token: self.gateway.list_accounts(access_token=token))
            for account in shown.accounts if shown else ():
                self._remove_webhooks_of(account)

    def _remove_webhooks_of(self, account: ShownAccount) -> None:
        for webhook_id in self._ask(partial(self._webhooks_of, account)) or ():
            self._ask(partial(self._delete_webhook, webhook_id))

    def _webhooks_of(self, account: ShownAccount, token: str) -> list[str]:
        return self.gateway.list_webhooks(access_token=token, account=account)

    def _delete_webhook(self, webhook_id: str, token: str) -> None:
        self.gateway.delete_webhook(access_token=token, webhook_id=webhook_id)

    def _ask(self, call: Callable[[str], T]) -> T | None:
        """What the bank answers; None once it takes no token of this access any more."""
        for _ in range(2):
            if self._is_over:
                return None
            if self.means.storage_clock.now() >= self.deadline:
                raise DomainError(Reason.TIMEOUT, message="Ending the access took longer than it may.")
            try:
                return call(self._tokens.access)
            except AccessTokenRefused:
                self._refresh()
            except DomainError as error:
                if error.reason is not Reason.BANK_CONSENT_REQUIRED:
                    raise
                self._is_over = True
        self._is_over = True
        return None

    def _refresh(self) -> None:
        """The new tokens are kept before they are used: the old ones may be good for nothing now."""
        refresh = self._tokens.refresh
        if refresh is None:
            self._is_over = True
            return
        try:
            renewed = self.gateway.refresh(refresh_token=refresh)
        except DomainError as error:
            if error.reason is not Reason.BANK_CONSENT_REQUIRED:
                raise
            self._is_over = True
            return
        renewed = replace(renewed, refresh_token=renewed.refresh_token or refresh)
        self._tokens = OpenedTokens(access=renewed.access_token, refresh=renewed.refresh_token)
        self.means.keep_tokens(self.login, renewed)
