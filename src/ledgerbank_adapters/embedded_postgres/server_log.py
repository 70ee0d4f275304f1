"""The server's log file: its last lines explain a failure, its growth shows that a recovery goes on."""

import os
import time
from pathlib import Path

from ledgerbank_adapters.embedded_postgres.cluster_files import open_private_file

ROTATE_AT_BYTES = 16 * 1024 * 1024


class ServerLog:
    """The file that the server's output goes to, readable by its owner alone."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def open_for_server(self) -> int:
        """A descriptor for the server's output; an outgrown file is kept once, as `.1`."""
        if self.size() > ROTATE_AT_BYTES:
            self.path.replace(self.path.with_name(f"{self.path.name}.1"))
        return open_private_file(self.path, os.O_WRONLY | os.O_APPEND)

    def size(self) -> int:
        """In bytes; 0 while there is no file."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    def lines_since(self, offset: int) -> list[str]:
        """What was written after the first ``offset`` bytes, 64 kB of it at most."""
        try:
            with self.path.open("rb") as file:
                size = self.size()
                # Shorter than it was: the file was rotated. The last 64 kB hold any last words.
                file.seek(max(offset if offset <= size else 0, size - 64 * 1024))
                return file.read().decode("utf-8", "replace").splitlines()
        except FileNotFoundError:
            return []

    def last_words(self, offset: int = 0) -> str:
        return os.linesep.join(["", *self.lines_since(offset)[-15:]])


class ProgressWatch:
    """Patience that is renewed whenever the log grows: a long recovery reports every few seconds."""

    def __init__(self, log: ServerLog, patience_seconds: float) -> None:
        self._log = log
        self._patience_seconds = patience_seconds
        self._size = log.size()
        self._last_progress = time.monotonic()

    def has_stalled(self) -> bool:
        size = self._log.size()
        if size != self._size:
            self._size = size
            self._last_progress = time.monotonic()
        return time.monotonic() - self._last_progress > self._patience_seconds
