"""A first history that is longer than a sync has time for: how many attempts and calls that takes.

    python -m tests.simulations.long_history_run --movements 40000 --per-page 50 --seconds 0.4 [--postgres]

Then what the next sync costs, which finds nothing new. The bank's slowness passes on the clock of the run,
not on the machine's. Fails unless the books tie.
"""

import argparse
import logging
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy import Engine, event
from tests.simulations.bank_sync_simulation import storage_for
from tests.support.scenes.long_history import long_history
from tests.support.scenes.sync_scene import sync_scene

from ledgerbank_adapters.memory import MemoryClock, MemoryIdGenerator
from ledgerbank_domain.jobs.job import JobKind
from ledgerbank_domain.services.bank_syncs import bank_account_sync
from ledgerbank_domain.services.bank_syncs.booking_writing import write_booking


def main(arguments: list[str]) -> int:
    """Fails with 1 when the books are not the bank's."""
    parser = argparse.ArgumentParser(prog="long_history_run", description="Take a long first history.")
    parser.add_argument("--movements", type=int, default=40_000)
    parser.add_argument("--per-page", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=0.4, help="how long each answer of the bank takes")
    parser.add_argument("--newest-first", action="store_true")
    parser.add_argument("--postgres", action="store_true", help="over PostgreSQL instead of memory")
    chosen = parser.parse_args(arguments)
    clock = MemoryClock()
    booked: list[tuple[int, float]] = []
    started = time.monotonic()

    def written(work: object, booking: object) -> None:
        before = time.monotonic()
        write_booking(work, booking)  # type: ignore[arg-type] # it is handed on as it comes
        booked.append((len(booking.lines), time.monotonic() - before))  # type: ignore[attr-defined]

    bank_account_sync.write_booking = written  # type: ignore[attr-defined] # to be counted
    with (
        storage_for(on_postgres=chosen.postgres) as open_store,
        sync_scene(
            start_unit_of_work=open_store(clock), clock=clock, ids=MemoryIdGenerator(1), history_length=3
        ) as scene,
    ):
        bank = long_history(
            scene,
            chosen.movements,
            per_page=chosen.per_page,
            seconds=chosen.seconds,
            newest_first=chosen.newest_first,
        )
        attempts = 0
        while any(not job.is_finished for job in scene.jobs(JobKind.BANK_SYNC)):
            attempts += 1
            scene.run_jobs()
            clock.advance(timedelta(seconds=3))
        account = scene.account()
        ties = account.balance == bank.balance and account.line_count == chosen.movements + 1
        proved = scene.world.ledger.verify() == []
        clock.advance(timedelta(hours=1))
        asked, lines, began = len(bank.asked), account.line_count, time.monotonic()
        with statements_counted() as statements:
            scene.sync()
        again = time.monotonic() - began
        ties = ties and scene.account().line_count == lines
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(
        f"{chosen.movements} movements: {attempts} attempts, {len(bank.asked)} pages asked for,"
        f" {len(booked)} transactions of at most {max(lines for lines, _ in booked)} lines"
        f" ({max(seconds for _, seconds in booked):.2f} s to write at most),"
        f" {time.monotonic() - started:.0f} s of this machine, {memory} MB"
    )
    told = f", {len(statements)} statements" if chosen.postgres else ""
    print(f"nothing new: {len(bank.asked) - asked} pages asked for{told}, {again:.2f} s")
    print(f"books are the bank's: {ties}; proved: {proved}")
    return 0 if ties and proved else 1


@contextmanager
def statements_counted() -> Iterator[list[str]]:
    """What is sent to any database meanwhile."""
    sent: list[str] = []

    def record(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        sent.append(statement)

    event.listen(Engine, "before_cursor_execute", record)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", record)


if __name__ == "__main__":
    logging.disable()
    sys.exit(main(sys.argv[1:]))
