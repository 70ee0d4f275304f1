"""Servers over a database with the sample customers."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.support.servers.running_server import RunningServer, run_ledgerbank


def seeded_environment(url: str, place: Path, **settings: str) -> dict[str, str]:
    """The settings of processes on that database, once it has sample data."""
    environment = {"DATABASE_URL": url, "LEDGERBANK_DATA_DIR": str(place), **settings}
    seeded = run_ledgerbank("seed", environment=environment)
    assert seeded.returncode == 0, seeded.stderr
    return environment


def assert_ledger_is_right(environment: Mapping[str, str]) -> None:
    verified = run_ledgerbank("ledger", "verify", environment=environment)
    assert verified.returncode == 0, verified.stdout + verified.stderr


@contextmanager
def two_servers(
    first: Mapping[str, str], second: Mapping[str, str], logs: Path
) -> Iterator[tuple[RunningServer, RunningServer]]:
    """Each with settings of its own."""
    with (
        RunningServer(first, logs / "first.log") as one,
        RunningServer(second, logs / "second.log") as two,
    ):
        yield one, two
