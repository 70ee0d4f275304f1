"""Reset, login and registration for known and unknown e-mail addresses: does the time tell which is which?

One server process with addresses confirmed, on one durable PostgreSQL. Requests come one after the other,
known and unknown ones in an order that is drawn anew for each pair, so that what drifts drifts for both. For
each kind of request: medians, the middle half, and a Mann-Whitney rank test of 200 samples each (two-sided,
normal approximation with ties). A p below 0.01 would say that the times differ.
"""

import math
import os
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack

import httpx
from support.benchmark_database import a_database_url
from support.benchmark_server import a_server

from ledgerbank_adapters.postgres.postgres_database import PostgresDatabase

SAMPLES = 200
WARM_UP = 20
PASSWORD = "correct horse battery staple"
KNOWN = "known@example.com"


def main() -> None:
    with ExitStack() as stack:
        url = stack.enter_context(a_database_url())
        PostgresDatabase.at(url).upgrade_to_newest()
        environment = os.environ | {
            "DATABASE_URL": url,
            "JWT_SECRET": "benchmark " * 8,
            "RATE_LIMIT_ENABLED": "false",
            "LOGIN_BACKOFF_AFTER": "0",
            "EMAIL_CONFIRMATION": "true",
        }
        port = stack.enter_context(a_server([sys.executable, "-m", "ledgerbank_app", "serve"], environment))
        client = stack.enter_context(httpx.Client(base_url=f"http://127.0.0.1:{port}/api/v1", timeout=60))
        register(client, KNOWN)
        print(f"{'':14}{'known ms':>22}{'unknown ms':>22}{'shift':>9}{'p':>8}")
        for name, ask in (("reset", reset), ("login", log_in), ("registration", register)):
            known, unknown = sampled(client, ask)
            print_row(name, known, unknown)


def reset(client: httpx.Client, email: str) -> None:
    answer = client.post("/auth/password-reset", json={"email": email})
    assert answer.status_code == httpx.codes.ACCEPTED, answer.text


def log_in(client: httpx.Client, email: str) -> None:
    answer = client.post("/auth/login", json={"email": email, "password": "not the password"})
    assert answer.status_code == httpx.codes.UNAUTHORIZED, answer.text


def register(client: httpx.Client, email: str) -> None:
    answer = client.post(
        "/users",
        json={
            "email": email,
            "full_name": "Somebody",
            "password": PASSWORD,
            "password_confirmation": PASSWORD,
        },
    )
    assert answer.status_code == httpx.codes.ACCEPTED, answer.text


def sampled(
    client: httpx.Client, ask: Callable[[httpx.Client, str], None]
) -> tuple[list[float], list[float]]:
    """Milliseconds of each request, without those that warm up."""
    known: list[float] = []
    unknown: list[float] = []
    for number in range(WARM_UP + SAMPLES):
        # As long as the known one: what is asked shall not differ by its length.
        pair = [(KNOWN, known), (f"u{number:04}@example.com", unknown)]
        random.shuffle(pair)
        for email, times in pair:
            started = time.perf_counter()
            ask(client, email)
            times.append((time.perf_counter() - started) * 1000)
    return known[WARM_UP:], unknown[WARM_UP:]


def print_row(name: str, known: Sequence[float], unknown: Sequence[float]) -> None:
    shift = statistics.median(unknown) - statistics.median(known)
    p = rank_test(known, unknown)
    print(f"{name:14}{spread(known):>22}{spread(unknown):>22}{shift:>+9.2f}{p:>8.3f}")


def spread(times: Sequence[float]) -> str:
    low, middle, high = statistics.quantiles(times, n=4)
    return f"{middle:.2f} ({low:.2f}-{high:.2f})"


def rank_test(first: Sequence[float], second: Sequence[float]) -> float:
    """The chance of ranks as unequal as these, or more so, if both came from one distribution."""
    pooled = sorted([*first, *second])
    ranks: dict[float, float] = {}
    ties = 0.0
    for value in set(pooled):
        count = pooled.count(value)
        ranks[value] = pooled.index(value) + (count + 1) / 2
        ties += count**3 - count
    n, m = len(first), len(second)
    total = n + m
    u = sum(ranks[value] for value in first) - n * (n + 1) / 2
    deviation = math.sqrt(n * m / 12 * (total + 1 - ties / (total * (total - 1))))
    return math.erfc(abs(u - n * m / 2) / deviation / math.sqrt(2))


if __name__ == "__main__":
    main()
