"""What a worker thread does with a batch of jobs it was sent."""

import logging
from collections.abc import Callable
from functools import partial
from uuid import UUID

from ledgerbank_adapters.workers.job_observer import JobObserver
from ledgerbank_adapters.workers.running_attempts import RunningAttempts
from ledgerbank_adapters.workers.storage_patience import StoragePatience
from ledgerbank_domain.jobs.job import Job
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.job_transport import JobBatch
from ledgerbank_domain.services.jobs.job_running_service import UNEXPECTED, JobRunningService

logger = logging.getLogger(__name__)

# What cannot be recorded by then is recorded by whoever takes the attempt over, once it is overdue.
PATIENCE_SECONDS = 60.0


class JobActor:
    """Begins the jobs of a batch, runs them and records what came of them. Safe to share between threads.

    ``worker_id`` is the process that somebody keeps alive in storage while attempts run here.
    ``ended`` is called after each batch: there is room for another one. A database that is away is waited
    for, ``patience_seconds`` per batch: long enough for its restart.
    """

    def __init__(
        self,
        job_running: JobRunningService,
        *,
        worker_id: UUID,
        ids: IdGenerator,
        observer: JobObserver,
        ended: Callable[[], None],
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._job_running = job_running
        self._worker_id = worker_id
        self._ids = ids
        self._observer = observer
        self._ended = ended
        self._patience_seconds = patience_seconds
        self.attempts = RunningAttempts()

    def perform(self, batch: JobBatch) -> None:
        """Leaves alone jobs that were begun, or handed out anew, since the batch was sent. Never raises."""
        with self.attempts.one_more():
            try:
                self._perform(batch)
            except Exception:
                logger.exception("What became of a batch of %s was not recorded.", batch.kind.value)
        self._ended()

    def _perform(self, batch: JobBatch) -> None:
        patience = StoragePatience(self._patience_seconds)
        # One id for all tries: storage may have begun the jobs and been cut off before it said so.
        delivery_id = self._ids.new_id()
        begun = patience.until_done(
            partial(self._job_running.begin, batch, delivery_id=delivery_id, worker_id=self._worker_id)
        )
        for job in self._run(begun, patience):
            self._observer.attempt_ended(job)

    def _run(self, begun: list[Job], patience: StoragePatience) -> list[Job]:
        try:
            ends = self._job_running.attempt(begun)
        except Exception as error:
            if len(begun) > 1:
                # Nothing is done yet, and only one of them may be to blame.
                logger.warning("A batch of %s raised %r: one by one.", begun[0].kind.value, error)
                return [ended for job in begun for ended in self._run([job], patience)]
            logger.exception("Job %s (%s) raised.", begun[0].id, begun[0].kind.value)
            return patience.until_done(partial(self._job_running.fail, begun, UNEXPECTED))
        return patience.until_done(partial(self._job_running.record, ends))
