"""Where a cluster and its files live: in the data directory, or where the server's account can reach them."""

import os
import re
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

from ledgerbank_adapters.embedded_postgres.cluster_files import make_trusted_directory, open_private_file
from ledgerbank_adapters.embedded_postgres.embedded_postgres_error import EmbeddedPostgresError
from ledgerbank_adapters.embedded_postgres.service_account import ServiceAccount, choose_service_account

# Root-only place for what the server's account must reach when the requested directory is closed to it.
SERVICE_ROOT = Path("/var/lib/ledgerbank")
POINTER_NAME = "postgres.location"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterLocation:
    """The directory that holds the cluster, with the names of everything in it.

    Only `cluster` and `socket_dir` belong to the server's account; the rest to whoever starts it.
    """

    directory: Path
    account: ServiceAccount

    @property
    def cluster(self) -> Path:
        """PGDATA."""
        return self.directory / "postgres"

    @property
    def turn_lock_file(self) -> Path:
        return self.directory / "postgres.lock"

    @property
    def users_lock_file(self) -> Path:
        return self.directory / "postgres.users.lock"

    @property
    def password_file(self) -> Path:
        return self.directory / "postgres.password"

    @property
    def log_file(self) -> Path:
        return self.directory / "postgres.log"

    @property
    def socket_dir(self) -> Path:
        return self.directory / "postgres.run"

    @property
    def staging_prefix(self) -> str:
        return "postgres.new-"


def locate_cluster(data_dir: Path, service_root: Path = SERVICE_ROOT) -> ClusterLocation:
    """Find the cluster of a data directory, or settle where a new one will be.

    As root the data directory may lie below one that the server's account cannot enter (mode 0700): the
    cluster then goes to a new directory below `service_root`, and a pointer file in the data directory
    leads every later start to it. No existing directory's mode is ever changed.
    Raises EmbeddedPostgresError.
    """
    try:
        return _locate(_make_data_dir(data_dir), service_root)
    except OSError as error:
        raise EmbeddedPostgresError(
            f"The data directory {data_dir} cannot be used ({error.strerror}: {error.filename}):"
            " set LEDGERBANK_DATA_DIR to a directory that you can write to."
        ) from error


def _locate(data_dir: Path, service_root: Path) -> ClusterLocation:
    pointer = data_dir / POINTER_NAME
    if pointer.exists():
        return _follow(pointer)
    here = _location_at(data_dir)
    if not here.account.differs_from_caller or here.account.can_enter(data_dir):
        return here
    if here.cluster.exists():
        raise EmbeddedPostgresError(
            f"The account {here.account.name}, which owns {here.cluster}, cannot enter {data_dir}:"
            " move the data directory back to where that account may go."
        )
    return _relocate(data_dir, pointer, make_trusted_directory(service_root))


def _make_data_dir(data_dir: Path) -> Path:
    data_dir = data_dir.absolute()
    if not data_dir.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        # As root the server's account has to pass through, but not to list.
        data_dir.chmod(0o711 if os.geteuid() == 0 else 0o700)
    return data_dir.resolve(strict=True)


def _location_at(directory: Path) -> ClusterLocation:
    account = choose_service_account(directory, directory / "postgres")
    return ClusterLocation(directory=directory, account=account)


def _follow(pointer: Path) -> ClusterLocation:
    # Somebody else's pointer could make root run a server on, and write into, a directory of their choice.
    if pointer.lstat().st_uid != os.geteuid():
        raise EmbeddedPostgresError(
            f"{pointer} belongs to another user: start LedgerBank as that user, or set LEDGERBANK_DATA_DIR"
            " to a directory of your own."
        )
    directory = Path(pointer.read_text(encoding="utf-8").strip())
    if not directory.is_dir():
        raise EmbeddedPostgresError(
            f"The database of {pointer.parent} was in {directory}, which is gone: restore it,"
            f" or remove {pointer} to begin with an empty one."
        )
    return _location_at(make_trusted_directory(directory))


def _relocate(data_dir: Path, pointer: Path, service_root: Path) -> ClusterLocation:
    label = re.sub(r"[^A-Za-z0-9]+", "", data_dir.name)[:20] or "data"
    # Random, not derived from the path: who removes the data directory wants an empty database next time.
    directory = service_root / f"{label}-{secrets.token_hex(8)}"
    directory.mkdir(mode=0o711)
    directory.chmod(0o711)
    here = _location_at(directory)
    if not here.account.can_enter(directory):
        directory.rmdir()
        raise EmbeddedPostgresError(
            f"The account {here.account.name} can enter neither {data_dir} nor {service_root}:"
            " set LEDGERBANK_DATA_DIR to a directory that it may pass through."
        )
    (directory / "origin").write_text(f"{data_dir}\n", encoding="utf-8")
    return here if _publish(pointer, directory) else _follow(pointer)


def _publish(pointer: Path, directory: Path) -> bool:
    """Write the pointer unless another process was first; then forget the directory that nobody points to."""
    draft = pointer.with_name(f"{POINTER_NAME}.{secrets.token_hex(4)}")
    descriptor = open_private_file(draft, os.O_WRONLY)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(f"{directory}\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, pointer)
    except FileExistsError:
        shutil.rmtree(directory)
        return False
    finally:
        draft.unlink()
    return True
