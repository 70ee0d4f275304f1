"""Repeating requests under a key over HTTP, and what is to come of it."""

import httpx
from tests.support.http.http_bank import Customer

KEY = {"Idempotency-Key": "b7e4d1c0 ~!"}


def payment_count(customer: Customer) -> int:
    return int(customer.get("/payments").json()["metadata"]["pagination"]["total_count"])


def assert_replayed(answer: httpx.Response, first: httpx.Response) -> None:
    assert answer.status_code == first.status_code
    assert answer.content == first.content
    assert answer.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    for name in ("Location", "Content-Type", "Content-Length"):
        assert answer.headers.get(name) == first.headers.get(name)
    assert answer.headers["X-Correlation-ID"] != first.headers["X-Correlation-ID"]
