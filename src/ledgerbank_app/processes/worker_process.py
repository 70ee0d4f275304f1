"""A process that does nothing but run jobs."""

import logging
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Event
from types import FrameType

from ledgerbank_adapters.metrics.prometheus_metrics import PrometheusMetrics
from ledgerbank_app.composition import Application
from ledgerbank_app.processes.process_logging import configure_logging
from ledgerbank_app.processes.worker_pools import STOP_SECONDS, create_worker_pool, other_workers_told
from ledgerbank_domain.jobs.job import QUEUES

logger = logging.getLogger(__name__)


def work_until_stopped(
    application: Application, metrics: PrometheusMetrics, *, threads: Mapping[str, int]
) -> None:
    """Runs jobs until SIGTERM or SIGINT, then lets running attempts end. Raises SettingsError.

    A second signal ends the process at once; its attempts are taken over.
    """
    configure_logging(application.settings.process.log_level)
    for warning in application.settings.warnings:
        logger.warning(warning)
    pool = create_worker_pool(application, metrics, threads=threads)
    with _told_to_stop() as stop, other_workers_told(application):
        pool.start()
        logger.info("Running jobs: %s.", ", ".join(f"{queue}:{number}" for queue, number in threads.items()))
        stop.wait()
        logger.info("Stopping once the running attempts have ended.")
        if not pool.stop(STOP_SECONDS):
            logger.warning("Attempts are still running: they are taken over.")


def threads_for(queues: str, workers: Mapping[str, int]) -> dict[str, int]:
    """The workers of the queues in a comma list, or of all if it is empty; those without workers left out.

    Raises ValueError for a queue that does not exist.
    """
    asked = [queue.strip() for queue in queues.split(",")] if queues.strip() else list(QUEUES)
    unknown = [queue for queue in asked if queue not in QUEUES]
    if unknown:
        raise ValueError(f"there is no queue {unknown[0]!r}, only {', '.join(QUEUES)}")
    return {queue: workers[queue] for queue in asked if workers[queue]}


@contextmanager
def _told_to_stop() -> Iterator[Event]:
    told = Event()

    def tell(number: int, _frame: FrameType | None) -> None:
        told.set()
        signal.signal(number, signal.SIG_DFL)

    before = {number: signal.signal(number, tell) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
