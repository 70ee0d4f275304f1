"""Connections that are confirmed, in a browser: by who began them, and by nobody whom a link was sent to."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import Page, expect
from tests.support.http.browser import needs_browser, open_browser
from tests.support.http.page_api import PageApi, balances_at_the_bank, bank_url, branch_over
from tests.support.servers.running_server import RunningServer, run_ledgerbank
from tests.support.waiting import wait_until

TIMEOUT_SECONDS = 30
CONFIRMING = {"BANK_CONNECT_CONFIRMATION": "true"}
PASSWORD = "a good long password of hers"
CUSTOMER = "Erin Example"


@pytest.fixture
def confirming(environment: dict[str, str]) -> dict[str, str]:
    return environment | CONFIRMING


def registered(api: PageApi, email: str) -> None:
    api.post(
        "/users",
        {
            "email": email,
            "full_name": "Erin Example",
            "password": PASSWORD,
            "password_confirmation": PASSWORD,
        },
    )
    api.log_in(email, PASSWORD)


def approve(page: Page, address: str, name: str = CUSTOMER) -> None:
    page.goto(address)
    page.get_by_label("name").fill(name)
    page.get_by_role("button", name="Approve").click()


def second_bank(api: PageApi) -> str:
    """The simulated bank in its other dialect."""
    api.log_in("admin@example.com", "admin123!")
    bank = api.post(
        "/banks",
        {
            "name": "Open Bank",
            "country": "GB",
            "code": "OPEN",
            "integration_module": "simulated_open_banking",
        },
    )
    return str(api.post(f"/banks/{bank['id']}/branches", {"name": "Main", "country": "GB"})["id"])


@needs_browser
@pytest.mark.parametrize("module", ["simulated", "simulated_open_banking"])
def test_a_person_confirms_what_they_were_shown_and_their_accounts_arrive(
    confirming: dict[str, str], tmp_path: Path, module: str
) -> None:
    with (
        RunningServer(confirming, tmp_path / "log", command="up") as server,
        open_browser() as browser,
    ):
        page, home = browser.page, f"http://127.0.0.1:{server.port}/api/docs"
        page.goto(home)
        api = PageApi(page)
        branch = second_bank(api) if module == "simulated_open_banking" else None
        registered(api, "erin@example.com")
        branch = branch or branch_over(api.get)
        connection = api.post("/bank-logins", {"bank_branch_id": branch, "username": "erin1"})
        path = f"/bank-logins/{connection['bank_login']['id']}"

        approve(page, connection["authorization_url"])
        expect(page.get_by_role("heading")).to_have_text("One more step")
        expect(page.get_by_text("e•••@example.com")).to_be_visible()
        confirmation = page.locator(".confirmation").inner_text()
        page.screenshot(path=tmp_path / "confirmation.png")
        page.reload()
        assert page.locator(".confirmation").inner_text() == confirmation

        page.goto(home)
        assert api.get(path)["connected"] is False
        api.post(f"{path}/confirm", {"confirmation": confirmation})
        wait_until(lambda: api.get(path)["last_sync_at"], seconds=TIMEOUT_SECONDS)
        accounts = api.get("/accounts")
        at_the_bank = balances_at_the_bank(bank_url(server), CUSTOMER)

        assert (api.get(path)["status"], api.get(path)["last_error"]) == ("ACTIVE", None)
        arrived = {account["external_account_id"]: Decimal(account["balance"]) for account in accounts}
        assert arrived == at_the_bank
        assert browser.complaints == []
        assert server.stop() == 0
    verified = run_ledgerbank("ledger", "verify", environment=confirming)
    assert verified.returncode == 0, verified.stdout


@needs_browser
def test_whoever_sends_the_link_to_somebody_else_gets_nothing_and_that_one_reads_whose_login_it_is(
    confirming: dict[str, str], tmp_path: Path
) -> None:
    with (
        RunningServer(confirming, tmp_path / "log", command="up") as server,
        open_browser() as victim,
        server.client("alice@example.com") as attacker,
    ):
        branch = branch_over(lambda path: attacker.get(path).json()["data"])
        begun = attacker.post("/bank-logins", json={"bank_branch_id": branch, "username": "alice9"})
        login_id = begun.json()["data"]["bank_login"]["id"]
        before = attacker.get("/accounts").json()["data"]

        approve(victim.page, begun.json()["data"]["authorization_url"], "Victoria Vance")
        expect(victim.page.get_by_text("a•••@example.com")).to_be_visible()
        expect(victim.page.get_by_text("Is it somebody else?")).to_be_visible()
        confirmation = victim.page.locator(".confirmation").inner_text()
        head = attacker.head("/bank-logins/callback", params=dict(parse_qsl(urlsplit(victim.page.url).query)))
        guesses = [
            attacker.post(f"/bank-logins/{login_id}/confirm", json={"confirmation": guess})
            for guess in ("34679C", "CDFGHJ", "KMNPQR", "TVWXY3", "Y3Y4Y6", confirmation)
        ]

        assert head.status_code == 200
        assert [guess.json()["error"]["reason"] for guess in guesses] == ["invalid_confirmation"] * 6
        assert attacker.get(f"/bank-logins/{login_id}").json()["data"]["connected"] is False
        assert attacker.get("/accounts").json()["data"] == before
        assert victim.complaints == []


@needs_browser
def test_a_web_client_gets_its_customer_back_with_what_it_has_to_confirm(
    confirming: dict[str, str], tmp_path: Path
) -> None:
    with (
        RunningServer(confirming, tmp_path / "log", command="up") as server,
        open_browser() as browser,
        server.client("alice@example.com") as alice,
        web_client() as (address, visits),
    ):
        branch = branch_over(lambda path: alice.get(path).json()["data"])
        body = {"bank_branch_id": branch, "username": "alice8", "return_url": f"{address}/banks?view=all"}
        begun = alice.post("/bank-logins", json=body).json()["data"]

        approve(browser.page, begun["authorization_url"])
        expect(browser.page.get_by_text("Back in the client")).to_be_visible()
        told = dict(parse_qsl(urlsplit(browser.page.url).query))
        login_id = begun["bank_login"]["id"]
        finished = alice.post(
            f"/bank-logins/{login_id}/confirm", json={"confirmation": told["confirmation"]}
        ).json()["data"]

    assert (told["view"], told["status"], told["bank_login_id"]) == ("all", "confirmation_required", login_id)
    assert finished["bank_login"]["status"] == "ACTIVE"
    # Neither the bank's code nor its state came along, not even as where the browser came from.
    assert visits
    assert not any("code=" in seen or "state=" in seen for seen in visits)


@contextmanager
def web_client() -> Iterator[tuple[str, list[str]]]:
    """A page of another origin; what its server is told by browsers."""
    visits: list[str] = []

    class Client(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            visits.append(f"{self.path} {self.headers.get('Referer', '')}")
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>Client</title><p>Back in the client</p>")

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Client)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", visits
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
