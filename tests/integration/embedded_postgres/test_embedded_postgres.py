"""A server that products start themselves keeps what it told, is shared, and ends with its last user."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from tests.support.servers.embedded_servers import (
    IS_ROOT,
    answer_of,
    connection_to,
    every_installation,
    fast_server,
    kill_whole_server,
    postmaster_pid,
)

from ledgerbank_adapters.embedded_postgres import (
    EmbeddedPostgres,
)
from ledgerbank_adapters.embedded_postgres.postmaster_status import runs_postmaster

# A process of the product: starts the server, tells its URL, and ends normally once its input is closed.
USER_PROCESS = """
import sys
from pathlib import Path
from ledgerbank_adapters.embedded_postgres import EmbeddedPostgres
data_dir, service_root = map(Path, sys.argv[1:])
postgres = EmbeddedPostgres(data_dir, durable=False, service_root=service_root)
postgres.start()
print(postgres.url("postgres"), flush=True)
sys.stdin.read()
"""


def eventually(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.02)
    return False


@pytest.fixture
def start_process(place: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts a process of the product on a data directory; it runs until its input is closed."""
    processes: list[subprocess.Popen[str]] = []

    def start(data_dir: Path) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", USER_PROCESS, data_dir, place / "service"],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        return process

    try:
        yield start
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def url_from(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def end_normally(process: subprocess.Popen[str]) -> None:
    process.communicate(timeout=60)
    assert process.returncode == 0


@every_installation
def test_data_outlives_a_stop_and_a_start(place: Path, bin_dir: Path) -> None:
    data_dir = place / "data"
    with EmbeddedPostgres(data_dir, bin_dir=bin_dir, service_root=place / "service") as postgres:
        postgres.create_database("bank")
        with connection_to(postgres, "bank") as connection:
            connection.execute("CREATE TABLE line AS SELECT 42 AS number")
        pid, cluster = postmaster_pid(postgres.directory / "postgres"), postgres.directory / "postgres"
        assert answer_of(postgres, "SHOW data_checksums") == "on"
        assert answer_of(postgres, "SHOW server_encoding") == "UTF8"
        assert answer_of(postgres, "SHOW fsync") == "on"
        assert answer_of(postgres, "SELECT datcollate FROM pg_database WHERE datname = 'bank'") in {
            "C.UTF-8",
            "C",
        }
    assert not runs_postmaster(pid, cluster)
    with EmbeddedPostgres(data_dir, bin_dir=bin_dir, service_root=place / "service") as postgres:
        assert answer_of(postgres, "SELECT number FROM line", "bank") == 42


@every_installation
def test_no_acknowledged_row_is_missing_after_the_whole_server_was_killed(place: Path, bin_dir: Path) -> None:
    postgres = EmbeddedPostgres(place / "data", bin_dir=bin_dir, service_root=place / "service")
    acknowledged: list[tuple[int, int]] = []

    def write(writer: int) -> None:
        number = 0
        try:
            with connection_to(postgres) as connection:
                while True:
                    connection.execute("INSERT INTO line VALUES (%s, %s)", [writer, number])
                    acknowledged.append((writer, number))
                    number += 1
        except psycopg.OperationalError:
            return

    with postgres:
        with connection_to(postgres) as connection:
            connection.execute("CREATE TABLE line (writer int, number int)")
        old_url = postgres.url("postgres")
        writers = [threading.Thread(target=write, args=[writer]) for writer in range(3)]
        for thread in writers:
            thread.start()
        assert eventually(lambda: len(acknowledged) > 300)
        kill_whole_server(postgres.directory / "postgres")
        for thread in writers:
            thread.join()
        postgres.start()
        assert postgres.url("postgres") == old_url
        with connection_to(postgres) as connection:
            kept = set(connection.execute("SELECT writer, number FROM line").fetchall())
    assert set(acknowledged) <= kept


@every_installation
def test_killing_only_the_postmaster_does_not_block_the_next_start(place: Path, bin_dir: Path) -> None:
    with fast_server(place / "data", bin_dir=bin_dir) as postgres:
        with connection_to(postgres):
            os.kill(postmaster_pid(postgres.directory / "postgres"), signal.SIGKILL)
            postgres.start()
        assert answer_of(postgres, "SELECT 1") == 1


def test_a_second_user_joins_the_server_and_the_last_one_out_stops_it(
    place: Path, start_process: Callable[..., subprocess.Popen[str]]
) -> None:
    first = start_process(place / "data")
    url = url_from(first)
    second = start_process(place / "data")
    assert url_from(second) == url
    with fast_server(place / "data") as third:
        cluster = third.directory / "postgres"
        pid = postmaster_pid(cluster)
        assert third.url("postgres") == url
        end_normally(first)
        assert answer_of(third, "SELECT 1") == 1
    assert runs_postmaster(pid, cluster)
    end_normally(second)
    assert not runs_postmaster(pid, cluster)


def test_a_server_whose_starter_was_killed_is_joined_and_stopped_by_the_next_user(
    place: Path, start_process: Callable[..., subprocess.Popen[str]]
) -> None:
    first = start_process(place / "data")
    url = url_from(first)
    cluster = place / "data" / "postgres"
    pid = postmaster_pid(cluster)
    first.kill()
    first.wait()
    assert runs_postmaster(pid, cluster)
    with fast_server(place / "data") as postgres:
        assert postgres.url("postgres") == url
        assert postmaster_pid(cluster) == pid
    assert not runs_postmaster(pid, cluster)


def test_a_killed_user_no_longer_counts_when_the_starter_stops(
    place: Path, start_process: Callable[..., subprocess.Popen[str]]
) -> None:
    with fast_server(place / "data") as postgres:
        cluster = postgres.directory / "postgres"
        pid = postmaster_pid(cluster)
        other = start_process(place / "data")
        url_from(other)
        other.kill()
        other.wait()
    assert not runs_postmaster(pid, cluster)


def test_processes_that_start_at_the_same_moment_share_one_server(
    place: Path, start_process: Callable[..., subprocess.Popen[str]]
) -> None:
    processes = [start_process(place / "data") for _ in range(4)]
    assert len({url_from(process) for process in processes}) == 1
    cluster = place / "data" / "postgres"
    pid = postmaster_pid(cluster)
    for process in processes:
        end_normally(process)
    assert not runs_postmaster(pid, cluster)


def test_a_forked_child_does_not_stop_the_server(place: Path) -> None:
    with fast_server(place / "data") as postgres:
        child = os.fork()
        if child == 0:
            postgres.stop()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        assert answer_of(postgres, "SELECT 1") == 1


def test_a_stale_pid_file_that_names_another_program_does_not_block_the_start(place: Path) -> None:
    with fast_server(place / "data") as postgres:
        cluster = postgres.directory / "postgres"
        kill_whole_server(cluster)
        owner = cluster.stat()
        options = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []} if IS_ROOT else {}
        bystander = subprocess.Popen(["sleep", "60"], cwd="/", **options)  # type: ignore[call-overload]
        try:
            pid_file = cluster / "postmaster.pid"
            lines = pid_file.read_text().splitlines()
            pid_file.write_text("\n".join([str(bystander.pid), *lines[1:]]) + "\n")
            postgres.start()
            assert answer_of(postgres, "SELECT 1") == 1
            postgres.stop()
            assert bystander.poll() is None
        finally:
            bystander.kill()
            bystander.wait()


def test_a_creation_that_was_killed_half_way_does_not_poison_the_directory(
    place: Path, start_process: Callable[..., subprocess.Popen[str]]
) -> None:
    process = start_process(place / "data")
    assert eventually(lambda: any((place / "data").glob("postgres.new-*/cluster/PG_VERSION")))
    process.kill()
    process.wait()
    assert not (place / "data" / "postgres").exists()
    with fast_server(place / "data") as postgres:
        assert answer_of(postgres, "SELECT 1") == 1
        assert not list(postgres.directory.glob("postgres.new-*"))


def test_a_database_is_created_once_however_many_ask_for_it(place: Path) -> None:
    with fast_server(place / "data") as postgres:
        threads = [threading.Thread(target=postgres.create_database, args=['odd "näme"']) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answer_of(postgres, "SELECT current_database()", 'odd "näme"') == 'odd "näme"'
