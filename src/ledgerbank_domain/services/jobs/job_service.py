"""Jobs in the hands of administrators: looking at them, trying again what failed, and taking back."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from ledgerbank_domain.audit.audit_event import AuditName
from ledgerbank_domain.audit.changed_fields import changes_between
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.identity.page import Page, PageRequest
from ledgerbank_domain.identity.value_rules import require_ids
from ledgerbank_domain.jobs.job import Job, JobFilter
from ledgerbank_domain.jobs.job_policy import may_administer_jobs
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork
from ledgerbank_domain.services.audit.audit_writer import AuditWriter
from ledgerbank_domain.services.conduct.authority_check import locked_actor, seen_actor
from ledgerbank_domain.services.conduct.conflict_retry import retried_on_conflict
from ledgerbank_domain.services.conduct.permission_check import require_permission
from ledgerbank_domain.services.conduct.scope_check import session_only
from ledgerbank_domain.services.jobs.job_work import JobWorks


@dataclass(frozen=True, slots=True, kw_only=True)
class JobService:
    """Everything here raises ``insufficient_permissions`` first: administrators only."""

    start_unit_of_work: StartUnitOfWork
    audit: AuditWriter
    works: JobWorks

    @session_only
    def list_page(self, actor: Actor, wanted: JobFilter, *, request: PageRequest) -> Page[Job]:
        """Newest first."""
        with self.start_unit_of_work() as work:
            require_permission(may_administer_jobs(seen_actor(work, actor)))
            now = work.now()
            page = work.jobs.list_page(wanted, now=now, request=request)
        return replace(page, items=tuple(job.as_of(now) for job in page.items))

    @session_only
    def get(self, actor: Actor, *, job_id: UUID) -> Job:
        """Raises ``job_not_found``."""
        require_ids(job_id=job_id)
        with self.start_unit_of_work() as work:
            require_permission(may_administer_jobs(seen_actor(work, actor)))
            return work.jobs.get(job_id).as_of(work.now())

    @session_only
    @retried_on_conflict
    def retry(self, actor: Actor, *, job_id: UUID) -> Job:
        """Makes a retryable, cancelled or discarded job available now, as if new; its errors are kept.

        What failed by it waits again. Raises ``job_not_found``, and ``already_processed`` for a job in any
        other state, for one whose work is done with, and while another job does it.
        """
        require_ids(job_id=job_id)
        with self.start_unit_of_work() as work:
            actor = locked_actor(work, actor)
            require_permission(may_administer_jobs(actor))
            # A job's kind and arguments never change: they may be read before the job is locked.
            seen = work.jobs.get(job_id)
            held = self.works[seen.kind].lock(work, [seen])
            job = work.jobs.get_for_update(job_id)
            now = work.now()
            retried = job.retried(at=now)
            self.works[seen.kind].revive(work, held, at=now)
            _save_unless_another_does_it(work, retried)
            self._record_in(work, AuditName.ADMIN_JOB_RETRIED, actor, job, retried, at=now)
            work.commit()
        return retried

    @session_only
    @retried_on_conflict
    def cancel(self, actor: Actor, *, job_id: UUID) -> Job:
        """Raises ``job_not_found``, and ``already_processed`` once an attempt runs or the job is finished.

        What it was to do stays undone.
        """
        require_ids(job_id=job_id)
        with self.start_unit_of_work() as work:
            actor = locked_actor(work, actor)
            require_permission(may_administer_jobs(actor))
            job = work.jobs.get_for_update(job_id)
            now = work.now()
            cancelled = job.cancelled(at=now)
            work.jobs.save_many([cancelled])
            self._record_in(work, AuditName.ADMIN_JOB_CANCELLED, actor, job, cancelled, at=now)
            work.commit()
        return cancelled

    def _record_in(
        self, work: UnitOfWork, name: AuditName, actor: Actor, before: Job, job: Job, *, at: datetime
    ) -> None:
        changes = changes_between(before, job)
        self.audit.record(work, name, actor=actor, about=job.id, facts=changes, at=at)


def _save_unless_another_does_it(work: UnitOfWork, job: Job) -> None:
    try:
        work.jobs.save_many([job])
    except DomainError as error:
        if error.reason is not Reason.RESOURCE_ALREADY_EXISTS:
            raise
        raise DomainError(Reason.ALREADY_PROCESSED) from None
