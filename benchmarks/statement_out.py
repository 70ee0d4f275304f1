"""Statements of 100,000 lines in each format, and of 1,000,000 as CSV: lines a second, and memory.

Over PostgreSQL, in a process of its own for each, which takes the pieces and keeps none. The memory is what
the process held at most beyond what it held before the statement was begun. PDF has as many lines as it may.
"""

import multiprocessing
import os
import resource
import sys
import time
from datetime import timedelta
from multiprocessing.queues import Queue
from uuid import UUID

import psycopg
from keyset_pages import HISTORY
from support.benchmark_database import a_database_url

from ledgerbank_adapters.memory import memory_ports
from ledgerbank_adapters.memory.sandbox_bank import SandboxBank
from ledgerbank_adapters.postgres.postgres_database import PostgresDatabase
from ledgerbank_adapters.statement_files.writing.pdf_statement_writer import MAX_LINES
from ledgerbank_adapters.statement_files.writing.statement_writers import statement_writers
from ledgerbank_adapters.system import SystemClock, Uuid7IdGenerator
from ledgerbank_domain.banking.account import Account
from ledgerbank_domain.banking.account_statement import WrittenFormat
from ledgerbank_domain.identity.actor import SYSTEM
from ledgerbank_domain.services.accounts.statement_service import StatementWish
from ledgerbank_domain.services.service_composition import compose_services

PROCESSES = multiprocessing.get_context("spawn")
LINES = int(os.environ.get("BENCH_LINES", "100000"))
MANY_LINES = int(os.environ.get("BENCH_MANY_LINES", "1000000"))
# The maximum of a process is told in KiB; elsewhere than on Linux in bytes.
PER_MB = 1024 if sys.platform == "linux" else 1024 * 1024


def main() -> None:
    with a_database_url() as url:
        database = PostgresDatabase.at(url)
        database.upgrade_to_newest()
        bank = SandboxBank(
            start_unit_of_work=database.start_unit_of_work, clock=SystemClock(), ids=Uuid7IdGenerator()
        )
        owner = bank.add_user("reader@example.com")
        accounts = {lines: bank.open_account(owner) for lines in (MAX_LINES, LINES, MANY_LINES)}
        for lines, account in accounts.items():
            load_history(url, bank, account, lines)
        database.close()
        runs = [
            *((into, MAX_LINES if into is WrittenFormat.PDF else LINES) for into in WrittenFormat),
            (WrittenFormat.CSV, MANY_LINES),
        ]
        print(f"{'format':<9} {'lines':>9} {'MB':>7} {'seconds':>8} {'lines/s':>9} {'begun ms':>9} memory MB")
        for into, lines in runs:
            measure(url, accounts[lines].id, into, lines)


def load_history(url: str, bank: SandboxBank, account: Account, lines: int) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            HISTORY,
            {
                "now": bank.clock.now(),
                "lines": lines,
                "bank_id": account.bank_id,
                "account_id": account.id,
                "user_id": account.user_id,
            },
        )
        connection.execute("VACUUM ANALYZE transactions")


def measure(url: str, account_id: UUID, into: WrittenFormat, lines: int) -> None:
    told: Queue[tuple[int, int, float, float, float]] = PROCESSES.Queue()
    process = PROCESSES.Process(target=write, args=(url, account_id, into, told))
    process.start()
    count, size, begun, seconds, memory = told.get(timeout=600)
    process.join()
    if count != lines:
        raise SystemExit(f"{count} lines were written, {lines} were there")
    print(
        f"{into.value:<9} {count:>9,} {size / 1e6:>7.1f} {seconds:>8.1f} {count / seconds:>9,.0f}"
        f" {begun * 1000:>9.0f} {memory:>9.1f}"
    )


def write(
    url: str, account_id: UUID, into: WrittenFormat, told: "Queue[tuple[int, int, float, float, float]]"
) -> None:
    database = PostgresDatabase.at(url)
    ports = memory_ports(
        start_unit_of_work=database.start_unit_of_work, statement_writers=statement_writers()
    )
    statements = compose_services(ports).statements
    first_day = ports.clock.now().date() - timedelta(days=10_000)
    # What is loaded once is no part of a statement.
    warm_up = StatementWish(account_id=account_id, first_day=first_day, last_day=first_day)
    for _ in statements.write(SYSTEM, warm_up, into=into).pieces():
        pass
    before, started = peak_mb(), time.perf_counter()
    written = statements.write(SYSTEM, StatementWish(account_id=account_id, first_day=first_day), into=into)
    begun = time.perf_counter() - started
    size = sum(len(piece) for piece in written.pieces())
    seconds = time.perf_counter() - started
    told.put((written.statement.totals.count, size, begun, seconds, peak_mb() - before))
    database.close()


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / PER_MB


if __name__ == "__main__":
    main()
