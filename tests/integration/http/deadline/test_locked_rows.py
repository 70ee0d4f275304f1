"""A row that somebody keeps locked holds up nobody but its own customer."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import httpx
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


def tokens_of(server: RunningServer, email: str) -> dict[str, str]:
    answer = log_in(server, email)
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["data"])


def log_in(server: RunningServer, email: str) -> httpx.Response:
    return asked(server, "login", {"email": email, "password": "password123!"})


def asked(server: RunningServer, what: str, body: dict[str, str]) -> httpx.Response:
    return httpx.post(f"{server.base_url}/auth/{what}", json=body, timeout=30)


@pytest.mark.parametrize("what", ["login", "refresh", "logout"])
def test_one_locked_row_keeps_nobody_else_at_its_address_from_logging_in_or_staying_so(
    server: RunningServer, environment: dict[str, str], what: str
) -> None:
    bodies = [{"email": ALICE, "password": "password123!"}] * 12
    if what != "login":
        bodies = [{"refresh_token": tokens_of(server, ALICE)["refresh_token"]} for _ in range(12)]
    with ThreadPoolExecutor(12) as threads, locked_row_of(environment, ALICE):
        stuck = [threads.submit(asked, server, what, body) for body in bodies]
        while waiting_statements(environment) < 2:
            time.sleep(0.01)
        began = time.monotonic()
        refresh_token = tokens_of(server, BOB)["refresh_token"]
        refreshed = asked(server, "refresh", {"refresh_token": refresh_token})
        assert refreshed.status_code == 200, refreshed.text
        left = asked(server, "logout", {"refresh_token": refreshed.json()["data"]["refresh_token"]})
        assert left.status_code == 200, left.text
        assert time.monotonic() - began < TIMEOUT_SECONDS / 2
        assert waiting_statements(environment) == 2
        for each in stuck:
            assert_timed_out(each.result())


def states_of_visits(client: httpx.Client, number: int) -> list[str]:
    """What a bank is to bring back, of connections that their customer has just begun."""
    banks = client.get("/banks").json()["data"]
    bank_id = next(bank["id"] for bank in banks if bank["integration_module"] == "simulated")
    branch_id = client.get(f"/banks/{bank_id}/branches").json()["data"][0]["id"]
    states = []
    for _ in range(number):
        login = {"bank_branch_id": branch_id, "username": uuid4().hex[:20]}
        begun_visit = client.post("/bank-logins", json=login)
        assert begun_visit.status_code == 201, begun_visit.text
        url = httpx.URL(begun_visit.json()["data"]["authorization_url"])
        states.append(url.params["state"])
    return states


def test_a_customer_who_comes_back_from_a_bank_to_a_locked_row_keeps_nobody_else_at_the_address_waiting(
    environment: dict[str, str], tmp_path: Path
) -> None:
    # A bank that is away: that is put on record for its customer.
    settings = environment | {"SIMULATED_BANK_URL": "http://127.0.0.1:1"}
    with RunningServer(settings, tmp_path / "callbacks.log") as server, ExitStack() as stack:
        states = states_of_visits(stack.enter_context(server.client(ALICE)), 4)
        refresh_token = tokens_of(server, BOB)["refresh_token"]
        threads = stack.enter_context(ThreadPoolExecutor(4))
        callback = f"{server.base_url}/bank-logins/callback"
        with locked_row_of(environment, ALICE):
            stuck = [
                threads.submit(httpx.get, callback, params={"state": state, "code": "a code"}, timeout=30)
                for state in states
            ]
            while waiting_statements(environment) < 2:
                time.sleep(0.01)
            began = time.monotonic()
            refreshed = asked(server, "refresh", {"refresh_token": refresh_token})
            assert refreshed.status_code == 200, refreshed.text
            assert time.monotonic() - began < TIMEOUT_SECONDS / 2
            for each in stuck:
                assert_timed_out(each.result())


def test_a_login_that_waited_for_a_locked_row_is_decided_on_what_was_committed(
    server: RunningServer, environment: dict[str, str]
) -> None:
    registration = {"email": f"{uuid4()}@example.com", "full_name": "Carol", "password": "password123!"}
    with server.client() as client:
        body = registration | {"password_confirmation": "password123!"}
        assert client.post("/users", json=body).status_code == 201
    email = registration["email"]
    for status, reason in (("ACTIVE", None), ("SUSPENDED", "account_inactive")):
        with ThreadPoolExecutor(1) as threads, locked_row_of(environment, email) as lock:
            waiting = threads.submit(log_in, server, email)
            while not waiting_statements(environment):
                time.sleep(0.01)
            lock.execute("UPDATE users SET status = %s WHERE email = %s", [status, email])
            lock.commit()
            answer = waiting.result()
        assert answer.json().get("error", {}).get("reason") == reason


def registered(server: RunningServer) -> str:
    email = f"{uuid4()}@example.com"
    password = {"password": "password123!", "password_confirmation": "password123!"}
    body = {"email": email, "full_name": "Carol", **password}
    answer = httpx.post(f"{server.base_url}/users", json=body, timeout=30)
    assert answer.status_code == 201, answer.text
    return email


NEW_PASSWORD = {
    "current_password": "password123!",
    "new_password": "password456!",
    "password_confirmation": "password456!",
}


def test_locked_rows_of_who_sets_a_new_password_keep_nobody_else_from_logging_in(
    environment: dict[str, str], tmp_path: Path
) -> None:
    # They take all places for hashing, if they keep them while they wait, and not all for acting.
    settings = environment | {"POOL_SIZE": "10", "PASSWORD_HASHING_CONCURRENCY": "1"}
    with RunningServer(settings, tmp_path / "passwords.log") as server, ExitStack() as stack:
        owners = [registered(server) for _ in range(4)]
        clients = [stack.enter_context(server.client(owner)) for owner in owners]
        threads = stack.enter_context(ThreadPoolExecutor(8))
        with ExitStack() as locks:
            for owner in owners:
                locks.enter_context(locked_row_of(environment, owner))
            stuck = [
                threads.submit(client.put, "/profile/password", json=NEW_PASSWORD) for client in clients * 2
            ]
            while waiting_statements(environment) < 8:
                time.sleep(0.01)
            began = time.monotonic()
            assert tokens_of(server, BOB)
            assert time.monotonic() - began < TIMEOUT_SECONDS / 2
            assert waiting_statements(environment) == 8
            for each in stuck:
                assert_timed_out(each.result())
        for owner in owners:
            assert log_in(server, owner).status_code == 200


@pytest.mark.parametrize(
    ("meanwhile", "reason"),
    [
        ("updated_at = updated_at", None),
        ("status = 'SUSPENDED'", "token_revoked"),
        ("password_hash = password_parameters || 'of another password'", "invalid_credentials"),
    ],
)
def test_a_new_password_that_waited_for_a_locked_row_is_decided_on_what_was_committed(
    server: RunningServer, environment: dict[str, str], meanwhile: str, reason: str | None
) -> None:
    email = registered(server)
    with (
        server.client(email) as client,
        ThreadPoolExecutor(1) as threads,
        locked_row_of(environment, email) as lock,
    ):
        waiting = threads.submit(client.put, "/profile/password", json=NEW_PASSWORD)
        while not waiting_statements(environment):
            time.sleep(0.01)
        lock.execute(f"UPDATE users SET {meanwhile} WHERE email = %s", [email])
        lock.commit()
        answer = waiting.result()
    assert answer.json().get("error", {}).get("reason") == reason


def key_of(server: RunningServer, email: str) -> str:
    headers = {"Authorization": f"Bearer {tokens_of(server, email)['access_token']}"}
    wanted = {"name": "Integration", "scopes": ["accounts:read", "payments:read", "payments:write"]}
    answer = httpx.post(f"{server.base_url}/api-keys", json=wanted, headers=headers, timeout=30)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["data"]["key"])


def test_keys_of_several_customers_at_one_address_wait_for_their_own_customer_alone(
    server: RunningServer, environment: dict[str, str]
) -> None:
    alices, bobs = key_of(server, ALICE), key_of(server, BOB)
    payments = f"{server.base_url}/payments"

    def cancel(key: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {key}"}
        return httpx.delete(f"{payments}/{uuid4()}", headers=headers, timeout=30)

    with server.client(ALICE) as client:
        payment = new_payment(client, account_id(client))
    with ThreadPoolExecutor(12) as threads, locked_row_of(environment, ALICE):
        headers = {"Authorization": f"Bearer {alices}"}
        stuck = [
            threads.submit(httpx.delete, f"{payments}/{payment}", headers=headers, timeout=30)
            for _ in range(12)
        ]
        while waiting_statements(environment) < 2:
            time.sleep(0.01)
        began = time.monotonic()
        assert cancel(bobs).status_code == 404
        shown = httpx.get(payments, headers={"Authorization": f"Bearer {alices}"}, timeout=30)
        assert shown.status_code == 200, shown.text
        assert time.monotonic() - began < TIMEOUT_SECONDS / 2
        assert waiting_statements(environment) == 2
        for each in stuck:
            assert_timed_out(each.result())
