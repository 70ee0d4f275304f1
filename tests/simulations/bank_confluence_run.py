"""Thousands of schedules of what banks do to their readers: each ends in the bank's own statement.

A schedule mixes dialects, order, overlap and repetition of looks, outages, a gap of 90 days, faults, and
every trap of the simulated bank. As a program it runs many, and ends with the exit status 1 when one of them
did not::

    python -m tests.simulations.bank_confluence_run --schedules 2000
    python -m tests.simulations.bank_confluence_run --schedules 200 --postgres
    python -m tests.simulations.bank_confluence_run --first-seed 1234 --schedules 1     # a failing one again
    python -m tests.simulations.bank_confluence_run --defects                           # each is to be found
"""

import argparse
import logging
import sys
import time
import traceback
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from random import Random
from typing import Any

from tests.simulations.bank_confluence_defects import PLANTS, Plant, planted
from tests.simulations.bank_confluence_events import BankConfluence, confluence_of
from tests.simulations.bank_sync_simulation import OpenStore, in_memory, storage_for
from tests.support.scenes.gateway_world import EVERY_DIALECT
from tests.support.scenes.sync_scene import sync_scene
from tests.support.servers.direct_bank import DirectBank

from ledgerbank_adapters.memory import MemoryClock, MemoryIdGenerator

EVENTS = 45


def run_schedule(
    seed: int, *, events: int = EVENTS, open_store: OpenStore = in_memory, with_files: bool = False
) -> BankConfluence:
    """One schedule over an empty store. Raises ``AssertionError`` when the books are not the bank's.

    ``with_files``: the customer imports statement files beside the feed.
    """
    clock, random = MemoryClock(), Random(seed)
    dialect = EVERY_DIALECT[seed % len(EVERY_DIALECT)]
    with ExitStack() as stack:
        scene = stack.enter_context(
            sync_scene(
                start_unit_of_work=open_store(clock),
                clock=clock,
                ids=MemoryIdGenerator(seed),
                dialect=dialect,
                host=DirectBank,
                seed=seed,
                history_length=14,
                open_banking_page_size=random.choice((3, 5, 50)),
            )
        )
        confluence = confluence_of(scene, dialect, clock, random, stack, with_files=with_files)
        confluence.run(events)
        confluence.finish()
    return confluence


def finds(plant: Plant, *, schedules: int, first_seed: int = 1) -> int | None:
    """The seed of the first schedule that a planted defect breaks; None: it breaks none."""
    for seed in range(first_seed, first_seed + schedules):
        with planted(plant):
            try:
                run_schedule(seed)
            except Exception:  # noqa: BLE001 - whatever breaks has found it
                return seed
    return None


def _run_defects(schedules: int, first_seed: int) -> int:
    missed = []
    for plant in PLANTS:
        seed = finds(plant, schedules=schedules, first_seed=first_seed)
        told = "NOT FOUND" if seed is None else f"found by seed {seed}"
        print(f"{plant.__name__}: {told}", flush=True)
        missed += [plant.__name__] if seed is None else []
    print(f"{len(PLANTS)} planted defects, not found: {missed or 'none'}")
    return 1 if missed else 0


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="bank_confluence_run", description="Run schedules of odd banks.")
    parser.add_argument("--schedules", type=int, default=200)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--files", action="store_true", help="import statement files beside the feed")
    parser.add_argument("--postgres", action="store_true", help="over PostgreSQL instead of memory")
    parser.add_argument("--defects", action="store_true", help="plant each defect, and find it")
    chosen = parser.parse_args(arguments)
    if chosen.defects:
        return _run_defects(chosen.schedules, chosen.first_seed)
    happened, outcomes, unproved, failed = Counter[str](), Counter[str](), 0, list[int]()
    started = time.monotonic()
    with storage_for(on_postgres=chosen.postgres) as open_store:
        for seed in range(chosen.first_seed, chosen.first_seed + chosen.schedules):
            try:
                done = run_schedule(
                    seed, events=chosen.events, open_store=open_store, with_files=chosen.files
                )
            except Exception:  # noqa: BLE001 - whatever it is, the other seeds are run too
                failed.append(seed)
                print(f"seed {seed}: FAILED\n{traceback.format_exc()}", flush=True)
                continue
            happened += done.happened
            outcomes += done.outcomes
            unproved += done.unproved.total()
            if done.unproved:
                print(f"seed {seed}: no source could prove {_told(done.unproved)}", flush=True)
    print(f"{chosen.schedules} schedules, {happened.total()} events: {_told(happened)}")
    print(f"ended: {_told(outcomes)}")
    print(f"{time.monotonic() - started:.0f} s; movements that no source could prove: {unproved}")
    print(f"seeds whose books are not the bank's statement: {failed or 'none'}")
    return 1 if failed else 0


def _told(counts: Mapping[Any, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items(), key=str))


if __name__ == "__main__":
    logging.disable()
    sys.exit(main(sys.argv[1:]))
