"""What others notice while somebody misbehaves: p99 of a customer's reads and payments, quiet and attacked.

Each attack comes from a process of its own and has a quiet round just before it, to which the ratio is. The
memory is the server process's, before and after.
"""

import http.client
import json
import multiprocessing
import os
import socket
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from subprocess import DEVNULL, Popen
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
from support.benchmark_database import a_database_url
from support.benchmark_server import wait_until_ready

from ledgerbank_adapters.memory.sandbox_bank import SandboxBank
from ledgerbank_adapters.postgres.postgres_database import PostgresDatabase
from ledgerbank_adapters.system import SystemClock, Uuid7IdGenerator
from ledgerbank_domain.identity.actor import Actor

PROCESSES = multiprocessing.get_context("spawn")
SECONDS = float(os.environ.get("BENCH_SECONDS", "8"))
PASSWORD = "correct horse battery"


def main() -> None:
    with ExitStack() as stack:
        url = stack.enter_context(a_database_url())
        database = PostgresDatabase.at(url)
        database.upgrade_to_newest()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        server = stack.enter_context(a_server(url, port))
        customers = [Customer(port, database, name) for name in ("stuck", "other")]
        stuck, other = customers
        attacks: dict[str, tuple[Callable[..., None], tuple[object, ...]]] = {
            "one locked row and its customer": (hammer_locked_row, (url, port, stuck.access())),
            "64 MB of headers, again and again": (send_headers, (port,)),
            "1,200 half-open connections": (half_open, (port,)),
            "60 logins at once": (guess_passwords, (port,)),
        }
        other.measure(2)
        print(f"{'':34} {'reads p99':>22} {'payments p99':>24} {'memory MB':>16}")
        for name, (attack, arguments) in attacks.items():
            quiet, before = other.measure(SECONDS), resident_mb(server.pid)
            attacker = PROCESSES.Process(target=attack, args=arguments)
            attacker.start()
            time.sleep(2)
            busy = other.measure(SECONDS)
            attacker.kill()
            attacker.join()
            time.sleep(1)
            reads, paying = (
                f"{q:6.1f} -> {b:6.1f} ms x{b / q:4.1f}" for q, b in zip(quiet, busy, strict=True)
            )
            print(f"{name:34} {reads} {paying} {before:6.0f} -> {resident_mb(server.pid):4.0f}")
        database.close()


@contextmanager
def a_server(url: str, port: int) -> Iterator[Popen[bytes]]:
    settings = {
        "DATABASE_URL": url,
        "JWT_SECRET": "benchmark " * 8,
        "RATE_LIMIT_ENABLED": "false",
        "CHECKING_DAILY_LIMIT": "1000000000",
        "PORT": str(port),
        "HOST": "127.0.0.1",
    }
    command = [sys.executable, "-m", "ledgerbank_app", "serve"]
    process = Popen(command, env=os.environ | settings, stdout=DEVNULL, stderr=DEVNULL)
    try:
        wait_until_ready(port)
        yield process
    finally:
        process.terminate()
        process.wait(60)


class Customer:
    """On one open connection, as a browser has it."""

    def __init__(self, port: int, database: PostgresDatabase, name: str) -> None:
        self.email = f"{name}@example.com"
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{port}/api/v1", timeout=60)
        registration = {"email": self.email, "full_name": name, "password": PASSWORD}
        user = self.call("/users", registration | {"password_confirmation": PASSWORD})
        bank = SandboxBank(
            start_unit_of_work=database.start_unit_of_work, clock=SystemClock(), ids=Uuid7IdGenerator()
        )
        self.account_id = str(bank.open_account(Actor(user_id=UUID(user["id"])), "1000000").id)
        tokens = self.call("/auth/login", {"email": self.email, "password": PASSWORD})
        self.client.headers["Authorization"] = f"Bearer {tokens['access_token']}"

    def call(self, path: str, body: object) -> dict[str, Any]:
        data: dict[str, Any] = self.client.post(path, json=body).raise_for_status().json()["data"]
        return data

    def new_payment(self) -> str:
        draft = {
            "user_bank_account_id": self.account_id,
            "amount": "1.00",
            "direction": "DEBIT",
            "payment_type": "PAYMENT",
            "description": str(uuid4()),
        }
        return str(self.call("/payments", draft)["id"])

    def access(self) -> tuple[str, str, list[str]]:
        """What somebody needs who goes on in this customer's name."""
        return self.email, self.client.headers["Authorization"], [self.new_payment() for _ in range(20)]

    def measure(self, seconds: float) -> tuple[float, float]:
        """The p99 of reading and of paying, in milliseconds."""
        reads: list[float] = []
        payments: list[float] = []
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            payment = self.new_payment()
            payments.append(self.timed("POST", f"/payments/{payment}/process"))
            reads += [self.timed("GET", path) for path in ("/accounts", f"/payments/{payment}", "/profile")]
        return p99(reads), p99(payments)

    def timed(self, method: str, path: str) -> float:
        began = time.perf_counter()
        self.client.request(method, path).raise_for_status()
        return (time.perf_counter() - began) * 1000


def p99(figures: list[float]) -> float:
    return statistics.quantiles(figures, n=100)[-1]


def hammer_locked_row(url: str, port: int, access: tuple[str, str, list[str]]) -> None:
    email, authorization, payments = access
    with psycopg.connect(url) as connection:
        connection.execute("SELECT 1 FROM users WHERE email = %s FOR UPDATE", [email])
        paths = [f"/payments/{payment}/process" for payment in payments]
        at_once(port, [(path, b"", {"Authorization": authorization}) for path in paths])


def send_headers(port: int) -> None:
    request = b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 67_108_864
    while True:
        with socket.create_connection(("127.0.0.1", port)) as connection, suppress(OSError):
            connection.sendall(request)
        time.sleep(1)


def half_open(port: int) -> None:
    while True:
        with ExitStack() as stack:
            for _ in range(1200):
                connection = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
                with suppress(OSError):
                    connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n")
            time.sleep(10)


def guess_passwords(port: int) -> None:
    guesses = [
        json.dumps({"email": f"nobody{number}@example.com", "password": "guess"}).encode()
        for number in range(60)
    ]
    at_once(port, [("/auth/login", guess, {"Content-Type": "application/json"}) for guess in guesses])


def at_once(port: int, requests: list[tuple[str, bytes, dict[str, str]]]) -> None:
    """Each again and again on a connection of its own."""

    def ask(path: str, body: bytes, headers: dict[str, str]) -> None:
        while True:
            with suppress(OSError, http.client.HTTPException):
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
                while True:
                    connection.request("POST", "/api/v1" + path, body=body, headers=headers)
                    connection.getresponse().read()

    with ThreadPoolExecutor(len(requests)) as threads:
        for request in requests:
            threads.submit(ask, *request)


def resident_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1_048_576


if __name__ == "__main__":
    main()
