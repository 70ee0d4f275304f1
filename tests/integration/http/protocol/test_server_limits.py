"""What a connection may cost a server process, whoever is at its other end."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from tests.support.http.raw_connections import (
    RawConnection,
    error_of_raw,
    raw_answer,
    raw_connection,
)
from tests.support.servers.postgres_servers import PostgresTestServer
from tests.support.servers.running_server import RunningServer

HEALTH = b"GET /api/health HTTP/1.1\r\nHost: localhost\r\n"
LINE_AND_END = len(b"GET /api/health HTTP/1.1\r\n")
LIMIT = 65_536


@pytest.fixture(scope="module")
def server(
    postgres_server: PostgresTestServer, worker_name: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    place = tmp_path_factory.mktemp("server")
    environment = {
        "DATABASE_URL": postgres_server.create_migrated_database(f"limits_{worker_name}"),
        "LEDGERBANK_DATA_DIR": str(place / "data"),
        "MAX_CONNECTIONS": "40",
    }
    with RunningServer(environment, Path(place) / "server.log") as running:
        yield running


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


@pytest.mark.parametrize(
    "request_text",
    [
        b"NONSENSE\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /api/health\r\n\r\n",
        b"GET /api/health HTTP/9.9\r\nHost: localhost\r\n\r\n",
        b"GET /api/h\xc3\xa4lth HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /api/health HTTP/2.0\r\nHost: localhost\r\n\r\n",
        b"GET /api/health HTTP/0.9\r\nHost: localhost\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        HEALTH + b"no colon\r\n\r\n",
        HEALTH + b"Bad Name: x\r\n\r\n",
        HEALTH + b"X: a\x00b\r\n\r\n",
        HEALTH + b"Content-Length: ten\r\n\r\n",
        HEALTH + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        HEALTH + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        HEALTH + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        HEALTH + b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ],
)
def test_what_is_no_http_request_is_answered_in_the_envelope(
    server: RunningServer, request_text: bytes
) -> None:
    answer = raw_answer(server.port, request_text)

    error_of_raw(answer, 400, "invalid_field_format")
    assert answer.headers["connection"] == "close"


@pytest.mark.parametrize(
    "hosts",
    [
        b"",
        b"Host: localhost\r\nHost: localhost\r\n",
        b"Host: localhost\r\nHOST: elsewhere\r\n",
        b"Host:\r\n",
        b"Host: a b\r\n",
        b"Host: a,b\r\n",
        b"Host: http://localhost\r\n",
        b"Host: localhost:port\r\n",
        b"Host: [::1\r\n",
    ],
)
def test_a_request_has_exactly_one_host(server: RunningServer, hosts: bytes) -> None:
    error = error_of_raw(
        raw_answer(server.port, b"GET /api/health HTTP/1.1\r\n" + hosts + b"\r\n"),
        400,
        "invalid_field_format",
    )
    assert error["details"]["field"] == "Host"


@pytest.mark.parametrize(
    "host", [b"localhost", b"LOCALHOST:4000", b"127.0.0.1:80", b"[::1]:4000", b"[::1]", b"under_score.test"]
)
def test_hosts_of_every_form_are_taken(server: RunningServer, host: bytes) -> None:
    assert raw_answer(server.port, b"GET /api/health HTTP/1.1\r\nHost: " + host + b"\r\n\r\n").status == 200


def test_http_1_0_needs_no_host(server: RunningServer) -> None:
    answer = raw_answer(server.port, b"GET /api/health HTTP/1.0\r\n\r\n")

    assert (answer.status, answer.headers["connection"]) == (200, "close")


def test_a_refusal_keeps_the_correlation_id_and_the_wish_for_problem_details(server: RunningServer) -> None:
    answer = raw_answer(
        server.port,
        b"GET / HTTP/1.1\r\nX-Correlation-ID: mine-1\r\nAccept: application/problem+json\r\n\r\n",
    )

    assert (answer.status, answer.headers["x-correlation-id"]) == (400, "mine-1")
    assert answer.json["correlation_id"] == "mine-1"
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_broken_chunk_is_answered_in_the_envelope_though_the_body_is_being_read(
    server: RunningServer,
) -> None:
    with raw_connection(server.port) as connection:
        connection.send(
            b"POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
        time.sleep(0.2)
        connection.send(b"2\r\n{}\r\nxyz\r\n")

        error_of_raw(connection.answer(), 400, "invalid_field_format")


def test_endless_extensions_of_a_chunk_are_refused(server: RunningServer) -> None:
    with raw_connection(server.port) as connection:
        connection.send(
            b"POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n2;" + b"a" * 1_000_000
        )

        error_of_raw(connection.answer(), 400, "invalid_field_format")


def test_trailers_change_nothing_of_their_request(server: RunningServer) -> None:
    request = (
        b"POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX-Correlation-ID: late\r\nHost: other\r\n\r\n"
    )
    answer = raw_answer(server.port, request)

    assert answer.status == 400
    assert answer.json["error"]["reason"] == "missing_fields"
    assert answer.headers["x-correlation-id"] != "late"


@pytest.mark.parametrize("pause", [0, 0.3])
def test_a_client_that_sends_nothing_more_still_gets_its_answers(server: RunningServer, pause: float) -> None:
    login = (
        b"POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b'Content-Length: 20\r\n\r\n{"email":"a@b.test"}'
    )
    for requests, statuses in (
        (login, [400]),
        (login + HEALTH + b"\r\n" + login, [400, 200, 400]),
        (login + HEALTH, [400]),
        (login + b"NONSENSE\r\n\r\n", [400, 400]),
    ):
        with raw_connection(server.port) as connection:
            connection.send(requests)
            time.sleep(pause)
            connection.socket.shutdown(socket.SHUT_WR)
            assert [connection.answer().status for _ in statuses] == statuses
            assert connection.wait_for_the_end(seconds=3) < 3


def test_requests_sent_at_once_are_answered_one_after_the_other(server: RunningServer) -> None:
    with raw_connection(server.port) as connection:
        connection.send(b"".join(HEALTH + b"X-Correlation-ID: %d\r\n\r\n" % n for n in range(2000)))

        assert [connection.answer().headers["x-correlation-id"] for _ in range(2000)] == [
            str(number) for number in range(2000)
        ]


def test_a_malformed_request_is_answered_after_those_that_came_before_it(server: RunningServer) -> None:
    with raw_connection(server.port) as connection:
        connection.send(HEALTH + b"\r\n" + HEALTH + b"\r\nNONSENSE\r\n\r\n" + HEALTH + b"\r\n")

        assert [connection.answer().status for _ in range(3)] == [200, 200, 400]
        connection.wait_for_the_end(seconds=8)


def test_what_comes_behind_the_last_request_of_a_connection_is_not_begun(server: RunningServer) -> None:
    """Nobody could be told what became of it. HTTP/1.0 has one request a connection, whatever it asks for."""
    somebody = {"email": "behind@example.com", "password": "password123!"}
    body = json.dumps(somebody | {"full_name": "Carol", "password_confirmation": "password123!"}).encode()
    registration = (
        b"POST /api/users HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n" % len(body) + body
    )
    with raw_connection(server.port) as connection:
        # A third one begins, so that more is awaited.
        connection.send(
            b"GET /api/health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" + registration + registration[:-1]
        )
        assert connection.answer().status == 200
        assert connection.wait_for_the_end(seconds=8) < 8

    assert httpx.post(f"{server.base_url}/auth/login", json=somebody, timeout=30).status_code == 401
    assert "Traceback" not in server.output()


def test_an_upgrade_that_is_not_offered_is_answered_as_if_it_were_not_asked_for(
    server: RunningServer,
) -> None:
    with raw_connection(server.port) as connection:
        connection.send(HEALTH + b"Connection: upgrade\r\nUpgrade: h2c\r\n\r\n" + HEALTH + b"\r\n")

        assert [connection.answer().status for _ in range(2)] == [200, 200]


@pytest.mark.parametrize(
    "body",
    [
        b"Content-Length: 2\r\n\r\n{}",
        b"Content-Length: 0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1;a=b\r\n}\r\n0\r\nTrailer: x\r\n\r\n",
    ],
    ids=["of a length", "of no length", "in chunks"],
)
@pytest.mark.parametrize("piece", [1, 1000])
def test_a_request_with_a_body_may_ask_for_an_upgrade_too(
    server: RunningServer, body: bytes, piece: int
) -> None:
    """As Java's own client does with its first request to a server."""
    request = (
        b"POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAA\r\n"
        b"X-Correlation-ID: mine-2\r\n" + body
    )
    with raw_connection(server.port) as connection:
        for start in range(0, len(request), piece):
            connection.send(request[start : start + piece])
        for _ in range(2):
            answer = connection.answer()
            error_of_raw(answer, 400, "missing_fields")
            assert answer.headers["x-correlation-id"] == "mine-2"
            connection.send(request)
        assert connection.answer().status == 400
        connection.send(HEALTH + b"\r\n")
        assert connection.answer().status == 200


def test_a_broken_chunk_behind_an_upgrade_is_no_request(server: RunningServer) -> None:
    answer = raw_answer(
        server.port,
        b"POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: h2c\r\n"
        b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
    )

    error_of_raw(answer, 400, "invalid_field_format")


def test_a_request_that_is_answered_before_its_body_has_come_ends_its_connection(
    server: RunningServer,
) -> None:
    """Else the rest of the body would be taken for a request."""
    with raw_connection(server.port) as connection:
        connection.send(
            b"POST /api/payments HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: 1000000\r\n\r\n"
        )
        answer = connection.answer()
        error_of_raw(answer, 401, "invalid_token")
        assert answer.headers["connection"] == "close"
        connection.send(b"GET /api/health HTTP/1.1\r\nHost: localhost\r\n\r\n" + b" " * 100_000)
        assert connection.wait_for_the_end(seconds=8) < 8


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
