"""The database of a benchmark: a throw-away embedded PostgreSQL, durable as in production.

BENCH_DATABASE_URL names an empty database to use instead.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ledgerbank_adapters.embedded_postgres import EmbeddedPostgres


@contextmanager
def a_database_url() -> Iterator[str]:
    given = os.environ.get("BENCH_DATABASE_URL")
    if given:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="ledgerbank-bench-") as place:
        Path(place).chmod(0o711)
        with EmbeddedPostgres(Path(place) / "data", service_root=Path(place)) as server:
            server.create_database("bench")
            yield server.url("bench")
