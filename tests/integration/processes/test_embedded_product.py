"""``ledgerbank up``: the whole product on a machine that has nothing but Python."""

import time
from decimal import Decimal
from pathlib import Path

import httpx
from tests.support.servers.running_server import RunningServer, run_ledgerbank


def pay(client: httpx.Client, amount: str, description: str) -> tuple[str, str]:
    """Drafts and processes a payment of Alice; gives its id and the balance afterwards."""
    account = client.get("/accounts").json()["data"][0]["id"]
    draft = {
        "user_bank_account_id": account,
        "amount": amount,
        "direction": "DEBIT",
        "payment_type": "PAYMENT",
        "description": description,
    }
    payment = client.post("/payments", json=draft).json()["data"]["id"]
    processed = client.post(f"/payments/{payment}/process")
    assert processed.status_code == 200, processed.text
    assert processed.json()["data"]["status"] == "COMPLETED"
    newest = client.get(f"/accounts/{account}/transactions", params={"limit": 1}).json()["data"][0]
    assert (newest["description"], newest["amount"]) == (description, amount)
    balance = client.get(f"/accounts/{account}").json()["data"]["balance"]
    assert newest["balance_after"] == balance
    return payment, balance


def test_money_moved_before_a_stop_is_still_moved_after_the_next_start(
    environment: dict[str, str], tmp_path: Path
) -> None:
    with RunningServer(environment, tmp_path / "log", command="up") as server:
        with server.client("alice@example.com") as alice:
            payment, balance = pay(alice, "12.50", "Lunch")
        assert server.stop() == 0
    assert Decimal(balance) == Decimal("1487.50")
    assert "alice@example.com" in server.output()
    with (
        RunningServer(environment, tmp_path / "log", command="up") as server,
        server.client("alice@example.com") as alice,
    ):
        assert alice.get(f"/payments/{payment}").json()["data"]["status"] == "COMPLETED"
        assert pay(alice, "0.50", "Gum")[1] == "1487.00"
    verified = run_ledgerbank("ledger", "verify", environment=environment)
    assert verified.returncode == 0, verified.stdout


def test_money_moved_before_a_kill_is_still_moved_and_the_database_is_found_again(
    environment: dict[str, str], tmp_path: Path
) -> None:
    with RunningServer(environment, tmp_path / "log", command="up") as server:
        with server.client("alice@example.com") as alice:
            _, balance = pay(alice, "12.50", "Lunch")
        server.kill()
    with (
        RunningServer(environment, tmp_path / "log", command="up") as server,
        server.client("alice@example.com") as alice,
    ):
        assert alice.get("/accounts").json()["data"][0]["balance"] == balance


def test_several_server_processes_share_one_port_and_the_ledger_stays_right(
    environment: dict[str, str], tmp_path: Path
) -> None:
    environment |= {"WEB_CONCURRENCY": "2"}
    with RunningServer(environment, tmp_path / "log", command="up") as server:
        with server.client("alice@example.com") as alice:
            for number in range(10):
                pay(alice, "1.00", f"Bus {number}")
        verified = run_ledgerbank("ledger", "verify", environment=environment)
        assert verified.returncode == 0, verified.stdout
        assert server.stop() == 0


def test_a_payment_left_to_the_workers_is_paid_without_another_process(
    environment: dict[str, str], tmp_path: Path
) -> None:
    with (
        RunningServer(environment, tmp_path / "log", command="up") as server,
        server.client("alice@example.com") as alice,
    ):
        draft = {
            "user_bank_account_id": alice.get("/accounts").json()["data"][0]["id"],
            "amount": "12.50",
            "direction": "DEBIT",
            "payment_type": "PAYMENT",
            "description": "Later",
        }
        payment = alice.post("/payments", json=draft).json()["data"]["id"]
        assert alice.post(f"/payments/{payment}/schedule", json={"delay_seconds": 1}).status_code == 202
        deadline = time.monotonic() + 20
        while alice.get(f"/payments/{payment}").json()["data"]["status"] != "COMPLETED":
            assert time.monotonic() < deadline, server.output()
            time.sleep(0.1)
        assert alice.get("/accounts").json()["data"][0]["balance"] == "1487.50"


def test_a_taken_port_is_one_clear_sentence(environment: dict[str, str], tmp_path: Path) -> None:
    with RunningServer(environment, tmp_path / "log", command="up") as server:
        second = run_ledgerbank(
            "up", environment=environment | {"PORT": str(server.port), "HOST": "127.0.0.1"}
        )
    assert second.returncode != 0
    assert "address already in use" in (second.stdout + second.stderr).lower()
    assert "Traceback" not in second.stdout + second.stderr
