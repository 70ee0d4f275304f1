"""A server whose requests have seconds only."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.http.waiting_requests import TIMEOUT_SECONDS
from tests.support.scenes.seeded_servers import seeded_environment
from tests.support.servers.postgres_servers import PostgresTestServer
from tests.support.servers.running_server import RunningServer


@pytest.fixture(scope="module")
def environment(
    postgres_server: PostgresTestServer, worker_name: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    return seeded_environment(
        postgres_server.create_migrated_database(f"deadline_{worker_name}"),
        tmp_path_factory.mktemp("data"),
        REQUEST_TIMEOUT_SECONDS=str(TIMEOUT_SECONDS),
        POOL_SIZE="8",
        CHECKING_DAILY_LIMIT="1000000",
        SAVINGS_DAILY_LIMIT="1000000",
    )


@pytest.fixture(scope="module")
def server(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with RunningServer(environment, Path(tmp_path_factory.mktemp("logs")) / "server.log") as running:
        yield running
