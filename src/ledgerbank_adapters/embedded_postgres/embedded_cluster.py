"""The embedded PostgreSQL: a real server that the product finds or brings, starts, shares and stops."""

import atexit
import os
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import psycopg
from psycopg import sql

from ledgerbank_adapters.embedded_postgres.cluster_creation import (
    SUPERUSER,
    create_cluster,
    read_cluster_major,
    remove_leftovers,
)
from ledgerbank_adapters.embedded_postgres.cluster_location import SERVICE_ROOT, locate_cluster
from ledgerbank_adapters.embedded_postgres.cluster_locks import UsersLock, taking_turn
from ledgerbank_adapters.embedded_postgres.embedded_postgres_error import EmbeddedPostgresError
from ledgerbank_adapters.embedded_postgres.postgres_binaries import find_server_binaries
from ledgerbank_adapters.embedded_postgres.postgres_server import LaunchOptions, PostgresServer

_SETTINGS = {
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "logging_collector": "off",
    "log_destination": "stderr",
    # Keeps a long recovery talking, which is how it is told from a stuck one.
    "log_startup_progress_interval": "5s",
}
_NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
_OURS = {"listen_addresses", "port", "unix_socket_directories", "unix_socket_permissions", "lc_messages"}


class EmbeddedPostgres:
    """A PostgreSQL server on a data directory, shared by every process of the product that starts it.

    The first `start` creates the cluster and launches the server; others, in this process or another, join
    it. The last one to `stop` (or to exit) shuts it down. A process that is killed simply no longer
    counts; if it was the last, the server lives on and the next `start` joins it. A server that was killed
    recovers at the next `start`, which may also be called again on a started object to revive it. Forked
    children use the server as part of the process that forked them: `stop` in a child does nothing.

    POSIX only. Access is by password (SCRAM), on 127.0.0.1 and a private Unix socket, or with
    `socket_only` on the socket alone; a live server that is joined keeps the way it was launched, as well as
    its settings. `durable=False` gives up crash safety for speed: for throw-away data only.
    `bin_dir` names the server programs explicitly; `settings` are further server settings by name.
    All methods raise EmbeddedPostgresError, and are safe to call from several threads.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        bin_dir: Path | None = None,
        durable: bool = True,
        socket_only: bool = False,
        settings: Mapping[str, str] | None = None,
        service_root: Path = SERVICE_ROOT,
    ) -> None:
        self._data_dir = data_dir
        self._bin_dir = bin_dir
        self._durable = durable
        self._service_root = service_root
        self._launch_options = LaunchOptions(
            socket_only=socket_only,
            settings=_SETTINGS | ({} if durable else _NOT_DURABLE) | _checked(settings or {}),
        )
        self._guard = threading.RLock()
        self._use: _Use | None = None

    def start(self) -> None:
        """Create, launch or join; return when the server takes queries, however long its recovery."""
        with self._guard:
            use = self._use or self._prepare_use()
            if use.process_id != os.getpid():
                raise EmbeddedPostgresError("This object was started before a fork: make a new one here.")
            with taking_turn(use.server.location.turn_lock_file):
                self._launch_or_join(use.server)
                use.users_lock.join()
            self._use = use
            atexit.unregister(self.stop)
            atexit.register(self.stop)

    def stop(self) -> None:
        """Leave the server; shut it down if nobody else uses it. Does nothing when not started."""
        with self._guard:
            use = self._use
            if use is None or use.process_id != os.getpid():
                return
            self._use = None
            atexit.unregister(self.stop)
            with taking_turn(use.server.location.turn_lock_file):
                use.users_lock.leave()
                if use.users_lock.is_free():
                    use.server.stop()
                use.server.leave()

    def url(self, database: str) -> str:
        """A `postgresql://` URL with the password in it, for libpq, psycopg and SQLAlchemy: keep it secret.

        https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS
        """
        server = self._started().server
        address = server.address
        account = f"{SUPERUSER}:{quote(server.password, safe='')}"
        name = quote(database, safe="")
        if address.listens_on_tcp and not self._launch_options.socket_only:
            return f"postgresql://{account}@127.0.0.1:{address.port}/{name}?sslmode=disable"
        host = quote(str(address.socket_dir), safe="/")
        return f"postgresql://{account}@/{name}?host={host}&port={address.port}&sslmode=disable"

    def create_database(self, name: str) -> None:
        """Create the database unless it exists; several processes may do so at once."""
        try:
            with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
                known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
                if known.fetchone() is None:
                    connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        except (psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
            # Somebody else was first by a moment.
            return
        except psycopg.Error as error:
            raise EmbeddedPostgresError(f"The database {name} could not be created: {error}") from error

    @property
    def directory(self) -> Path:
        """Where the cluster really is: the data directory, or for root perhaps below `service_root`."""
        return self._started().server.location.directory

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _prepare_use(self) -> "_Use":
        location = locate_cluster(self._data_dir, self._service_root)
        return _Use(
            server=PostgresServer(location),
            users_lock=UsersLock(location.users_lock_file),
            process_id=os.getpid(),
        )

    def _launch_or_join(self, server: PostgresServer) -> None:
        major = read_cluster_major(server.location)
        if major is not None and server.join():
            return
        remove_leftovers(server.location)
        binaries = find_server_binaries(
            self._bin_dir, account=server.location.account, major=major, copies_root=self._service_root
        )
        if major is None:
            create_cluster(server.location, binaries, durable=self._durable)
        server.launch(binaries, self._launch_options)

    def _started(self) -> "_Use":
        if self._use is None:
            raise EmbeddedPostgresError("The embedded PostgreSQL is not started: call start() first.")
        return self._use


@dataclass(frozen=True, slots=True, kw_only=True)
class _Use:
    server: PostgresServer
    users_lock: UsersLock
    process_id: int


def _checked(settings: Mapping[str, str]) -> dict[str, str]:
    for name in settings:
        if name.lower() in _OURS or re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.]*", name) is None:
            raise ValueError(f"The server setting {name!r} cannot be given.")
    return dict(settings)
