"""The operating-system account the server runs as. PostgreSQL refuses to run as root."""

import os
import pwd
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ledgerbank_adapters.embedded_postgres.embedded_postgres_error import EmbeddedPostgresError

# Most specific first: a dedicated account shares its files with nobody else.
PREFERRED_ACCOUNTS = ("ledgerbank", "postgres", "nobody")

# A clean environment: PGDATA, PGPORT, PGOPTIONS and the like of the caller must not reach the server.
# LC_ALL=C exists everywhere (macOS refuses to start a server without a valid one); TZ spares initdb a search.
SERVER_ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceAccount:
    """An account and, when it is not the caller's own, the wish to switch to it for every server program."""

    name: str
    uid: int
    gid: int

    @property
    def differs_from_caller(self) -> bool:
        return self.uid != os.geteuid()

    @property
    def user(self) -> int | None:
        """For Popen(user=): None keeps the caller's."""
        return self.uid if self.differs_from_caller else None

    @property
    def group(self) -> int | None:
        return self.gid if self.differs_from_caller else None

    @property
    def extra_groups(self) -> list[int] | None:
        return [] if self.differs_from_caller else None

    def run(
        self, arguments: Sequence[str | Path], *, timeout_seconds: float | None = 60
    ) -> subprocess.CompletedProcess[str]:
        """Run a program as this account, output captured as text.

        Raises OSError when the account may not execute it, subprocess.TimeoutExpired.
        """
        return subprocess.run(
            arguments,
            user=self.user,
            group=self.group,
            extra_groups=self.extra_groups,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            cwd="/",
            env=SERVER_ENVIRONMENT,
            timeout=timeout_seconds,
            check=False,
        )

    def can_enter(self, directory: Path) -> bool:
        """Whether this account may pass through; asked of the kernel, as mode bits do not show ACLs."""
        return self.run(["/bin/sh", "-c", 'test -x "$1"', "sh", directory]).returncode == 0

    def own(self, path: Path) -> None:
        """Give a file or directory that the caller has just made to this account."""
        if self.differs_from_caller:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)


def choose_service_account(data_dir: Path, cluster: Path) -> ServiceAccount:
    """The account for the server: the caller, or for root the owner of what exists, or an unprivileged one.

    An existing cluster keeps its owner, so that an account installed later does not lock the data away.
    Raises EmbeddedPostgresError when there is none that PostgreSQL accepts.
    """
    caller = os.geteuid()
    if cluster.exists():
        return _account_of_cluster(cluster, caller)
    if caller != 0:
        return _account_by_uid(caller, cluster)
    owner = data_dir.stat().st_uid
    return _account_by_uid(owner, cluster) if owner != 0 else _unprivileged_account()


def _account_of_cluster(cluster: Path, caller: int) -> ServiceAccount:
    owner = cluster.stat().st_uid
    if owner == 0:
        raise EmbeddedPostgresError(
            f"{cluster} belongs to root, but PostgreSQL does not run as root: give it to an unprivileged"
            f" account, for example with `chown -R nobody {cluster}`."
        )
    if caller not in (0, owner):
        raise EmbeddedPostgresError(
            f"{cluster} belongs to another user (uid {owner}): start LedgerBank as that user,"
            " or set LEDGERBANK_DATA_DIR to a directory of your own."
        )
    return _account_by_uid(owner, cluster)


def _account_by_uid(uid: int, cluster: Path) -> ServiceAccount:
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        raise EmbeddedPostgresError(
            f"The user id {uid} that should own {cluster} has no account on this machine and PostgreSQL"
            " demands one: create it, or set DATABASE_URL to a server of yours."
        ) from None
    return ServiceAccount(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid)


def _unprivileged_account() -> ServiceAccount:
    for name in PREFERRED_ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return ServiceAccount(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid)
    raise EmbeddedPostgresError(
        "PostgreSQL does not run as root and none of the accounts"
        f" {', '.join(PREFERRED_ACCOUNTS)} exists: create one of them, for example with `useradd ledgerbank`."
    )
