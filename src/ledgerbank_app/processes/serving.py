"""Running the API's server processes until they are told to stop."""

import os
import resource
import sys
from collections.abc import Callable
from socket import socket

import uvicorn
from uvicorn.supervisors import Multiprocess

from ledgerbank_adapters.http import CONNECTIONS_TOLD, LAST_BODY_SECONDS, GuardedHttpProtocol
from ledgerbank_adapters.metrics.metrics_sharing import share_metrics_between_processes
from ledgerbank_adapters.metrics.prometheus_metrics import forget_gauges_of_dead_process
from ledgerbank_app.processes.exit_status import CANNOT, DONE
from ledgerbank_app.settings.server_settings import MAX_REQUEST_SECONDS
from ledgerbank_app.settings.settings import Settings

# For what is decided at the last moment to be told.
LAST_ANSWER_SECONDS = 2
# Every request ends within it, so that no answer is cut off: its body may take so long to come, and then it
# has its deadline (REQUEST_TIMEOUT_SECONDS).
GRACEFUL_STOP_SECONDS = LAST_BODY_SECONDS + MAX_REQUEST_SECONDS + LAST_ANSWER_SECONDS
# How long a connection may be idle between two requests.
KEEP_ALIVE_SECONDS = 30
# What a server process has open beside its clients' connections: those to the database, logs, the loop's own.
OTHER_FILES = 1024


def serve_until_stopped(settings: Settings, database_url: str, *, announce: Callable[[], None]) -> int:
    """Serves until SIGTERM or SIGINT, then lets running requests finish. Gives the exit status.

    Server processes read their settings from the environment, so the database's address is put there: to
    them an embedded database is a configured one. ``announce`` is called once the port is taken.
    """
    os.environ["DATABASE_URL"] = database_url
    os.environ.pop("DATABASE_URL_FILE", None)
    _allow_open_files(settings.server.max_connections + CONNECTIONS_TOLD + OTHER_FILES)
    config = uvicorn.Config(
        "ledgerbank_app.processes.server_target:create_server_application",
        factory=True,
        host=settings.server.host,
        port=settings.server.port,
        workers=settings.server.process_count,
        log_level=settings.process.log_level,
        access_log=settings.process.log_level == "debug",
        lifespan="on",
        ws="none",
        http=GuardedHttpProtocol,
        limit_concurrency=settings.server.max_connections,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        server_header=False,
        # Which peers may speak for a client is ours to decide (TRUSTED_PROXIES).
        proxy_headers=False,
        timeout_graceful_shutdown=GRACEFUL_STOP_SECONDS,
    )
    with _bound(config) as listener:
        announce()
        try:
            if config.workers > 1:
                with share_metrics_between_processes():
                    _Supervisor(config, sockets=[listener]).run()
                return DONE
            server = uvicorn.Server(config)
            server.run(sockets=[listener])
        except KeyboardInterrupt:
            # uvicorn has stopped in good order by now and only passes the signal on.
            return DONE
    return DONE if server.started else CANNOT


class _Supervisor(Multiprocess):
    """Has the metrics forget what a process that died showed as its present state."""

    def keep_subprocess_alive(self) -> None:
        before = {process.pid for process in self.processes}
        super().keep_subprocess_alive()
        for pid in before - {process.pid for process in self.processes}:
            if pid is not None:
                forget_gauges_of_dead_process(pid)


def _allow_open_files(number: int) -> None:
    """As far as the system lets us; server processes inherit it. Usual systems begin with 1024 a process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = number if hard == resource.RLIM_INFINITY else min(number, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _bound(config: uvicorn.Config) -> socket:
    try:
        return config.bind_socket()
    except SystemExit:
        # uvicorn has said in a sentence why it cannot listen there.
        sys.exit(CANNOT)
