"""Payments left to workers, over each broker, beside the same payments in direct calls of process_many.

One ``ledgerbank worker`` with two threads for payments, on a durable PostgreSQL; direct calls use two threads
and batches of the same size. Every round does all ways in turn, so that a machine that slows down slows all.
*Backlog*: all jobs are due before the worker starts. *End to end*: eight clients schedule while it runs, from
the first call to the last payment. Times are the database's. Redis and RabbitMQ are those of the tests
(REDIS_URL, AMQP_URL, or Debian's programs).
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import psycopg
from support.benchmark_database import a_database_url

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.support.servers.job_brokers import BROKERS, broker_named, stop_own_brokers

from ledgerbank_adapters.memory.sandbox_bank import SandboxBank
from ledgerbank_adapters.postgres.postgres_database import PostgresDatabase
from ledgerbank_adapters.system import SystemClock, Uuid7IdGenerator
from ledgerbank_domain.banking.account import Account
from ledgerbank_domain.identity.actor import SYSTEM, Actor
from ledgerbank_domain.jobs.job import Job, JobKind
from ledgerbank_domain.jobs.job_timing import DEFAULT_BATCH_SIZE
from ledgerbank_domain.ledger.journal import Direction
from ledgerbank_domain.payments.payment import PaymentDraft, PaymentType
from ledgerbank_domain.payments.payment_job import payment_job_key
from ledgerbank_domain.services.conduct.outcome import result_of

ROUNDS = 5
PAYMENTS = 2000
CUSTOMERS = 250
CLIENTS = 8
THREADS = 2
TIMEOUT_SECONDS = 120


def main() -> None:
    figures: dict[str, list[float]] = {}
    with ExitStack() as stack:
        url = stack.enter_context(a_database_url())
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ledgerbank-bench-")))
        stack.callback(stop_own_brokers)
        urls = {name: broker_named(name).url for name in BROKERS}
        database = PostgresDatabase.at(url, pool_size=CLIENTS + 2)
        stack.callback(database.close)
        database.upgrade_to_newest()
        bench = Bench(url, database, place)
        for number in range(ROUNDS):
            figures.setdefault("direct", []).append(bench.direct(f"direct {number}"))
            for name, broker_url in urls.items():
                label = f"{name} {number}"
                figures.setdefault(f"{name}, backlog", []).append(bench.backlog(label, broker_url))
                figures.setdefault(f"{name}, end to end", []).append(bench.end_to_end(label, broker_url))
        wrong = bench.bank.services.ledger.verify()
    for name, rates in figures.items():
        report(name, rates, figures["direct"])
    print(f"ledger verify: {len(wrong)} discrepancies")


class Bench:
    def __init__(self, url: str, database: PostgresDatabase, place: Path) -> None:
        self.url = url
        self.place = place
        self.bank = SandboxBank(
            start_unit_of_work=database.start_unit_of_work, clock=SystemClock(), ids=Uuid7IdGenerator()
        )
        self.customers = [self._open_customer(number) for number in range(CUSTOMERS)]

    def direct(self, label: str) -> float:
        """Payments per second without any job."""
        ids = [payment_id for _, payment_id in self._pending(label)]
        batches = [
            [(SYSTEM, payment_id) for payment_id in ids[start : start + DEFAULT_BATCH_SIZE]]
            for start in range(0, PAYMENTS, DEFAULT_BATCH_SIZE)
        ]
        started = time.perf_counter()
        with ThreadPoolExecutor(THREADS) as threads:
            for outcomes in threads.map(self.bank.services.payment_processing.process_many, batches):
                for outcome in outcomes:
                    result_of(outcome)
        return PAYMENTS / (time.perf_counter() - started)

    def backlog(self, label: str, broker_url: str) -> float:
        ids = [payment_id for _, payment_id in self._pending(f"backlog {label}")]
        now = self.bank.clock.now()
        with self.bank.start_unit_of_work() as work:
            work.jobs.add_many(
                [
                    Job.new(
                        JobKind.PAYMENT_PROCESS,
                        job_id=self.bank.ids.new_id(),
                        args={"payment_id": str(payment_id)},
                        at=now,
                        unique_key=payment_job_key(payment_id),
                    )
                    for payment_id in ids
                ]
            )
            work.commit()
        with self._worker(broker_url):
            self._wait_for(ids)
        return PAYMENTS / self._seconds("min(attempted_at)", ids)

    def end_to_end(self, label: str, broker_url: str) -> float:
        pending = self._pending(f"scheduled {label}")
        ids = [payment_id for _, payment_id in pending]
        with self._worker(broker_url):
            self._wait_until_it_works()
            with ThreadPoolExecutor(CLIENTS) as clients:
                list(clients.map(self._schedule, pending))
            self._wait_for(ids)
        return PAYMENTS / self._seconds("min(inserted_at)", ids)

    def _schedule(self, order: tuple[Actor, UUID]) -> None:
        actor, payment_id = order
        self.bank.services.payment_schedules.schedule(actor, payment_id=payment_id)

    def _open_customer(self, number: int) -> tuple[Actor, Account]:
        customer = self.bank.add_user(f"customer{number}@example.com")
        return customer, self.bank.open_account(customer, "1000000.00")

    def _pending(self, label: str) -> list[tuple[Actor, UUID]]:
        owners = [self.customers[number % CUSTOMERS] for number in range(PAYMENTS)]
        drafts = [(owner, _draft(account, f"{label} {n}")) for n, (owner, account) in enumerate(owners)]
        created = self.bank.services.payments.create_many(drafts)
        return [(owner, result_of(payment).id) for (owner, _), payment in zip(drafts, created, strict=True)]

    @contextmanager
    def _worker(self, broker_url: str) -> Iterator[None]:
        environment = {
            **os.environ,
            "DATABASE_URL": self.url,
            "BROKER_URL": broker_url,
            "JOB_QUEUES": f"payments:{THREADS}",
            "LEDGERBANK_DATA_DIR": str(self.place / "worker"),
            "LOG_LEVEL": "warning",
        }
        self.worker = subprocess.Popen([sys.executable, "-m", "ledgerbank_app", "worker"], env=environment)
        try:
            yield
        finally:
            self.worker.terminate()
            self.worker.wait(30)

    def _wait_until_it_works(self) -> None:
        """By a payment that does not count."""
        actor, payment_id = self._pending(f"warm-up {self.bank.ids.new_id()}")[0]
        self.bank.services.payment_schedules.schedule(actor, payment_id=payment_id)
        self._wait_for([payment_id])

    def _wait_for(self, ids: Sequence[UUID]) -> None:
        deadline = time.monotonic() + TIMEOUT_SECONDS
        with psycopg.connect(self.url, autocommit=True) as connection:
            while time.monotonic() < deadline:
                if self.worker.poll() is not None:
                    raise SystemExit("the worker ended")
                left = connection.execute(
                    "SELECT count(*) FROM user_payments WHERE id = ANY(%s) AND status <> 'COMPLETED'",
                    [list(ids)],
                ).fetchone()
                if left == (0,):
                    return
                time.sleep(0.1)
        raise SystemExit("the worker did not finish in time")

    def _seconds(self, begin: str, ids: Sequence[UUID]) -> float:
        keys = [payment_job_key(payment_id) for payment_id in ids]
        with psycopg.connect(self.url) as connection:
            row = connection.execute(
                f"SELECT extract(epoch FROM max(completed_at) - {begin}) FROM jobs"
                " WHERE unique_key = ANY(%s)",
                [keys],
            ).fetchone()
        assert row is not None
        return float(row[0])


def _draft(account: Account, description: str) -> PaymentDraft:
    return PaymentDraft(
        amount=Decimal("0.01"),
        direction=Direction.DEBIT,
        payment_type=PaymentType.PAYMENT,
        description=description,
        user_bank_account_id=account.id,
    )


def report(name: str, rates: Sequence[float], direct: Sequence[float]) -> None:
    ratios = [rate / beside for rate, beside in zip(rates, direct, strict=True)]
    print(
        f"{name:<24} median {statistics.median(rates):8,.0f} payments/s"
        f"   (min {min(rates):,.0f}, max {max(rates):,.0f}, {len(rates)} rounds),"
        f" ratio to direct {statistics.median(ratios):.2f}"
    )


if __name__ == "__main__":
    main()
