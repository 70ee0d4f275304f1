"""The thread of a worker process that hands out jobs and looks after them."""

import logging
import time
from collections.abc import Mapping
from threading import Event, Thread
from uuid import UUID

from ledgerbank_adapters.workers.dramatiq_job_transport import DramatiqJobTransport
from ledgerbank_adapters.workers.job_observer import JobObserver
from ledgerbank_adapters.workers.outage_guard import OutageGuard
from ledgerbank_adapters.workers.polling_pace import PollingPace
from ledgerbank_domain.jobs.job_timing import PERIODS
from ledgerbank_domain.services.job_dispatch_service import JobDispatchService
from ledgerbank_domain.services.job_running_service import JobRunningService

logger = logging.getLogger(__name__)

UPKEEP_SECONDS = 1.0
PERIODIC_QUEUES = frozenset(kind.queue for kind in PERIODS)


class JobDispatcher:
    """Hands out what is due: at once when a batch ended, else less and less often, once a second at least.

    Once a second it also plans the periodic jobs, if their queue is served here, and takes over the attempts
    of workers that died. Outages of the database or the broker are waited for; nothing ends the thread.
    """

    def __init__(
        self,
        *,
        owner_id: UUID,
        capacity: Mapping[str, int],
        dispatching: JobDispatchService,
        running: JobRunningService,
        transport: DramatiqJobTransport,
        observer: JobObserver,
    ) -> None:
        self._owner_id = owner_id
        self._capacity = capacity
        self._dispatching = dispatching
        self._running = running
        self._transport = transport
        self._observer = observer
        self._handing_out = OutageGuard("Handing out jobs")
        self._planning = OutageGuard("Planning periodic jobs")
        self._taking_over = OutageGuard("Taking over abandoned jobs")
        self._keeping_alive = OutageGuard("Keeping the broker's connection")
        self._pace = PollingPace(shortest=0.02, longest=1.0)
        self._may_hold_unsent = False
        self._stopping = Event()
        self._woken = Event()
        self._thread = Thread(target=self._work, name="job-dispatcher", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """There is room for another batch."""
        self._woken.set()

    def stop(self, timeout: float) -> None:
        """Hands out no more; waits for the end of what it is doing, that many seconds at most."""
        self._stopping.set()
        self._woken.set()
        self._thread.join(timeout)

    def give_back(self) -> None:
        """Frees what was handed out here and no worker has begun."""
        freed = OutageGuard("Giving back jobs").attempt(
            lambda: self._dispatching.give_back(owner_id=self._owner_id)
        )
        if freed:
            logger.info("%d jobs that were handed out and not begun are free again.", freed)

    def _work(self) -> None:
        upkeep_at = time.monotonic()
        while not self._stopping.is_set():
            if time.monotonic() >= upkeep_at:
                self._look_after_jobs()
                upkeep_at = time.monotonic() + UPKEEP_SECONDS
            self._hand_out()

    def _hand_out(self) -> None:
        sent = self._handing_out.attempt(self._dispatch)
        if sent:
            self._pace.restart()
        wait = self._pace.slower()
        if sent is None:
            # Batches that end meanwhile bring back neither the database nor the broker.
            self._stopping.wait(wait)
            return
        if self._woken.wait(wait):
            self._pace.restart()
            self._woken.clear()

    def _dispatch(self) -> int:
        if self._may_hold_unsent:
            self._dispatching.give_back(owner_id=self._owner_id)
        # Storage may commit leases and be cut off before it says for which jobs.
        self._may_hold_unsent = True
        sent = self._dispatching.dispatch(
            owner_id=self._owner_id, capacity=self._capacity, transport=self._transport
        )
        self._may_hold_unsent = False
        return sent

    def _look_after_jobs(self) -> None:
        if self._capacity.keys() >= PERIODIC_QUEUES:
            self._planning.attempt(self._dispatching.plan_periodic_jobs)
        abandoned = self._taking_over.attempt(self._running.take_over_abandoned)
        if abandoned:
            logger.warning("%d attempts of workers that died were taken over.", len(abandoned))
        for job in abandoned or ():
            self._observer.attempt_ended(job)
        self._keeping_alive.attempt(self._transport.keep_alive)
