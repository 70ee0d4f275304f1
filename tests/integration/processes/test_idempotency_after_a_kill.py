"""Servers that are killed between a request's effect and its answer, and the request that comes again."""

import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path

import httpx
import pytest
from tests.support.scenes.gated_payments import (
    BEFORE_THE_ANSWER_IS_STORED,
    TIMEOUT_SECONDS,
    WHILE_EVERYTHING_COMMITS,
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

CLAIM = timedelta(seconds=60)
ROUNDS = 6
CLIENTS = 6


@pytest.fixture
def scene(postgres_server: PostgresTestServer, worker_name: str, tmp_path: Path) -> Iterator[Scene]:
    with seeded_scene(postgres_server.create_migrated_database(f"kill_{worker_name}"), tmp_path) as seeded:
        yield seeded


@dataclass(frozen=True)
class Killed:
    """What was known when a server was killed while Alice drafted and Bob processed a payment."""

    payment_id: str
    bobs_balance: Decimal
    at: datetime


def killed_at_the_gate(scene: Scene, trigger: str) -> Killed:
    with scene.server() as server, alice_and_bob_at(server) as (alice, bob), ThreadPoolExecutor(2) as pool:
        payment_id = bob.draft("To be processed", key="before").json()["data"]["id"]
        balance = bob.balance()
        with scene.gate(trigger) as gate:
            lost_answers = [
                pool.submit(attempt, lambda: alice.draft("Drafted once", key="draft")),
                pool.submit(attempt, lambda: bob.process(payment_id, key="process")),
            ]
            gate.wait_for(2)
            killed = Killed(payment_id, balance, datetime.now(UTC))
            server.kill()
            gate.open()
            gate.wait_until_nobody_is_left()
        assert all(lost(answer.result(TIMEOUT_SECONDS)) for answer in lost_answers)
    return killed


def assert_in_progress(alice: User, bob: User, killed: Killed) -> None:
    for answer in (alice.draft("Drafted once", key="draft"), bob.process(killed.payment_id, key="process")):
        assert answer.status_code == 409
        assert answer.json()["error"]["reason"] == "idempotency_in_progress"
        assert answer.headers["Retry-After"] == "1"


def test_killed_before_the_commit_there_is_no_effect_and_the_key_is_free_within_60_seconds(
    scene: Scene,
) -> None:
    killed = killed_at_the_gate(scene, BEFORE_THE_ANSWER_IS_STORED)

    assert payments_called(scene, "Drafted once") == 0
    with scene.server() as server, alice_and_bob_at(server) as (alice, bob):
        assert bob.balance() == killed.bobs_balance
        assert_in_progress(alice, bob, killed)
        ends = scene.ends_of_claims()
        assert len(ends) == 2
        assert all(killed.at + CLAIM - timedelta(seconds=TIMEOUT_SECONDS) < end for end in ends)
        assert all(end <= killed.at + CLAIM for end in ends)
        # What is left of the minute shrinks to this; that it counts to the end, and no longer, is seen.
        scene.end_claims_in(timedelta(seconds=3))
        assert_in_progress(alice, bob, killed)
        time.sleep(3)

        drafted = alice.draft("Drafted once", key="draft")
        processed = bob.process(killed.payment_id, key="process")
        assert (drafted.status_code, processed.status_code) == (201, 200)
        assert alice.draft("Drafted once", key="draft").content == drafted.content
        assert bob.process(killed.payment_id, key="process").content == processed.content
        assert bob.balance() == killed.bobs_balance - Decimal("0.01")
    assert payments_called(scene, "Drafted once") == 1


def test_killed_while_it_commits_the_effect_is_there_once_and_so_is_the_answer(scene: Scene) -> None:
    killed = killed_at_the_gate(scene, WHILE_EVERYTHING_COMMITS)

    assert payments_called(scene, "Drafted once") == 1
    with scene.server() as server, alice_and_bob_at(server) as (alice, bob):
        drafted = alice.draft("Drafted once", key="draft")
        processed = bob.process(killed.payment_id, key="process")

        assert (drafted.status_code, processed.status_code) == (201, 200)
        for answer in (drafted, processed):
            assert answer.headers["Idempotency-Replayed"] == "true"
        assert drafted.headers["Location"].endswith(drafted.json()["data"]["id"])
        assert processed.json()["data"]["status"] == "COMPLETED"
        assert bob.balance() == killed.bobs_balance - Decimal("0.01")
    assert payments_called(scene, "Drafted once") == 1


@dataclass
class Customer:
    """Drafts and processes payments until the server is gone, and remembers what it was told."""

    name: str
    answers: dict[str, httpx.Response] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def go_shopping(self, alice: User, over: threading.Event) -> None:
        while not over.is_set():
            description = f"{self.name} {len(self.asked)}"
            self.asked.append(description)
            drafted = attempt(partial(alice.draft, description, key=f"d {description}"))
            if isinstance(drafted, httpx.TransportError):
                return
            self.answers[f"d {description}"] = drafted
            payment_id = drafted.json()["data"]["id"]
            processed = attempt(partial(alice.process, payment_id, key=f"p {description}"))
            if isinstance(processed, httpx.TransportError):
                return
            self.answers[f"p {description}"] = processed

    def ask_again(self, alice: User) -> None:
        """All of it under the same keys: answered as before wherever there was an answer."""
        for description in self.asked:
            drafted = alice.draft(description, key=f"d {description}")
            assert drafted.status_code == 201, drafted.text
            processed = alice.process(drafted.json()["data"]["id"], key=f"p {description}")
            assert processed.status_code == 200, processed.text
            for key, again in ((f"d {description}", drafted), (f"p {description}", processed)):
                if key in self.answers:
                    assert again.content == self.answers[key].content
                    assert again.headers["Idempotency-Replayed"] == "true"


def test_killed_at_any_moment_under_load_every_request_takes_effect_once(scene: Scene) -> None:
    chance = random.Random(20251122)
    customers: list[Customer] = []
    with scene.server() as server, user_at(server, "alice@example.com") as alice:
        balance = alice.balance()
    for number in range(ROUNDS):
        of_this_round = [Customer(f"Round {number} client {client}") for client in range(CLIENTS)]
        customers += of_this_round
        over = threading.Event()
        with (
            scene.server() as server,
            user_at(server, "alice@example.com") as alice,
            ThreadPoolExecutor(CLIENTS) as pool,
        ):
            shopping = [pool.submit(customer.go_shopping, alice, over) for customer in of_this_round]
            time.sleep(chance.uniform(0.1, 1.0))
            server.kill()
            over.set()
            for done in shopping:
                done.result(TIMEOUT_SECONDS)

    # Sixty seconds pass: that it is so many, and not less, is shown above.
    scene.end_claims_in(timedelta(0))
    with scene.server() as server, user_at(server, "alice@example.com") as alice:
        for customer in customers:
            customer.ask_again(alice)
        asked = [description for customer in customers for description in customer.asked]
        assert len(asked) >= ROUNDS * CLIENTS
        assert alice.balance() == balance - len(asked) * Decimal("0.01")
    with scene.superuser() as connection:
        drafted = connection.execute(
            "SELECT description, count(*) FROM user_payments WHERE description = ANY(%s) GROUP BY 1",
            [asked],
        ).fetchall()
    assert sorted(drafted) == sorted((description, 1) for description in asked)
