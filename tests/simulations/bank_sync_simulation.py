"""Random but repeatable trouble between a bank and its customer's books, over HTTP.

As a program it runs many seeds and ends with the exit status 1 when one of them did not tie::

    python -m tests.simulations.bank_sync_simulation --seeds 200 --events 300

Whatever happened, in the end every settled transaction of the bank is booked exactly once, every balance is
the bank's, and the ledger proves.
"""

import argparse
import logging
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import Random

import psycopg
from tests.simulations.bank_sync_events import READ_TIMEOUT, BankSyncSimulation
from tests.support.scenes.gateway_world import EVERY_DIALECT, MONZO, Dialect
from tests.support.scenes.sync_scene import sync_scene
from tests.support.servers.postgres_servers import PostgresTestServer, embedded_server, empty, installations

from ledgerbank_adapters.memory import MemoryClock, MemoryDatabase, MemoryIdGenerator, MemoryStartUnitOfWork
from ledgerbank_adapters.postgres import PostgresStartUnitOfWork, create_postgres_engine
from ledgerbank_domain.ports.clock import Clock
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork

OpenStore = Callable[[Clock], StartUnitOfWork]


def in_memory(clock: Clock) -> StartUnitOfWork:
    return MemoryStartUnitOfWork(MemoryDatabase(clock))


def simulate(
    seed: int,
    *,
    events: int,
    dialect: Dialect = MONZO,
    open_store: OpenStore = in_memory,
) -> BankSyncSimulation:
    """One run over an empty store. Raises ``AssertionError`` when it does not tie."""
    clock = MemoryClock()
    with sync_scene(
        start_unit_of_work=open_store(clock),
        clock=clock,
        ids=MemoryIdGenerator(seed),
        dialect=dialect,
        read_timeout=READ_TIMEOUT,
        seed=seed,
        history_length=10,
    ) as scene:
        simulation = BankSyncSimulation(scene, Random(seed))
        simulation.run(events)
        simulation.finish()
    return simulation


@contextmanager
def storage_for(*, on_postgres: bool) -> Iterator[OpenStore]:
    """What gives an empty store, which goes by the given clock, for each run."""
    if not on_postgres:
        yield in_memory
        return
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ledgerbank-simulation-")))
        place.chmod(0o711)
        cluster = stack.enter_context(embedded_server(place, installations()[0]))
        server = PostgresTestServer(maintenance_url=cluster.url("postgres"), run="simulation")
        url = server.create_migrated_database("bank")
        broom = stack.enter_context(psycopg.connect(url, autocommit=True))
        engine = create_postgres_engine(url)
        stack.callback(engine.dispose)

        def emptied(clock: Clock) -> StartUnitOfWork:
            empty(broom)
            return PostgresStartUnitOfWork(engine, clock=clock)

        yield emptied


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="bank_sync_simulation", description="Simulate banks and their syncs."
    )
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--events", type=int, default=300)
    parser.add_argument("--postgres", action="store_true", help="over PostgreSQL instead of memory")
    names = [dialect.name for dialect in EVERY_DIALECT]
    parser.add_argument("--dialect", choices=names, default=MONZO.name)
    chosen = parser.parse_args(arguments)
    dialect = next(each for each in EVERY_DIALECT if each.name == chosen.dialect)
    happened, outcomes, booked, failed = Counter[str](), Counter[str](), Counter[str](), list[int]()
    with storage_for(on_postgres=chosen.postgres) as open_store:
        for seed in range(chosen.first_seed, chosen.first_seed + chosen.seeds):
            try:
                done = simulate(seed, events=chosen.events, dialect=dialect, open_store=open_store)
            except Exception:  # noqa: BLE001 - whatever it is, the other seeds are run too
                failed.append(seed)
                print(f"seed {seed}: FAILED\n{traceback.format_exc()}", flush=True)
                continue
            print(f"seed {seed}: {_told(done.outcomes)}; booked {_told(done.booked())}: ties", flush=True)
            happened += done.happened
            outcomes += done.outcomes
            booked += done.booked()
    print(f"{chosen.seeds} seeds, {happened.total()} events: {_told(happened)}")
    print(f"ended: {_told(outcomes)}")
    print(f"booked: {_told(booked)}")
    print(f"seeds that did not tie: {failed or 'none'}")
    return 1 if failed else 0


def _told(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))


if __name__ == "__main__":
    # The bank's own server complains of each connection that it was told to drop.
    logging.disable()
    sys.exit(main(sys.argv[1:]))
