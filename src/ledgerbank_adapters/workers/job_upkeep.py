"""Heartbeats: what a worker process does for the jobs of all: saying that it lives, looking who else does."""

import logging
import time
from collections.abc import Collection
from uuid import UUID

from ledgerbank_adapters.workers.job_observer import JobObserver
from ledgerbank_adapters.workers.outage_guard import OutageGuard
from ledgerbank_adapters.workers.repeated_task import RepeatedTask
from ledgerbank_domain.jobs.job_timing import PERIODS
from ledgerbank_domain.services.jobs.job_dispatch_service import JobDispatchService
from ledgerbank_domain.services.jobs.job_takeover_service import JobTakeoverService

logger = logging.getLogger(__name__)

UPKEEP_SECONDS = 2.0
# Long enough to cost nothing, short enough for the shortest period.
PLANNING_SECONDS = 10.0
PERIODIC_QUEUES = frozenset(kind.queue for kind in PERIODS)
LAST_WORD_SECONDS = 5.0


class JobUpkeep:
    """Two threads, so that the sign of life is given on time whatever the others hold up.

    While storage is out of reach nobody can say that they live. Whoever noticed that takes nobody for dead
    until all have had the time to speak again.
    """

    def __init__(
        self,
        *,
        worker_id: UUID,
        queues: Collection[str],
        job_dispatch: JobDispatchService,
        job_takeover: JobTakeoverService,
        observer: JobObserver,
    ) -> None:
        self._worker_id = worker_id
        self._plans = set(queues) >= PERIODIC_QUEUES
        self._job_dispatch = job_dispatch
        self._job_takeover = job_takeover
        self._observer = observer
        timing = job_takeover.timing
        self._silence = timing.silence.total_seconds()
        self._cut_off_at: float | None = None
        self._plan_at = time.monotonic()
        self._heartbeat = RepeatedTask(
            "job-heartbeat",
            OutageGuard("Telling that this worker lives"),
            self._renew,
            seconds=timing.heartbeat.total_seconds(),
        )
        self._upkeep = RepeatedTask(
            "job-upkeep", OutageGuard("Looking after jobs"), self._look_after_jobs, seconds=UPKEEP_SECONDS
        )

    def start(self) -> None:
        self._heartbeat.start()
        self._upkeep.start()

    def stop_looking_after_others(self, timeout: float) -> None:
        """The sign of life goes on: attempts may be running."""
        self._upkeep.stop(timeout)

    def leave(self) -> None:
        """The last attempt has ended: this worker need not be waited for."""
        self._heartbeat.stop(LAST_WORD_SECONDS)
        OutageGuard("Leaving").attempt(lambda: self._job_takeover.leave(self._worker_id))

    def _renew(self) -> None:
        try:
            self._job_takeover.renew(self._worker_id)
        except Exception:
            self._cut_off_at = time.monotonic()
            raise

    def _look_after_jobs(self) -> None:
        try:
            self._plan()
            if self._may_judge():
                self._take_over()
        except Exception:
            self._cut_off_at = time.monotonic()
            raise

    def _may_judge(self) -> bool:
        return self._cut_off_at is None or time.monotonic() - self._cut_off_at >= self._silence

    def _take_over(self) -> None:
        taken = self._job_takeover.take_over(by=self._worker_id)
        if taken:
            logger.warning("%d attempts were taken over: their workers are dead or late.", len(taken))
        for job in taken:
            self._observer.attempt_ended(job)

    def _plan(self) -> None:
        if self._plans and time.monotonic() >= self._plan_at:
            self._job_dispatch.plan_periodic_jobs()
            self._plan_at = time.monotonic() + PLANNING_SECONDS
