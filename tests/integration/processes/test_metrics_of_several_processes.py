"""Whichever server process is asked, it tells what all of them counted."""

import os
import signal
import time
from collections import Counter
from pathlib import Path

import httpx
from tests.support.servers.child_processes import children_of
from tests.support.servers.postgres_servers import PostgresTestServer
from tests.support.servers.running_server import RunningServer, run_ledgerbank

PROCESSES = 3
REQUESTS = 60
LIVE = 'ledgerbank_http_requests_total{method="GET",route="/health/live",status="200"}'
TOKEN = "0123456789abcdef0123"


def figures(server: RunningServer) -> dict[str, float]:
    answer = httpx.get(f"{server.base_url}/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200, answer.text
    lines = (line.rpartition(" ") for line in answer.text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in lines}


def servers_of(pid: int) -> list[int]:
    return [child for child, command in children_of(pid).items() if "spawn_main" in command]


def ask_for_life(server: RunningServer, times: int) -> None:
    for _ in range(times):
        # A connection of its own for each, so that the processes share them out.
        assert httpx.get(f"{server.base_url}/health/live").status_code == 200


def test_the_processes_count_together_also_past_the_death_of_one(
    postgres_server: PostgresTestServer, worker_name: str, tmp_path: Path
) -> None:
    shared = tmp_path / "metrics"
    shared.mkdir()
    (shared / "counter_4711.db").write_bytes(b"what an earlier run left")
    environment = {
        "DATABASE_URL": postgres_server.create_migrated_database(f"metrics_{worker_name}"),
        "LEDGERBANK_DATA_DIR": str(tmp_path / "data"),
        "WEB_CONCURRENCY": str(PROCESSES),
        "METRICS_TOKEN": TOKEN,
        "PROMETHEUS_MULTIPROC_DIR": str(shared),
    }
    seeded = run_ledgerbank("seed", environment={**environment, "PROMETHEUS_MULTIPROC_DIR": ""})
    assert seeded.returncode == 0, seeded.stderr

    with RunningServer(environment, tmp_path / "server.log") as server:
        assert httpx.get(f"{server.base_url}/metrics").status_code == 401
        ask_for_life(server, REQUESTS)
        with server.client("alice@example.com") as alice:
            account = alice.get("/accounts").json()["data"][0]["id"]
            payment = {
                "amount": "1.00",
                "direction": "DEBIT",
                "payment_type": "PAYMENT",
                "description": "Counted",
                "user_bank_account_id": account,
            }
            made = alice.post("/payments", json=payment).json()["data"]["id"]
            assert alice.post(f"/payments/{made}/process").status_code == 200

        seen = Counter(figures(server)[LIVE] for _ in range(12))
        assert seen == {REQUESTS: 12}

        victim = servers_of(server.process.pid)[0]
        os.kill(victim, signal.SIGKILL)
        wait_for_another_in_place_of(server, victim)
        ask_for_life(server, REQUESTS)

        found = figures(server)
        assert found[LIVE] == 2 * REQUESTS
        assert found['ledgerbank_payments_total{direction="DEBIT",status="PENDING"}'] == 1
        assert found['ledgerbank_payments_total{direction="DEBIT",status="COMPLETED"}'] == 1
        assert found['ledgerbank_errors_total{category="authentication",reason="invalid_token"}'] == 1
        assert found["ledgerbank_db_query_duration_seconds_count"] > 5


def wait_for_another_in_place_of(server: RunningServer, victim: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        children = servers_of(server.process.pid)
        if victim not in children and len(children) == PROCESSES:
            # It is there; that it answers is another matter.
            time.sleep(3)
            return
        time.sleep(0.1)
    raise AssertionError(f"nobody took its place:\n{server.output()}")
