"""What becomes of clients when the secret of the tokens is changed, on real servers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.servers.postgres_servers import PostgresTestServer
from tests.support.servers.running_server import RunningServer, run_ledgerbank

FIRST, SECOND, THIRD = (f"{number} " + "aXq3-Zu8.kLw0_Vt7!" * 4 for number in range(3))
KEY = {"Idempotency-Key": "a client's own name for it"}
NEW_USER = {
    "email": "new@example.com",
    "full_name": "New",
    "password": "correct horse battery",
    "password_confirmation": "correct horse battery",
}

StartServer = Callable[..., RunningServer]


@pytest.fixture
def start_server(postgres_server: PostgresTestServer, worker_name: str, tmp_path: Path) -> StartServer:
    """A server on one seeded database, with the given secrets."""
    settings = {
        "DATABASE_URL": postgres_server.create_migrated_database(f"rotation_{worker_name}"),
        "LEDGERBANK_DATA_DIR": str(tmp_path),
        "JWT_SECRET": FIRST,
    }
    assert run_ledgerbank("seed", environment=settings).returncode == 0

    def start(secret: str, *, previous: str | None = None) -> RunningServer:
        secrets = {"JWT_SECRET": secret} | ({} if previous is None else {"JWT_SECRET_PREVIOUS": previous})
        return RunningServer({**settings, **secrets}, tmp_path / "server.log")

    return start


def draft(client: httpx.Client) -> dict[str, Any]:
    accounts = client.get("/accounts").json()["data"]
    return {
        "user_bank_account_id": accounts[0]["id"],
        "amount": "12.50",
        "direction": "DEBIT",
        "payment_type": "PAYMENT",
        "description": "Rent",
    }


def assert_replayed(answer: httpx.Response, first: httpx.Response) -> None:
    assert (answer.status_code, answer.content) == (first.status_code, first.content)
    assert answer.headers["Idempotency-Replayed"] == "true"


def test_a_client_that_repeats_its_key_after_the_secret_was_changed_pays_once(
    start_server: StartServer,
) -> None:
    with start_server(FIRST) as server, server.client("alice@example.com") as client:
        token = client.headers["Authorization"]
        body = draft(client)
        first = client.post("/payments", json=body, headers=KEY)
        assert first.status_code == 201, first.text

    with start_server(SECOND, previous=FIRST) as server, server.client() as client:
        client.headers["Authorization"] = token
        assert_replayed(client.post("/payments", json=body, headers=KEY), first)

    # In a hurry, because the secret leaked: the old one is known no more.
    with start_server(THIRD) as server, server.client("alice@example.com") as client:
        assert_replayed(client.post("/payments", json=body, headers=KEY), first)
        other = client.post("/payments", json={**body, "amount": "12.51"}, headers=KEY)
        assert other.json()["error"]["reason"] == "idempotency_key_reused"


def test_secrets_in_a_repeated_request_are_known_by_the_previous_secret(start_server: StartServer) -> None:
    with start_server(FIRST) as server, server.client("admin@example.com", "admin123!") as client:
        first = client.post("/users/admin", json=NEW_USER, headers=KEY)
        assert first.status_code == 201, first.text

    with (
        start_server(SECOND, previous=FIRST) as server,
        server.client("admin@example.com", "admin123!") as client,
    ):
        assert_replayed(client.post("/users/admin", json=NEW_USER, headers=KEY), first)
        other = {**NEW_USER, "password": "another horse", "password_confirmation": "another horse"}
        answer = client.post("/users/admin", json=other, headers=KEY)
        assert answer.json()["error"]["reason"] == "idempotency_key_reused"
