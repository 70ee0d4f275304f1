"""What is no request, or follows one, on a connection to a real server."""

import json
import socket
import time

import httpx
import pytest
from tests.support.http.raw_connections import HEALTH, error_of_raw, raw_answer, raw_connection
from tests.support.servers.running_server import RunningServer


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
