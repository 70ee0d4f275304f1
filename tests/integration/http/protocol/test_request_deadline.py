"""One locked row, slow passwords and endless bodies hold up whoever causes them, and nobody else."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from tests.support.http.raw_connections import RawAnswer, error_of_raw, raw_connection
from tests.support.scenes.seeded_servers import seeded_environment
from tests.support.servers.postgres_servers import PostgresTestServer
from tests.support.servers.running_server import RunningServer

TIMEOUT_SECONDS = 3
ALICE, BOB = "alice@example.com", "bob@example.com"


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


@contextmanager
def locked_row_of(environment: dict[str, str], email: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(environment["DATABASE_URL"]) as connection:
        connection.execute("SELECT 1 FROM users WHERE email = %s FOR UPDATE", [email])
        yield connection
        connection.rollback()


def account_id(client: httpx.Client) -> str:
    return str(client.get("/accounts").json()["data"][0]["id"])


def new_payment(client: httpx.Client, account: str) -> str:
    draft = {
        "user_bank_account_id": account,
        "amount": "1.00",
        "direction": "DEBIT",
        "payment_type": "PAYMENT",
        "description": f"Coffee {uuid4()}",
    }
    answer = client.post("/payments", json=draft)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["data"]["id"])


def status_of(client: httpx.Client, payment: str) -> str:
    return str(client.get(f"/payments/{payment}").json()["data"]["status"])


def assert_timed_out(answer: httpx.Response) -> None:
    assert (answer.status_code, answer.json()["error"]["reason"]) == (503, "timeout")
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.headers["x-content-type-options"] == "nosniff"


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


def waiting_statements(environment: dict[str, str]) -> int:
    with psycopg.connect(environment["DATABASE_URL"]) as connection:
        found = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            " AND datname = current_database()"
        ).fetchone()
    assert found is not None
    return int(found[0])


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
        ("password_hash = 'of another password'", "invalid_credentials"),
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


def begun(path: bytes, token: str = "", *, length: int = 1000, more: bytes = b"") -> bytes:
    authorization = f"Authorization: Bearer {token}\r\n".encode() if token else b""
    return (
        b"POST /api/v1" + path + b" HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n" % length + authorization + b"\r\n" + more
    )


def first_answer(server: RunningServer, request: bytes) -> RawAnswer:
    with raw_connection(server.port) as connection:
        connection.socket.settimeout(5)
        connection.send(request)
        return connection.answer()


def test_a_caller_whose_token_is_no_good_is_told_before_the_body_has_come(server: RunningServer) -> None:
    with server.client(ALICE) as alice:
        token = alice.headers["Authorization"].removeprefix("Bearer ")
        error_of_raw(first_answer(server, begun(b"/payments", "rubbish")), 401, "invalid_token")
        error_of_raw(first_answer(server, begun(b"/payments", token + "x", more=b"{")), 401, "invalid_token")
        error_of_raw(first_answer(server, begun(b"/users/admin", token)), 403, "insufficient_permissions")
        assert alice.post("/auth/logout-all").status_code == 200
        error_of_raw(first_answer(server, begun(b"/payments", token)), 401, "token_revoked")


def test_a_caller_over_the_limit_is_told_before_the_body_has_come(
    environment: dict[str, str], tmp_path: Path
) -> None:
    limited = environment | {"RATE_LIMIT_ENABLED": "true", "RATE_LIMIT_MAX": "3"}
    with RunningServer(limited, tmp_path / "limited.log") as server:
        for _ in range(3):
            assert first_answer(server, b"GET /api/nowhere HTTP/1.1\r\nHost: a\r\n\r\n").status == 404
        for request in (begun(b"/auth/login"), begun(b"/payments"), begun(b"/nowhere")):
            answer = first_answer(server, request)
            error_of_raw(answer, 429, "rate_limit_exceeded")
            assert int(answer.headers["retry-after"]) >= 1


def test_bodies_that_never_come_take_bounded_memory(server: RunningServer) -> None:
    with ExitStack() as stack:
        opened = [stack.enter_context(raw_connection(server.port)) for _ in range(60)]
        for connection in opened:
            connection.send(begun(b"/auth/login", length=1_048_576, more=b" " * 1_048_575))
        time.sleep(1)
        refused = [connection for connection in opened if not connection_waits(connection.socket)]
        assert 40 <= len(refused) < 60
        for connection in refused:
            error_of_raw(connection.answer(), 503, "service_unavailable")
        with server.client() as client:
            assert client.get("/problems/timeout").status_code == 200


def test_bodies_from_everywhere_that_never_come_take_no_room_from_who_is_logged_in(
    server: RunningServer,
) -> None:
    with ExitStack() as stack, server.client(BOB) as bob:
        logged_before = len(server.output())
        for number in range(72):
            connection = stack.enter_context(raw_connection(server.port, source=f"127.0.1.{1 + number // 9}"))
            connection.send(begun(b"/auth/login", length=1_048_576, more=b" " * 1_048_575))
        time.sleep(1)
        assert new_payment(bob, account_id(bob))
        # Nor may anybody fill the log: one line for each is enough.
        logged = server.output()[logged_before:]
        assert "POST /api/v1/auth/login was turned away: service_unavailable" in logged
        assert "Traceback" not in logged


def connection_waits(socket: Any) -> bool:
    socket.setblocking(False)
    try:
        socket.recv(1, 2)  # MSG_PEEK
    except BlockingIOError:
        return True
    finally:
        socket.setblocking(True)
    return False


def test_a_flood_of_logins_holds_up_nobody_who_is_logged_in(
    environment: dict[str, str], tmp_path: Path
) -> None:
    slow_hashes = environment | {
        "ARGON2_TIME_COST": "3",
        "ARGON2_MEMORY_KIB": "65536",
        "ARGON2_PARALLELISM": "1",
        "PASSWORD_HASHING_CONCURRENCY": "1",
        "LOGIN_BACKOFF_AFTER": "0",
    }
    with RunningServer(slow_hashes, tmp_path / "slow.log") as server, server.client(BOB) as bob:
        stop = threading.Event()

        def guess(number: int) -> int:
            credentials = {"email": f"nobody{number}@example.com", "password": "guess"}
            return httpx.post(f"{server.base_url}/auth/login", json=credentials, timeout=60).status_code

        with ThreadPoolExecutor(99) as threads:
            guesses = [threads.submit(guess, number) for number in range(99)]
            time.sleep(1)
            slowest = 0.0
            while not all(each.done() for each in guesses):
                began = time.monotonic()
                assert bob.get("/accounts").status_code == 200
                slowest = max(slowest, time.monotonic() - began)
            stop.set()
            answers = [each.result() for each in guesses]
        peak = next(
            int(line.split()[1])
            for line in Path(f"/proc/{server.process.pid}/status").read_text(encoding="ascii").splitlines()
            if line.startswith("VmHWM")
        )
    assert set(answers) <= {401, 503}
    assert 503 in answers
    assert slowest < 2
    assert peak < 400 * 1024


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
