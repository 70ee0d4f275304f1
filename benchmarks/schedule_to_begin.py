"""How soon a worker process begins a payment that another process schedules: told of it, and left to look.

One ``ledgerbank worker`` on a durable PostgreSQL, with nothing else to do; this process schedules a payment
now and then, over each broker that has nudges, with and without sending them, in turn. Times are the
database's, from the job's insertion to the beginning of its attempt. Redis and RabbitMQ are those of the
tests (REDIS_URL, AMQP_URL, or Debian's programs).
"""

import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import psycopg
from support.benchmark_database import a_database_url

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.support.servers.job_brokers import broker_named, stop_own_brokers

from ledgerbank_adapters.memory.sandbox_bank import SandboxBank
from ledgerbank_adapters.postgres.postgres_database import PostgresDatabase
from ledgerbank_adapters.system import SystemClock, Uuid7IdGenerator
from ledgerbank_adapters.workers import NudgeSender
from ledgerbank_domain.ledger.journal import Direction
from ledgerbank_domain.payments.payment import PaymentDraft, PaymentType
from ledgerbank_domain.payments.payment_job import payment_job_key

BROKERS = ("redis", "rabbitmq")
ROUNDS = 3
PAYMENTS = 12
TIMEOUT_SECONDS = 60
START_SECONDS = 5


def main() -> None:
    figures: dict[str, list[float]] = {}
    with ExitStack() as stack:
        url = stack.enter_context(a_database_url())
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ledgerbank-bench-")))
        stack.callback(stop_own_brokers)
        database = PostgresDatabase.at(url, pool_size=2)
        stack.callback(database.close)
        database.upgrade_to_newest()
        bench = Bench(url, database, place)
        for name in BROKERS:
            broker = broker_named(name)
            open_line = broker.open().open_nudge_line
            assert open_line is not None
            sender = NudgeSender(open_line)
            sender.start()
            with bench.worker(broker.url):
                for _ in range(ROUNDS):
                    figures.setdefault(f"{name}, left to look", []).extend(bench.delays())
                    database.arrivals.listen(sender.tell)
                    figures.setdefault(f"{name}, told", []).extend(bench.delays())
                    database.arrivals.forget(sender.tell)
            sender.stop()
    for name, delays in figures.items():
        report(name, delays)


class Bench:
    def __init__(self, url: str, database: PostgresDatabase, place: Path) -> None:
        self.url = url
        self.place = place
        self.bank = SandboxBank(
            start_unit_of_work=database.start_unit_of_work, clock=SystemClock(), ids=Uuid7IdGenerator()
        )
        self.customer = self.bank.add_user("customer@example.com")
        self.account = self.bank.open_account(self.customer, "1000000.00")

    def delays(self) -> list[float]:
        """Seconds from the insertion of each job to its beginning."""
        ids = [self._schedule() for _ in range(PAYMENTS)]
        self._wait_for(ids)
        with psycopg.connect(self.url) as connection:
            rows = connection.execute(
                "SELECT extract(epoch FROM attempted_at - inserted_at) FROM jobs WHERE unique_key = ANY(%s)",
                [[payment_job_key(payment_id) for payment_id in ids]],
            ).fetchall()
        return [float(seconds) for (seconds,) in rows]

    @contextmanager
    def worker(self, broker_url: str) -> Iterator[None]:
        environment = {
            **os.environ,
            "DATABASE_URL": self.url,
            "BROKER_URL": broker_url,
            "JOB_QUEUES": "payments:2,banking:0,notifications:0,default:0",
            "LEDGERBANK_DATA_DIR": str(self.place / "worker"),
            "LOG_LEVEL": "warning",
        }
        process = subprocess.Popen([sys.executable, "-m", "ledgerbank_app", "worker"], env=environment)
        try:
            self._wait_for([self._schedule()])
            time.sleep(START_SECONDS)
            yield
        finally:
            process.terminate()
            process.wait(30)

    def _schedule(self) -> UUID:
        """Not in step with anything."""
        time.sleep(random.uniform(0.2, 1.2))
        payment = self.bank.services.payments.create(
            self.customer,
            PaymentDraft(
                amount=Decimal("0.01"),
                direction=Direction.DEBIT,
                payment_type=PaymentType.PAYMENT,
                description=f"Payment {self.bank.ids.new_id()}",
                user_bank_account_id=self.account.id,
            ),
        )
        self.bank.services.payment_schedules.schedule(self.customer, payment_id=payment.id)
        return payment.id

    def _wait_for(self, ids: Sequence[UUID]) -> None:
        deadline = time.monotonic() + TIMEOUT_SECONDS
        question = "SELECT count(*) FROM user_payments WHERE id = ANY(%s) AND status <> 'COMPLETED'"
        with psycopg.connect(self.url, autocommit=True) as connection:
            while connection.execute(question, [list(ids)]).fetchone() != (0,):
                if time.monotonic() > deadline:
                    raise SystemExit("the worker did not finish in time")
                time.sleep(0.05)


def report(name: str, delays: Sequence[float]) -> None:
    milliseconds = [1000 * delay for delay in delays]
    print(
        f"{name:<24} median {statistics.median(milliseconds):6.0f} ms"
        f"   (min {min(milliseconds):.0f}, max {max(milliseconds):.0f}, {len(milliseconds)} payments)"
    )


if __name__ == "__main__":
    main()
