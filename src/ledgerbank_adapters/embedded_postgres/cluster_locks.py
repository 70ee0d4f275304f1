"""Who may start or stop the server, and who still uses it: two flocks, which the kernel frees at any death.

The turn lock is held only while starting, joining or stopping. Every process that uses the server holds a
shared users lock; whoever leaves and then finds that nobody else holds it stops the server.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ledgerbank_adapters.embedded_postgres.cluster_files import open_private_file


@contextmanager
def taking_turn(lock_file: Path) -> Iterator[None]:
    """Wait for, then hold, the exclusive right to start, join or stop the server."""
    descriptor = open_private_file(lock_file, os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


class UsersLock:
    """This process's mark that it uses the server. Join, leave and ask only during a turn."""

    def __init__(self, lock_file: Path) -> None:
        self._lock_file = lock_file
        self._descriptor: int | None = None

    @property
    def is_held(self) -> bool:
        return self._descriptor is not None

    def join(self) -> None:
        if self._descriptor is None:
            descriptor = open_private_file(self._lock_file, os.O_RDWR)
            fcntl.flock(descriptor, fcntl.LOCK_SH)
            self._descriptor = descriptor

    def leave(self) -> None:
        if self._descriptor is not None:
            # An explicit unlock also counts for forked children that still hold a copy of the descriptor.
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
            os.close(self._descriptor)
            self._descriptor = None

    def is_free(self) -> bool:
        """Whether no process at all, this one included, uses the server."""
        descriptor = open_private_file(self._lock_file, os.O_RDWR)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        finally:
            os.close(descriptor)
        return True
