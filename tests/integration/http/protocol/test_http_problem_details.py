"""Errors as problems, for those who ask for them."""

from collections.abc import Callable

import pytest
from tests.support.http.http_bank import Customer, HttpBank, data_of, error_of

PROBLEM = "application/problem+json"


def test_problem_details_replace_the_envelope_for_those_who_ask(open_bank: Callable[..., HttpBank]) -> None:
    bank = open_bank(public_base_url="https://bank.example")

    response = bank.get("/users/1?page=2", headers={"Accept": PROBLEM, "X-Correlation-ID": "c-1"})

    assert response.status_code == 401
    assert response.headers["Content-Type"] == PROBLEM
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert response.json() == {
        "type": "https://bank.example/api/problems/invalid_token",
        "title": "Invalid token",
        "status": 401,
        "detail": "Invalid token",
        "instance": "/api/users/1",
        "reason": "invalid_token",
        "category": "authentication",
        "retryable": False,
        "correlation_id": "c-1",
        "details": {},
        "timestamp": "2025-01-15T12:00:00.000000Z",
    }


def test_the_detail_of_a_problem_is_the_more_specific_text(bank: HttpBank) -> None:
    body = {"email": "a@example.com", "full_name": "A", "password": "x", "password_confirmation": "x"}

    problem = bank.post("/users", json=body, headers={"Accept": PROBLEM}).json()

    assert problem["detail"] == problem["details"]["message"] == "A password has 8 to 255 characters."
    assert problem["title"] == "Invalid password format"


@pytest.mark.parametrize("path", ["/nowhere", "/health", "/users", "/profile"])
def test_every_error_can_be_a_problem(bank: HttpBank, path: str) -> None:
    for method in ("PATCH", "POST"):
        response = bank.request(method, path, headers={"Accept": PROBLEM}, content="x")
        assert response.headers["Content-Type"] == PROBLEM
        assert response.json()["status"] == response.status_code


def test_an_accept_header_that_cannot_be_met_is_ignored(bank: HttpBank, alice: Customer) -> None:
    for accept in ("text/html", "application/xml;q=1", "*/*;q=0", "rubbish;;;,,", "application/json;q=0"):
        data_of(alice.get("/profile", headers={"Accept": accept}))
        error_of(bank.get("/profile", headers={"Accept": accept}), 401, "invalid_token")
