"""Files of the cluster that the server itself never touches: opened so that no planted link is followed."""

import os
import stat
from pathlib import Path

from ledgerbank_adapters.embedded_postgres.embedded_postgres_error import EmbeddedPostgresError


def open_private_file(path: Path, flags: int) -> int:
    """Open, or create with mode 0600, a regular file; the descriptor is not inherited by other programs.

    Root may work in a directory of an ordinary user: a new file then belongs to that user, and a link
    in place of an existing one is refused. Raises EmbeddedPostgresError, OSError.
    """
    flags |= os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _open_existing(path, flags)
    except PermissionError as error:
        raise _not_ours(path) from error
    owner = path.parent.stat()
    if os.geteuid() == 0 and owner.st_uid != 0:
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
    return descriptor


def _open_existing(path: Path, flags: int) -> int:
    try:
        descriptor = os.open(path, flags)
    except PermissionError as error:
        raise _not_ours(path) from error
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
        os.close(descriptor)
        raise EmbeddedPostgresError(f"{path} is not a plain file of its own: remove it and start again.")
    return descriptor


def _not_ours(path: Path) -> EmbeddedPostgresError:
    return EmbeddedPostgresError(
        f"{path} belongs to another user: start LedgerBank as that user,"
        " or set LEDGERBANK_DATA_DIR to a directory of your own."
    )


def write_private_file(path: Path, text: str) -> None:
    """Replace a file of mode 0600 as a whole: a reader, also after a crash, sees the old text or the new."""
    draft = path.with_name(path.name + ".draft")
    draft.unlink(missing_ok=True)
    descriptor = open_private_file(draft, os.O_WRONLY)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync_directory(path.parent)


def read_private_file(path: Path) -> str:
    """The text of a file; raises FileNotFoundError, EmbeddedPostgresError when it is another user's."""
    try:
        with path.open(encoding="utf-8") as file:
            return file.read()
    except PermissionError as error:
        raise _not_ours(path) from error


def sync_directory(directory: Path) -> None:
    """Make a rename in the directory survive a power failure."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_trusted_directory(directory: Path) -> Path:
    """Create, or accept only if safe, a directory whose content root may execute for another account.

    Safe: a real directory of the caller that nobody else may write to. Raises EmbeddedPostgresError.
    """
    directory.parent.mkdir(parents=True, exist_ok=True)
    try:
        directory.mkdir(mode=0o755)
        directory.chmod(0o755)
    except FileExistsError:
        pass
    found = directory.lstat()
    writable_by_others = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or writable_by_others:
        raise EmbeddedPostgresError(
            f"{directory} is not a directory that only this account can write to: remove it and start again."
        )
    return directory
