"""Kills workers, and the database, in the middle of their work, and looks what became of the payments.

    python -m tests.simulations.job_kill_run [--broker in-process|redis|rabbitmq] [--rounds N] [--payments N]
                                             [--kill-database]

Each round schedules payments from 8 threads while three worker processes run; every second one of them is
killed with SIGKILL and another one started. The workers take one for dead that was silent for 3 seconds, not
20; everything else is as in production, on a durable PostgreSQL.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import psycopg
from tests.support.servers.child_processes import children_of
from tests.support.servers.job_brokers import BROKERS, broker_named, stop_own_brokers

from ledgerbank_adapters.embedded_postgres import EmbeddedPostgres
from ledgerbank_adapters.memory.sandbox_bank import SandboxBank
from ledgerbank_adapters.postgres.postgres_database import PostgresDatabase
from ledgerbank_adapters.system import SystemClock, Uuid7IdGenerator
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.ledger.journal import Direction
from ledgerbank_domain.payments.payment import Payment, PaymentDraft, PaymentType
from ledgerbank_domain.services.conduct.outcome import result_of

CUSTOMERS = 100
CLIENTS = 8
WORKERS = 3
SECONDS_BETWEEN_KILLS = 1.0
SECONDS_BEFORE_THE_FIRST_KILL = 0.2
ROUND_TIMEOUT_SECONDS = 240
# One payment in ten asks for more than there is: it must end as FAILED, once.
REFUSED_EVERY = 10


@dataclass
class Workers:
    """Worker processes, of which one after the other dies."""

    environment: dict[str, str]
    log_directory: Path
    processes: dict[subprocess.Popen[bytes], Path] = field(default_factory=dict)
    """Each with its log."""
    killed: int = 0

    def start(self) -> None:
        path = self.log_directory / f"worker-{self.killed + len(self.processes)}.log"
        with path.open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.impatient_worker"],
                env={**os.environ, **self.environment},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.processes[process] = path

    def replace_one(self, chance: random.Random) -> None:
        """One that is at work: where starting takes longer than a life, nothing would ever get done."""
        victim = chance.choice(self.at_work())
        del self.processes[victim]
        victim.kill()
        victim.wait()
        self.killed += 1
        self.start()

    def at_work(self) -> list[subprocess.Popen[bytes]]:
        return [process for process, log in self.processes.items() if b"Running jobs" in log.read_bytes()]

    def stop(self) -> list[int]:
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        try:
            return [process.wait(60) for process in self.processes]
        finally:
            for process in self.processes:
                process.kill()
                process.wait()


@dataclass(frozen=True, kw_only=True)
class RoundResult:
    payments: Counter[str]
    jobs: Counter[str]
    taken_over: int
    workers_killed: int
    databases_killed: int
    seconds: float
    faults: list[str]

    def __str__(self) -> str:
        return (
            f"payments {dict(self.payments)}, jobs {dict(self.jobs)}, attempts taken over {self.taken_over},"
            f" workers killed {self.workers_killed}, databases killed {self.databases_killed},"
            f" {self.seconds:.1f} s: {'; '.join(self.faults) or 'right'}"
        )


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description="Kill workers and look what became of the payments.")
    parser.add_argument("--broker", choices=BROKERS, default=BROKERS[0])
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--payments", type=int, default=2000)
    parser.add_argument("--kill-database", action="store_true")
    parser.add_argument("--seed", type=int, default=20261122)
    asked = parser.parse_args(arguments)
    faulty = 0
    with kill_scene(asked.broker) as scene:
        for number in range(1, asked.rounds + 1):
            result = scene.play(
                payments=asked.payments,
                kill_database=asked.kill_database,
                chance=random.Random(asked.seed + number),
            )
            print(f"{asked.broker} round {number}: {result}", flush=True)
            faulty += bool(result.faults)
    return 1 if faulty else 0


@contextmanager
def kill_scene(broker: str) -> Iterator["KillScene"]:
    """A migrated, durable database and a broker, for any number of rounds."""
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ledgerbank-kill-")))
        place.chmod(0o711)
        server = stack.enter_context(EmbeddedPostgres(place / "data", service_root=place))
        server.create_database("kill")
        database = PostgresDatabase.at(server.url("kill"), pool_size=CLIENTS + 2)
        stack.callback(database.close)
        database.upgrade_to_newest()
        yield KillScene(server=server, database=database, broker_url=broker_named(broker).url, place=place)


@dataclass
class KillScene:
    server: EmbeddedPostgres
    database: PostgresDatabase
    broker_url: str
    place: Path

    def play(self, *, payments: int, chance: random.Random, kill_database: bool = False) -> RoundResult:
        bank = SandboxBank(
            start_unit_of_work=self.database.start_unit_of_work, clock=SystemClock(), ids=Uuid7IdGenerator()
        )
        planned = pending_payments(bank, payments, chance)
        workers = self._started_workers()
        began = time.monotonic()
        try:
            databases_killed = self._work_off(bank, planned, workers, chance, kill_database=kill_database)
            seconds = time.monotonic() - began
        finally:
            statuses = workers.stop()
        # The youngest may not have come so far as to handle the signal.
        faults = [
            f"a worker stopped with {status}" for status in statuses if status not in (0, -signal.SIGTERM)
        ]
        faults += [str(discrepancy) for discrepancy in bank.services.ledger.verify()]
        ids = [payment.id for _, payment in planned]
        faults += self.faults(ids)
        counts = self.counts("SELECT status FROM user_payments WHERE id = ANY(%s)", ids)
        jobs = self.counts("SELECT state FROM jobs WHERE (args ->> 'payment_id')::uuid = ANY(%s)", ids)
        return RoundResult(
            payments=counts,
            jobs=jobs,
            taken_over=self.number(
                "SELECT count(*) FROM jobs, jsonb_array_elements(errors) AS error"
                " WHERE (args ->> 'payment_id')::uuid = ANY(%s)"
                " AND error ->> 'reason' = 'worker_lost'",
                ids,
            ),
            workers_killed=workers.killed,
            databases_killed=databases_killed,
            seconds=seconds,
            faults=faults,
        )

    @property
    def url(self) -> str:
        return self.server.url("kill")

    def environment(self) -> dict[str, str]:
        return {
            "DATABASE_URL": self.url,
            "BROKER_URL": self.broker_url,
            "JWT_SECRET": "only-for-this-run-" * 4,
            "LEDGERBANK_DATA_DIR": str(self.place / "worker"),
        }

    def _started_workers(self) -> Workers:
        workers = Workers(self.environment(), self.place)
        for _ in range(WORKERS):
            workers.start()
        return workers

    def _work_off(
        self,
        bank: SandboxBank,
        planned: Sequence[tuple[Actor, Payment]],
        workers: Workers,
        chance: random.Random,
        *,
        kill_database: bool,
    ) -> int:
        scheduling = threading.Thread(target=schedule_all, args=(bank, planned))
        scheduling.start()
        deadline = time.monotonic() + ROUND_TIMEOUT_SECONDS
        databases_killed = 0
        ids = [payment.id for _, payment in planned]
        while time.monotonic() < deadline:
            # The first may not have the time to finish it all.
            time.sleep(SECONDS_BETWEEN_KILLS if workers.killed else SECONDS_BEFORE_THE_FIRST_KILL)
            if not scheduling.is_alive() and self.unfinished(ids) == 0:
                break
            if not workers.at_work():
                continue
            workers.replace_one(chance)
            if kill_database and databases_killed < 3:
                self.kill_database()
                databases_killed += 1
        scheduling.join()
        return databases_killed

    def kill_database(self) -> None:
        """All its processes at once, as when the power goes; then it recovers."""
        pid_file = self.server.directory / "postgres" / "postmaster.pid"
        postmaster = int(pid_file.read_text().split()[0])
        for pid in [postmaster, *children_of(postmaster)]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        time.sleep(0.5)
        self.server.start()

    def unfinished(self, ids: Sequence[object]) -> int:
        return self.number(
            "SELECT count(*) FROM user_payments WHERE id = ANY(%s) AND status NOT IN ('COMPLETED', 'FAILED')",
            ids,
        )

    def faults(self, ids: Sequence[object]) -> list[str]:
        """What must not be: each question counts rows that contradict it."""
        questions = {
            "payments neither COMPLETED nor FAILED": (
                "SELECT count(*) FROM user_payments WHERE id = ANY(%s)"
                " AND status NOT IN ('COMPLETED', 'FAILED')"
            ),
            "COMPLETED payments without exactly one entry": (
                "SELECT count(*) FROM user_payments AS payment WHERE id = ANY(%s) AND status = 'COMPLETED'"
                " AND (SELECT count(*) FROM journal_entries WHERE payment_id = payment.id) <> 1"
            ),
            "FAILED payments with an entry": (
                "SELECT count(*) FROM user_payments AS payment WHERE id = ANY(%s) AND status = 'FAILED'"
                " AND EXISTS (SELECT FROM journal_entries WHERE payment_id = payment.id)"
            ),
            "payments not completed or failed exactly once by the record": (
                "SELECT count(*) FROM unnest(%s::uuid[]) AS payment (id) WHERE (SELECT count(*)"
                " FROM audit_events WHERE target_id = payment.id"
                " AND event IN ('payment.processed', 'payment.failed')) <> 1"
            ),
            "jobs that are not finished": (
                "SELECT count(*) FROM jobs WHERE (args ->> 'payment_id')::uuid = ANY(%s)"
                " AND state NOT IN ('completed', 'discarded')"
            ),
        }
        counted = {what: self.number(question, ids) for what, question in questions.items()}
        return [f"{number} {what}" for what, number in counted.items() if number]

    def number(self, question: str, ids: Sequence[object]) -> int:
        with psycopg.connect(self.url, autocommit=True) as connection:
            row = connection.execute(question, [list(ids)]).fetchone()
        assert row is not None
        return int(row[0])

    def counts(self, question: str, ids: Sequence[object]) -> Counter[str]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            return Counter(value for (value,) in connection.execute(question, [list(ids)]))


def pending_payments(bank: SandboxBank, number: int, chance: random.Random) -> list[tuple[Actor, Payment]]:
    customers = []
    for _ in range(CUSTOMERS):
        customer = bank.add_user(f"customer{bank.ids.new_id().hex}@example.com")
        customers.append((customer, bank.open_account(customer, "900.00")))
    drafts = []
    for position in range(number):
        customer, account = customers[position % CUSTOMERS]
        amount = "950.00" if position % REFUSED_EVERY == 0 else f"0.{chance.randrange(1, 99):02}"
        draft = PaymentDraft(
            amount=Decimal(amount),
            direction=Direction.DEBIT,
            payment_type=PaymentType.PAYMENT,
            description=f"Payment {position} {bank.ids.new_id()}",
            user_bank_account_id=account.id,
        )
        drafts.append((customer, draft))
    created = bank.services.payments.create_many(drafts)
    return [(actor, result_of(payment)) for (actor, _), payment in zip(drafts, created, strict=True)]


def schedule_all(bank: SandboxBank, planned: Sequence[tuple[Actor, Payment]]) -> None:
    """From as many threads as there are clients, each of which asks again when storage is away."""

    def schedule(actor_and_payment: tuple[Actor, Payment]) -> None:
        actor, payment = actor_and_payment
        while True:
            try:
                bank.services.payment_schedules.schedule(actor, payment_id=payment.id)
            except DomainError as error:
                if error.reason.code == "already_processed":
                    # The answer to a try before was lost; what it asked for was done.
                    return
                time.sleep(0.1)
            else:
                return

    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(schedule, planned))


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    finally:
        stop_own_brokers()
