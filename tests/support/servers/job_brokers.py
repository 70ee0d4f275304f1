"""The brokers that deliver jobs, for tests that want each of them: real servers, which can be stopped."""

import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from tests.support.servers.child_processes import PLACE
from tests.support.servers.rabbitmq_servers import NO_RABBITMQ, RabbitmqTestServer, rabbitmq_program
from tests.support.servers.redis_servers import NO_REDIS, RedisTestServer, redis_program

from ledgerbank_adapters.workers import OpenJobBroker, create_in_process_job_broker
from ledgerbank_adapters.workers.brokers.job_broker import JobBroker
from ledgerbank_adapters.workers.brokers.rabbitmq_job_broker import create_rabbitmq_job_broker
from ledgerbank_adapters.workers.brokers.redis_job_broker import create_redis_job_broker

BROKERS = ("in-process", "redis", "rabbitmq")


@dataclass(frozen=True, kw_only=True)
class TestedBroker:
    """``server`` is None where there is nothing to stop: in the process, and where the server was given."""

    __test__ = False

    name: str
    url: str
    open: OpenJobBroker
    server: RedisTestServer | RabbitmqTestServer | None = None

    @property
    def stoppable(self) -> RedisTestServer | RabbitmqTestServer:
        if self.server is None:
            pytest.skip("This stops the broker: unset REDIS_URL and AMQP_URL, and the tests start their own.")
        return self.server


def broker_named(name: str) -> TestedBroker:
    """One of ``BROKERS``. Skips the test when it is not to be had.

    Servers of our own are started once a process, as RabbitMQ takes seconds, and serve until
    :func:`stop_own_brokers`; one that a test has stopped is started again. What an earlier test left in its
    queues is still there, as on any server that others use too.
    """
    if name == "in-process":
        return TestedBroker(name=name, url="memory://", open=create_in_process_job_broker)
    variable, create = _SERVED[name]
    if given := os.environ.get(variable):
        return TestedBroker(name=name, url=given, open=partial(create, given))
    server = _own_server(name)
    return TestedBroker(name=name, url=server.url, open=partial(create, server.url), server=server)


def stop_own_brokers() -> None:
    while _OWN:
        _, server = _OWN.popitem()
        if server.is_running:
            server.stop()
        shutil.rmtree(server.directory)


def _own_server(name: str) -> RedisTestServer | RabbitmqTestServer:
    if name not in _OWN:
        directory = Path(tempfile.mkdtemp(prefix=f"ledgerbank-{name}-", dir=os.environ.get(PLACE)))
        _OWN[name] = _redis(directory) if name == "redis" else _rabbitmq(directory)
    if not _OWN[name].is_running:
        _OWN[name].start()
    return _OWN[name]


def _redis(directory: Path) -> RedisTestServer:
    program = redis_program()
    if program is None:
        pytest.skip(NO_REDIS)
    return RedisTestServer(program, directory)


def _rabbitmq(directory: Path) -> RabbitmqTestServer:
    program = rabbitmq_program()
    if program is None:
        pytest.skip(NO_RABBITMQ)
    return RabbitmqTestServer(program, directory)


_OWN: dict[str, RedisTestServer | RabbitmqTestServer] = {}
_SERVED: dict[str, tuple[str, Callable[[str], JobBroker]]] = {
    "redis": ("REDIS_URL", create_redis_job_broker),
    "rabbitmq": ("AMQP_URL", create_rabbitmq_job_broker),
}
