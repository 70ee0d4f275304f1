"""Payments of a real server that stop where a test wants them to, inside their transaction."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import httpx
import psycopg
from tests.support.scenes.seeded_servers import assert_ledger_is_right, seeded_environment
from tests.support.servers.running_server import RunningServer

GATE = 4711
TIMEOUT_SECONDS = 30
# The gate is in the database, where only this test put it: the server runs as it always does.
GATE_FUNCTION = f"""
    CREATE FUNCTION wait_at_the_gate() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM pg_advisory_xact_lock({GATE}); RETURN NEW; END'
"""
BEFORE_THE_ANSWER_IS_STORED = """
    CREATE TRIGGER gate BEFORE UPDATE ON idempotency_records
    FOR EACH ROW EXECUTE FUNCTION wait_at_the_gate()
"""
WHILE_PAYMENTS_ARE_STORED = """
    CREATE TRIGGER gate BEFORE INSERT OR UPDATE ON user_payments
    FOR EACH ROW EXECUTE FUNCTION wait_at_the_gate()
"""
WHILE_EVERYTHING_COMMITS = """
    CREATE CONSTRAINT TRIGGER gate AFTER UPDATE ON idempotency_records DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION wait_at_the_gate()
"""


@dataclass
class Scene:
    """A seeded database, and one server after the other on it."""

    environment: dict[str, str]
    log_path: Path

    def server(self) -> RunningServer:
        return RunningServer(self.environment, self.log_path)

    @contextmanager
    def superuser(self) -> Iterator[psycopg.Connection]:
        with psycopg.connect(self.environment["DATABASE_URL"], autocommit=True) as connection:
            yield connection

    def ends_of_claims(self) -> list[datetime]:
        """Until when requests without an answer have their keys to themselves."""
        with self.superuser() as connection:
            found = connection.execute(
                "SELECT blocked_until FROM idempotency_records WHERE response_status IS NULL"
            )
            return [end for (end,) in found]

    def end_claims_in(self, left: timedelta) -> None:
        with self.superuser() as connection:
            connection.execute(
                "UPDATE idempotency_records SET blocked_until = now() + %s WHERE response_status IS NULL",
                [left],
            )

    @contextmanager
    def gate(self, trigger: str) -> Iterator["Gate"]:
        """Closed: requests under a key stop there, inside their transaction."""
        with self.superuser() as connection:
            connection.execute(GATE_FUNCTION)
            connection.execute(trigger)
            try:
                yield Gate(connection)
            finally:
                connection.execute("DROP FUNCTION wait_at_the_gate CASCADE")


@dataclass
class Gate:
    connection: psycopg.Connection

    def __post_init__(self) -> None:
        self.connection.execute("SELECT pg_advisory_lock(%s)", [GATE])

    def wait_for(self, number: int) -> None:
        """Until so many transactions stand before it."""
        self._wait_until(
            "SELECT count(*) FROM pg_locks JOIN pg_database ON database = pg_database.oid"
            " WHERE datname = current_database() AND locktype = 'advisory' AND NOT granted",
            number,
        )

    def open(self) -> None:
        self.connection.execute("SELECT pg_advisory_unlock(%s)", [GATE])

    def wait_until_nobody_is_left(self) -> None:
        """Of a server that is gone."""
        others = "pid <> pg_backend_pid() AND backend_type = 'client backend'"
        self._wait_until(
            f"SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND {others}",
            0,
        )

    def cut_off_who_waits(self) -> None:
        """Ends the sessions that stand before it."""
        self.connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_database ON database = pg_database.oid"
            " WHERE datname = current_database() AND locktype = 'advisory' AND NOT granted"
        )

    def _wait_until(self, question: str, wanted: int) -> None:
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while self.connection.execute(question).fetchone() != (wanted,):
            assert time.monotonic() < deadline, question
            time.sleep(0.02)


@contextmanager
def seeded_scene(url: str, place: Path, **settings: str) -> Iterator[Scene]:
    """Its ledger is right in the end."""
    environment = seeded_environment(url, place, CHECKING_DAILY_LIMIT="1000000", **settings)
    yield Scene(environment, place / "server.log")
    assert_ledger_is_right(environment)


@dataclass
class User:
    """A sample user with one account. Requests carry a key."""

    client: httpx.Client

    def __post_init__(self) -> None:
        self.account_id = self.client.get("/accounts").json()["data"][0]["id"]

    def balance(self) -> Decimal:
        return Decimal(self.client.get(f"/accounts/{self.account_id}").json()["data"]["balance"])

    def draft_of(self, description: str) -> dict[str, str]:
        return {
            "user_bank_account_id": self.account_id,
            "amount": "0.01",
            "direction": "DEBIT",
            "payment_type": "PAYMENT",
            "description": description,
        }

    def draft(self, description: str, *, key: str) -> httpx.Response:
        body = self.draft_of(description)
        return self.client.post("/payments", json=body, headers={"Idempotency-Key": key})

    def process(self, payment_id: str, *, key: str) -> httpx.Response:
        return self.client.post(f"/payments/{payment_id}/process", headers={"Idempotency-Key": key})


@contextmanager
def user_at(server: RunningServer, email: str) -> Iterator[User]:
    with server.client(email) as client:
        yield User(client)


@contextmanager
def alice_and_bob_at(server: RunningServer) -> Iterator[tuple[User, User]]:
    """Two, for a payment that is being drafted holds up the execution of another one of the same user."""
    with user_at(server, "alice@example.com") as alice, user_at(server, "bob@example.com") as bob:
        yield alice, bob


def payments_called(scene: Scene, description: str) -> int:
    with scene.superuser() as connection:
        question = "SELECT count(*) FROM user_payments WHERE description = %s"
        (number,) = connection.execute(question, [description]).fetchone() or (0,)
    return int(number)


def lost(answer: httpx.Response | httpx.TransportError) -> bool:
    return isinstance(answer, httpx.TransportError)


def attempt(call: Callable[[], httpx.Response]) -> httpx.Response | httpx.TransportError:
    """The answer, or how it was lost."""
    try:
        return call()
    except httpx.TransportError as error:
        return error
