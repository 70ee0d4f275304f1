"""Told to stop at any point of a payment, a server says what happened, and asked again it is one payment."""

import json
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from itertools import product
from pathlib import Path

import httpx
import pytest
from tests.support.http.raw_connections import RawConnection, error_of_raw, raw_connection
from tests.support.scenes.gated_payments import (
    BEFORE_THE_ANSWER_IS_STORED,
    WHILE_EVERYTHING_COMMITS,
    WHILE_PAYMENTS_ARE_STORED,
    Scene,
    User,
    alice_and_bob_at,
    attempt,
    lost,
    payments_called,
    seeded_scene,
    user_at,
)
from tests.support.servers.postgres_servers import PostgresTestServer
from tests.support.servers.running_server import RunningServer
from tests.support.waiting import wait_until

from ledgerbank_app.processes.serving import GRACEFUL_STOP_SECONDS

REQUEST_SECONDS = 3
ALICE = "alice@example.com"
COFFEE = "Coffee, once"


@pytest.fixture
def scene(postgres_server: PostgresTestServer, worker_name: str, tmp_path: Path) -> Iterator[Scene]:
    url = postgres_server.create_migrated_database(f"stop_{worker_name}")
    with seeded_scene(url, tmp_path, REQUEST_TIMEOUT_SECONDS=str(REQUEST_SECONDS)) as seeded:
        yield seeded


def tell_to_stop(server: RunningServer) -> float:
    """As a supervisor does; gives the moment. The server has heard it when this returns."""
    os.kill(server.process.pid, signal.SIGTERM)
    told_at = time.monotonic()
    wait_until(lambda: "Shutting down" in server.output(), seconds=10)
    return told_at


def assert_ended_in_time(server: RunningServer, told_at: float) -> None:
    assert server.wait() in (0, -15, 143), server.output()
    assert time.monotonic() - told_at < GRACEFUL_STOP_SECONDS
    assert "running task(s)" not in server.output(), "a request was cut off"


def status_in(scene: Scene, payment_id: str) -> str:
    with scene.superuser() as connection:
        question = "SELECT status FROM user_payments WHERE id = %s"
        (status,) = connection.execute(question, [payment_id]).fetchone() or ("",)
    return str(status)


def assert_repeated_it_happens_once(scene: Scene, payment_id: str, bobs_balance: Decimal) -> None:
    """The same two steps under the same keys, at a server that was started again."""
    with scene.server() as server, alice_and_bob_at(server) as (alice, bob):
        drafted, processed = alice.draft(COFFEE, key="draft"), bob.process(payment_id, key="process")
        assert (drafted.status_code, processed.status_code) == (201, 200), drafted.text + processed.text
        assert processed.json()["data"]["status"] == "COMPLETED"
        assert alice.draft(COFFEE, key="draft").content == drafted.content
        assert bob.process(payment_id, key="process").content == processed.content
        assert bob.balance() == bobs_balance - Decimal("0.01")
    assert payments_called(scene, COFFEE) == 1


POINTS = {
    "while the payment is stored": WHILE_PAYMENTS_ARE_STORED,
    "before its answer is stored": BEFORE_THE_ANSWER_IS_STORED,
    "while it commits": WHILE_EVERYTHING_COMMITS,
}


@pytest.mark.parametrize(
    ("point", "ends"), [*product(POINTS, ["in time", "never"]), ("while it commits", "cut off")]
)
def test_told_to_stop_within_a_step_of_a_payment_the_answer_says_what_happened(
    scene: Scene, point: str, ends: str
) -> None:
    """One is being drafted, another one executed; both stand at one point of their transaction."""
    # Where several processes serve, the one that is told has to tell the others.
    scene.environment["WEB_CONCURRENCY"] = "2" if point == "while it commits" else "1"
    with scene.server() as server, alice_and_bob_at(server) as (alice, bob), ThreadPoolExecutor(2) as pool:
        payment_id = bob.draft("To be processed", key="before").json()["data"]["id"]
        balance = bob.balance()
        with scene.gate(POINTS[point]) as gate:
            asked = [
                pool.submit(alice.draft, COFFEE, key="draft"),
                pool.submit(bob.process, payment_id, key="process"),
            ]
            gate.wait_for(2)
            told_at = tell_to_stop(server)
            if ends == "in time":
                gate.open()
            elif ends == "cut off":
                gate.cut_off_who_waits()
            drafted, processed = (answering.result() for answering in asked)
            assert_ended_in_time(server, told_at)
            happened = (payments_called(scene, COFFEE), status_in(scene, payment_id))

    if ends == "in time":
        assert (drafted.status_code, processed.status_code) == (201, 200)
        assert processed.json()["data"]["status"] == "COMPLETED"
        assert happened == (1, "COMPLETED")
    else:
        wanted = (503, "timeout") if ends == "never" else (500, "database_error")
        for answer in (drafted, processed):
            assert (answer.status_code, answer.json()["error"]["reason"]) == wanted
        assert happened == (0, "PENDING")
    assert_repeated_it_happens_once(scene, payment_id, balance)


def request_of(user: User, method_and_path: str, body: bytes, *, key: str) -> bytes:
    return (
        f"{method_and_path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Authorization: {user.client.headers['Authorization']}\r\nIdempotency-Key: {key}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def drafting(user: User) -> bytes:
    body = json.dumps(user.draft_of(COFFEE)).encode()
    return request_of(user, "POST /api/v1/payments", body, key="draft")


def assert_drafted_once_after_a_restart(scene: Scene) -> None:
    with scene.server() as server, user_at(server, ALICE) as alice:
        drafted = alice.draft(COFFEE, key="draft")
        assert drafted.status_code == 201, drafted.text
        assert alice.draft(COFFEE, key="draft").content == drafted.content
    assert payments_called(scene, COFFEE) == 1


def half_sent(connection: RawConnection, request: bytes) -> bytes:
    """What is left to send. The other half is where the server waits for more."""
    half = len(request) - 40
    connection.send(request[:half])
    time.sleep(0.5)
    assert not connection.is_closed()
    return request[half:]


def test_told_to_stop_while_a_payment_is_being_sent_it_is_stored_when_the_rest_comes(scene: Scene) -> None:
    with (
        scene.server() as server,
        user_at(server, ALICE) as alice,
        raw_connection(server.port) as connection,
    ):
        rest = half_sent(connection, drafting(alice))
        told_at = tell_to_stop(server)
        time.sleep(2)
        connection.send(rest)
        answer = connection.answer()
        assert_ended_in_time(server, told_at)

    assert answer.status == 201
    assert payments_called(scene, COFFEE) == 1
    with scene.server() as server, user_at(server, ALICE) as alice:
        again = alice.draft(COFFEE, key="draft")
        assert (again.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")
        assert again.content == answer.body


@pytest.mark.parametrize("rest", ["never comes", "comes a byte at a time"])
def test_told_to_stop_while_a_payment_is_being_sent_it_is_refused_when_the_rest_does_not_come(
    scene: Scene, rest: str
) -> None:
    with (
        scene.server() as server,
        user_at(server, ALICE) as alice,
        raw_connection(server.port) as connection,
        ThreadPoolExecutor(1) as pool,
    ):
        left = half_sent(connection, drafting(alice))
        told_at = tell_to_stop(server)
        answering = pool.submit(connection.answer)
        while rest == "comes a byte at a time" and len(left) > 1 and not answering.done():
            connection.send(left[:1])
            left = left[1:]
            time.sleep(1)
        answer = answering.result()
        assert_ended_in_time(server, told_at)

    # Had the rest come at the last moment, the request would have had all its time left.
    assert time.monotonic() - told_at < GRACEFUL_STOP_SECONDS - 20
    error_of_raw(answer, 503, "service_unavailable")
    assert payments_called(scene, COFFEE) == 0
    assert_drafted_once_after_a_restart(scene)


def test_told_to_stop_between_the_steps_of_a_payment_the_second_has_not_happened(scene: Scene) -> None:
    """Both steps came on one connection, the second while the first was under way."""
    with scene.server() as server, alice_and_bob_at(server) as (alice, bob):
        payment_id = bob.draft("To be processed", key="before").json()["data"]["id"]
        balance = bob.balance()
        processing = request_of(bob, f"POST /api/v1/payments/{payment_id}/process", b"{}", key="process")
        with scene.gate(WHILE_PAYMENTS_ARE_STORED) as gate, raw_connection(server.port) as connection:
            connection.send(drafting(alice) + processing)
            gate.wait_for(1)
            told_at = tell_to_stop(server)
            gate.open()
            drafted, processed = connection.answer(), connection.answer()
            assert_ended_in_time(server, told_at)
            happened = (payments_called(scene, COFFEE), status_in(scene, payment_id))

    assert drafted.status == 201
    error_of_raw(processed, 503, "service_unavailable")
    assert happened == (1, "PENDING")
    assert_repeated_it_happens_once(scene, payment_id, balance)


def test_told_to_stop_a_payment_that_comes_behind_the_last_request_of_its_connection_is_not_begun(
    scene: Scene,
) -> None:
    """Nobody could be told what became of it: its connection ends with the answer before."""
    with scene.server() as server, alice_and_bob_at(server) as (alice, bob):
        payment_id = bob.draft("To be processed", key="before").json()["data"]["id"]
        balance = bob.balance()
        processing = request_of(bob, f"POST /api/v1/payments/{payment_id}/process", b"{}", key="process")
        with scene.gate(WHILE_PAYMENTS_ARE_STORED) as gate, raw_connection(server.port) as connection:
            connection.send(drafting(alice))
            gate.wait_for(1)
            told_at = tell_to_stop(server)
            time.sleep(0.5)
            # And the beginning of a third, of which more is to come.
            connection.send(processing + processing[:-1])
            time.sleep(0.5)
            gate.open()
            drafted = connection.answer()
            assert connection.wait_for_the_end(seconds=10) < 10
            assert_ended_in_time(server, told_at)
            happened = (payments_called(scene, COFFEE), status_in(scene, payment_id))

    assert drafted.status == 201
    assert "failed" not in server.output()
    assert happened == (1, "PENDING")
    assert_repeated_it_happens_once(scene, payment_id, balance)


def test_stopped_between_the_steps_of_a_payment_the_first_is_there_and_the_second_can_follow(
    scene: Scene,
) -> None:
    with scene.server() as server, alice_and_bob_at(server) as (alice, bob):
        assert alice.draft(COFFEE, key="draft").status_code == 201
        payment_id = bob.draft("To be processed", key="before").json()["data"]["id"]
        balance = bob.balance()
        told_at = tell_to_stop(server)
        # On the connection that was kept, and on a new one.
        assert lost(attempt(lambda: bob.process(payment_id, key="process")))
        assert lost(attempt(lambda: bob.process(payment_id, key="process")))
        assert_ended_in_time(server, told_at)

    assert status_in(scene, payment_id) == "PENDING"
    assert_repeated_it_happens_once(scene, payment_id, balance)


@pytest.mark.parametrize("ends", ["in time", "cut off"])
def test_told_to_stop_while_a_job_executes_a_payment_it_is_executed_once(scene: Scene, ends: str) -> None:
    """The second step is left to the server's own worker, which stands in the midst of it."""
    scene.environment["WORKER_IN_PROCESS"] = "true"
    later = {"Prefer": "respond-async", "Idempotency-Key": "process"}
    with scene.server() as server, user_at(server, ALICE) as alice:
        payment_id = alice.draft(COFFEE, key="draft").json()["data"]["id"]
        balance = alice.balance()
        with scene.gate(WHILE_PAYMENTS_ARE_STORED) as gate:
            queued = alice.client.post(f"/payments/{payment_id}/process", headers=later)
            assert queued.status_code == 202, queued.text
            gate.wait_for(1)
            tell_to_stop(server)
            if ends == "cut off":
                gate.cut_off_who_waits()
            gate.open()
            assert server.wait() in (0, -15, 143), server.output()

    with scene.server() as server, user_at(server, ALICE) as alice:
        again = alice.client.post(f"/payments/{payment_id}/process", headers=later)
        assert (again.status_code, again.content) == (202, queued.content)

        def status() -> str:
            found: httpx.Response = alice.client.get(f"/payments/{payment_id}")
            return str(found.json()["data"]["status"])

        wait_until(lambda: status() == "COMPLETED", seconds=60)
        assert alice.balance() == balance - Decimal("0.01")
