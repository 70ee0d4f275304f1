"""``ledgerbank worker``, and workers inside a server process: real processes on a real PostgreSQL."""

import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import httpx
import psycopg
import pytest
from sqlalchemy import Engine
from tests.support.scenes.service_world import LiveWorld
from tests.support.servers.job_brokers import BROKERS, broker_named
from tests.support.servers.running_server import RunningServer, RunningWorker, run_ledgerbank

from ledgerbank_adapters.postgres import PostgresStartUnitOfWork
from ledgerbank_adapters.system import SystemClock, Uuid7IdGenerator
from ledgerbank_domain.banking.account import Account
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.jobs.job import Job, JobKind, JobState
from ledgerbank_domain.jobs.job_schedule import JobSchedule
from ledgerbank_domain.jobs.job_timing import DEFAULT_BATCH_SIZE
from ledgerbank_domain.payments.payment import PaymentStatus
from ledgerbank_domain.payments.payment_limits import PaymentLimits

PATIENCE_SECONDS = 30
AT_ONCE = JobSchedule()


class Bank:
    """Alice's account with 10,000, in the database that the processes work on."""

    def __init__(self, engine: Engine) -> None:
        self.world = LiveWorld(
            limits=PaymentLimits(),
            start_unit_of_work=PostgresStartUnitOfWork(engine),
            clock=SystemClock(),
            ids=Uuid7IdGenerator(),
        )
        user, self.alice = self.world.user()
        self.account: Account = self.world.account_of(user, "10000")

    def schedule(self, number: int = 1, *, schedule: JobSchedule = AT_ONCE) -> list[UUID]:
        """Payments of 1 each, left to the workers."""
        payments = [self.world.pending(self.alice, self.account, "1").id for _ in range(number)]
        for payment_id in payments:
            self.world.payment_schedules.schedule(self.alice, payment_id=payment_id, schedule=schedule)
        return payments

    def statuses(self, payments: list[UUID]) -> Counter[PaymentStatus]:
        with self.world.start_unit_of_work() as work:
            return Counter(payment.status for payment in work.payments.find_many(payments).values())

    def jobs(self, payments: list[UUID]) -> list[Job]:
        return [
            self.world.payment_schedules.newest_job(Actor(is_system=True), payment_id=id_) for id_ in payments
        ]

    def job_states(self, payments: list[UUID]) -> Counter[JobState]:
        return Counter(job.state for job in self.jobs(payments))

    def wait_until_done(self, payments: list[UUID], server: RunningWorker | RunningServer) -> None:
        wait_until(lambda: self.statuses(payments) == {PaymentStatus.COMPLETED: len(payments)}, server)


def wait_until(condition: Callable[[], bool], process: RunningWorker | RunningServer) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert process.process.poll() is None, process.output()
        assert time.monotonic() < deadline, process.output()
        time.sleep(0.05)


@pytest.fixture
def bank(postgres_engine: Engine) -> Bank:
    return Bank(postgres_engine)


@pytest.fixture
def environment(database_url: str, tmp_path: Path) -> dict[str, str]:
    return {"DATABASE_URL": database_url, "LEDGERBANK_DATA_DIR": str(tmp_path / "data")}


@pytest.mark.parametrize("broker", BROKERS)
def test_two_worker_processes_pay_what_was_scheduled_once_over_every_broker(
    broker: str, bank: Bank, environment: dict[str, str], tmp_path: Path
) -> None:
    payments = bank.schedule(30)
    later = bank.schedule(5, schedule=JobSchedule(delay=timedelta(seconds=2)))
    settings = environment | {"BROKER_URL": broker_named(broker).url}

    with (
        RunningWorker(settings, tmp_path / "one.log") as one,
        RunningWorker(settings, tmp_path / "two.log") as two,
    ):
        bank.wait_until_done(payments + later, one)
        assert two.stop() == 0
        bank.wait_until_done(bank.schedule(5), one)
        assert one.stop() == 0
    output = one.output() + two.output()

    assert bank.world.balance(bank.account) == 10_000 - 40
    assert bank.job_states(payments + later) == {JobState.COMPLETED: 35}
    verified = run_ledgerbank("ledger", "verify", environment=environment)
    assert verified.returncode == 0, verified.stdout
    assert "does not work" not in output


def test_a_worker_told_to_stop_ends_the_running_attempts_and_leaves_the_rest_due(
    bank: Bank, environment: dict[str, str], database_url: str, tmp_path: Path
) -> None:
    payments = bank.schedule(DEFAULT_BATCH_SIZE + 20)
    settings = environment | {"JOB_QUEUES": "payments:1"}

    with psycopg.connect(database_url) as bystander:
        # While the account is held, the first batch can neither go on nor fail.
        bystander.execute("SELECT 1 FROM user_bank_accounts WHERE id = %s FOR UPDATE", [bank.account.id])
        with RunningWorker(settings, tmp_path / "worker.log") as worker:
            wait_until(lambda: bank.job_states(payments)[JobState.EXECUTING] == DEFAULT_BATCH_SIZE, worker)
            worker.tell_to_stop()
            time.sleep(1)
            assert worker.process.poll() is None, "an attempt is running"
            bystander.rollback()
            assert worker.wait() == 0, worker.output()

    assert bank.statuses(payments) == {
        PaymentStatus.COMPLETED: DEFAULT_BATCH_SIZE,
        PaymentStatus.PENDING: 20,
    }
    assert bank.job_states(payments) == {JobState.COMPLETED: DEFAULT_BATCH_SIZE, JobState.AVAILABLE: 20}
    with psycopg.connect(database_url) as connection:
        held = "SELECT count(*) FROM jobs WHERE state = 'available' AND lease_expires_at > now()"
        assert connection.execute(held).fetchone() == (0,)


def test_a_worker_killed_in_the_middle_costs_nothing_but_time(
    bank: Bank, environment: dict[str, str], database_url: str, tmp_path: Path
) -> None:
    payments = bank.schedule(20)
    with psycopg.connect(database_url, autocommit=True) as connection:
        with connection.transaction():
            connection.execute("SELECT 1 FROM user_bank_accounts WHERE id = %s FOR UPDATE", [bank.account.id])
            with RunningWorker(environment, tmp_path / "killed.log") as worker:
                wait_until(lambda: bank.job_states(payments)[JobState.EXECUTING] > 0, worker)
                worker.process.kill()
                worker.wait()
        # Its silence would be noticed after 20 seconds: we do not wait for that.
        connection.execute("UPDATE job_workers SET alive_until = now()")

    with RunningWorker(environment, tmp_path / "next.log") as worker:
        bank.wait_until_done(payments, worker)
        assert "taken over" in worker.output()

    assert {(job.attempt, job.losses) for job in bank.jobs(payments)} == {(1, 1)}
    assert bank.world.balance(bank.account) == 10_000 - 20


def test_a_worker_serves_the_queues_it_is_told(
    bank: Bank, environment: dict[str, str], tmp_path: Path
) -> None:
    payments = bank.schedule(1)

    with RunningWorker(environment, tmp_path / "default.log", ("--queues", "default")) as default:
        wait_until(lambda: finished_periodic_jobs(bank) > 0, default)
        assert bank.statuses(payments) == {PaymentStatus.PENDING: 1}
        with RunningWorker(environment, tmp_path / "payments.log", ("--queues", "payments")) as worker:
            bank.wait_until_done(payments, worker)


def finished_periodic_jobs(bank: Bank) -> int:
    with bank.world.start_unit_of_work() as work:
        pruning = JobKind.MAINTENANCE_PRUNE
        now = bank.world.clock.now().replace(minute=0, second=0, microsecond=0)
        key = f"{pruning.value}:{now.isoformat()}"
        jobs = work.jobs.list_with_key_for_update(pruning, key)
        return sum(job.state is JobState.COMPLETED for job in jobs)


@pytest.mark.parametrize(
    ("arguments", "settings", "told"),
    [
        ([], {"JOB_QUEUES": "payment:1"}, "JOB_QUEUES must be "),
        ([], {"BROKER_URL": "kafka://hunter2@broker"}, "BROKER_URL must be "),
        ([], {"BROKER_URL": "amqp://bank:hunter2@broker/?x=1"}, "BROKER_URL has a parameter"),
        (["--queues", "payment"], {}, "there is no queue 'payment'"),
        (["--queues", "payments"], {"JOB_QUEUES": "payments:0"}, "There is nothing to do"),
    ],
)
def test_a_worker_that_cannot_start_says_why_in_one_sentence(
    arguments: list[str], settings: dict[str, str], told: str, environment: dict[str, str]
) -> None:
    refused = run_ledgerbank("worker", *arguments, environment=environment | settings)

    assert refused.returncode == 2
    assert told in refused.stderr
    assert len(refused.stderr.splitlines()) == 1
    assert "hunter2" not in refused.stderr


def pay_later(client: httpx.Client, server: RunningServer, amount: str = "12.50") -> None:
    """Leaves a payment of a sample user to the workers, and waits until it is done."""
    payment = {
        "user_bank_account_id": client.get("/accounts").json()["data"][0]["id"],
        "amount": amount,
        "direction": "DEBIT",
        "payment_type": "PAYMENT",
        "description": "Left to the workers",
    }
    payment_id = client.post("/payments", json=payment).json()["data"]["id"]
    assert client.post(f"/payments/{payment_id}/schedule", json={}).status_code == 202
    wait_until(lambda: client.get(f"/payments/{payment_id}").json()["data"]["status"] == "COMPLETED", server)
    assert client.get(f"/payments/{payment_id}/job").json()["data"]["state"] == "completed"


@pytest.mark.parametrize("processes", ["1", "2"])
def test_server_processes_run_jobs_when_told_so_and_show_their_figures(
    processes: str, bank: Bank, environment: dict[str, str], tmp_path: Path
) -> None:
    assert run_ledgerbank("seed", environment=environment).returncode == 0
    payments = bank.schedule(10)
    settings = environment | {"WORKER_IN_PROCESS": "true", "WEB_CONCURRENCY": processes}

    with RunningServer(settings, tmp_path / "server.log") as server:
        bank.wait_until_done(payments, server)
        with server.client() as client:
            figures = client.get("/metrics").text
        with server.client("bob@example.com") as bob:
            pay_later(bob, server)
        assert server.stop() in (0, -15, 143), server.output()

    counted = 'ledgerbank_jobs_total{kind="payment.process",outcome="completed",queue="payments"} 10.0'
    assert counted in figures
    assert 'ledgerbank_jobs{queue="payments",state="available"} 0.0' in figures
    assert "Traceback" not in server.output()


def test_what_arrives_in_a_workers_own_process_is_begun_at_once(
    bank: Bank, environment: dict[str, str], database_url: str, tmp_path: Path
) -> None:
    assert run_ledgerbank("seed", environment=environment).returncode == 0
    with (
        RunningServer(environment | {"WORKER_IN_PROCESS": "true"}, tmp_path / "server.log") as server,
        server.client("bob@example.com") as bob,
    ):
        for number in range(7):
            pay_later(bob, server, amount=f"1.{number:02}")
            time.sleep(0.3)
    with psycopg.connect(database_url) as connection:
        waited = [
            seconds
            for (seconds,) in connection.execute(
                "SELECT extract(epoch FROM attempted_at - inserted_at)::float FROM jobs"
                " WHERE kind = 'payment.process' ORDER BY 1"
            )
        ]

    # Looked for once a second, half of them would have waited for half a second.
    assert waited[len(waited) // 2] < 0.2, waited


def test_server_processes_run_no_jobs_unless_told_so(
    bank: Bank, environment: dict[str, str], tmp_path: Path
) -> None:
    payments = bank.schedule(1)

    with RunningServer(environment, tmp_path / "server.log") as server, server.client() as client:
        time.sleep(2)
        assert 'ledgerbank_jobs{queue="payments",state="available"} 1.0' in client.get("/metrics").text

    assert bank.statuses(payments) == {PaymentStatus.PENDING: 1}
