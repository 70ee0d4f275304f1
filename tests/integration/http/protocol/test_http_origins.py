"""Which pages of other origins may call, and what they may read."""

from collections.abc import Callable

import httpx
from tests.support.http.http_bank import PREFLIGHT, HttpBank, error_of


def cors_headers(response: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in response.headers.items() if name.startswith("access-control-")}


def test_a_listed_origin_may_call_and_read(open_bank: Callable[..., HttpBank]) -> None:
    bank = open_bank(cors_origins=["https://app.example", "https://other.example"])
    origin = {"Origin": "https://app.example"}
    exposed = {
        "access-control-allow-origin": "https://app.example",
        "access-control-expose-headers": (
            "X-Correlation-ID, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, Retry-After,"
            " Idempotency-Replayed, Location"
        ),
    }

    for response in (
        bank.get("/health", headers=origin),
        bank.get("/nowhere", headers=origin),
        bank.get("/profile", headers=origin),
        bank.request("OPTIONS", "/health", headers=origin),
    ):
        assert cors_headers(response) == exposed
        assert response.headers["Vary"] == "Origin"
    preflight = bank.request("OPTIONS", "/payments", headers=PREFLIGHT)
    assert (preflight.status_code, preflight.content) == (204, b"")
    assert cors_headers(preflight) == exposed | {
        "access-control-allow-methods": "GET, POST, PUT, DELETE, OPTIONS",
        "access-control-allow-headers": (
            "Content-Type, Authorization, X-Correlation-ID, Idempotency-Key, Prefer"
        ),
        "access-control-max-age": "86400",
    }


def test_other_origins_get_the_same_answers_without_the_permission(
    open_bank: Callable[..., HttpBank],
) -> None:
    for settings in ({}, {"cors_origins": ["https://app.example.evil", "http://app.example"]}):
        bank = open_bank(**settings)
        preflight = bank.request("OPTIONS", "/payments", headers=PREFLIGHT)
        assert (preflight.status_code, cors_headers(preflight)) == (204, {})
        response = bank.get("/health", headers={"Origin": "https://app.example"})
        assert (response.status_code, cors_headers(response)) == (200, {})


def test_the_star_is_sent_as_a_star_and_only_to_browsers(open_bank: Callable[..., HttpBank]) -> None:
    bank = open_bank(cors_origins=["*"])

    response = bank.get("/health", headers={"Origin": "https://anything.example"})

    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert cors_headers(bank.get("/health")) == {}


def test_options_without_a_preflight_is_just_another_verb(open_bank: Callable[..., HttpBank]) -> None:
    bank = open_bank(cors_origins=["*"])

    for headers in ({}, {"Origin": "https://app.example"}, {"Access-Control-Request-Method": "GET"}):
        response = bank.request("OPTIONS", "/health", headers=headers)
        error_of(response, 405, "method_not_allowed")
