"""A server whose limits are tried."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.servers.postgres_servers import PostgresTestServer
from tests.support.servers.running_server import RunningServer


@pytest.fixture(scope="module")
def server(
    postgres_server: PostgresTestServer, worker_name: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    place = tmp_path_factory.mktemp("server")
    environment = {
        "DATABASE_URL": postgres_server.create_migrated_database(f"limits_{worker_name}"),
        "LEDGERBANK_DATA_DIR": str(place / "data"),
        "MAX_CONNECTIONS": "40",
    }
    with RunningServer(environment, Path(place) / "server.log") as running:
        yield running
