"""The job engine: what hands out, runs and takes over jobs, over whatever kinds of work it is given."""

from dataclasses import dataclass

from ledgerbank_domain.jobs.job_timing import JobTiming
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork
from ledgerbank_domain.services.jobs.due_jobs_service import DueJobsService
from ledgerbank_domain.services.jobs.job_dispatch_service import JobDispatchService
from ledgerbank_domain.services.jobs.job_outcomes import JobOutcomes
from ledgerbank_domain.services.jobs.job_running_service import JobRunningService
from ledgerbank_domain.services.jobs.job_takeover_service import JobTakeoverService
from ledgerbank_domain.services.jobs.job_work import JobWorks


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEngine:
    """The use-cases of workers, which know no kind of job: handing out, running, taking over."""

    job_dispatch: JobDispatchService
    job_running: JobRunningService
    job_takeover: JobTakeoverService
    due_jobs: DueJobsService


def compose_job_engine(
    *,
    start_unit_of_work: StartUnitOfWork,
    ids: IdGenerator,
    outcomes: JobOutcomes,
    timing: JobTiming,
    works: JobWorks,
) -> JobEngine:
    """The engine over these works, one for each kind of job."""
    job_dispatch = JobDispatchService(start_unit_of_work=start_unit_of_work, ids=ids, timing=timing)
    job_running = JobRunningService(
        start_unit_of_work=start_unit_of_work,
        timing=timing,
        outcomes=outcomes,
        works=works,
    )
    job_takeover = JobTakeoverService(
        start_unit_of_work=start_unit_of_work, timing=timing, outcomes=outcomes, works=works
    )
    return JobEngine(
        job_dispatch=job_dispatch,
        job_running=job_running,
        job_takeover=job_takeover,
        due_jobs=DueJobsService(
            ids=ids, job_dispatch=job_dispatch, job_running=job_running, job_takeover=job_takeover
        ),
    )
