"""Where a command writes what somebody will keep: a new file, or standard output."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from stat import S_ISREG

from ledgerbank_app.commands.command_context import CommandRefused


@contextmanager
def opened_output(output: str) -> Iterator[int]:
    """A descriptor, without a buffer: after a failure nothing is left to be written once more at the end.

    Raises CommandRefused for a file that is there already, or cannot be made.
    """
    if not output:
        yield sys.stdout.fileno()
        return
    try:
        # Never a file that is there: what was written to it may be the only copy.
        target = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        _make_name_durable(Path(output))
    except OSError as error:
        raise CommandRefused(f"--output {output} cannot be made: {error.strerror}.") from None
    try:
        yield target
    finally:
        os.close(target)


def write_all(target: int, content: bytes) -> None:
    """Writes it to its last byte. Raises OSError."""
    rest = content
    while rest:
        rest = rest[os.write(target, rest) :]


def make_durable(target: int) -> None:
    """Returns once what was written survives a failure of power, as far as ``target`` can tell that."""
    if S_ISREG(os.fstat(target).st_mode):
        os.fsync(target)


def _make_name_durable(file: Path) -> None:
    directory = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
