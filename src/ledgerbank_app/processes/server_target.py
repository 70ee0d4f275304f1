"""What a server process runs: the ASGI application over PostgreSQL, composed from the environment."""

import logging
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from threading import Timer
from types import FrameType
from typing import TYPE_CHECKING

from anyio import to_thread
from starlette.applications import Starlette

from ledgerbank_adapters.http import (
    HEALTH_THREADS,
    Document,
    HealthProbes,
    HttpHost,
    RequestLanes,
    create_http_application,
)
from ledgerbank_adapters.metrics.prometheus_metrics import CONTENT_TYPE, PrometheusMetrics
from ledgerbank_adapters.postgres import RequestPool
from ledgerbank_adapters.system import MonotonicDeadline
from ledgerbank_app.composition import Application, compose_application
from ledgerbank_app.processes.process_health import ProcessHealth
from ledgerbank_app.processes.process_logging import configure_logging
from ledgerbank_app.processes.worker_pools import (
    STOP_SECONDS,
    connections_of_workers,
    create_worker_pool,
    other_workers_told,
)
from ledgerbank_app.rate_limiter_choice import create_rate_limiter, create_registration_limiter
from ledgerbank_app.settings.process_settings import AppEnvironment
from ledgerbank_app.settings.settings import Settings
from ledgerbank_app.settings.settings_loading import SettingsError, load_settings

if TYPE_CHECKING:
    from ledgerbank_adapters.workers import WorkerPool

# Health questions have connections of their own; so has what shows the mailbox and counts jobs.
CONNECTIONS_BESIDE_REQUESTS = HEALTH_THREADS + 2
MIN_HASHING_PLACES = 8

logger = logging.getLogger(__name__)


def create_server_application() -> Starlette:
    """The API of one server process, for ``uvicorn --factory``.

    Here the database must be configured: server processes do not start one. Raises SettingsError.
    """
    settings = load_settings(os.environ)
    configure_logging(settings.process.log_level)
    for warning in settings.warnings:
        logger.warning(warning)
    if settings.database.url is None:
        raise SettingsError(["DATABASE_URL must be set for a server process: 'ledgerbank serve' sees to it."])
    metrics = PrometheusMetrics()
    application = compose_application(
        settings,
        database_url=settings.database.url,
        metrics=metrics,
        connections=CONNECTIONS_BESIDE_REQUESTS + _connections_for_jobs(settings),
        requests=RequestPool(
            size=2 * settings.database.pool_size + _hashing_places(settings),
            seconds=settings.http.request_timeout_seconds,
        ),
    )
    metrics.show_jobs(application.count_jobs)
    health = ProcessHealth(
        memory_limit_mb=settings.health.memory_limit_mb,
        disk_min_free_mb=settings.health.disk_min_free_mb,
        data_dir=settings.process.data_dir,
    )
    return _http_application(settings, application, health, metrics)


def _http_application(
    settings: Settings, application: Application, health: ProcessHealth, metrics: PrometheusMetrics
) -> Starlette:
    pool = _worker_pool(application, metrics)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        _drain_when_told_to_stop(health, settings.server.drain)
        try:
            with other_workers_told(application):
                async with _running(pool):
                    yield
        finally:
            application.close()

    is_development = settings.process.environment is AppEnvironment.DEVELOPMENT
    return create_http_application(
        application.services,
        host=HttpHost(
            health=HealthProbes(
                database_answers=application.database.answers,
                migrations_are_current=application.database.is_up_to_date,
                memory_is_within_limit=health.memory_is_within_limit,
                disk_has_space=health.disk_has_space,
                is_draining=health.draining.is_set,
                uptime_milliseconds=health.uptime_milliseconds,
            ),
            public_base_url=settings.server.public_base_url,
            exposition=lambda: Document(content=metrics.exposition(), media_type=CONTENT_TYPE),
            metrics_token=settings.health.metrics_token,
            mailbox=application.mailbox if is_development else None,
        ),
        rate_limiter=create_rate_limiter(settings.rate_limit, application.clock, metrics),
        registration_limiter=create_registration_limiter(settings.rate_limit, application.clock, metrics),
        clock=application.clock,
        lanes=RequestLanes.of(places=settings.database.pool_size, hashing_places=_hashing_places(settings)),
        start_deadline=partial(MonotonicDeadline.after, settings.http.request_timeout_seconds),
        max_body_bytes=settings.http.max_body_bytes,
        cors_origins=settings.http.cors_origins,
        trusted_proxies=settings.http.trusted_proxies,
        strict_transport=settings.is_production,
        observer=metrics,
        lifespan=lifespan,
    )


def _hashing_places(settings: Settings) -> int:
    """Twice as many as hash at once: who waits for the database or a lock keeps nobody from hashing."""
    return max(2 * settings.passwords.hashing_concurrency, MIN_HASHING_PLACES)


def _connections_for_jobs(settings: Settings) -> int:
    return connections_of_workers(settings.jobs.queues) if settings.jobs.run_in_server else 0


def _worker_pool(application: Application, metrics: PrometheusMetrics) -> "WorkerPool | None":
    jobs = application.settings.jobs
    return create_worker_pool(application, metrics, threads=jobs.queues) if jobs.run_in_server else None


@asynccontextmanager
async def _running(pool: "WorkerPool | None") -> AsyncIterator[None]:
    """Whoever stops the server waits for the attempts that run by then, as for requests."""
    if pool is None:
        yield
        return
    pool.start()
    try:
        yield
    finally:
        if not await to_thread.run_sync(pool.stop, STOP_SECONDS):
            logger.warning("Attempts of jobs are still running: they are taken over.")


def _drain_when_told_to_stop(health: ProcessHealth, drain: timedelta) -> None:
    """Reports not ready from the signal on, while whoever sends requests here finds that out.

    Only then does uvicorn close the listener and finish what is running. A second signal waits for nobody.

    uvicorn installs its handler before the application starts; ours comes in front of it.
    """
    stop = signal.getsignal(signal.SIGTERM)

    def begin(number: int, frame: FrameType | None) -> None:
        is_first = not health.draining.is_set()
        health.draining.set()
        if not callable(stop):
            return
        if is_first and drain:
            later = Timer(drain.total_seconds(), stop, (number, None))
            later.daemon = True
            later.start()
        else:
            stop(number, frame)

    signal.signal(signal.SIGTERM, begin)
