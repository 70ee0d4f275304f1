"""Secrets nobody configured: generated once outside production, then kept in the data directory."""

import os
import secrets
import stat
from pathlib import Path

_RANDOM_BYTES = 64
_MIN_LENGTH = 32
_MAX_LENGTH = 4096
# A planted link must not lead root to another file, nor a planted pipe make it wait.
_READ_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CREATE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class DevelopmentSecretError(Exception):
    """The secret can neither be read nor kept; the message says what to do and holds no secret."""


def obtain_development_secret(data_dir: Path, name: str) -> bytes:
    """The secret in the file ``name`` of the data directory (mode 0600), generated if there is none yet.

    Any number of processes may ask at once: all get the same one. As root, a new file belongs to the owner
    of the directory, who may start the product later. Raises DevelopmentSecretError.
    """
    path = data_dir / name
    try:
        _make_data_dir(data_dir)
        try:
            return _read(path)
        except FileNotFoundError:
            _publish(path, secrets.token_urlsafe(_RANDOM_BYTES).encode())
            return _read(path)
    except OSError as error:
        raise DevelopmentSecretError(
            f"{path} cannot be used ({error.strerror}): give it to this user, or set LEDGERBANK_DATA_DIR"
            " to a directory of your own."
        ) from error


def _make_data_dir(data_dir: Path) -> None:
    if not data_dir.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        # The same mode as the embedded PostgreSQL gives it, whichever comes first: as root, the account that
        # the server runs as has to pass through.
        data_dir.chmod(0o711 if os.geteuid() == 0 else 0o700)


def _publish(path: Path, secret: bytes) -> None:
    """Put a whole file in place unless another process was first: a link, unlike a rename, never replaces."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, _CREATE_FLAGS, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            owner = path.parent.stat()
            if os.geteuid() == 0 and owner.st_uid != 0:
                os.fchown(descriptor, owner.st_uid, owner.st_gid)
            file.write(secret + b"\n")
            file.flush()
            os.fsync(descriptor)
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _read(path: Path) -> bytes:
    with os.fdopen(os.open(path, _READ_FLAGS), "rb") as file:
        is_plain = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
        secret = file.read(_MAX_LENGTH).strip() if is_plain else b""
    if len(secret) < _MIN_LENGTH:
        raise DevelopmentSecretError(f"{path} holds no secret: remove it, and a new one will be generated.")
    return secret
