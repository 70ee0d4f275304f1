"""The workers of a process, and the broker that they share with those of other processes."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from ledgerbank_adapters.metrics.prometheus_metrics import PrometheusMetrics
from ledgerbank_adapters.system import Uuid7IdGenerator
from ledgerbank_app.composition import Application
from ledgerbank_app.settings.settings_loading import SettingsError
from ledgerbank_domain.jobs.job import JobKind

if TYPE_CHECKING:
    from ledgerbank_adapters.workers import OpenJobBroker, WorkerPool

logger = logging.getLogger(__name__)

# The longest that an attempt which is running when the process is told to stop may take.
STOP_SECONDS = max(kind.time_limit for kind in JobKind).total_seconds()


def create_worker_pool(
    application: Application, metrics: PrometheusMetrics, *, threads: Mapping[str, int]
) -> "WorkerPool":
    """Workers that are not started yet, with that many threads per queue. Raises SettingsError."""
    open_broker = _broker_at(application.settings.jobs.broker_url)
    from ledgerbank_adapters.workers import WorkerPool

    with _parameters_checked():
        pool = WorkerPool(
            ids=Uuid7IdGenerator(),
            threads=threads,
            open_broker=open_broker,
            job_dispatch=application.services.job_dispatch,
            job_running=application.services.job_running,
            job_takeover=application.services.job_takeover,
            observer=metrics,
        )
    application.database.arrivals.listen(pool.wake)
    return pool


@contextmanager
def other_workers_told(application: Application) -> Iterator[None]:
    """Within the block, workers of other processes are told of each due job committed here.

    They are told over the broker, and it is only a hint. A process that runs no jobs itself works without a
    client for the broker as well.
    """
    try:
        with _parameters_checked():
            open_line = _broker_at(application.settings.jobs.broker_url)().open_nudge_line
    except SettingsError as error:
        logger.warning("Workers of other processes are not told of new jobs, they look for them: %s", error)
        open_line = None
    if open_line is None:
        yield
        return
    from ledgerbank_adapters.workers import NudgeSender

    sender = NudgeSender(open_line)
    application.database.arrivals.listen(sender.tell)
    sender.start()
    try:
        yield
    finally:
        application.database.arrivals.forget(sender.tell)
        sender.stop()


def connections_of_workers(threads: Mapping[str, int]) -> int:
    """How many database connections they use at most.

    Two for each worker: for the work, and to read the database's clock meanwhile. With fewer, each might have
    one and wait for its second one. And one for each thread that hands out jobs and looks after them: who
    is alive must be able to say so however much is going on.
    """
    return 2 * sum(threads.values()) + 3


def broker_problem(url: str) -> str | None:
    """What keeps the broker at this URL from answering now; None when it does. Raises SettingsError."""
    with _parameters_checked():
        broker = _broker_at(url)()
    try:
        broker.knock()
    except broker.outages as error:
        return type(error).__name__
    finally:
        broker.broker.close()
    return None


@contextmanager
def _parameters_checked() -> Iterator[None]:
    try:
        yield
    except ValueError:
        raise SettingsError(["BROKER_URL has a parameter that the broker's client does not take."]) from None


def _broker_at(url: str) -> "OpenJobBroker":
    scheme = url.partition(":")[0]
    try:
        from ledgerbank_adapters.workers import create_in_process_job_broker

        if scheme in ("redis", "rediss"):
            from ledgerbank_adapters.workers.brokers.redis_job_broker import create_redis_job_broker

            return partial(create_redis_job_broker, url)
        if scheme in ("amqp", "amqps"):
            from ledgerbank_adapters.workers.brokers.rabbitmq_job_broker import create_rabbitmq_job_broker

            return partial(create_rabbitmq_job_broker, url)
    except ModuleNotFoundError as missing:
        if (missing.name or "").startswith("ledgerbank"):
            raise
        raise SettingsError([f"BROKER_URL cannot be used: {missing}"]) from None
    return create_in_process_job_broker
