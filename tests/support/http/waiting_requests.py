"""Requests that have to wait, and what becomes of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import httpx
import psycopg

TIMEOUT_SECONDS = 3
ALICE, BOB = "alice@example.com", "bob@example.com"


@contextmanager
def locked_row_of(environment: dict[str, str], email: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(environment["DATABASE_URL"]) as connection:
        connection.execute("SELECT 1 FROM users WHERE email = %s FOR UPDATE", [email])
        yield connection
        connection.rollback()


def account_id(client: httpx.Client) -> str:
    return str(client.get("/accounts").json()["data"][0]["id"])


def new_payment(client: httpx.Client, account: str) -> str:
    draft = {
        "user_bank_account_id": account,
        "amount": "1.00",
        "direction": "DEBIT",
        "payment_type": "PAYMENT",
        "description": f"Coffee {uuid4()}",
    }
    answer = client.post("/payments", json=draft)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["data"]["id"])


def assert_timed_out(answer: httpx.Response) -> None:
    assert (answer.status_code, answer.json()["error"]["reason"]) == (503, "timeout")
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.headers["x-content-type-options"] == "nosniff"


def waiting_statements(environment: dict[str, str]) -> int:
    with psycopg.connect(environment["DATABASE_URL"]) as connection:
        found = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            " AND datname = current_database()"
        ).fetchone()
    assert found is not None
    return int(found[0])
