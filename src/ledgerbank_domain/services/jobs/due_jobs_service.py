"""Running jobs without workers: in the calling thread, for tests, simulations and scripts."""

from dataclasses import dataclass
from uuid import UUID

from ledgerbank_domain.jobs.job import QUEUES, Job
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.job_transport import JobBatch, JobTransport
from ledgerbank_domain.services.jobs.job_dispatch_service import JobDispatchService
from ledgerbank_domain.services.jobs.job_running_service import JobRunningService
from ledgerbank_domain.services.jobs.job_takeover_service import JobTakeoverService

_ONE_BATCH_OF_EACH = dict.fromkeys(QUEUES, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class DueJobsService:
    """A worker in one call, for tests, simulations and embedders without workers."""

    ids: IdGenerator
    job_dispatch: JobDispatchService
    job_running: JobRunningService
    job_takeover: JobTakeoverService

    def run_due_jobs(self) -> list[Job]:
        """Runs everything that is due now, and what that makes due, and gives the jobs in their order.

        The same use-cases as a worker's, periodic jobs and the taking over of abandoned ones included. Time
        does not pass by itself: what is to be retried later stays ``retryable``. An unexpected exception
        comes out, after the jobs that were with it have been recorded as failed.
        """
        self.job_dispatch.plan_periodic_jobs()
        self.job_takeover.take_over()
        worker_id = self.ids.new_id()
        ran: list[Job] = []
        try:
            while batches := self._handed_out(worker_id):
                for batch in batches:
                    ran += self._run(batch, worker_id)
        finally:
            self.job_takeover.leave(worker_id)
        return ran

    def _handed_out(self, worker_id: UUID) -> list[JobBatch]:
        batches = _Batches()
        self.job_dispatch.dispatch(owner_id=worker_id, capacity=_ONE_BATCH_OF_EACH, transport=batches)
        return batches.sent

    def _run(self, batch: JobBatch, worker_id: UUID) -> list[Job]:
        begun = self.job_running.begin(batch, delivery_id=self.ids.new_id(), worker_id=worker_id)
        ended: list[Job] | None = None
        try:
            ended = self.job_running.run(begun)
        finally:
            if ended is None:
                self.job_running.fail(begun)
        return ended


class _Batches(JobTransport):
    """Keeps what is sent for the one who sent it."""

    def __init__(self) -> None:
        self.sent: list[JobBatch] = []

    def send(self, batch: JobBatch) -> None:
        self.sent.append(batch)
