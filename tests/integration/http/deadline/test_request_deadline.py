"""What a request came to whose time was up, and what a server that stops says of those that wait."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg
import pytest
from tests.support.http.waiting_requests import (
    ALICE,
    BOB,
    TIMEOUT_SECONDS,
    account_id,
    assert_timed_out,
    locked_row_of,
    new_payment,
    waiting_statements,
)
from tests.support.servers.running_server import RunningServer


def status_of(client: httpx.Client, payment: str) -> str:
    return str(client.get(f"/payments/{payment}").json()["data"]["status"])


def test_a_payment_that_cannot_have_its_locks_in_time_has_not_happened(
    server: RunningServer, environment: dict[str, str]
) -> None:
    with server.client(ALICE) as alice:
        payment = new_payment(alice, account_id(alice))
        key = {"Idempotency-Key": str(uuid4())}
        with locked_row_of(environment, ALICE):
            began = time.monotonic()
            assert_timed_out(alice.post(f"/payments/{payment}/process", headers=key))
            assert TIMEOUT_SECONDS - 1 < time.monotonic() - began < TIMEOUT_SECONDS + 3
            assert waiting_statements(environment) == 0
            assert status_of(alice, payment) == "PENDING"

        again = alice.post(f"/payments/{payment}/process", headers=key)
        assert (again.status_code, status_of(alice, payment)) == (200, "COMPLETED")


def test_one_locked_row_holds_up_its_own_customer_only(
    server: RunningServer, environment: dict[str, str]
) -> None:
    with server.client(ALICE) as alice, server.client(BOB) as bob, ThreadPoolExecutor(24) as threads:
        payments = [new_payment(alice, account_id(alice)) for _ in range(24)]
        account = account_id(bob)
        with locked_row_of(environment, ALICE):
            stuck = [threads.submit(alice.post, f"/payments/{each}/process") for each in payments]
            time.sleep(0.5)
            slowest, most_waiting = 0.0, 0
            until = time.monotonic() + TIMEOUT_SECONDS - 1.5
            while time.monotonic() < until:
                most_waiting = max(most_waiting, waiting_statements(environment))
                began = time.monotonic()
                assert bob.get("/payments").status_code == 200
                paid = bob.post(f"/payments/{new_payment(bob, account)}/process")
                assert paid.status_code == 200, paid.text
                assert alice.get("/profile").status_code == 200
                slowest = max(slowest, time.monotonic() - began)
            assert most_waiting == 2
            for each in stuck:
                assert_timed_out(each.result())
        assert slowest < 1
        assert {status_of(alice, payment) for payment in payments} == {"PENDING"}


@pytest.mark.parametrize("released_after", [None, 0.1, 1.0])
def test_told_to_stop_the_server_says_of_a_waiting_payment_what_happened(
    environment: dict[str, str], tmp_path: Path, released_after: float | None
) -> None:
    with RunningServer(environment, tmp_path / "stopping.log") as server, server.client(BOB) as bob:
        payment = new_payment(bob, account_id(bob))
        with ThreadPoolExecutor(1) as threads, locked_row_of(environment, BOB) as lock:
            answering = threads.submit(bob.post, f"/payments/{payment}/process")
            while not waiting_statements(environment):
                time.sleep(0.01)
            server.tell_to_stop()
            if released_after is not None:
                time.sleep(released_after)
                lock.rollback()
            answer = answering.result()
        assert server.wait() in (0, -15, 143)
    with psycopg.connect(environment["DATABASE_URL"]) as connection:
        found = connection.execute("SELECT status FROM user_payments WHERE id = %s", [payment]).fetchone()
    if released_after is None:
        assert_timed_out(answer)
        assert found == ("PENDING",)
    else:
        assert answer.status_code == 200
        assert answer.json()["data"]["status"] == "COMPLETED"
        assert found == ("COMPLETED",)
