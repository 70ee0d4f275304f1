"""All workers of one process: threads that hand out jobs and look after them, and threads that run them."""

import logging
import time
from collections.abc import Mapping
from threading import Thread

from dramatiq import Worker

from ledgerbank_adapters.workers.brokers.job_broker import OpenJobBroker
from ledgerbank_adapters.workers.dramatiq_job_transport import (
    DramatiqJobTransport,
    message_queue,
    register_actor,
)
from ledgerbank_adapters.workers.job_actor import JobActor
from ledgerbank_adapters.workers.job_dispatcher import JobDispatcher
from ledgerbank_adapters.workers.job_observer import JobObserver
from ledgerbank_adapters.workers.job_upkeep import JobUpkeep
from ledgerbank_adapters.workers.nudge_listener import NudgeListener
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.services.jobs.job_dispatch_service import JobDispatchService
from ledgerbank_domain.services.jobs.job_running_service import JobRunningService
from ledgerbank_domain.services.jobs.job_takeover_service import JobTakeoverService

logger = logging.getLogger(__name__)

# How often an idle worker looks at Redis, and how soon its threads notice that they are to stop.
IDLE_MILLISECONDS = 100
# Threads that run nothing any more need no longer, unless their broker is away: then they are left to the
# end of the process.
CLOSING_MILLISECONDS = 5_000


class WorkerPool:
    """Runs jobs from :meth:`start` until :meth:`stop`.

    ``threads`` is how many jobs, or batches of them, run at once for each queue; a queue without any is not
    served. Many pools may work at once, in one process or many.
    """

    def __init__(
        self,
        *,
        ids: IdGenerator,
        threads: Mapping[str, int],
        open_broker: OpenJobBroker,
        job_dispatch: JobDispatchService,
        job_running: JobRunningService,
        job_takeover: JobTakeoverService,
        observer: JobObserver,
    ) -> None:
        worker_id = ids.new_id()
        served = {queue: number for queue, number in threads.items() if number > 0}
        self._brokers = {queue: open_broker() for queue in served}
        self._dispatcher = JobDispatcher(
            owner_id=worker_id,
            capacity=served,
            job_dispatch=job_dispatch,
            transport=DramatiqJobTransport(self._brokers),
        )
        self._upkeep = JobUpkeep(
            worker_id=worker_id,
            queues=served,
            job_dispatch=job_dispatch,
            job_takeover=job_takeover,
            observer=observer,
        )
        self._actor = JobActor(
            job_running, worker_id=worker_id, ids=ids, observer=observer, ended=self._dispatcher.wake
        )
        open_nudge_line = open_broker().open_nudge_line
        self._nudges = open_nudge_line and NudgeListener(open_nudge_line, wake=self.wake)
        self._workers = [self._worker(queue, number) for queue, number in served.items()]

    def start(self) -> None:
        """Does not wait for the database or the broker: whatever is away is tried again."""
        self._upkeep.start()
        for worker in self._workers:
            worker.start()
        self._dispatcher.start()
        if self._nudges is not None:
            self._nudges.start()

    def wake(self) -> None:
        """Something to do has arrived, in this process or another one: it is looked for at once."""
        self._dispatcher.wake()

    def stop(self, timeout: float) -> bool:
        """Hands out no more, lets running attempts end, and frees what was handed out and not begun.

        Whether all attempts ended within ``timeout`` seconds. It takes no longer, whatever an attempt, the
        database or the broker holds up: what is not put away by then is put away once it can be, unless the
        process ends before. Attempts run on until then, and this worker is alive for them; those that the
        process ends are taken over.
        """
        deadline = time.monotonic() + timeout
        if self._nudges is not None:
            self._nudges.stop()
        self._dispatcher.stop(_left(deadline))
        self._upkeep.stop_looking_after_others(_left(deadline))
        for worker in self._workers:
            for thread in worker.workers:
                thread.stop()
        closing = Thread(target=self._close, name="job-closing", daemon=True)
        closing.start()
        all_ended = self._actor.attempts.wait_until_none(_left(deadline))
        closing.join(_left(deadline))
        return all_ended

    def _close(self) -> None:
        # Others may have it at once; whatever of it a thread of ours begins after all, it begins alone.
        self._dispatcher.give_back()
        # Until its attempts have ended their broker is needed: they are acknowledged there.
        self._actor.attempts.wait_until_none()
        closing = [Thread(target=_stop, args=[worker], daemon=True) for worker in self._workers]
        for thread in closing:
            thread.start()
        for thread in closing:
            thread.join()
        self._dispatcher.give_back()
        self._upkeep.leave()
        for queue in self._brokers:
            self._brokers[queue].broker.close()

    def _worker(self, queue: str, threads: int) -> Worker:
        to = self._brokers[queue]
        register_actor(to, queue, self._actor.perform)
        worker = Worker(to.broker, worker_threads=threads, worker_timeout=IDLE_MILLISECONDS)
        # Only what a thread is free for is fetched: the rest goes to other processes.
        worker.queue_prefetch = threads
        logging.getLogger(f"dramatiq.worker.ConsumerThread({message_queue(queue)})").addFilter(_is_news)
        return worker


def _left(deadline: float) -> float:
    return max(deadline - time.monotonic(), 0)


def _stop(worker: Worker) -> None:
    try:
        worker.stop(timeout=CLOSING_MILLISECONDS)
    except Exception as error:  # noqa: BLE001 - brokers that are away raise what they like; the others are to be closed
        logger.warning("A worker could not close its broker: %s", error)


def _is_news(record: logging.LogRecord) -> bool:
    """Dramatiq tells every few seconds that a broker is still away; the dispatcher tells it once."""
    return not record.getMessage().startswith(
        ("Consumer encountered a connection error", "Restarting consumer")
    )
