"""Connections that whoever began them has to confirm: a link sent to somebody else connects nothing."""

import logging
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from tests.support.http.bank_login_steps import approved, started
from tests.support.http.http_bank import BackOffice, Customer, HttpBank, data_of, error_of
from tests.support.scenes.gateway_world import decided_on_the_page

from ledgerbank_adapters.simulated_bank import SimulatedBankServer
from ledgerbank_domain.banking.connection_confirmation import CONFIRMATION_ALPHABET

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
CALLBACK = "/bank-logins/callback"


@pytest.fixture(autouse=True)
def confirmations_are_asked_for(office: BackOffice) -> None:
    office.connecting["connect_confirmation"] = True


def confirm(customer: Customer, login_id: str, confirmation: Any) -> Any:
    return customer.post(f"/bank-logins/{login_id}/confirm", json={"confirmation": confirmation})


def is_connected(customer: Customer, login_id: str) -> bool:
    return bool(data_of(customer.get(f"/bank-logins/{login_id}"))["connected"])


def wrong(confirmation: str) -> str:
    return confirmation[:-1] + next(each for each in CONFIRMATION_ALPHABET if each != confirmation[-1])


def test_the_callback_keeps_the_code_and_the_starter_finishes_by_what_the_browser_was_shown(
    bank: HttpBank, alice: Customer, branch_id: str, bank_server: SimulatedBankServer
) -> None:
    login_id, brought = approved(alice, branch_id)

    kept = data_of(bank.get(CALLBACK, params=brought))

    assert set(kept) == {"bank_login", "confirmation", "joins", "expires_at"}
    assert kept["bank_login"] == {"id": login_id, "status": "INACTIVE"}
    assert re.fullmatch(f"[{CONFIRMATION_ALPHABET}]{{6}}", kept["confirmation"])
    assert kept["joins"] == "a•••@example.com"
    assert not is_connected(alice, login_id)
    assert bank_server.model.count_of("token.exchange").calls == 0

    finished = data_of(confirm(alice, login_id, kept["confirmation"]))

    assert finished["bank_login"] == {"id": login_id, "status": "ACTIVE"}
    assert finished["job"]["state"] == "available"
    assert is_connected(alice, login_id)
    error_of(confirm(alice, login_id, kept["confirmation"]), 400, "invalid_confirmation")


def test_a_customer_who_sends_the_link_to_somebody_else_gets_nothing_of_theirs(
    bank: HttpBank, alice: Customer, branch_id: str, bank_server: SimulatedBankServer
) -> None:
    """What the victim approves stays sealed: their page shows them the code, and whose login it would be."""
    login_id, brought = approved(alice, branch_id)

    page = bank.get(CALLBACK, params=brought, headers=BROWSER).text
    for guess in ("34679C", "CDFGHJ", "AAAAAA"):
        error_of(confirm(alice, login_id, guess), 400, "invalid_confirmation")

    assert "a•••@example.com" in page
    assert "Is it somebody else?" in page
    assert not is_connected(alice, login_id)
    assert data_of(alice.get("/accounts")) == []
    assert bank_server.model.count_of("token.exchange").calls == 0


def test_the_victim_cannot_be_made_to_confirm_by_their_own_session_either(
    bank: HttpBank, alice: Customer, bob: Customer, admin: Customer, branch_id: str
) -> None:
    login_id, brought = approved(alice, branch_id)
    confirmation = data_of(bank.get(CALLBACK, params=brought))["confirmation"]

    error_of(confirm(bob, login_id, confirmation), 404, "bank_login_not_found")
    error_of(confirm(admin, login_id, confirmation), 404, "bank_login_not_found")
    error_of(
        bank.post(f"/bank-logins/{login_id}/confirm", json={"confirmation": confirmation}),
        401,
        "invalid_token",
    )
    assert data_of(confirm(alice, login_id, confirmation))["bank_login"]["status"] == "ACTIVE"


def test_five_wrong_ones_end_the_visit_and_the_right_one_comes_too_late(
    bank: HttpBank, alice: Customer, admin: Customer, branch_id: str
) -> None:
    login_id, brought = approved(alice, branch_id)
    confirmation = data_of(bank.get(CALLBACK, params=brought))["confirmation"]
    for _ in range(5):
        error = error_of(confirm(alice, login_id, wrong(confirmation)), 400, "invalid_confirmation")
        assert error["details"]["field"] == "confirmation"

    error_of(confirm(alice, login_id, confirmation), 400, "invalid_confirmation")

    assert not is_connected(alice, login_id)
    events = data_of(admin.get("/audit-events", params={"event": "security.suspicious"}))
    assert [event["metadata"]["cause"] for event in events] == ["guessed_confirmations"]


def test_the_fifth_try_may_be_the_right_one(bank: HttpBank, alice: Customer, branch_id: str) -> None:
    login_id, brought = approved(alice, branch_id)
    confirmation = data_of(bank.get(CALLBACK, params=brought))["confirmation"]
    for _ in range(4):
        error_of(confirm(alice, login_id, wrong(confirmation)), 400, "invalid_confirmation")

    data_of(confirm(alice, login_id, confirmation))


@pytest.mark.parametrize("typed", ["{lower}", " {code} ", "{first}-{last}", "{first} {last}"])
def test_it_may_be_typed_as_people_type(bank: HttpBank, alice: Customer, branch_id: str, typed: str) -> None:
    login_id, brought = approved(alice, branch_id)
    code = data_of(bank.get(CALLBACK, params=brought))["confirmation"]
    written = typed.format(code=code, lower=code.lower(), first=code[:3], last=code[3:])

    data_of(confirm(alice, login_id, written))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({}, "missing_fields"),
        ({"confirmation": None}, "missing_fields"),
        ({"confirmation": "  "}, "missing_fields"),
        ({"confirmation": 346790}, "invalid_confirmation"),
        ({"confirmation": ["34679C"]}, "invalid_confirmation"),
        ({"confirmation": "a\0"}, "invalid_confirmation"),
        ({"confirmation": "x" * 5000}, "invalid_confirmation"),
    ],
    ids=str,
)
def test_what_is_no_confirmation_costs_no_try(
    bank: HttpBank, alice: Customer, branch_id: str, body: dict[str, Any], reason: str
) -> None:
    login_id, brought = approved(alice, branch_id)
    confirmation = data_of(bank.get(CALLBACK, params=brought))["confirmation"]
    for _ in range(6):
        error_of(alice.post(f"/bank-logins/{login_id}/confirm", json=body), 400, reason)

    data_of(confirm(alice, login_id, confirmation))


def test_it_is_awaited_for_ten_minutes(
    bank: HttpBank, alice: Customer, branch_id: str, office: BackOffice
) -> None:
    for late in (timedelta(minutes=10), timedelta(minutes=10) - timedelta(microseconds=1)):
        login_id, brought = approved(alice, branch_id, f"late{late.seconds}")
        confirmation = data_of(bank.get(CALLBACK, params=brought))["confirmation"]
        office.clock.advance(late)
        fresh = bank.logged_in(alice.user)
        answer = confirm(fresh, login_id, confirmation)
        assert answer.status_code == (400 if late == timedelta(minutes=10) else 200)


def test_another_session_of_the_same_user_may_confirm(
    bank: HttpBank, alice: Customer, branch_id: str
) -> None:
    """Who began is a user, not a session: whoever logs in again within ten minutes is still them."""
    login_id, brought = approved(alice, branch_id)
    confirmation = data_of(bank.get(CALLBACK, params=brought))["confirmation"]

    data_of(confirm(bank.logged_in(alice.user), login_id, confirmation))


def test_a_page_that_is_loaded_again_shows_the_same_and_gives_no_new_tries(
    bank: HttpBank, alice: Customer, admin: Customer, branch_id: str
) -> None:
    login_id, brought = approved(alice, branch_id)
    confirmation = data_of(bank.get(CALLBACK, params=brought))["confirmation"]
    for _ in range(4):
        confirm(alice, login_id, wrong(confirmation))
        page = bank.get(CALLBACK, params=brought, headers=BROWSER)
        assert (page.status_code, confirmation in page.text) == (200, True)
    confirm(alice, login_id, wrong(confirmation))

    page = bank.get(CALLBACK, params=brought, headers=BROWSER)

    assert (page.status_code, "no longer valid" in page.text) == (400, True)
    assert confirmation not in page.text
    causes = [
        event["metadata"]["cause"]
        for event in data_of(admin.get("/audit-events", params={"event": "security.suspicious"}))
    ]
    assert causes == ["oauth_state_replay", "guessed_confirmations"]


def test_whoever_has_the_state_without_the_code_is_not_shown_the_confirmation(
    bank: HttpBank, alice: Customer, branch_id: str
) -> None:
    """The sender of a link knows its state: that alone must not tell what the victim's browser is shown."""
    login_id, brought = approved(alice, branch_id)
    confirmation = data_of(bank.get(CALLBACK, params=brought))["confirmation"]

    for params in ({**brought, "code": "made-up"}, {"state": brought["state"], "error": "access_denied"}):
        refused = bank.get(CALLBACK, params=params)
        error_of(refused, 400, "invalid_oauth_state")
        assert confirmation not in refused.text
    data_of(confirm(alice, login_id, confirmation))


def test_a_made_up_code_in_front_of_the_victims_gains_nothing(
    bank: HttpBank, alice: Customer, branch_id: str
) -> None:
    login_id, brought = approved(alice, branch_id)
    shown = data_of(bank.get(CALLBACK, params={**brought, "code": "made-up"}))["confirmation"]

    error_of(bank.get(CALLBACK, params=brought), 400, "invalid_oauth_state")
    error_of(confirm(alice, login_id, shown), 503, "bank_api_error")

    assert not is_connected(alice, login_id)


def test_of_two_tabs_each_is_finished_by_its_own_confirmation(
    bank: HttpBank, alice: Customer, branch_id: str
) -> None:
    login_id, first = approved(alice, branch_id)
    second = decided_on_the_page(started(alice, branch_id, status=200)["authorization_url"], "approve")
    codes = [data_of(bank.get(CALLBACK, params=brought))["confirmation"] for brought in (first, second)]

    assert codes[0] != codes[1]
    data_of(confirm(alice, login_id, codes[1]))
    error_of(confirm(alice, login_id, codes[1]), 400, "invalid_confirmation")
    data_of(confirm(alice, login_id, codes[0]))


def test_many_visits_of_a_login_give_no_more_tries_than_one(
    bank: HttpBank, alice: Customer, branch_id: str
) -> None:
    login_id, first = approved(alice, branch_id)
    second = decided_on_the_page(started(alice, branch_id, status=200)["authorization_url"], "approve")
    codes = [data_of(bank.get(CALLBACK, params=brought))["confirmation"] for brought in (first, second)]
    for _ in range(5):
        error_of(confirm(alice, login_id, "AAAAAA"), 400, "invalid_confirmation")

    for code in codes:
        error_of(confirm(alice, login_id, code), 400, "invalid_confirmation")


def test_the_confirmation_of_one_login_finishes_no_other(
    bank: HttpBank, alice: Customer, branch_id: str
) -> None:
    one, brought = approved(alice, branch_id, "one")
    other, other_brought = approved(alice, branch_id, "other")
    code = data_of(bank.get(CALLBACK, params=brought))["confirmation"]
    data_of(bank.get(CALLBACK, params=other_brought))

    error_of(confirm(alice, other, code), 400, "invalid_confirmation")
    data_of(confirm(alice, one, code))
    assert not is_connected(alice, other)


def test_a_login_that_is_disconnected_meanwhile_stays_so(
    bank: HttpBank, alice: Customer, branch_id: str
) -> None:
    login_id, brought = approved(alice, branch_id)
    still_there = decided_on_the_page(started(alice, branch_id, status=200)["authorization_url"], "approve")
    code = data_of(bank.get(CALLBACK, params=brought))["confirmation"]

    data_of(alice.delete(f"/bank-logins/{login_id}"))

    error_of(confirm(alice, login_id, code), 400, "invalid_confirmation")
    error_of(bank.get(CALLBACK, params=still_there), 400, "invalid_oauth_state")
    assert not is_connected(alice, login_id)


def test_nobody_is_suspended_and_connected(
    bank: HttpBank, alice: Customer, admin: Customer, branch_id: str
) -> None:
    login_id, brought = approved(alice, branch_id)
    code = data_of(bank.get(CALLBACK, params=brought))["confirmation"]

    data_of(admin.put(f"/users/{alice.user.id}", json={"status": "SUSPENDED"}))

    error_of(confirm(alice, login_id, code), 401, "token_revoked")
    page = bank.get(CALLBACK, params=brought, headers=BROWSER)
    assert (page.status_code, code in page.text) == (400, False)


@pytest.mark.parametrize("confirmation", [True, False])
def test_whoever_only_looks_finishes_nothing_and_uses_nothing_up(
    open_bank: Callable[..., HttpBank],
    alice: Customer,
    office: BackOffice,
    branch_id: str,
    *,
    confirmation: bool,
) -> None:
    """Scanners of links ask by HEAD, browsers load ahead of their users."""
    office.connecting["connect_confirmation"] = confirmation
    bank = open_bank()
    login_id, brought = approved(alice, branch_id)

    for _ in range(2):
        looked = bank.request("HEAD", CALLBACK, params=brought, headers=BROWSER)
        assert (looked.status_code, looked.content) == (200, b"")
        for header in ({"Sec-Purpose": "prefetch;prerender"}, {"Purpose": "prefetch"}, {"X-Moz": "prefetch"}):
            ahead = bank.get(CALLBACK, params=brought, headers={**BROWSER, **header})
            assert ahead.status_code == 503
    assert bank.request("HEAD", CALLBACK, params={"code": "x"}).status_code == 400
    assert not is_connected(alice, login_id)

    assert ("confirmation" in data_of(bank.get(CALLBACK, params=brought))) is confirmation
    assert is_connected(alice, login_id) is not confirmation


def test_a_denied_consent_is_denied_as_ever(bank: HttpBank, alice: Customer, branch_id: str) -> None:
    begun = started(alice, branch_id)
    brought = decided_on_the_page(begun["authorization_url"], "deny")

    error_of(bank.get(CALLBACK, params=brought), 422, "authorization_denied")
    error_of(confirm(alice, begun["bank_login"]["id"], "34679C"), 400, "invalid_confirmation")


def test_who_consented_is_on_record_apart_from_who_confirmed(
    bank: HttpBank, alice: Customer, admin: Customer, branch_id: str
) -> None:
    login_id, brought = approved(alice, branch_id)
    code = data_of(bank.get(CALLBACK, params=brought))["confirmation"]
    confirm(alice, login_id, wrong(code))
    confirm(alice, login_id, code)

    events = {
        name: [
            (event["actor_user_id"], event["reason"])
            for event in data_of(admin.get("/audit-events", params={"event": name}))
        ]
        for name in ("bank_login.consented", "bank_login.connected")
    }

    assert events == {
        "bank_login.consented": [(None, None)],
        "bank_login.connected": [
            (str(alice.user.id), None),
            (str(alice.user.id), "invalid_confirmation"),
        ],
    }


def test_neither_code_nor_confirmation_is_logged_or_shown_to_anybody_else(
    bank: HttpBank, alice: Customer, admin: Customer, branch_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    login_id, brought = approved(alice, branch_id)
    code = data_of(bank.get(CALLBACK, params=brought))["confirmation"]
    refused = confirm(alice, login_id, wrong(code))
    answers = [
        refused,
        confirm(alice, login_id, code),
        alice.get(f"/bank-logins/{login_id}"),
        admin.get("/audit-events"),
        admin.get("/jobs"),
    ]

    logged = [
        record.getMessage() + str(record.exc_text or "")
        for record in caplog.records
        if not record.name.startswith(("httpx", "httpcore", "uvicorn.access"))
    ]
    for secret in (code, wrong(code), brought["code"], brought["state"]):
        assert not any(secret in answer.text + str(answer.headers) for answer in answers)
        assert [line for line in logged if secret in line] == []
