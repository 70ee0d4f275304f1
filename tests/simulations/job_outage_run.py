"""Kills everything at once in the middle of its work, starts it again, and looks how soon all of it is done.

    python -m tests.simulations.job_outage_run [--broker in-process|redis|rabbitmq] [--rounds N]
                                               [--payments N] [--kill-database] [--freeze]

The processes are ``ledgerbank serve``, with workers of its own, and two ``ledgerbank worker``, with the times
of production, on a durable PostgreSQL. While somebody holds on to the accounts, the attempts of all payments
begin; then all processes are killed with SIGKILL (and the whole PostgreSQL), and the same are started again.
With ``--freeze`` they are stopped (SIGSTOP) instead while others take over, and go on after 30 seconds.
"""

import argparse
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import psycopg
from tests.simulations.job_kill_run import KillScene, kill_scene, pending_payments, schedule_all
from tests.support.servers.job_brokers import BROKERS, stop_own_brokers
from tests.support.servers.running_server import RunningProcess, RunningServer, RunningWorker

from ledgerbank_adapters.memory.sandbox_bank import SandboxBank
from ledgerbank_adapters.system import SystemClock, Uuid7IdGenerator

PAYMENTS = 400
# What whoever operates this is promised.
PROMISED_SECONDS = 30.0
FROZEN_SECONDS = 30.0
PATIENCE_SECONDS = 120.0


@dataclass(frozen=True, kw_only=True)
class OutageResult:
    under_way: int
    payments: Counter[str]
    lost_attempts: int
    seconds: float
    """From the moment in which starting again began, or in which the others were frozen, to the last end."""
    faults: list[str]

    def __str__(self) -> str:
        return (
            f"{self.under_way} under way, payments {dict(self.payments)}, attempts lost {self.lost_attempts},"
            f" all done after {self.seconds:.1f} s: {'; '.join(self.faults) or 'right'}"
        )


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description="Kill everything at once and look what became of it.")
    parser.add_argument("--broker", choices=BROKERS, default=BROKERS[0])
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--payments", type=int, default=PAYMENTS)
    parser.add_argument("--kill-database", action="store_true")
    parser.add_argument("--freeze", action="store_true")
    asked = parser.parse_args(arguments)
    faulty = 0
    with kill_scene(asked.broker) as scene:
        for number in range(1, asked.rounds + 1):
            if asked.freeze:
                result = play_freeze(scene, payments=asked.payments, seed=number)
            else:
                result = play_outage(
                    scene, payments=asked.payments, kill_database=asked.kill_database, seed=number
                )
            late = "" if result.seconds <= PROMISED_SECONDS else f", later than {PROMISED_SECONDS:.0f} s"
            print(f"{asked.broker} round {number}: {result}{late}", flush=True)
            faulty += bool(result.faults) or result.seconds > PROMISED_SECONDS
    return 1 if faulty else 0


def play_outage(
    scene: KillScene, *, payments: int = PAYMENTS, kill_database: bool = False, seed: int = 1
) -> OutageResult:
    """Everything dies with all payments under way, and is started again."""
    round_ = _Round(scene, payments, seed)
    with ExitStack() as stack:
        under_way = round_.begin_all(stack, "killed", lambda process: process.kill())
    if kill_database:
        scene.kill_database()
    began = time.monotonic()
    with ExitStack() as stack:
        round_.start_processes(stack, "next")
        round_.wait_until_done()
        return round_.result(under_way, time.monotonic() - began)


def play_freeze(scene: KillScene, *, payments: int = PAYMENTS, seed: int = 1) -> OutageResult:
    """Everything freezes with all payments under way; others do the work before the frozen ones go on."""
    round_ = _Round(scene, payments, seed)
    with ExitStack() as stack:
        frozen: list[RunningProcess] = []

        def freeze(process: RunningProcess) -> None:
            # Whatever comes: one that is stopped could not be told to end.
            stack.callback(_send, process, signal.SIGCONT)
            _send(process, signal.SIGSTOP)
            frozen.append(process)

        under_way = round_.begin_all(stack, "frozen", freeze)
        began = time.monotonic()
        with ExitStack() as others:
            round_.start_processes(others, "others")
            round_.wait_until_done()
            seconds = time.monotonic() - began
        time.sleep(max(FROZEN_SECONDS - (time.monotonic() - began), 0))
        for process in frozen:
            _send(process, signal.SIGCONT)
        # Long enough for the late ones to try what they were about to do.
        time.sleep(5)
        return round_.result(under_way, seconds)


class _Round:
    def __init__(self, scene: KillScene, payments: int, seed: int) -> None:
        self._scene = scene
        self._bank = SandboxBank(
            start_unit_of_work=scene.database.start_unit_of_work, clock=SystemClock(), ids=Uuid7IdGenerator()
        )
        self._planned = pending_payments(self._bank, payments, random.Random(seed))
        self._ids = [payment.id for _, payment in self._planned]
        self._logs = scene.place / f"round-{self._bank.ids.new_id()}"
        self._logs.mkdir()

    def start_processes(self, stack: ExitStack, name: str) -> list[RunningProcess]:
        """An API that runs jobs as well, and two workers."""
        # One batch at a time each, so that no process has all of them.
        environment = self._scene.environment() | {"JOB_QUEUES": "payments:1"}
        with_workers = environment | {"WORKER_IN_PROCESS": "true"}
        return [
            stack.enter_context(RunningServer(with_workers, self._log(f"{name}-api"))),
            *(
                stack.enter_context(RunningWorker(environment, self._log(f"{name}-worker-{number}")))
                for number in (1, 2)
            ),
        ]

    def begin_all(self, stack: ExitStack, name: str, stop: Callable[[RunningProcess], None]) -> int:
        """Has all payments attempted at once, and stops whoever does so; how many there were then."""
        schedule_all(self._bank, self._planned)
        with psycopg.connect(self._scene.url) as bystander:
            # While the accounts are held, what has begun can neither go on nor fail.
            accounts = [payment.user_bank_account_id for _, payment in self._planned]
            bystander.execute(
                "SELECT FROM user_bank_accounts WHERE id = ANY(%s) ORDER BY id FOR UPDATE", [accounts]
            )
            processes = self.start_processes(stack, name)
            _wait_until(lambda: self._executing() == len(self._ids))
            for process in processes:
                stop(process)
            return self._executing()

    def wait_until_done(self) -> None:
        _wait_until(lambda: self._scene.unfinished(self._ids) == 0)

    def result(self, under_way: int, seconds: float) -> OutageResult:
        faults = [str(discrepancy) for discrepancy in self._bank.services.ledger.verify()]
        faults += self._scene.faults(self._ids)
        return OutageResult(
            under_way=under_way,
            payments=self._scene.counts("SELECT status FROM user_payments WHERE id = ANY(%s)", self._ids),
            lost_attempts=self._scene.number(
                "SELECT coalesce(sum(losses), 0) FROM jobs WHERE (args ->> 'payment_id')::uuid = ANY(%s)",
                self._ids,
            ),
            seconds=seconds,
            faults=faults,
        )

    def _executing(self) -> int:
        return self._scene.number(
            "SELECT count(*) FROM jobs WHERE (args ->> 'payment_id')::uuid = ANY(%s) AND state = 'executing'",
            self._ids,
        )

    def _log(self, name: str) -> Path:
        return self._logs / f"{name}.log"


def _send(process: RunningProcess, number: signal.Signals) -> None:
    if process.process.poll() is None:
        process.process.send_signal(number)


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "not done in time"
        time.sleep(0.1)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    finally:
        stop_own_brokers()
