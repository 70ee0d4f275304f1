"""Connecting a bank over HTTP: begun, decided at the bank, finished at the callback."""

import logging
from typing import Any

import pytest
from tests.support.http.bank_login_steps import LOGIN_FIELDS, WEBHOOK_PATH, started
from tests.support.http.http_bank import UNKNOWN_ID, BackOffice, Customer, HttpBank, data_of, error_of
from tests.support.scenes.gateway_world import decided_on_the_page
from tests.support.scenes.sync_scene import HookedGateway

from ledgerbank_adapters.simulated_bank import Fault, SimulatedBankServer
from ledgerbank_domain.ports.bank_gateway import BankTokens

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


def test_a_connection_is_begun_and_finished(bank: HttpBank, alice: Customer, branch_id: str) -> None:
    response = alice.post("/bank-logins", json={"bank_branch_id": branch_id, "username": " alice123 "})
    begun = data_of(response, 201)
    login = begun["bank_login"]
    assert set(begun) == {"bank_login", "authorization_url"}
    assert set(login) == LOGIN_FIELDS
    assert response.headers["Location"] == f"/api/v1/bank-logins/{login['id']}"
    assert (login["status"], login["connected"], login["sync_frequency"]) == ("INACTIVE", False, 3600)
    assert (login["username"], login["bank_branch_id"]) == ("alice123", branch_id)

    brought = decided_on_the_page(begun["authorization_url"], "approve")
    finished = data_of(bank.get("/bank-logins/callback", params=brought))

    assert finished["bank_login"] == {"id": login["id"], "status": "ACTIVE"}
    assert set(finished["job"]) == {"id", "state"}
    assert finished["job"]["state"] == "available"
    shown = data_of(alice.get(f"/bank-logins/{login['id']}"))
    assert (shown["status"], shown["connected"], shown["last_error"]) == ("ACTIVE", True, None)
    assert shown["token_expires_at"]
    assert shown["provider_user_id"]
    assert isinstance(shown["scope"], str)


def test_a_login_that_is_not_active_is_answered_with_a_new_address_and_an_active_one_is_a_conflict(
    alice: Customer, branch_id: str
) -> None:
    first = started(alice, branch_id)
    again = started(alice, branch_id, status=200)
    assert again["bank_login"]["id"] == first["bank_login"]["id"]
    assert again["authorization_url"] != first["authorization_url"]

    data_of(
        alice.bank.get(
            "/bank-logins/callback", params=decided_on_the_page(again["authorization_url"], "approve")
        )
    )
    body = {"bank_branch_id": branch_id, "username": "alice123"}
    error = error_of(alice.post("/bank-logins", json=body), 409, "resource_already_exists")
    assert error["details"]["field"] == "username"


@pytest.mark.parametrize(
    ("body", "refusal", "details"),
    [
        ({}, "400 missing_fields", {"field": "bank_branch_id", "fields": ["bank_branch_id", "username"]}),
        ({"bank_branch_id": "x", "username": "a"}, "400 invalid_uuid_format", {"field": "bank_branch_id"}),
        ({"username": "ab"}, "400 invalid_field_format", {"field": "username"}),
        ({"username": "x" * 51}, "400 invalid_field_format", {"field": "username"}),
        ({"username": "under_score"}, "400 invalid_field_format", {"field": "username"}),
        ({"username": 123}, "400 invalid_field_format", {"field": "username"}),
        ({"username": "ali\u0000ce"}, "400 invalid_field_format", {"field": "username"}),
        ({"bank_branch_id": UNKNOWN_ID}, "404 bank_branch_not_found", {"field": "bank_branch_id"}),
    ],
    ids=str,
)
def test_a_connection_that_cannot_be_begun(
    alice: Customer, branch_id: str, body: dict[str, Any], refusal: str, details: dict[str, Any]
) -> None:
    whole = {"bank_branch_id": branch_id, "username": "alice123"} | body if body else body
    status, reason = refusal.split()

    assert error_of(alice.post("/bank-logins", json=whole), int(status), reason)["details"] == details


@pytest.mark.parametrize("module", [None, "monzo"])
def test_a_bank_that_cannot_be_reached_is_inactive(alice: Customer, office: BackOffice, module: Any) -> None:
    branch = office.given.a_branch(office.given.a_bank(integration_module=module))
    body = {"bank_branch_id": str(branch.id), "username": "alice123"}

    error_of(alice.post("/bank-logins", json=body), 422, "bank_inactive")


@pytest.mark.parametrize(
    ("query", "reason", "fields"),
    [
        ({}, "missing_fields", ["code", "state"]),
        ({"code": "x"}, "missing_fields", ["state"]),
        ({"state": "x"}, "missing_fields", ["code"]),
        ({"error": "access_denied"}, "missing_fields", ["state"]),
        ({"code": "x", "state": " "}, "missing_fields", ["state"]),
        ({"code": "x", "state": "nobody's"}, "invalid_oauth_state", None),
        ({"error": "access_denied", "state": "nobody's"}, "invalid_oauth_state", None),
        ({"code": "x", "state": "a\0"}, "invalid_oauth_state", None),
        ({"code": "x", "state": "x" * 600}, "invalid_oauth_state", None),
        ({"code": "a\0", "state": "x"}, "invalid_field_format", None),
    ],
    ids=str,
)
def test_a_callback_that_is_not_the_banks(
    bank: HttpBank, query: dict[str, str], reason: str, fields: list[str] | None
) -> None:
    error = error_of(bank.get("/bank-logins/callback", params=query), 400, reason)

    assert error["details"].get("fields") == fields


def test_a_callback_works_once(bank: HttpBank, alice: Customer, branch_id: str, admin: Customer) -> None:
    brought = decided_on_the_page(started(alice, branch_id)["authorization_url"], "approve")
    data_of(bank.get("/bank-logins/callback", params=brought))

    error_of(bank.get("/bank-logins/callback", params=brought), 400, "invalid_oauth_state")

    events = data_of(admin.get("/audit-events", params={"event": "security.suspicious"}))
    assert [event["metadata"]["cause"] for event in events] == ["oauth_state_replay"]
    assert events[0]["path"].endswith("/bank-logins/callback")


def test_a_denied_consent(bank: HttpBank, alice: Customer, branch_id: str) -> None:
    begun = started(alice, branch_id)
    brought = decided_on_the_page(begun["authorization_url"], "deny")

    error_of(bank.get("/bank-logins/callback", params=brought), 422, "authorization_denied")
    assert data_of(alice.get(f"/bank-logins/{begun['bank_login']['id']}"))["status"] == "INACTIVE"
    error_of(bank.get("/bank-logins/callback", params=brought), 400, "invalid_oauth_state")


def test_a_bank_that_fails_at_the_exchange_leaves_the_login_in_error(
    bank: HttpBank, alice: Customer, branch_id: str, bank_server: SimulatedBankServer
) -> None:
    begun = started(alice, branch_id)
    brought = decided_on_the_page(begun["authorization_url"], "approve")
    bank_server.model.add_fault(Fault(operation="token.exchange", status=503, retry_after="17"))

    response = bank.get("/bank-logins/callback", params=brought)

    error_of(response, 503, "service_unavailable")
    assert response.headers["Retry-After"] == "17"
    login = data_of(alice.get(f"/bank-logins/{begun['bank_login']['id']}"))
    assert (login["status"], login["connected"]) == ("ERROR", False)
    assert set(login["last_error"]) == {"reason", "message", "at"}
    assert login["last_error"]["reason"] == "service_unavailable"


def test_a_refused_code_is_the_banks_failure(bank: HttpBank, alice: Customer, branch_id: str) -> None:
    brought = decided_on_the_page(started(alice, branch_id)["authorization_url"], "approve")

    response = bank.get("/bank-logins/callback", params={**brought, "code": "made-up"})

    error_of(response, 503, "bank_api_error")


def test_people_end_on_a_page_they_can_read(bank: HttpBank, alice: Customer, branch_id: str) -> None:
    def page(brought: dict[str, str], status: int) -> str:
        response = bank.get("/bank-logins/callback", params=brought, headers=BROWSER)
        assert response.status_code == status
        assert response.headers["Content-Type"] == "text/html; charset=utf-8"
        policy = response.headers["Content-Security-Policy"]
        assert "script-src 'none'" in policy
        assert "style-src 'self'" in policy
        assert "unsafe" not in policy
        for secret in brought.values():
            assert secret not in response.text
        return response.text

    denied = decided_on_the_page(started(alice, branch_id)["authorization_url"], "deny")
    refused = decided_on_the_page(started(alice, branch_id, status=200)["authorization_url"], "approve")
    approved = decided_on_the_page(started(alice, branch_id, status=200)["authorization_url"], "approve")

    assert "Your bank was not connected" in page(denied, 422)
    assert "no longer valid" in page(denied, 400)
    assert "could not be connected" in page({**refused, "code": "made-up-code"}, 503)
    assert "Your bank is connected" in page(approved, 200)
    assert "Something is missing" in page({"code": "half an address"}, 400)
    style = bank.get("/bank-logins/callback/page.css")
    assert (style.status_code, style.headers["Content-Type"]) == (200, "text/css; charset=utf-8")


@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/json, text/html", ""])
def test_programs_get_json(bank: HttpBank, accept: str) -> None:
    response = bank.get("/bank-logins/callback", params={"code": "x"}, headers={"Accept": accept})

    error_of(response, 400, "missing_fields")


def test_no_secret_of_a_connection_is_answered_or_logged(
    bank: HttpBank, alice: Customer, admin: Customer, branch_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The address of the bank's page is the one exception, and nobody but the customer gets it."""
    caplog.set_level(logging.DEBUG)
    tokens: list[str] = []
    listening = HookedGateway(bank.office.gateways["simulated"])

    def overhear(given: BankTokens) -> BankTokens:
        assert given.refresh_token is not None
        tokens.extend([given.access_token, given.refresh_token])
        return given

    listening.answers["exchange_code"] = overhear
    bank.office.gateways["simulated"] = listening
    begun = started(alice, branch_id)
    brought = decided_on_the_page(begun["authorization_url"], "approve")
    login_id = begun["bank_login"]["id"]
    answers = [
        bank.get("/bank-logins/callback", params=brought),
        bank.get("/bank-logins/callback", params=brought),
        bank.get("/bank-logins/callback", params=brought, headers=BROWSER),
        bank.post(WEBHOOK_PATH, params={"token": "guessed-token"}, content=b"guessed-content"),
        alice.get(f"/bank-logins/{login_id}"),
        alice.get("/bank-logins"),
        alice.post(f"/bank-logins/{login_id}/sync"),
        admin.get("/jobs"),
        admin.get("/audit-events"),
        alice.delete(f"/bank-logins/{login_id}"),
    ]

    secrets = [*brought.values(), "guessed-token", "guessed-content", *tokens]
    logged = [
        record.getMessage() + str(record.exc_text or "")
        for record in caplog.records
        # What this test's own browser logs, and the bank's server, is no log of ours.
        if not record.name.startswith(("httpx", "httpcore", "uvicorn.access"))
    ]
    assert len(tokens) == 2
    for secret in secrets:
        assert not any(secret in answer.text + str(answer.headers) for answer in answers)
        assert [line for line in logged if secret in line] == []
