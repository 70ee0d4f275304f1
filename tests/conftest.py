"""A real PostgreSQL for whoever asks for it."""

import os
import secrets
import shutil
import signal
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path

import psycopg
import pytest
from hypothesis import settings
from sqlalchemy import Engine
from tests.support.servers.child_processes import PLACE, RUN, end_left_processes
from tests.support.servers.hosted_bank import stop_idle_hosts
from tests.support.servers.job_brokers import stop_own_brokers
from tests.support.servers.postgres_servers import (
    NO_SERVER,
    PostgresTestServer,
    embedded_server,
    empty,
    installations,
    major_version,
    stop_left_servers,
)

from ledgerbank_adapters.postgres import create_postgres_engine

GIVEN_SERVER = "TEST_DATABASE_URL"
ALL_MUST_RUN = "LEDGERBANK_TEST_ALL"
INSTALLATIONS = [] if os.environ.get(GIVEN_SERVER) else installations()

# How long an example takes says how busy the machine is, nothing about the property.
settings.register_profile("ledgerbank", deadline=None)
settings.load_profile("ledgerbank")


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: much of a run is waiting for servers and clocks."""
    return len(os.sched_getaffinity(0)) + 1


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        place = Path(tempfile.mkdtemp(prefix="ledgerbank-tests-"))
        # The server's account must be able to pass through.
        place.chmod(0o711)
        os.environ[PLACE] = str(place)
        os.environ[RUN] = secrets.token_hex(4)
        # A build machine that has waited long enough sends this one: then too everything is to be cleaned up.
        signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where `.ci/run` has installed everything, a test that is skipped hides something that is missing."""
    report = yield
    if report.skipped and os.environ.get(ALL_MUST_RUN):
        report.outcome = "failed"
        report.longrepr = f"skipped, but here every test must run: {report.longrepr}"
    return report


def pytest_unconfigure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput") or PLACE not in os.environ:
        return
    place = Path(os.environ.pop(PLACE))
    run = os.environ.pop(RUN)
    if given := os.environ.get(GIVEN_SERVER):
        PostgresTestServer(maintenance_url=given, run=run).drop_databases()
    stop_left_servers(place)
    end_left_processes(run)
    shutil.rmtree(place)


def _server_label(bin_dir: Path) -> str:
    return f"postgres-{major_version(bin_dir)}"


def _running(bin_dir: Path | None) -> Iterator[PostgresTestServer]:
    run = os.environ[RUN]
    if given := os.environ.get(GIVEN_SERVER):
        yield PostgresTestServer(maintenance_url=given, run=run)
        return
    if bin_dir is None:
        pytest.fail(NO_SERVER)
    with embedded_server(Path(os.environ[PLACE]), bin_dir) as server:
        yield PostgresTestServer(maintenance_url=server.url("postgres"), run=run)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresTestServer]:
    """The newest PostgreSQL there is."""
    yield from _running(INSTALLATIONS[0] if INSTALLATIONS else None)


@pytest.fixture(
    scope="session",
    params=list[Path | None](INSTALLATIONS) or [None],
    ids=lambda path: path and _server_label(path),
)
def every_postgres_server(request: pytest.FixtureRequest) -> Iterator[PostgresTestServer]:
    """Every PostgreSQL there is, one after the other."""
    yield from _running(request.param)


@pytest.fixture(scope="session")
def worker_name(request: pytest.FixtureRequest) -> str:
    """Names the process of a parallel run."""
    return str(getattr(request.config, "workerinput", {}).get("workerid", "main"))


@pytest.fixture(scope="session")
def worker_database(postgres_server: PostgresTestServer, worker_name: str) -> str:
    """The URL of this process's own migrated database."""
    return postgres_server.create_migrated_database(f"worker_{worker_name}")


@pytest.fixture(scope="session", autouse=True)
def _servers_of_many_tests() -> Iterator[None]:
    yield
    stop_own_brokers()
    stop_idle_hosts()


@pytest.fixture(scope="session")
def _broom(worker_database: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(worker_database, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def _worker_engine(worker_database: str) -> Iterator[Engine]:
    engine = create_postgres_engine(worker_database, pool_size=20)
    yield engine
    engine.dispose()


@pytest.fixture
def database_url(worker_database: str, _broom: psycopg.Connection) -> str:
    """The URL of a migrated database without a row."""
    empty(_broom)
    return worker_database


@pytest.fixture
def postgres_engine(database_url: str, _worker_engine: Engine) -> Engine:
    """An engine on the database of :func:`database_url`."""
    return _worker_engine
