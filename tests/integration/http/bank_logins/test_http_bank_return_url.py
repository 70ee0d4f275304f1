"""Return addresses over HTTP: where a client wants its customer back, and never anywhere else."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from tests.support.http.bank_login_steps import approved, started
from tests.support.http.http_bank import BackOffice, Customer, HttpBank, data_of, error_of
from tests.support.scenes.gateway_world import decided_on_the_page

from ledgerbank_adapters.simulated_bank import Fault, SimulatedBankServer
from ledgerbank_domain.banking.return_url import ReturnUrls

CALLBACK = "/bank-logins/callback"
APP = "https://app.example.com/banks/done?view=all"
PLAIN = "https://app.example.com/banks"
BROWSER = {"Accept": "text/html,*/*;q=0.8"}


@pytest.fixture(autouse=True)
def an_app_to_return_to(office: BackOffice) -> None:
    office.connecting["return_urls"] = ReturnUrls(allowed=frozenset({APP, PLAIN}))


def sent_to(response: Any) -> tuple[str, dict[str, str]]:
    assert response.status_code == 303, response.text
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.content == b""
    target = urlsplit(response.headers["Location"])
    return target._replace(query="").geturl(), dict(parse_qsl(target.query))


@pytest.mark.parametrize("headers", [BROWSER, {}])
def test_a_connected_customer_is_sent_back_to_the_client(
    bank: HttpBank, alice: Customer, branch_id: str, headers: dict[str, str]
) -> None:
    login_id, brought = approved(alice, branch_id, return_url=APP)

    where, told = sent_to(bank.get(CALLBACK, params=brought, headers=headers))

    assert where == "https://app.example.com/banks/done"
    assert told == {"view": "all", "status": "connected", "bank_login_id": login_id}
    assert data_of(alice.get(f"/bank-logins/{login_id}"))["connected"] is True


def test_the_client_is_handed_the_confirmation_and_finishes_with_it(
    open_bank: Callable[..., HttpBank], alice: Customer, branch_id: str, office: BackOffice
) -> None:
    office.connecting["connect_confirmation"] = True
    bank = open_bank()
    login_id, brought = approved(alice, branch_id, return_url=PLAIN)

    where, told = sent_to(bank.get(CALLBACK, params=brought, headers=BROWSER))
    again = sent_to(bank.get(CALLBACK, params=brought, headers=BROWSER))

    assert (where, told) == again
    assert where == PLAIN
    assert set(told) == {"status", "bank_login_id", "confirmation"}
    assert (told["status"], told["bank_login_id"]) == ("confirmation_required", login_id)
    body = {"confirmation": told["confirmation"]}
    finished = data_of(bank.post(f"/bank-logins/{login_id}/confirm", json=body, token=alice.token))
    assert finished["bank_login"]["status"] == "ACTIVE"


def test_a_client_is_told_of_a_denial_and_of_a_failure(
    bank: HttpBank, alice: Customer, branch_id: str, bank_server: SimulatedBankServer
) -> None:
    begun = started(alice, branch_id, return_url=PLAIN)
    login_id = begun["bank_login"]["id"]
    denied = decided_on_the_page(begun["authorization_url"], "deny")
    assert sent_to(bank.get(CALLBACK, params=denied)) == (
        PLAIN,
        {"status": "denied", "bank_login_id": login_id},
    )

    again = started(alice, branch_id, status=200, return_url=PLAIN)
    brought = decided_on_the_page(again["authorization_url"], "approve")
    bank_server.model.add_fault(Fault(operation="token.exchange", status=503))
    assert sent_to(bank.get(CALLBACK, params=brought)) == (
        PLAIN,
        {"status": "failed", "bank_login_id": login_id},
    )
    assert data_of(alice.get(f"/bank-logins/{login_id}"))["status"] == "ERROR"


def test_who_comes_back_a_second_time_or_with_a_state_of_nobody_is_sent_nowhere(
    bank: HttpBank, alice: Customer, branch_id: str
) -> None:
    _, brought = approved(alice, branch_id, return_url=PLAIN)
    sent_to(bank.get(CALLBACK, params=brought))

    error_of(bank.get(CALLBACK, params=brought), 400, "invalid_oauth_state")
    guessed = {"state": "nobody's", "code": "x", "return_url": PLAIN, "redirect_uri": "https://evil.example/"}
    error_of(bank.get(CALLBACK, params=guessed), 400, "invalid_oauth_state")


def test_an_address_that_is_allowed_no_more_is_not_gone_to(
    open_bank: Callable[..., HttpBank], alice: Customer, branch_id: str, office: BackOffice
) -> None:
    login_id, brought = approved(alice, branch_id, return_url=PLAIN)
    office.connecting["return_urls"] = ReturnUrls(allowed=frozenset({APP}))

    assert data_of(open_bank().get(CALLBACK, params=brought))["bank_login"]["id"] == login_id


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/",
        PLAIN + "/",
        PLAIN + "?x=1",
        PLAIN + "#x",
        PLAIN + "\r\nX: y",
        PLAIN.replace("https", "http"),
        "https://app.example.com@evil.example/banks",
        "https://app.example.com\\@evil.example/banks",
        "//evil.example",
        "http://localhost:3000/",
        "javascript:alert(1)",
        "",
        " ",
        7,
        [PLAIN],
        {"url": PLAIN},
    ],
    ids=str,
)
def test_an_address_that_is_not_allowed_begins_nothing(alice: Customer, branch_id: str, url: Any) -> None:
    body = {"bank_branch_id": branch_id, "username": "alice123", "return_url": url}

    error = error_of(alice.post("/bank-logins", json=body), 400, "invalid_field_format")

    assert error["details"]["field"] == "return_url"
    assert data_of(alice.get("/bank-logins")) == []


def test_without_an_address_and_with_null_there_is_a_page(
    bank: HttpBank, alice: Customer, branch_id: str
) -> None:
    _, brought = approved(alice, branch_id, return_url=None)

    page = bank.get(CALLBACK, params=brought, headers=BROWSER)

    assert (page.status_code, "Your bank is connected" in page.text) == (200, True)
    assert "a•••@example.com" in page.text
