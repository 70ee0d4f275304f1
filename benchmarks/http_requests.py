"""GET /payments/{id} and POST /payments over HTTP, beside a bare handler that does the same SQL.

One server process each, 16 connections, interleaved rounds on one durable PostgreSQL. The bare handler
(support/bare_handler.py) checks no token and no rule: the distance to it is what the product costs.
"""

import asyncio
import json
import os
import statistics
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from support.benchmark_database import a_database_url
from support.benchmark_server import a_server

from ledgerbank_adapters.memory.sandbox_bank import SandboxBank
from ledgerbank_adapters.postgres.postgres_database import PostgresDatabase
from ledgerbank_adapters.system import SystemClock, Uuid7IdGenerator
from ledgerbank_domain.identity.actor import Actor

CONNECTIONS = 16
ROUNDS = 5
SECONDS_PER_ROUND = 3.0


def main() -> None:
    with ExitStack() as stack:
        url = stack.enter_context(a_database_url())
        database = PostgresDatabase.at(url)
        database.upgrade_to_newest()
        environment = os.environ | {
            "DATABASE_URL": url,
            "JWT_SECRET": "benchmark " * 8,
            "RATE_LIMIT_ENABLED": "false",
            "PYTHONPATH": str(Path(__file__).parent),
        }
        product = stack.enter_context(
            a_server([sys.executable, "-m", "ledgerbank_app", "serve"], environment)
        )
        token, account_id = a_customer(product, database)
        payment_id = create_payment(product, token, account_id)
        session_id = call(product, "/auth/sessions", token=token)["data"][0]["id"]
        environment |= {"BENCH_USER_ID": user_id_of(product, token), "BENCH_SESSION_ID": session_id}
        bare = stack.enter_context(
            a_server(
                [
                    sys.executable,
                    "-m",
                    "uvicorn",
                    "--factory",
                    "support.bare_handler:create_bare_application",
                    "--no-access-log",
                    "--log-level",
                    "warning",
                ],
                environment,
            )
        )
        get = request_bytes("GET", f"/api/v1/payments/{payment_id}", token)
        post = request_bytes("POST", "/api/v1/payments", token, body=draft(account_id))
        compare("GET /payments/{id}", product, bare, get)
        compare("POST /payments", product, bare, post)
        database.close()


def call(port: int, path: str, *, token: str = "", body: object = None) -> dict[str, Any]:
    answer = httpx.request(
        "GET" if body is None else "POST",
        f"http://127.0.0.1:{port}/api/v1{path}",
        headers={"Authorization": f"Bearer {token}"} if token else {},
        json=body,
    )
    content: dict[str, Any] = answer.raise_for_status().json()
    return content


def a_customer(port: int, database: PostgresDatabase) -> tuple[str, str]:
    password = "correct horse battery"
    registration = {"email": "bench@example.com", "full_name": "Bench", "password": password}
    user = call(port, "/users", body=registration | {"password_confirmation": password})["data"]
    bank = SandboxBank(
        start_unit_of_work=database.start_unit_of_work, clock=SystemClock(), ids=Uuid7IdGenerator()
    )
    account = bank.open_account(Actor(user_id=UUID(user["id"])), "1000.00")
    login = call(port, "/auth/login", body={"email": "bench@example.com", "password": password})
    return login["data"]["access_token"], str(account.id)


def user_id_of(port: int, token: str) -> str:
    return str(call(port, "/auth/me", token=token)["data"]["id"])


def create_payment(port: int, token: str, account_id: str) -> str:
    return str(call(port, "/payments", token=token, body=draft(account_id))["data"]["id"])


def draft(account_id: str) -> dict[str, str]:
    return {
        "user_bank_account_id": account_id,
        "amount": "12.50",
        "direction": "DEBIT",
        "payment_type": "PAYMENT",
        "description": "Benchmark",
    }


def request_bytes(method: str, path: str, token: str, *, body: object = None) -> bytes:
    content = json.dumps(body).encode() if body is not None else b""
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def compare(name: str, product: int, bare: int, request: bytes) -> None:
    rates: dict[str, list[float]] = {"ledgerbank": [], "bare": []}
    latencies: dict[str, list[float]] = {"ledgerbank": [], "bare": []}
    for _ in range(ROUNDS):
        for server, port in (("ledgerbank", product), ("bare", bare)):
            milliseconds = asyncio.run(load(port, request))
            rates[server].append(len(milliseconds) / SECONDS_PER_ROUND)
            latencies[server] += milliseconds
    print(f"{name}, {CONNECTIONS} connections, {ROUNDS} rounds of {SECONDS_PER_ROUND:.0f} s")
    for server, found in latencies.items():
        cuts = statistics.quantiles(found, n=100)
        print(
            f"  {server:<11} p50 {cuts[49]:7.2f} ms   p99 {cuts[98]:7.2f} ms"
            f"   {statistics.median(rates[server]):7.0f} requests/s"
            f" ({min(rates[server]):.0f} to {max(rates[server]):.0f})"
        )
    ratios = [ours / theirs for ours, theirs in zip(rates["ledgerbank"], rates["bare"], strict=True)]
    print(
        f"  ratio       {statistics.median(ratios):.2f} of the bare handler's requests/s"
        f" ({min(ratios):.2f} to {max(ratios):.2f})"
    )


async def load(port: int, request: bytes) -> list[float]:
    """Sends the request again and again on every connection; gives each answer's milliseconds."""
    end = time.perf_counter() + SECONDS_PER_ROUND
    found = await asyncio.gather(*(one_client(port, request, end) for _ in range(CONNECTIONS)))
    return [milliseconds for client in found for milliseconds in client]


async def one_client(port: int, request: bytes, end: float) -> list[float]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    milliseconds = []
    while (started := time.perf_counter()) < end:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith((b"HTTP/1.1 200", b"HTTP/1.1 201")):
            raise SystemExit(head.decode())
        length = int(head.lower().split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        await reader.readexactly(length)
        milliseconds.append((time.perf_counter() - started) * 1000)
    writer.close()
    await writer.wait_closed()
    return milliseconds


if __name__ == "__main__":
    main()
