"""A long answer from a real server: little memory, nothing held for who reads slowly, no end that is none."""

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.http.raw_connections import RawConnection, raw_connection
from tests.support.scenes.gated_payments import Scene, seeded_scene
from tests.support.servers.postgres_servers import PostgresTestServer
from tests.support.servers.running_server import RunningServer

from ledgerbank_app.processes.serving import GRACEFUL_STOP_SECONDS

EVENTS = 50_000
ALICE = "alice@example.com"
MANY_EVENTS = """
    INSERT INTO audit_events
        (id, occurred_at, event, severity, outcome, actor_user_id, actor_role, path, metadata)
    SELECT gen_random_uuid(), now() - interval '1 day' + number * interval '1 millisecond', 'auth.logout',
           'info', 'success', users.id, 'user', repeat('/a', 200), '{}'
    FROM generate_series(1, %s) AS number, users WHERE users.email = %s
"""
OPEN_TRANSACTIONS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
"""


@pytest.fixture
def scene(postgres_server: PostgresTestServer, worker_name: str, tmp_path: Path) -> Iterator[Scene]:
    url = postgres_server.create_migrated_database(f"streams_{worker_name}")
    with seeded_scene(url, tmp_path) as seeded:
        with seeded.superuser() as connection:
            connection.execute(MANY_EVENTS, [EVENTS, ALICE])
        yield seeded


def peak_memory(server: RunningServer) -> int:
    """In bytes, the most that the process ever had."""
    status = Path(f"/proc/{server.process.pid}/status").read_text("ascii")
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024


def ask(connection: RawConnection, server: RunningServer) -> None:
    with server.client(ALICE) as client:
        token = client.headers["Authorization"]
    connection.send(
        f"GET /api/profile/export HTTP/1.1\r\nHost: localhost\r\nAuthorization: {token}\r\n\r\n".encode()
    )
    assert connection.socket.recv(1024).startswith(b"HTTP/1.1 200")


def rest(connection: RawConnection, *, seconds: float) -> bytes:
    """All that still comes until the connection ends."""
    connection.socket.settimeout(seconds)
    read = bytearray()
    try:
        while piece := connection.socket.recv(1_048_576):
            read += piece
    except ConnectionError:
        pass
    return bytes(read)


def test_a_long_history_is_told_whole_in_little_memory(scene: Scene) -> None:
    with scene.server() as server, server.client(ALICE) as client:
        client.get("/profile")
        before = peak_memory(server)
        response = client.get("/profile/export", timeout=120)
        grown = peak_memory(server) - before
    told = json.loads(response.content)
    assert told["success"] is True
    assert len(told["data"]["events_by_you"]) > EVENTS
    assert len(response.content) > 30_000_000
    assert grown < 20_000_000


def test_nothing_is_held_for_who_does_not_read_and_who_is_left_got_no_end(scene: Scene) -> None:
    with scene.server() as server, raw_connection(server.port) as slow:
        ask(slow, server)
        time.sleep(2)
        with scene.superuser() as connection:
            (held,) = connection.execute(OPEN_TRANSACTIONS).fetchone() or (None,)
        assert held == 0
        with server.client(ALICE) as client:
            began = time.monotonic()
            assert client.get("/profile").status_code == 200
            assert time.monotonic() - began < 2
        # Storage fails while it waits for its reader.
        with scene.superuser() as connection:
            connection.execute("ALTER TABLE audit_events RENAME TO gone")
        told = rest(slow, seconds=30)
        with scene.superuser() as connection:
            connection.execute("ALTER TABLE gone RENAME TO audit_events")
    assert len(told) > 100_000
    assert b'"success":true' not in told
    assert not told.endswith(b"0\r\n\r\n")


def test_a_server_that_is_told_to_stop_does_not_wait_for_a_slow_reader(scene: Scene) -> None:
    with scene.server() as server, raw_connection(server.port) as slow:
        ask(slow, server)
        time.sleep(1)
        os.kill(server.process.pid, signal.SIGTERM)
        told_at = time.monotonic()
        assert server.wait() in (0, -15, 143), server.output()
        assert time.monotonic() - told_at < GRACEFUL_STOP_SECONDS + 5
        told = rest(slow, seconds=10)
    assert b'"success":true' not in told
