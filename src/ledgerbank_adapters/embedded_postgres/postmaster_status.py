"""Telling a live server from a stale `postmaster.pid`, and what a server says when asked."""

import os
import subprocess
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import psycopg

from ledgerbank_adapters.embedded_postgres.cluster_creation import SUPERUSER

FIRST_LIBPQ_WITH_REQUIRE_AUTH = 160000


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerAddress:
    """Where a server listens: always on a Unix socket, and on 127.0.0.1 if `listens_on_tcp`."""

    port: int
    socket_dir: Path
    listens_on_tcp: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PostmasterFile:
    """The content of `postmaster.pid`; the server writes it line by line, so the address may be missing.

    https://www.postgresql.org/docs/current/storage-file-layout.html
    """

    pid: int
    address: ServerAddress | None


def read_postmaster_file(cluster: Path) -> PostmasterFile | None:
    """None when there is no such file, or nothing in it yet."""
    try:
        text = (cluster / "postmaster.pid").read_text(encoding="utf-8", errors="surrogateescape")
    except FileNotFoundError:
        return None
    lines = text.splitlines() + [""] * 6
    if not lines[0].strip().isdecimal():
        return None
    port, socket_dir, tcp_host = (line.strip() for line in lines[3:6])
    if not (port.isdecimal() and socket_dir):
        return PostmasterFile(pid=int(lines[0]), address=None)
    address = ServerAddress(port=int(port), socket_dir=Path(socket_dir), listens_on_tcp=bool(tcp_host))
    return PostmasterFile(pid=int(lines[0]), address=address)


def process_exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        # It is there, under another account.
        return True
    return True


def runs_postmaster(pid: int, cluster: Path) -> bool:
    """Whether the process is a server on this cluster: after a crash another program may have its pid."""
    if not process_exists(pid):
        return False
    if Path("/proc/self/cmdline").exists():
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            return False
        # A process that ended and waits to be reaped has an empty command line.
        return os.fsencode(cluster) in command.split(b"\0")
    listing = subprocess.run(
        ["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return f" {cluster} " in listing.stdout


class Answer(Enum):
    """What came of asking a server whether it is there; the value says it in words."""

    READY = "ready"
    NOT_YET = "starting up, recovering, shutting down, or out of connections"
    NOT_ADMITTED = "password refused"
    SILENT = "nobody there, or somebody else"


def ask_server(address: ServerAddress, password: str, cluster: Path) -> Answer:
    """Connect as the superuser and make sure that it is this very cluster that answers."""
    answer = _ask(str(address.socket_dir), address.port, password, cluster)
    # A cleaner of temporary files may have taken the socket away.
    if answer is Answer.SILENT and address.listens_on_tcp:
        answer = _ask("127.0.0.1", address.port, password, cluster)
    return answer


def _ask(host: str, port: int, password: str, cluster: Path) -> Answer:
    # An impostor on the port could ask for the password in clear; older libpq does not know the option.
    supports_require_auth = psycopg.pq.version() >= FIRST_LIBPQ_WITH_REQUIRE_AUTH
    try:
        with psycopg.connect(
            host=host,
            port=port,
            user=SUPERUSER,
            password=password,
            dbname="postgres",
            sslmode="disable",
            require_auth="scram-sha-256" if supports_require_auth else None,
            connect_timeout=5,
            autocommit=True,
        ) as connection:
            row = connection.execute("SHOW data_directory").fetchone()
    except psycopg.OperationalError as error:
        return _answer_in(str(error))
    try:
        return Answer.READY if row is not None and cluster.samefile(row[0]) else Answer.SILENT
    except FileNotFoundError:
        return Answer.SILENT


def _answer_in(refusal: str) -> Answer:
    # libpq gives no SQLSTATE for a refused connection; the server runs with lc_messages=C.
    if "the database system is" in refusal or "too many clients" in refusal or "connection slots" in refusal:
        return Answer.NOT_YET
    if "password authentication failed" in refusal:
        return Answer.NOT_ADMITTED
    return Answer.SILENT
