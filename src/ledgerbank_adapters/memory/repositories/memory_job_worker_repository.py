"""Worker processes in memory."""

from datetime import datetime
from uuid import UUID

from ledgerbank_adapters.memory.storage.memory_session import MemorySession
from ledgerbank_domain.jobs.job import JobState
from ledgerbank_domain.jobs.job_worker import JobWorker
from ledgerbank_domain.ports.repositories.job_worker_repository import JobWorkerRepository


class MemoryJobWorkerRepository(JobWorkerRepository):
    def __init__(self, session: MemorySession) -> None:
        self._session = session

    def renew(self, worker: JobWorker) -> None:
        workers = self._session.tables.job.job_workers
        if worker.id in workers:
            self._session.update(workers, worker)
        else:
            self._session.insert(workers, worker)

    def is_alive(self, worker_id: UUID, *, now: datetime) -> bool:
        worker = self._session.tables.job.job_workers.find(worker_id)
        return worker is not None and worker.is_alive_at(now)

    def hold_alive(self, worker_id: UUID, *, now: datetime) -> bool:
        return self.is_alive(worker_id, now=now)

    def list_silent(self, *, now: datetime) -> list[UUID]:
        workers = self._session.tables.job.job_workers
        return sorted(worker.id for worker in workers if not worker.is_alive_at(now))

    def forget(self, worker_id: UUID) -> None:
        tables = self._session.tables.job
        worker = tables.job_workers.find(worker_id)
        held = tables.jobs.rows(tables.leased_jobs_of_owner.ids(worker_id))
        if worker is not None and not any(job.state is JobState.EXECUTING for job in held):
            self._session.delete(tables.job_workers, worker)
