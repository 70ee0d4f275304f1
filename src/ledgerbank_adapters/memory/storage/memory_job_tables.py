"""The tables of jobs and of the workers that run them."""

from collections.abc import Hashable

from ledgerbank_adapters.memory.storage.memory_index import OrderedIndex, UniqueIndex
from ledgerbank_adapters.memory.storage.memory_table import MemoryTable
from ledgerbank_domain.jobs.job import WAITING_STATES, Job, JobKind, JobState
from ledgerbank_domain.jobs.job_timing import PERIODS
from ledgerbank_domain.jobs.job_worker import JobWorker

_FREES_ITS_KEY = frozenset({JobState.CANCELLED, JobState.DISCARDED})


class MemoryJobTables:
    """Jobs and workers, with an index for each question that is asked of them."""

    def __init__(self) -> None:
        self.unfinished_job_by_payment_key = UniqueIndex[Job]("unique_key", _unfinished_payment_key)
        self.jobs_with_key = OrderedIndex[Job](
            group_of=lambda job: None if job.unique_key is None else (job.kind, job.unique_key),
            order_of=lambda job: job.inserted_at,
        )
        self.jobs_by_age = OrderedIndex[Job](group_of=lambda _: True, order_of=lambda job: job.inserted_at)
        self.waiting_jobs = OrderedIndex[Job](
            group_of=lambda job: (job.queue, job.priority) if job.state in WAITING_STATES else None,
            order_of=lambda job: (job.run_at, job.inserted_at),
        )
        self.executing_jobs = OrderedIndex[Job](
            group_of=lambda job: True if job.state is JobState.EXECUTING else None,
            order_of=lambda job: job.lease and job.lease.expires_at,
        )
        self.leased_jobs_of_owner = OrderedIndex[Job](
            group_of=lambda job: job.lease and job.lease.owner_id, order_of=lambda job: job.id
        )
        self.unfinished_syncs_of_login = OrderedIndex[Job](
            group_of=_login_of_unfinished_sync, order_of=lambda job: job.id
        )
        self.finished_jobs = OrderedIndex[Job](
            group_of=lambda job: True if job.is_finished else None, order_of=lambda job: job.completed_at
        )
        self.jobs = MemoryTable[Job](
            "jobs",
            unique=[self.unfinished_job_by_payment_key, UniqueIndex("unique_key", _once_key)],
            indexes=[
                self.jobs_with_key,
                self.jobs_by_age,
                self.waiting_jobs,
                self.executing_jobs,
                self.leased_jobs_of_owner,
                self.unfinished_syncs_of_login,
                self.finished_jobs,
            ],
        )
        self.job_workers = MemoryTable[JobWorker]("job_workers")


def _unfinished_payment_key(job: Job) -> str | None:
    return job.unique_key if job.kind is JobKind.PAYMENT_PROCESS and not job.is_finished else None


def _once_key(job: Job) -> str | None:
    if job.kind is JobKind.PAYMENT_PROCESS:
        return None
    return job.unique_key if job.kind in PERIODS or job.state not in _FREES_ITS_KEY else None


def _login_of_unfinished_sync(job: Job) -> Hashable | None:
    return None if job.kind is not JobKind.BANK_SYNC or job.is_finished else job.args["bank_login_id"]
