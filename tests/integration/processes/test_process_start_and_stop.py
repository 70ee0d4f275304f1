"""Processes start loudly, when what they work with is not there, and stop softly."""

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg
import pytest
from sqlalchemy import make_url
from tests.support.servers.child_processes import end, free_port
from tests.support.servers.postgres_servers import PostgresTestServer
from tests.support.servers.running_server import RunningServer, environment_of_processes, run_ledgerbank
from tests.support.waiting import wait_until

LONGER_THAN_THEY_WAIT_SECONDS = 45
PROCESSES = ["serve", "worker"]


@contextmanager
def told(command: str, environment: Mapping[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is not expected to be ready."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "ledgerbank_app", command],
            env=environment_of_processes({"PORT": str(free_port()), "HOST": "127.0.0.1", **environment}),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            end(process, patience_seconds=LONGER_THAN_THEY_WAIT_SECONDS)


@pytest.fixture
def environment(database_url: str, tmp_path: Path) -> dict[str, str]:
    return {"DATABASE_URL": database_url, "LEDGERBANK_DATA_DIR": str(tmp_path / "data")}


@pytest.fixture
def unmigrated_url(postgres_server: PostgresTestServer, worker_name: str) -> str:
    return postgres_server.create_database(f"unmigrated_{uuid4().hex[:8]}_{worker_name}")


def nowhere(scheme: str) -> str:
    return f"{scheme}://bank:hunter2@127.0.0.1:{free_port()}/0"


@dataclass(frozen=True)
class Absent:
    """What a process does not find, and what it is called."""

    command: str
    variable: str
    scheme: str
    what: str


@pytest.mark.parametrize(
    "absent",
    [
        Absent("serve", "DATABASE_URL", "postgresql", "The database"),
        Absent("worker", "DATABASE_URL", "postgresql", "The database"),
        Absent("worker", "BROKER_URL", "amqp", "The broker (BROKER_URL)"),
    ],
    ids=str,
)
def test_a_process_waits_half_a_minute_for_what_does_not_answer_tells_so_and_ends_with_one_sentence(
    absent: Absent, environment: dict[str, str], tmp_path: Path
) -> None:
    log, what = tmp_path / "process.log", absent.what
    began = time.monotonic()

    with told(absent.command, environment | {absent.variable: nowhere(absent.scheme)}, log) as process:
        wait_until(lambda: "does not answer yet" in log.read_text(), seconds=20)
        assert process.poll() is None
        status = process.wait(LONGER_THAN_THEY_WAIT_SECONDS)

    lines = [line for line in log.read_text().splitlines() if line.startswith("ledgerbank: ")]
    assert status == 1
    assert 30 <= time.monotonic() - began < LONGER_THAN_THEY_WAIT_SECONDS
    assert len(lines) == 2
    assert lines[0].startswith(f"ledgerbank: {what} does not answer yet, and is asked for 30 seconds: ")
    assert lines[1].startswith(f"ledgerbank: {what} did not answer for 30 seconds: ")
    assert "Traceback" not in log.read_text()
    assert "hunter2" not in log.read_text()


@pytest.mark.parametrize("command", PROCESSES)
def test_a_process_that_waits_goes_on_when_the_database_comes(
    command: str, environment: dict[str, str], tmp_path: Path
) -> None:
    log = tmp_path / "process.log"
    with psycopg.connect(environment["DATABASE_URL"]) as connection:
        sockets = connection.info.host
    if not sockets.startswith("/"):
        pytest.skip("This hides the socket of a server: unset TEST_DATABASE_URL.")
    hidden = tmp_path / "sockets"
    moved = make_url(environment["DATABASE_URL"]).update_query_dict({"host": str(hidden)})
    late = moved.render_as_string(hide_password=False)
    ready = "Application startup complete" if command == "serve" else "Running jobs"

    with told(command, environment | {"DATABASE_URL": late}, log) as process:
        wait_until(lambda: "does not answer yet" in log.read_text(), seconds=20)
        hidden.symlink_to(sockets)
        wait_until(lambda: ready in log.read_text(), seconds=30)
        assert end(process, patience_seconds=30) in (0, -15)


@pytest.mark.parametrize("command", PROCESSES)
@pytest.mark.parametrize(
    ("revision", "sentence"),
    [
        (None, "ledgerbank: The schema is not up to date: run 'ledgerbank migrate' first."),
        ("9999", "ledgerbank: The schema is newer than this program: start the version that migrated it."),
    ],
)
def test_a_process_ends_at_once_on_a_schema_that_is_not_its_own(
    command: str, revision: str | None, sentence: str, unmigrated_url: str, tmp_path: Path
) -> None:
    environment = {"DATABASE_URL": unmigrated_url, "LEDGERBANK_DATA_DIR": str(tmp_path)}
    if revision is not None:
        assert run_ledgerbank("migrate", environment=environment).returncode == 0
        with psycopg.connect(unmigrated_url) as connection:
            connection.execute("UPDATE alembic_version SET version_num = %s", [revision])

    refused = run_ledgerbank(command, environment=environment | {"PORT": str(free_port())})

    assert refused.returncode == 1
    assert refused.stderr.splitlines() == [sentence]


def test_migrating_needs_the_databases_settings_only(unmigrated_url: str, tmp_path: Path) -> None:
    environment = {
        "APP_ENV": "production",
        "DATABASE_URL": unmigrated_url,
        "LEDGERBANK_DATA_DIR": str(tmp_path / "data"),
        "PORT": "not a port",
    }

    migrated = run_ledgerbank("migrate", environment=environment)

    assert (migrated.returncode, migrated.stderr) == (0, "")
    assert not (tmp_path / "data").exists(), "no secret was made up for it"
    unnamed = run_ledgerbank("migrate", environment={"APP_ENV": "production"})
    assert unnamed.returncode == 2
    assert unnamed.stderr.startswith("ledgerbank: DATABASE_URL is required in production")


@pytest.mark.parametrize("processes", ["1", "2"])
def test_told_to_stop_a_server_says_at_once_that_it_is_not_ready_and_answers_for_as_long_as_it_drains(
    processes: str, environment: dict[str, str], tmp_path: Path
) -> None:
    settings = environment | {"DRAIN_SECONDS": "8", "WEB_CONCURRENCY": processes}
    with RunningServer(settings, tmp_path / "server.log") as server:
        server.tell_to_stop()
        began = time.monotonic()
        wait_until(lambda: _status(server, "/health/ready") == 503, seconds=2)
        # Far from the end, so that a busy machine, which answers late, is not taken for a closed listener.
        while time.monotonic() - began < 2.5:
            # Each over a connection of its own: the listener is open.
            assert _status(server, "/health/live") == 200
            assert _status(server, "/health/ready") == 503
            time.sleep(0.1)
        assert server.wait() in (0, -15, 143), server.output()

    assert 8 <= time.monotonic() - began < 30
    assert "Traceback" not in server.output()


def test_a_second_signal_does_not_wait_for_the_draining(environment: dict[str, str], tmp_path: Path) -> None:
    with RunningServer(environment | {"DRAIN_SECONDS": "60"}, tmp_path / "server.log") as server:
        server.tell_to_stop()
        wait_until(lambda: _status(server, "/health/ready") == 503, seconds=5)
        server.tell_to_stop()
        assert server.wait() in (0, -15, 143), server.output()


def test_without_draining_a_server_stops_at_once(environment: dict[str, str], tmp_path: Path) -> None:
    with RunningServer(environment, tmp_path / "server.log") as server:
        began = time.monotonic()
        assert server.stop() in (0, -15, 143), server.output()

    assert time.monotonic() - began < 5


def _status(server: RunningServer, path: str) -> int:
    with httpx.Client(base_url=server.base_url, timeout=10) as client:
        return client.get(path).status_code
