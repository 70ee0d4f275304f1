"""The thread of a worker process that hands out jobs."""

import logging
from collections.abc import Mapping
from threading import Event, Thread
from uuid import UUID

from ledgerbank_adapters.workers.dramatiq_job_transport import DramatiqJobTransport
from ledgerbank_adapters.workers.outage_guard import OutageGuard
from ledgerbank_domain.services.jobs.job_dispatch_service import JobDispatchService

logger = logging.getLogger(__name__)

IDLE_SECONDS = 1.0
# What arrives together is handed out together.
GATHERING_SECONDS = 0.02


class JobDispatcher:
    """Hands out what is due: at once when it is woken, else once a second.

    Outages of the database or the broker are waited for; nothing ends the thread.
    """

    def __init__(
        self,
        *,
        owner_id: UUID,
        capacity: Mapping[str, int],
        job_dispatch: JobDispatchService,
        transport: DramatiqJobTransport,
    ) -> None:
        self._owner_id = owner_id
        self._capacity = capacity
        self._job_dispatch = job_dispatch
        self._transport = transport
        self._handing_out = OutageGuard("Handing out jobs")
        self._keeping_alive = OutageGuard("Keeping the broker's connection")
        self._may_hold_unsent = False
        self._stopping = Event()
        self._woken = Event()
        self._thread = Thread(target=self._work, name="job-dispatcher", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """There is room for another batch, or something to do has arrived."""
        self._woken.set()

    def stop(self, timeout: float) -> None:
        """Hands out no more; waits for the end of what it is doing, that many seconds at most."""
        self._stopping.set()
        self._woken.set()
        self._thread.join(timeout)

    def give_back(self) -> None:
        """Frees what was handed out here and no worker has begun."""
        freed = OutageGuard("Giving back jobs").attempt(
            lambda: self._job_dispatch.give_back(owner_id=self._owner_id)
        )
        if freed:
            logger.info("%d jobs that were handed out and not begun are free again.", freed)

    def _work(self) -> None:
        while not self._stopping.is_set():
            # What arrives from here on is not sure to be seen: it wakes for another look.
            self._woken.clear()
            sent = self._handing_out.attempt(self._dispatch)
            self._keeping_alive.attempt(self._transport.keep_alive)
            if sent is None:
                # Batches that end meanwhile bring back neither the database nor the broker.
                self._stopping.wait(IDLE_SECONDS)
            elif self._woken.wait(IDLE_SECONDS):
                self._stopping.wait(GATHERING_SECONDS)

    def _dispatch(self) -> int:
        if self._may_hold_unsent:
            self._job_dispatch.give_back(owner_id=self._owner_id)
        # Storage may commit leases and be cut off before it says for which jobs.
        self._may_hold_unsent = True
        sent = self._job_dispatch.dispatch(
            owner_id=self._owner_id, capacity=self._capacity, transport=self._transport
        )
        self._may_hold_unsent = False
        return sent
