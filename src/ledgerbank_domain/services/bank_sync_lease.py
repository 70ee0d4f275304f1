"""One sync per login at a time: taking the lease, what it fences, and how it ends."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from ledgerbank_domain.audit.audit_event import AuditName, AuditTarget
from ledgerbank_domain.banking.bank import Bank
from ledgerbank_domain.banking.bank_login import BankLogin, LoginError, SealedTokens, SyncLease
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import SYSTEM, Actor, Origin
from ledgerbank_domain.jobs.job import Job
from ledgerbank_domain.notifications.notification import bank_login_needs_attention
from ledgerbank_domain.ports.bank_gateway import BankGateway
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork
from ledgerbank_domain.services.audit_writer import AuditWriter
from ledgerbank_domain.services.bank_gateway_lookup import Gateways, bank_of_branch, gateway_of
from ledgerbank_domain.services.conflict_retry import retried_on_conflict
from ledgerbank_domain.services.job_work import JobPostponed
from ledgerbank_domain.services.notification_service import queue_notification

HELD_BEYOND_THE_DEADLINE = timedelta(seconds=60)
LOOKED_AT_AGAIN_AFTER = timedelta(seconds=3)


class SyncLeaseLost(Exception):  # noqa: N818 - what happened
    """The login was connected anew, disconnected or paused, or another sync took over: this one is late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncRun:
    """A sync that has begun. ``login`` is as it was when the lease was taken."""

    login: BankLogin
    bank: Bank
    gateway: BankGateway
    token: UUID
    deadline: datetime
    correlation_id: str | None

    @property
    def actor(self) -> Actor:
        """The system, on behalf of whoever caused the sync."""
        return replace(SYSTEM, origin=Origin(correlation_id=self.correlation_id))

    def lock_login(self, work: UnitOfWork) -> BankLogin:
        """What everything that a sync writes begins with. Raises :class:`SyncLeaseLost`."""
        login = work.bank_logins.find_for_update(self.login.id)
        if login is None or not login.is_leased_with(self.token) or not login.may_sync:
            raise SyncLeaseLost
        return login


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncLeases:
    start_unit_of_work: StartUnitOfWork
    ids: IdGenerator
    audit: AuditWriter
    gateways: Gateways

    @retried_on_conflict
    def take(self, job: Job, *, deadline: datetime) -> SyncRun | None:
        """Begins a sync. None when there is nothing to do: the login is not connected or paused, its owner is
        not ACTIVE, its bank has no gateway, or a sync that began after this one was asked for succeeded.

        Raises :class:`JobPostponed` while another sync of the login runs.
        """
        with self.start_unit_of_work() as work:
            login = work.bank_logins.find_for_update(UUID(job.args["bank_login_id"]))
            now = work.now()
            if login is None or not login.may_sync or not work.users.get(login.user_id).is_active:
                return None
            bank = bank_of_branch(work, login.bank_branch_id)
            gateway = gateway_of(bank, self.gateways)
            if gateway is None:
                return None
            if (until := _held_until(work, login, now=now)) is not None:
                raise JobPostponed(min(until, now + LOOKED_AT_AGAIN_AFTER))
            if _is_fulfilled(login, job):
                return None
            lease = SyncLease(
                token=self.ids.new_id(),
                worker_id=_worker_of(job),
                expires_at=deadline + HELD_BEYOND_THE_DEADLINE,
            )
            leased = login.leased(lease, at=now)
            work.bank_logins.save(leased)
            work.commit()
        return SyncRun(
            login=leased,
            bank=bank,
            gateway=gateway,
            token=lease.token,
            deadline=deadline,
            correlation_id=job.correlation_id,
        )

    @retried_on_conflict
    def store_tokens(self, run: SyncRun, tokens: SealedTokens) -> bool:
        """Keeps the tokens that the bank gave in place of the old ones, for a login that was paused meanwhile
        too: the old ones are used up. False when it was disconnected, so that nobody wants them any more.

        Raises :class:`SyncLeaseLost` when the lease was lost otherwise.
        """
        with self.start_unit_of_work() as work:
            login = work.bank_logins.find_for_update(run.login.id)
            if login is None or not login.is_connected:
                return False
            if not login.is_leased_with(run.token):
                raise SyncLeaseLost
            work.bank_logins.save(login.refreshed(tokens, at=work.now()))
            work.commit()
        return True

    @retried_on_conflict
    def release(self, run: SyncRun) -> None:
        """Gives the lease back, if it is still held; the sync came to nothing."""
        with self.start_unit_of_work() as work:
            login = work.bank_logins.find_for_update(run.login.id)
            if login is not None and login.is_leased_with(run.token):
                work.bank_logins.save(login.released(at=work.now()))
                work.commit()

    @retried_on_conflict
    def succeed(self, run: SyncRun, *, left_out: DomainError | None) -> None:
        """``left_out`` is about what could not be taken. Raises :class:`SyncLeaseLost`."""
        with self.start_unit_of_work() as work:
            login = run.lock_login(work)
            now = work.now()
            told = None if left_out is None else _login_error(left_out, at=now)
            work.bank_logins.save(login.synced(left_out=told, at=now))
            self.audit.record(work, AuditName.BANK_LOGIN_SYNCED, actor=run.actor, about=login.id, at=now)
            work.commit()

    @retried_on_conflict
    def fail(self, run: SyncRun, error: DomainError) -> None:
        """The login goes to ERROR, and its owner is told. Raises :class:`SyncLeaseLost`."""
        with self.start_unit_of_work() as work:
            login = run.lock_login(work)
            now = work.now()
            failed = login.failed(_login_error(error, at=now), at=now)
            work.bank_logins.save(failed)
            self.audit.record_each_failure(
                work,
                AuditName.BANK_LOGIN_SYNC_FAILED,
                [(run.actor, AuditTarget(login.id), error.reason)],
                at=now,
            )
            # Whoever was told of an outage has not been told yet that they must do something themselves.
            if login.is_active or (failed.needs_consent and not login.needs_consent):
                self._notify(work, run, error.reason, at=now)
            work.commit()

    def _notify(self, work: UnitOfWork, run: SyncRun, reason: Reason, *, at: datetime) -> None:
        notification = bank_login_needs_attention(
            user_id=run.login.user_id,
            bank_name=run.bank.name,
            username=run.login.username,
            reason=reason,
            at=at,
            cause=f"{run.login.id}:{at.isoformat()}",
        )
        queue_notification(work, notification, ids=self.ids, at=at, correlation_id=run.correlation_id)


def _held_until(work: UnitOfWork, login: BankLogin, *, now: datetime) -> datetime | None:
    """None when nobody holds the login's lease, or a worker that has died since."""
    lease = login.lease
    if lease is None or not login.is_leased_at(now):
        return None
    return lease.expires_at if work.job_workers.is_alive(lease.worker_id, now=now) else None


def _worker_of(job: Job) -> UUID:
    if job.lease is None:
        raise ValueError(f"no attempt of job {job.id} is running")
    return job.lease.owner_id


def _is_fulfilled(login: BankLogin, job: Job) -> bool:
    """Whether a sync that began after this one was asked for has succeeded since."""
    return (
        login.last_attempt_at is not None
        and login.last_sync_at is not None
        and login.is_active
        and login.last_attempt_at > job.inserted_at
        and login.last_sync_at >= login.last_attempt_at
    )


def _login_error(error: DomainError, *, at: datetime) -> LoginError:
    return LoginError(reason=error.reason, message=error.message, at=at)
