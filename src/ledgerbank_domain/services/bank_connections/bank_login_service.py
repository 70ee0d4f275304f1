"""Bank logins: looking at them, changing, disconnecting and syncing them."""

from dataclasses import dataclass
from uuid import UUID

from ledgerbank_domain.audit.audit_event import AuditName
from ledgerbank_domain.audit.changed_fields import changes_between
from ledgerbank_domain.banking.bank_login import BankLogin, BankLoginChanges, BankLoginFilter
from ledgerbank_domain.banking.bank_login_policy import may_change_login, may_list_logins_of, may_view_login
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.identity.page import Page, PageRequest
from ledgerbank_domain.identity.scope import Scope
from ledgerbank_domain.identity.value_rules import require_ids
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork
from ledgerbank_domain.services.audit.audit_writer import AuditWriter
from ledgerbank_domain.services.audit.staff_reading import Reading, commit_staff_readings
from ledgerbank_domain.services.banks.bank_access_ending import BankAccessEndings
from ledgerbank_domain.services.banks.bank_gateway_lookup import Gateways, bank_of_branch, usable_gateway
from ledgerbank_domain.services.banks.bank_sync_schedule import schedule_sync
from ledgerbank_domain.services.conduct.authority_check import locked_actor
from ledgerbank_domain.services.conduct.conflict_retry import retried_on_conflict
from ledgerbank_domain.services.conduct.permission_check import require_permission
from ledgerbank_domain.services.conduct.scope_check import needs_scope
from ledgerbank_domain.services.jobs.job_cancellation import cancel_waiting_jobs
from ledgerbank_domain.services.jobs.scheduled_job import ScheduledJob


@dataclass(frozen=True, slots=True, kw_only=True)
class BankLoginService:
    """Reading, changing, syncing and disconnecting the connections of customers to banks."""

    start_unit_of_work: StartUnitOfWork
    ids: IdGenerator
    audit: AuditWriter
    gateways: Gateways
    endings: BankAccessEndings

    @needs_scope(Scope.BANKS_READ)
    def get(self, actor: Actor, *, login_id: UUID) -> BankLogin:
        """One login, whoever's. Raises ``bank_login_not_found``, then ``insufficient_permissions``."""
        require_ids(login_id=login_id)
        with self.start_unit_of_work() as work:
            login = work.bank_logins.get(login_id)
            require_permission(may_view_login(actor, login))
            reading = Reading(actor=actor, owner_id=login.user_id, what="bank_login", id=login_id)
            commit_staff_readings(work, [reading], audit=self.audit)
        return login

    @needs_scope(Scope.BANKS_READ)
    def list_page(self, actor: Actor, wanted: BankLoginFilter, *, request: PageRequest) -> Page[BankLogin]:
        """The logins of ``wanted.user_id``. Raises ``insufficient_permissions`` for somebody else's."""
        require_permission(may_list_logins_of(actor, wanted.user_id))
        with self.start_unit_of_work() as work:
            page = work.bank_logins.list_page(wanted, request=request)
            reading = Reading(actor=actor, owner_id=wanted.user_id, what="bank_logins")
            commit_staff_readings(work, [reading], audit=self.audit)
        return page

    @needs_scope(Scope.BANKS_WRITE)
    @retried_on_conflict
    def update(self, actor: Actor, *, login_id: UUID, changes: BankLoginChanges) -> BankLogin:
        """Changes how often it is synced, and pauses and resumes that.

        Raises ``missing_fields``, ``bank_login_not_found``, ``insufficient_permissions`` for somebody else's
        and, naming the field, for one that nobody may change, and ``bank_login_inactive`` for ACTIVE without
        tokens.
        """
        require_ids(login_id=login_id)
        if changes.is_empty:
            raise DomainError(Reason.MISSING_FIELDS)
        with self.start_unit_of_work() as work:
            actor = locked_actor(work, actor)
            login = work.bank_logins.get_for_update(login_id)
            require_permission(may_change_login(actor, login))
            if changes.immutable_fields:
                raise DomainError(Reason.INSUFFICIENT_PERMISSIONS, field=changes.immutable_fields[0])
            now = work.now()
            changed = login.with_changes(changes, at=now)
            work.bank_logins.save(changed)
            told = changes_between(login, changed)
            self.audit.record(
                work, AuditName.BANK_LOGIN_UPDATED, actor=actor, about=login.id, facts=told, at=now
            )
            work.commit()
        return changed

    @needs_scope(Scope.BANKS_WRITE)
    def disconnect(self, actor: Actor, *, login_id: UUID) -> None:
        """Cancels syncs that wait, and ends the access at the bank. Login, accounts and ledger stay.

        Visits to the bank that are under way end as well. The tokens are erased once the bank has confirmed:
        until then a job asks it. Raises ``bank_login_not_found``, then ``insufficient_permissions``.
        """
        require_ids(login_id=login_id)
        self.endings.end_now(self._commit_disconnection(actor, login_id))

    @needs_scope(Scope.BANKS_WRITE)
    @retried_on_conflict
    def request_sync(self, actor: Actor, *, login_id: UUID) -> ScheduledJob:
        """Leaves a sync to a worker, unless one was scheduled less than 300 s ago.

        Raises ``bank_login_not_found``, ``insufficient_permissions``, ``bank_inactive`` for a bank that
        nothing here speaks to, and ``bank_login_inactive``.
        """
        require_ids(login_id=login_id)
        with self.start_unit_of_work() as work:
            actor = locked_actor(work, actor)
            login = work.bank_logins.get_for_update(login_id)
            require_permission(may_view_login(actor, login))
            usable_gateway(bank_of_branch(work, login.bank_branch_id), self.gateways)
            if not login.may_sync:
                raise DomainError(Reason.BANK_LOGIN_INACTIVE)
            scheduled = schedule_sync(
                work, login, ids=self.ids, now=work.now(), correlation_id=actor.origin.correlation_id
            )
            work.commit()
        return scheduled

    @retried_on_conflict
    def _commit_disconnection(self, actor: Actor, login_id: UUID) -> list[BankLogin]:
        with self.start_unit_of_work() as work:
            actor = locked_actor(work, actor)
            login = work.bank_logins.get_for_update(login_id)
            require_permission(may_change_login(actor, login))
            now = work.now()
            # Nobody who is still at the bank connects it again behind that.
            work.oauth_states.delete_of_logins([login.id])
            cancel_waiting_jobs(work, work.jobs.list_unfinished_syncs_for_update([login.id]), at=now)
            ended = self.endings.begin_in(work, [login], at=now, correlation_id=actor.origin.correlation_id)
            changes = changes_between(login, login.disconnected(at=now))
            self.audit.record(
                work, AuditName.BANK_LOGIN_DISCONNECTED, actor=actor, about=login.id, facts=changes, at=now
            )
            work.commit()
        return ended
