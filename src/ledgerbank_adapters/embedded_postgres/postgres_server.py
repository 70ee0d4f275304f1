"""One server process on a cluster: launch, wait until it answers, join a live one, stop."""

import contextlib
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ledgerbank_adapters.embedded_postgres.cluster_files import read_private_file
from ledgerbank_adapters.embedded_postgres.cluster_location import ClusterLocation
from ledgerbank_adapters.embedded_postgres.embedded_postgres_error import EmbeddedPostgresError
from ledgerbank_adapters.embedded_postgres.postgres_binaries import ServerBinaries
from ledgerbank_adapters.embedded_postgres.postmaster_status import (
    Answer,
    PostmasterFile,
    ServerAddress,
    ask_server,
    process_exists,
    read_postmaster_file,
    runs_postmaster,
)
from ledgerbank_adapters.embedded_postgres.server_log import ProgressWatch, ServerLog
from ledgerbank_adapters.embedded_postgres.service_account import SERVER_ENVIRONMENT

# Silence, not duration: recovery reports to the log every few seconds for as long as it goes on.
STALL_SECONDS = 120.0
# Processes of a crashed server may outlive it for a moment; a port may be taken between choice and use.
RETRY_SECONDS = 30.0
STOP_SECONDS = 60.0
SOCKET_DIR_PREFIX = "ledgerbank-pg-"
# sun_path holds 108 bytes with its terminator on Linux, 104 on macOS; leave room for "/.s.PGSQL.65535".
SOCKET_DIR_MAX_BYTES = 103 - len("/.s.PGSQL.65535")
SOCKET_ONLY_PORT = 5432

_RETRYABLE = re.compile(
    r"lock file .*already exists|is still in use|Address already in use|could not create any TCP/IP sockets"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchOptions:
    """How to launch a server; a live one that is joined keeps the options it was launched with."""

    socket_only: bool
    settings: Mapping[str, str]


class PostgresServer:
    """Not safe without the turn lock held: every method decides on files that others change."""

    def __init__(self, location: ClusterLocation) -> None:
        self.location = location
        self._log = ServerLog(location.log_file)
        self._process: subprocess.Popen[bytes] | None = None
        self._address: ServerAddress | None = None
        self._password = ""

    @property
    def address(self) -> ServerAddress:
        if self._address is None:
            raise EmbeddedPostgresError("The server was neither launched nor joined.")
        return self._address

    @property
    def password(self) -> str:
        return self._password

    def join(self) -> bool:
        """Use the live server of this cluster, waiting for one that is starting, recovering or stopping.

        False when there is none. Raises EmbeddedPostgresError when one is there, but not to be talked to.
        """
        self._password = _read_password(self.location)
        return self._await_answer()

    def launch(self, binaries: ServerBinaries, options: LaunchOptions) -> None:
        """Launch a server and wait until it answers, however long its recovery takes.

        Raises EmbeddedPostgresError with the server's last log lines.
        """
        self.leave()
        self._password = _read_password(self.location)
        first_failure: float | None = None
        while True:
            log_offset = self._log.size()
            process = self._spawn(binaries, options)
            try:
                answers = self._await_answer(process)
            except BaseException:
                process.send_signal(signal.SIGINT)
                self._reap_in_background(process)
                raise
            if answers:
                self._process = process
                return
            said = self._log.lines_since(log_offset)
            first_failure = first_failure or time.monotonic()
            if not any(map(_RETRYABLE.search, said)) or time.monotonic() - first_failure > RETRY_SECONDS:
                raise EmbeddedPostgresError(
                    f"PostgreSQL did not start on {self.location.cluster}; the end of {self._log.path}:"
                    f"{self._log.last_words(log_offset)}"
                )
            if self.join():
                return
            time.sleep(0.2)

    def stop(self) -> None:
        """Fast shutdown: open transactions are rolled back, everything committed is on disk.

        Raises EmbeddedPostgresError when the server does not end even by an immediate shutdown.
        """
        found = read_postmaster_file(self.location.cluster)
        if found is None or not self._runs(found.pid):
            return
        for how, patience in ((signal.SIGINT, STOP_SECONDS), (signal.SIGQUIT, 10.0)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(found.pid, how)
            if self._await_end(found.pid, patience):
                self._remove_temporary_socket_dir(found)
                return
        raise EmbeddedPostgresError(
            f"The PostgreSQL server with process id {found.pid} on {self.location.cluster} does not stop."
        )

    def leave(self) -> None:
        """Let the server go on, or be dead, without this process."""
        if self._process is not None:
            self._reap_in_background(self._process)
            self._process = None

    @staticmethod
    def _reap_in_background(process: subprocess.Popen[bytes]) -> None:
        threading.Thread(target=process.wait, name="postgres-reaper", daemon=True).start()

    def _runs(self, pid: int) -> bool:
        if self._process is not None and self._process.pid == pid and self._process.poll() is not None:
            return False
        return runs_postmaster(pid, self.location.cluster)

    def _await_end(self, pid: int, patience_seconds: float) -> bool:
        deadline = time.monotonic() + patience_seconds
        while time.monotonic() < deadline:
            if not self._runs(pid):
                return True
            time.sleep(0.02)
        return False

    def _await_answer(self, launched: subprocess.Popen[bytes] | None = None) -> bool:
        """True once the server, `launched` or met, answers; False when it ended or was never there."""
        watch = ProgressWatch(self._log, STALL_SECONDS)
        pause = 0.02
        while True:
            found = read_postmaster_file(self.location.cluster)
            if launched is not None:
                alive = launched.poll() is None
                # Until our server has written its own file, the one of a crashed server may still be there.
                found = found if found is not None and found.pid == launched.pid else None
            else:
                alive = found is not None and self._runs(found.pid)
            answer = Answer.SILENT
            if found is not None and found.address is not None:
                answer = ask_server(found.address, self._password, self.location.cluster)
                if answer is Answer.READY:
                    self._address = found.address
                    return True
            if not alive:
                return False
            self._give_up_if_hopeless(answer, watch)
            time.sleep(pause)
            pause = min(pause * 1.5, 0.5)

    def _give_up_if_hopeless(self, answer: Answer, watch: ProgressWatch) -> None:
        if answer is Answer.NOT_ADMITTED:
            raise EmbeddedPostgresError(
                f"The server on {self.location.cluster} refuses the password in"
                f" {self.location.password_file}: put the one there that the database was made with."
            )
        if watch.has_stalled():
            raise EmbeddedPostgresError(
                f"PostgreSQL on {self.location.cluster} does not answer; the end of {self._log.path}:"
                f"{self._log.last_words()}"
            )

    def _spawn(self, binaries: ServerBinaries, options: LaunchOptions) -> subprocess.Popen[bytes]:
        stale = read_postmaster_file(self.location.cluster)
        self._make_way(stale)
        settings = {
            **options.settings,
            "listen_addresses": "" if options.socket_only else "127.0.0.1",
            "port": str(SOCKET_ONLY_PORT if options.socket_only else _free_port(stale)),
            "unix_socket_directories": str(self._socket_dir()),
            "unix_socket_permissions": "0700",
        }
        log = self._log.open_for_server()
        try:
            return subprocess.Popen(
                [
                    binaries.bin_dir / "postgres",
                    "-D",
                    self.location.cluster,
                    *(part for name, value in settings.items() for part in ("-c", f"{name}={value}")),
                ],
                user=self.location.account.user,
                group=self.location.account.group,
                extra_groups=self.location.account.extra_groups,
                umask=0o077,
                cwd="/",
                env=SERVER_ENVIRONMENT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl-C in the terminal is for us; we then stop the server ourselves, after our last query.
                start_new_session=True,
            )
        finally:
            os.close(log)

    def _make_way(self, stale: PostmasterFile | None) -> None:
        if stale is None:
            return
        self._remove_temporary_socket_dir(stale)
        # PostgreSQL itself handles a pid that is gone, but not one that some other program of the same
        # account has now; the shared-memory check against surviving server processes does not need the file.
        if process_exists(stale.pid) and not self._runs(stale.pid):
            (self.location.cluster / "postmaster.pid").unlink(missing_ok=True)

    def _socket_dir(self) -> Path:
        """A private directory with a path short and plain enough for a socket's address and a URL."""
        preferred = self.location.socket_dir
        plain = re.fullmatch(r"/[A-Za-z0-9_./+=~ -]*", str(preferred)) is not None
        if plain and len(os.fsencode(preferred)) <= SOCKET_DIR_MAX_BYTES:
            try:
                preferred.mkdir(mode=0o700)
                self.location.account.own(preferred)
            except FileExistsError:
                pass
            found = preferred.lstat()
            if stat.S_ISDIR(found.st_mode) and found.st_uid == self.location.account.uid:
                return preferred
        temporary = Path(tempfile.mkdtemp(prefix=SOCKET_DIR_PREFIX, dir="/tmp"))
        self.location.account.own(temporary)
        return temporary

    def _remove_temporary_socket_dir(self, found: PostmasterFile) -> None:
        if found.address is None:
            return
        directory = found.address.socket_dir
        if not directory.name.startswith(SOCKET_DIR_PREFIX) or directory.is_symlink():
            return
        if directory.is_dir() and directory.stat().st_uid == self.location.account.uid:
            shutil.rmtree(directory, ignore_errors=True)


def _read_password(location: ClusterLocation) -> str:
    try:
        return read_private_file(location.password_file)
    except FileNotFoundError:
        raise EmbeddedPostgresError(
            f"{location.password_file} is missing, without which the database beside it cannot be opened:"
            " restore it from a backup, or move the whole directory away to begin with an empty database."
        ) from None


def _free_port(stale: PostmasterFile | None) -> int:
    """The port the crashed server had, if still free: whoever survived the crash reconnects by itself."""
    wishes = [0]
    if stale is not None and stale.address is not None and stale.address.listens_on_tcp:
        wishes.insert(0, stale.address.port)
    for wish in wishes:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", wish))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise EmbeddedPostgresError("No TCP port is free on 127.0.0.1.")
