"""Callers who are slow, many or unknown take neither room nor time from those who are logged in."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
from tests.support.http.raw_connections import RawAnswer, error_of_raw, raw_connection
from tests.support.http.waiting_requests import ALICE, BOB, account_id, new_payment
from tests.support.servers.running_server import RunningServer


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
