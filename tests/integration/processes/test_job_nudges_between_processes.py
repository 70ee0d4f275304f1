"""Payments that a server process without workers schedules, and a worker process that is told of them."""

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support import waiting
from tests.support.servers.job_brokers import TestedBroker, broker_named
from tests.support.servers.running_server import RunningServer, RunningWorker, run_ledgerbank

SERVERS = ("redis", "rabbitmq")
PATIENCE_SECONDS = 30
# Far less than the second after which a worker that was not told looks, on average half of it.
SOON_SECONDS = 0.4


@dataclass
class DrowsyWorker(RunningWorker):
    """One that hardly ever looks by itself."""

    def _module(self) -> str:
        return "tests.support.drowsy_worker"


@dataclass
class Customer:
    client: httpx.Client

    def __post_init__(self) -> None:
        self.account_id = data_of(self.client.get("/accounts"), 200)[0]["id"]
        self.drafted = 0

    def schedule(self) -> str:
        """The id of a payment that is left to the workers."""
        self.drafted += 1
        body = {
            "user_bank_account_id": self.account_id,
            "amount": "0.01",
            "direction": "DEBIT",
            "payment_type": "PAYMENT",
            "description": f"Left to the workers, number {self.drafted}",
        }
        payment_id: str = data_of(self.client.post("/payments", json=body), 201)["id"]
        data_of(self.client.post(f"/payments/{payment_id}/schedule"), 202)
        return payment_id

    def is_done(self, payment_id: str) -> bool:
        return bool(data_of(self.client.get(f"/payments/{payment_id}"), 200)["status"] == "COMPLETED")

    def seconds_until_done(self, payment_id: str) -> float:
        began = time.monotonic()
        waiting.wait_until(lambda: self.is_done(payment_id), "the payment", seconds=PATIENCE_SECONDS)
        return time.monotonic() - began


def data_of(answer: httpx.Response, status: int) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()["data"]


@pytest.fixture(params=SERVERS)
def broker(request: pytest.FixtureRequest) -> TestedBroker:
    return broker_named(request.param)


@pytest.fixture
def environment(database_url: str, broker: TestedBroker, tmp_path: Path) -> dict[str, str]:
    environment = {
        "DATABASE_URL": database_url,
        "LEDGERBANK_DATA_DIR": str(tmp_path / "data"),
        "BROKER_URL": broker.url,
        "WORKER_IN_PROCESS": "false",
    }
    seeded = run_ledgerbank("seed", environment=environment)
    assert seeded.returncode == 0, seeded.stderr
    return environment


@contextmanager
def customer_of_two_processes(environment: dict[str, str], place: Path) -> Iterator[Customer]:
    """At a server, beside which a drowsy worker is at work that hears it."""
    with (
        RunningServer(environment, place / "server.log") as server,
        DrowsyWorker(environment, place / "worker.log"),
        server.client("alice@example.com") as client,
    ):
        customer = Customer(client)
        wait_until_heard(customer)
        yield customer


def wait_until_heard(customer: Customer) -> None:
    """A nudge is lost while nobody listens: payments are scheduled until one is done, and with it all."""
    payments: list[str] = []
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not payments or not all(customer.is_done(payment_id) for payment_id in payments):
        assert time.monotonic() < deadline, "the worker was not told"
        payments.append(customer.schedule())
        time.sleep(0.5)


def test_a_payment_scheduled_in_one_process_is_done_by_another_one_long_before_that_looks_by_itself(
    environment: dict[str, str], tmp_path: Path
) -> None:
    with customer_of_two_processes(environment, tmp_path) as customer:
        took = [customer.seconds_until_done(customer.schedule()) for _ in range(9)]

    assert statistics.median(took) < SOON_SECONDS, took


def test_a_broker_that_is_away_costs_whoever_schedules_nothing_and_what_was_scheduled_is_done_once_it_is_back(
    environment: dict[str, str], broker: TestedBroker, tmp_path: Path
) -> None:
    server = broker.stoppable
    with customer_of_two_processes(environment, tmp_path) as customer:
        server.kill()
        began = time.monotonic()
        while_away = [customer.schedule() for _ in range(3)]
        assert time.monotonic() - began < 3
        server.start()

        wait_until_heard(customer)
        for payment_id in while_away:
            customer.seconds_until_done(payment_id)
