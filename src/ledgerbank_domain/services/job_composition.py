"""The services that hand out and run jobs, over one set of ports."""

from collections.abc import Mapping
from dataclasses import dataclass

from ledgerbank_domain.jobs.job import JobKind
from ledgerbank_domain.jobs.job_timing import JobTiming
from ledgerbank_domain.ports.chance import Chance
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork
from ledgerbank_domain.services.audit_writer import AuditWriter
from ledgerbank_domain.services.due_jobs_service import DueJobsService
from ledgerbank_domain.services.job_dispatch_service import JobDispatchService
from ledgerbank_domain.services.job_outcomes import JobOutcomes
from ledgerbank_domain.services.job_running_service import JobHandler, JobRunningService
from ledgerbank_domain.services.job_takeover_service import JobTakeoverService
from ledgerbank_domain.services.payment_job_service import PaymentJobService
from ledgerbank_domain.services.payment_processing_service import PaymentProcessingService


@dataclass(frozen=True, slots=True, kw_only=True)
class JobServices:
    dispatch: JobDispatchService
    running: JobRunningService
    takeover: JobTakeoverService
    due: DueJobsService


def compose_job_services(
    *,
    start_unit_of_work: StartUnitOfWork,
    ids: IdGenerator,
    chance: Chance,
    audit: AuditWriter,
    timing: JobTiming,
    processing: PaymentProcessingService,
    handlers: Mapping[JobKind, JobHandler],
) -> JobServices:
    dispatch = JobDispatchService(start_unit_of_work=start_unit_of_work, ids=ids, timing=timing)
    outcomes = JobOutcomes(ids=ids, chance=chance, audit=audit)
    running = JobRunningService(
        start_unit_of_work=start_unit_of_work,
        timing=timing,
        payment_jobs=PaymentJobService(
            start_unit_of_work=start_unit_of_work, processing=processing, outcomes=outcomes
        ),
        outcomes=outcomes,
        handlers=handlers,
    )
    takeover = JobTakeoverService(start_unit_of_work=start_unit_of_work, timing=timing, outcomes=outcomes)
    return JobServices(
        dispatch=dispatch,
        running=running,
        takeover=takeover,
        due=DueJobsService(ids=ids, dispatch=dispatch, running=running, takeover=takeover),
    )
