"""Creating a cluster with initdb, all or nothing."""

import os
import secrets
import shutil
import tempfile
import time
from pathlib import Path

from ledgerbank_adapters.embedded_postgres.cluster_files import sync_directory, write_private_file
from ledgerbank_adapters.embedded_postgres.cluster_location import ClusterLocation
from ledgerbank_adapters.embedded_postgres.embedded_postgres_error import EmbeddedPostgresError
from ledgerbank_adapters.embedded_postgres.postgres_binaries import ServerBinaries

SUPERUSER = "ledgerbank"
FIRST_MAJOR_WITH_OWN_LOCALES = 17


def read_cluster_major(location: ClusterLocation) -> int | None:
    """The PostgreSQL major version that made the cluster; None when there is no cluster yet.

    Raises EmbeddedPostgresError when something else is in its place.
    """
    try:
        return int((location.cluster / "PG_VERSION").read_text(encoding="utf-8"))
    except FileNotFoundError:
        if location.cluster.exists() and any(location.cluster.iterdir()):
            raise EmbeddedPostgresError(
                f"{location.cluster} is not a PostgreSQL data directory: move it away to begin anew."
            ) from None
        return None


def create_cluster(location: ClusterLocation, binaries: ServerBinaries, *, durable: bool) -> None:
    """Run initdb beside the final place and rename; call it only during a turn.

    The password is written first, so a cluster in its place always has one.
    https://www.postgresql.org/docs/current/app-initdb.html
    """
    password = secrets.token_urlsafe(32)
    write_private_file(location.password_file, password)
    staging = Path(tempfile.mkdtemp(prefix=location.staging_prefix, dir=location.directory))
    try:
        password_copy = staging / "password"
        password_copy.write_text(password, encoding="utf-8")
        for path in (password_copy, staging):
            path.chmod(0o600 if path is password_copy else 0o700)
            location.account.own(path)
        _run_initdb(location, binaries, staging, durable=durable)
        (staging / "cluster").rename(location.cluster)
        sync_directory(location.directory)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def remove_leftovers(location: ClusterLocation) -> None:
    """Remove what a killed creation left; call it only during a turn."""
    deadline = time.monotonic() + 10
    for leftover in location.directory.glob(f"{location.staging_prefix}*"):
        # The killed process's initdb may still be writing there; it gives up as its files go.
        while leftover.exists() and time.monotonic() < deadline:
            shutil.rmtree(leftover, ignore_errors=True)


def _run_initdb(location: ClusterLocation, binaries: ServerBinaries, staging: Path, *, durable: bool) -> None:
    said = ""
    for locale in _locale_choices(binaries):
        answer = location.account.run(
            [
                binaries.bin_dir / "initdb",
                f"--pgdata={staging / 'cluster'}",
                f"--username={SUPERUSER}",
                f"--pwfile={staging / 'password'}",
                "--auth-local=scram-sha-256",
                "--auth-host=scram-sha-256",
                "--encoding=UTF8",
                "--data-checksums",
                *([] if durable else ["--no-sync"]),
                *locale,
            ],
            timeout_seconds=None,
        )
        if answer.returncode == 0:
            return
        said = answer.stderr.strip()
        if "locale" not in said:
            break
    raise EmbeddedPostgresError(
        f"initdb could not create the database in {location.directory}:"
        f"{os.linesep.join(['', *said.splitlines()[-5:]])}"
    )


def _locale_choices(binaries: ServerBinaries) -> list[list[str]]:
    """C.UTF-8 where the system has it (not on macOS), else the server's own, else C."""
    plain = ["--locale=C.UTF-8"]
    if binaries.major >= FIRST_MAJOR_WITH_OWN_LOCALES:
        return [plain, ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]]
    return [plain, ["--locale=C"]]
