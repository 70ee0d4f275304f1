"""Refreshing over real connections: whose token came when, also when its body is held back."""

import base64
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.support.http.raw_connections import (
    RawAnswer,
    RawConnection,
    error_of_raw,
    raw_answer,
    raw_connection,
)
from tests.support.scenes.seeded_servers import seeded_environment
from tests.support.servers.postgres_servers import PostgresTestServer
from tests.support.servers.running_server import RunningServer

ELSEWHERE = "127.0.1.9"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Mobile/15E148"


@pytest.fixture(scope="module")
def environment(
    postgres_server: PostgresTestServer, worker_name: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    url = postgres_server.create_migrated_database(f"refreshes_{worker_name}")
    return seeded_environment(url, tmp_path_factory.mktemp("data"), POOL_SIZE="8")


@pytest.fixture(scope="module")
def server(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with RunningServer(environment, Path(tmp_path_factory.mktemp("logs")) / "server.log") as running:
        yield running


class Session:
    """A customer's login, and what they do with it from their phone."""

    def __init__(self, server: RunningServer, email: str = "alice@example.com") -> None:
        self._port = server.port
        answer = self._post("/auth/login", {"email": email, "password": "password123!"})
        assert answer.status == 200, answer
        self.pair: dict[str, Any] = answer.json["data"]

    @property
    def refresh_token(self) -> str:
        return str(self.pair["refresh_token"])

    def refresh(self) -> dict[str, Any]:
        """The next pair; asked for on a connection of its own, as a tab has one."""
        answer = self._post("/auth/refresh", {"refresh_token": self.refresh_token})
        assert answer.status == 200, answer
        pair: dict[str, Any] = answer.json["data"]
        return pair

    def rotate(self) -> None:
        self.pair = self.refresh()

    def log_out(self) -> None:
        answer = self._post("/auth/logout", {"refresh_token": self.refresh_token})
        assert answer.status == 200, answer

    def is_alive(self) -> bool:
        token = self.pair["access_token"]
        request = f"GET /api/v1/auth/me HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n"
        return raw_answer(self._port, request.encode()).status == 200

    def _post(self, path: str, body: dict[str, str]) -> RawAnswer:
        return raw_answer(self._port, request_of(path, body))


@pytest.fixture
def session(server: RunningServer) -> Session:
    return Session(server)


def head_of(path: str, framing: str) -> bytes:
    return (
        f"POST /api/v1{path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: {PHONE}\r\n"
        f"Content-Type: application/json\r\n{framing}\r\n\r\n"
    ).encode()


def request_of(path: str, body: dict[str, str]) -> bytes:
    content = json.dumps(body).encode()
    return head_of(path, f"Content-Length: {len(content)}") + content


def with_token(path: str, token: str) -> bytes:
    return request_of(path, {"refresh_token": token})


def reuses(environment: dict[str, str]) -> int:
    with psycopg.connect(environment["DATABASE_URL"]) as connection:
        row = connection.execute(
            "SELECT count(*) FROM audit_events WHERE event = 'auth.refresh_reused'"
        ).fetchone()
    assert row is not None
    return int(row[0])


def without_its_body(path: str, token: str) -> tuple[bytes, bytes]:
    head, end, body = with_token(path, token).partition(b"\r\n\r\n")
    return head + end, body


def without_its_last_byte(path: str, token: str) -> tuple[bytes, bytes]:
    whole = with_token(path, token)
    return whole[:-1], whole[-1:]


def without_its_last_chunk(path: str, token: str) -> tuple[bytes, bytes]:
    body = without_its_body(path, token)[1]
    return head_of(path, "Transfer-Encoding: chunked") + b"%x\r\n%b\r\n" % (len(body), body), b"0\r\n\r\n"


@pytest.mark.parametrize("path", ["/auth/refresh", "/auth/logout"])
@pytest.mark.parametrize("held_back", [without_its_body, without_its_last_byte, without_its_last_chunk])
def test_a_stolen_token_whose_request_began_before_the_rotation_and_ended_after_it_is_reuse(
    server: RunningServer,
    environment: dict[str, str],
    session: Session,
    path: str,
    held_back: Callable[[str, str], tuple[bytes, bytes]],
) -> None:
    before = reuses(environment)
    first, rest = held_back(path, session.refresh_token)
    with raw_connection(server.port, source=ELSEWHERE) as thief:
        thief.send(first)
        # The server has read the head, and waits for the body.
        time.sleep(0.3)
        session.rotate()
        assert session.is_alive()

        thief.send(rest)

        error_of_raw(thief.answer(), 401, "token_revoked")
    assert not session.is_alive()
    assert reuses(environment) == before + 1


def test_a_stolen_token_that_waited_behind_another_request_of_its_connection_is_reuse(
    server: RunningServer, environment: dict[str, str], session: Session
) -> None:
    other = Session(server, "bob@example.com")
    before = reuses(environment)
    with raw_connection(server.port, source=ELSEWHERE) as thief:
        with locked_user(environment, "bob@example.com"):
            slow = with_token("/auth/refresh", other.refresh_token)
            thief.send(slow + with_token("/auth/refresh", session.refresh_token))
            time.sleep(0.3)
            session.rotate()
        assert thief.answer().status == 200
        error_of_raw(thief.answer(), 401, "token_revoked")
    assert not session.is_alive()
    assert reuses(environment) == before + 1


def test_a_request_that_had_come_whole_before_the_rotation_lost_a_race_and_ends_nothing(
    server: RunningServer, environment: dict[str, str], session: Session
) -> None:
    before = reuses(environment)
    request = with_token("/auth/refresh", session.refresh_token)
    with (
        raw_connection(server.port, source="127.0.1.1") as one,
        raw_connection(server.port, source="127.0.1.2") as two,
    ):
        with locked_user(environment, "alice@example.com"):
            for connection in (one, two):
                connection.send(request)
            time.sleep(0.5)
        answers = [one.answer(), two.answer()]

    assert sorted(answer.status for answer in answers) == [200, 401]
    session.pair = next(answer.json["data"] for answer in answers if answer.status == 200)
    assert session.is_alive()
    assert reuses(environment) == before


@pytest.mark.parametrize("milliseconds", [0, 5, 20, 50])
def test_two_tabs_that_refresh_with_one_token_are_both_answered_and_stay_logged_in(
    server: RunningServer, environment: dict[str, str], milliseconds: int
) -> None:
    before = reuses(environment)
    session = Session(server)
    for _ in range(20):
        with ThreadPoolExecutor(2) as tabs:
            first = tabs.submit(session.refresh)
            time.sleep(milliseconds / 1000)
            second = tabs.submit(session.refresh)
        pairs = [tab.result() for tab in (first, second)]
        newest = max(pairs, key=lambda pair: issued_at(pair["refresh_token"]))
        for session.pair in (*pairs, newest):
            assert session.is_alive()
    session.rotate()
    assert session.is_alive()
    assert reuses(environment) == before


def test_a_client_whose_answers_are_lost_stays_logged_in(
    server: RunningServer, environment: dict[str, str], session: Session
) -> None:
    before = reuses(environment)
    for _ in range(5):
        with raw_connection(server.port) as connection:
            connection.send(with_token("/auth/refresh", session.refresh_token))
            wait_for_an_answer(connection)

    session.rotate()

    assert session.is_alive()
    assert reuses(environment) == before


def test_a_client_whose_answer_was_lost_can_log_out(session: Session) -> None:
    lost = session.refresh()

    session.log_out()

    session.pair = lost
    assert not session.is_alive()


def test_a_thief_within_the_seconds_of_grace_is_found_out(
    server: RunningServer, environment: dict[str, str], session: Session
) -> None:
    before = reuses(environment)
    stolen = session.refresh_token
    session.rotate()

    with raw_connection(server.port, source=ELSEWHERE) as thief:
        thief.send(with_token("/auth/refresh", stolen))
        error_of_raw(thief.answer(), 401, "token_revoked")

    assert not session.is_alive()
    assert reuses(environment) == before + 1


@contextmanager
def locked_user(environment: dict[str, str], email: str) -> Iterator[None]:
    """Whoever is to change that user waits until the end."""
    with psycopg.connect(environment["DATABASE_URL"]) as connection:
        connection.execute("SELECT FROM users WHERE email = %s FOR UPDATE", [email])
        yield


def wait_for_an_answer(connection: RawConnection) -> None:
    """Reads a little of it, and no more: the rest is lost."""
    assert connection.socket.recv(8)


def issued_at(token: str) -> float:
    payload = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return float(claims["iat"])
