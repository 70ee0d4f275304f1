"""How much of a request and how many connections a server takes, and for how long."""

import threading
import time
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from tests.support.http.raw_connections import HEALTH, RawConnection, error_of_raw, raw_answer, raw_connection
from tests.support.servers.running_server import RunningServer

LIMIT = 65_536


def resident_kib(server: RunningServer) -> int:
    status = Path(f"/proc/{server.process.pid}/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))


def slowest_health_answer(server: RunningServer, stop: threading.Event) -> float:
    slowest = 0.0
    with httpx.Client(base_url=server.base_url, timeout=30) as client:
        while not stop.is_set():
            began = time.monotonic()
            assert client.get("/health").status_code == 200
            slowest = max(slowest, time.monotonic() - began)
            time.sleep(0.01)
    return slowest


@pytest.mark.parametrize(
    "request_head",
    [
        HEALTH + b"X-Long: " + b"a" * 4_194_304 + b"\r\n\r\n",
        HEALTH + b"X-Long: " + b"a" * LIMIT + b"\r\n\r\n",
        HEALTH + b"X" * LIMIT + b": a\r\n\r\n",
        b"GET /api/health?" + b"q" * LIMIT + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        HEALTH + b"".join(b"X-%d: %s\r\n" % (number, b"a" * 700) for number in range(99)) + b"\r\n",
        HEALTH + b"A: b\r\n" * 100 + b"\r\n",
        HEALTH + b"A: b\r\n" * 5000 + b"\r\n",
    ],
    ids=["4 MB header", "64 KiB header", "long name", "long target", "many middling", "101", "5001"],
)
def test_a_head_over_the_limits_is_refused(server: RunningServer, request_head: bytes) -> None:
    answer = raw_answer(server.port, request_head)

    error = error_of_raw(answer, 431, "headers_too_large")
    assert error["type"] == "headers_too_large"
    assert answer.headers["connection"] == "close"


def test_a_head_as_large_as_the_limits_is_taken(server: RunningServer) -> None:
    most_headers = HEALTH + b"A: b\r\n" * 99 + b"\r\n"

    assert raw_answer(server.port, most_headers).status == 200


@pytest.mark.parametrize(
    "beginning",
    [
        HEALTH + b"X: ",
        HEALTH + b"X:",
        HEALTH + b"X:" + b" " * 2000,
        HEALTH + b"".join(b"X-%d:%s\r\n" % (number, b"a" * 600) for number in range(90)) + b"X: ",
        b"POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nX: ",
    ],
    ids=["one header", "no blank", "blanks before the value", "many headers", "a body behind it"],
)
def test_not_a_byte_more_of_a_head_is_taken_than_the_limit(server: RunningServer, beginning: bytes) -> None:
    rest = LIMIT - len(beginning) - len(b"\r\n\r\n")

    largest = raw_answer(server.port, beginning + b"a" * rest + b"\r\n\r\n{}")
    assert largest.status in (200, 415)
    error_of_raw(
        raw_answer(server.port, beginning + b"a" * (rest + 1) + b"\r\n\r\n{}"), 431, "headers_too_large"
    )


def test_the_limit_of_the_head_is_the_same_for_the_requests_that_follow(server: RunningServer) -> None:
    with raw_connection(server.port) as connection:
        connection.send(HEALTH + b"\r\n" + HEALTH + b"X: " + b"a" * 200_000)

        assert connection.answer().status == 200
        error_of_raw(connection.answer(), 431, "headers_too_large")


def test_endless_headers_cost_neither_memory_nor_the_time_of_others(server: RunningServer) -> None:
    before = resident_kib(server)
    stop, slowest = threading.Event(), []
    others = threading.Thread(target=lambda: slowest.append(slowest_health_answer(server, stop)))
    others.start()
    try:
        for _ in range(4):
            with raw_connection(server.port) as connection:
                connection.send(HEALTH + b"X-Long: " + b"a" * 16_777_216)
                error_of_raw(connection.answer(), 431, "headers_too_large")
    finally:
        stop.set()
        others.join()

    assert resident_kib(server) - before < 16 * 1024
    assert slowest[0] < 1


def test_connections_that_go_nowhere_are_closed_in_time(server: RunningServer) -> None:
    login = b"POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    with ExitStack() as stack:

        def opened(first: bytes) -> RawConnection:
            connection = stack.enter_context(raw_connection(server.port))
            connection.send(first)
            return connection

        began = time.monotonic()
        silent, half_a_head, dripping = opened(b""), opened(HEALTH), opened(HEALTH)
        blank_lines, second_head = opened(b"\r\n"), opened(HEALTH + b"\r\n" + HEALTH)
        half_a_body = opened(login + b"Content-Length: 10\r\n\r\n{")
        half_a_chunk = opened(login + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{")
        idle = opened(HEALTH + b"\r\n")
        assert second_head.answer().status == idle.answer().status == 200
        time.sleep(9)
        dripping.send(b"X")
        blank_lines.send(b"\r\n")
        assert not any(c.is_closed() for c in (silent, half_a_head, dripping, blank_lines, second_head))
        time.sleep(began + 11 - time.monotonic())
        assert all(c.is_closed() for c in (silent, half_a_head, dripping, blank_lines, second_head))
        time.sleep(began + 18 - time.monotonic())
        assert not half_a_body.is_closed()
        time.sleep(began + 22 - time.monotonic())
        assert half_a_body.is_closed()
        assert half_a_chunk.is_closed()
        time.sleep(began + 28 - time.monotonic())
        assert not idle.is_closed()
        time.sleep(began + 32 - time.monotonic())
        assert idle.is_closed()


def test_a_connection_too_many_is_told_so_at_once_and_the_others_go_on(server: RunningServer) -> None:
    with ExitStack() as stack, httpx.Client(base_url=server.base_url, timeout=30) as client:
        assert client.get("/health").status_code == 200
        held: list[RawConnection] = []
        while len(held) < 39:
            held.append(stack.enter_context(raw_connection(server.port)))
            held[-1].send(HEALTH)
        answer = raw_answer(server.port, b"")
        error_of_raw(answer, 503, "service_unavailable")
        assert int(answer.headers["retry-after"]) >= 1
        assert client.get("/health").status_code == 200
        held.pop().close()
        time.sleep(0.3)

        assert raw_answer(server.port, HEALTH + b"\r\n").status == 200


def test_half_a_head_on_hundreds_of_connections_hinders_nobody_who_is_connected(
    server: RunningServer,
) -> None:
    before = resident_kib(server)
    with ExitStack() as stack, httpx.Client(base_url=server.base_url, timeout=30) as client:
        assert client.get("/health").status_code == 200
        for _ in range(500):
            connection = RawConnection(server.port)
            stack.callback(connection.close)
            connection.send(HEALTH)
        began = time.monotonic()
        assert client.get("/health").status_code == 200
        assert time.monotonic() - began < 1
    assert resident_kib(server) - before < 16 * 1024
