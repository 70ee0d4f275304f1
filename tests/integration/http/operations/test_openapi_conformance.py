"""What the server answers is what its OpenAPI document says. ``make conformance`` asks far more."""

from collections.abc import Iterator

import pytest
from tests.simulations.conformance_run import SERVER_SETTINGS, check_conformance
from tests.support.servers.postgres_servers import PostgresTestServer
from tests.support.servers.running_server import RunningServer, run_ledgerbank


@pytest.fixture
def server(
    postgres_server: PostgresTestServer, worker_name: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    environment = {
        **SERVER_SETTINGS,
        "DATABASE_URL": postgres_server.create_migrated_database(f"conformance_{worker_name}"),
        "LEDGERBANK_DATA_DIR": str(tmp_path_factory.mktemp("data")),
    }
    seeded = run_ledgerbank("seed", environment=environment)
    assert seeded.returncode == 0, seeded.stderr
    with RunningServer(environment, tmp_path_factory.mktemp("logs") / "server.log") as server:
        yield server


def test_no_answer_to_a_user_or_an_administrator_is_other_than_documented(server: RunningServer) -> None:
    for role in ("user", "admin"):
        result = check_conformance(server, role, max_examples=3, phases="examples,fuzzing")

        assert result.exit_status == 0, result.output + server.output()
        assert result.requests > 100
