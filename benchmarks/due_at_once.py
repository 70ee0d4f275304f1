"""How soon the most urgent job starts when very many fall due at one instant, and what handing out costs.

    python -m benchmarks.due_at_once [--due 200000] [--finished 2000000] [--taken 40000]

On a PostgreSQL of its own, with the settings of production. All jobs become due at one instant; one of them
is urgent. Then they are handed out, begun and ended in batches as workers do, and each step is timed.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import psycopg

from ledgerbank_adapters.embedded_postgres import EmbeddedPostgres
from ledgerbank_adapters.memory.sandbox_bank import SandboxBank
from ledgerbank_adapters.postgres import PostgresDatabase
from ledgerbank_adapters.system import SystemClock, Uuid7IdGenerator
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.identity.page import PageRequest
from ledgerbank_domain.jobs.job import JobFilter, JobKind, JobState
from ledgerbank_domain.ports.job_transport import JobBatch, JobTransport
from ledgerbank_domain.services.jobs.job_work import PlainWork

T = TypeVar("T")
WORKER = UUID(int=1)
SYSTEM = Actor(is_system=True)
SECONDS_UNTIL_DUE = 3
FINISHED = """
    INSERT INTO jobs (id, kind, queue, args, priority, state, attempt, max_attempts, losses, run_at,
        completed_at, errors, unique_key, inserted_at, updated_at)
    SELECT gen_random_uuid(), 'notification.send', 'notifications', '{}', n %% 10, 'completed', 1, 5, 0,
        now() - n * interval '0.2 seconds', now() - n * interval '0.2 seconds', '[]', 'finished:' || n,
        now() - n * interval '0.2 seconds', now()
    FROM generate_series(1, %(number)s) AS n
"""
DUE = """
    INSERT INTO jobs (id, kind, queue, args, priority, state, attempt, max_attempts, losses, run_at,
        errors, unique_key, inserted_at, updated_at)
    SELECT gen_random_uuid(), 'notification.send', 'notifications', '{}',
        CASE WHEN n = %(number)s THEN 0 ELSE 1 + n %% 9 END, 'scheduled', 0, 5, 0, %(due)s,
        '[]', CASE WHEN n = %(number)s THEN 'urgent' ELSE 'due:' || n END, now(), now()
    FROM generate_series(1, %(number)s) AS n
"""


class Kept(JobTransport):
    def __init__(self) -> None:
        self.batches: list[JobBatch] = []

    def send(self, batch: JobBatch) -> None:
        self.batches.append(batch)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--due", type=int, default=200_000)
    parser.add_argument("--finished", type=int, default=2_000_000)
    parser.add_argument("--taken", type=int, default=40_000)
    asked = parser.parse_args(arguments)
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ledgerbank-due-")))
        place.chmod(0o711)
        server = stack.enter_context(EmbeddedPostgres(place / "data", service_root=place))
        server.create_database("due")
        database = PostgresDatabase.at(server.url("due"), pool_size=4)
        stack.callback(database.close)
        database.upgrade_to_newest()
        _fill(server.url("due"), asked.finished)
        _measure(database, server.url("due"), due=asked.due, taken=asked.taken)
    return 0


def _fill(url: str, finished: int) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(FINISHED, {"number": finished})
        connection.execute("VACUUM ANALYZE jobs")
    print(f"{finished:,} finished jobs are kept", flush=True)


def _measure(database: PostgresDatabase, url: str, *, due: int, taken: int) -> None:
    bank = SandboxBank(
        start_unit_of_work=database.start_unit_of_work, clock=SystemClock(), ids=Uuid7IdGenerator()
    )
    services = bank.services
    mails = PlainWork(lambda _job, _deadline: None)
    running = replace(
        services.job_running, works={**services.job_running.works, JobKind.NOTIFICATION_SEND: mails}
    )
    dispatch = services.job_dispatch

    def hand_out(number: int) -> list[JobBatch]:
        kept = Kept()
        dispatch.dispatch(owner_id=WORKER, capacity={"notifications": number}, transport=kept)
        return kept.batches

    idle = [_timed(lambda: hand_out(3))[1] for _ in range(20)]
    with psycopg.connect(url, autocommit=True) as connection:
        (due_at,) = connection.execute(
            "SELECT now() + make_interval(secs => %s)", [SECONDS_UNTIL_DUE + due / 20_000]
        ).fetchone() or (None,)
        connection.execute(DUE, {"number": due, "due": due_at})
    time.sleep(max((due_at - bank.clock.now()).total_seconds(), 0))
    fell_due = time.monotonic()
    [first] = hand_out(1)
    begun = running.begin(first, delivery_id=bank.ids.new_id(), worker_id=WORKER)
    started = time.monotonic() - fell_due
    assert begun[0].unique_key == "urgent", begun
    running.run(begun)
    print(f"{due:,} fell due at once: the urgent one started after {started * 1000:.1f} ms", flush=True)
    _show(bank)
    costs: list[float] = []
    while len(costs) * 10 < taken:
        batches, seconds = _timed(lambda: hand_out(10))
        costs.append(seconds)
        for batch in batches:
            running.run(running.begin(batch, delivery_id=bank.ids.new_id(), worker_id=WORKER))
    print(f"handing out while idle: {_ms(idle)}; ten jobs at a time, {len(costs) * 10:,} in all:")
    tenth = max(len(costs) // 10, 1)
    for start in range(0, len(costs), tenth):
        print(f"  after {start * 10:>7,}: {_ms(costs[start : start + tenth])}")
    _show(bank)


def _show(bank: SandboxBank) -> None:
    def count() -> object:
        with bank.start_unit_of_work() as work:
            return work.jobs.count_by_state(now=work.now())

    def list_available() -> int:
        return bank.services.jobs.list_page(
            SYSTEM, JobFilter(state=JobState.AVAILABLE), request=PageRequest()
        ).total_count

    counted, seconds = _timed(count)
    available, listed = _timed(list_available)
    print(f"  counted for the metrics in {seconds * 1000:.0f} ms: {_plain(counted)}")
    print(f"  the first page of {available:,} available ones in {listed * 1000:.0f} ms", flush=True)


def _plain(counted: object) -> dict[str, int]:
    assert isinstance(counted, dict)
    return {f"{queue} {state.value}": number for (queue, state), number in counted.items()}


def _timed(act: Callable[[], T]) -> tuple[T, float]:
    began = time.perf_counter()
    result = act()
    return result, time.perf_counter() - began


def _ms(seconds: Sequence[float]) -> str:
    return f"median {statistics.median(seconds) * 1000:.1f} ms, most {max(seconds) * 1000:.1f} ms"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
