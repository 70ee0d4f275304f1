"""Metrics of several processes: where they keep their figures, so that any one of them can tell the sum.

Imports nothing of prometheus_client: that looks for the variable at its import.
https://prometheus.github.io/client_python/multiprocess/
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SHARED_DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"


@contextmanager
def share_metrics_between_processes() -> Iterator[None]:
    """While this is entered, processes started from here count together, from zero.

    They do so in the directory that ``PROMETHEUS_MULTIPROC_DIR`` names, whose old figures are removed, or in
    one that is made for them.
    """
    given = os.environ.get(SHARED_DIRECTORY)
    if given:
        directory = Path(given)
        directory.mkdir(parents=True, exist_ok=True)
        _wipe(directory)
        yield
        return
    with tempfile.TemporaryDirectory(prefix="ledgerbank-metrics-") as made:
        os.environ[SHARED_DIRECTORY] = made
        try:
            yield
        finally:
            del os.environ[SHARED_DIRECTORY]


def _wipe(directory: Path) -> None:
    for figures in directory.glob("*.db"):
        figures.unlink()
