"""The whole way of a person: logging in, connecting the simulated bank in a browser, seeing the money."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Page, expect
from tests.support.http.browser import needs_browser, open_browser
from tests.support.servers.running_server import RunningServer, run_ledgerbank
from tests.support.waiting import wait_until

TIMEOUT_SECONDS = 30
MINOR_DIGITS = 2


@needs_browser
def test_a_person_connects_the_simulated_bank_and_sees_what_the_bank_has(
    environment: dict[str, str], tmp_path: Path
) -> None:
    with (
        RunningServer(environment, tmp_path / "log", command="up") as server,
        open_browser() as browser,
    ):
        page = browser.page
        page.goto(f"http://127.0.0.1:{server.port}/api/docs")
        api = _Api(page)
        api.log_in("alice@example.com", "password123!")
        before = {account["id"] for account in api.get("/accounts")}
        connection = api.post(
            "/bank-logins", {"bank_branch_id": _simulated_branch(api), "username": "alice1"}
        )

        page.goto(connection["authorization_url"])
        page.get_by_label("name").fill("Alice Example")
        page.screenshot(path=tmp_path / "consent.png")
        page.get_by_role("button", name="Approve").click()
        expect(page.get_by_role("heading")).to_have_text("Your bank is connected")
        page.screenshot(path=tmp_path / "callback.png")
        landed_at = page.url

        page.goto(f"http://127.0.0.1:{server.port}/api/docs")
        login_id = connection["bank_login"]["id"]
        wait_until(lambda: api.get(f"/bank-logins/{login_id}")["last_sync_at"], seconds=TIMEOUT_SECONDS)
        login = api.get(f"/bank-logins/{login_id}")
        accounts = [account for account in api.get("/accounts") if account["id"] not in before]
        lines = api.get(f"/accounts/{_largest(accounts)['id']}/transactions?limit=100")
        at_the_bank = _balances_at_the_bank(_bank_url(server), "Alice Example")

        assert landed_at.startswith(f"http://localhost:{server.port}/api/v1/bank-logins/callback")
        assert (login["status"], login["last_error"]) == ("ACTIVE", None)
        assert {each["external_account_id"]: Decimal(each["balance"]) for each in accounts} == at_the_bank
        assert {line["kind"] for line in lines} <= {"OPENING", "IMPORT"}
        assert len(lines) > 30
        assert browser.complaints == []
        assert server.stop() == 0
    verified = run_ledgerbank("ledger", "verify", environment=environment)
    assert verified.returncode == 0, verified.stdout


@needs_browser
def test_a_person_who_denies_is_told_so_and_nothing_is_connected(
    environment: dict[str, str], tmp_path: Path
) -> None:
    with (
        RunningServer(environment, tmp_path / "log", command="up") as server,
        open_browser() as browser,
        server.client("alice@example.com") as alice,
    ):
        branch = _branch_over(lambda path: alice.get(path).json()["data"])
        answer = alice.post("/bank-logins", json={"bank_branch_id": branch, "username": "alice2"})
        connection = answer.json()["data"]
        browser.page.goto(connection["authorization_url"])
        browser.page.get_by_role("button", name="Deny").click()
        expect(browser.page.get_by_role("heading")).to_have_text("Your bank was not connected")
        login = alice.get(f"/bank-logins/{connection['bank_login']['id']}").json()["data"]

    assert login["connected"] is False


class _Api:
    """Calls the API by the scripts of a page of its own origin, as a web client does."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._token = ""

    def log_in(self, email: str, password: str) -> None:
        answer = self.post("/auth/login", {"email": email, "password": password})
        self._token = answer["access_token"]

    def get(self, path: str) -> Any:
        return self._call("GET", path, None)

    def post(self, path: str, body: dict[str, Any]) -> Any:
        return self._call("POST", path, body)

    def _call(self, method: str, path: str, body: dict[str, Any] | None) -> Any:
        answer = self._page.evaluate(
            """async ([method, path, token, body]) => {
                const headers = {"Content-Type": "application/json"};
                if (token) headers["Authorization"] = `Bearer ${token}`;
                const request = {method, headers};
                if (body !== null) request.body = JSON.stringify(body);
                return await (await fetch("/api/v1" + path, request)).json();
            }""",
            [method, path, self._token, body],
        )
        assert "data" in answer, answer
        return answer["data"]


def _simulated_branch(api: _Api) -> str:
    return _branch_over(api.get)


def _branch_over(get: Callable[[str], Any]) -> str:
    bank = next(bank for bank in get("/banks") if bank["integration_module"] == "simulated")
    return str(get(f"/banks/{bank['id']}/branches")[0]["id"])


def _bank_url(server: RunningServer) -> str:
    """Where the product said that it started its simulated bank."""
    line = next(line for line in server.output().splitlines() if line.strip().startswith("bank "))
    return line.split()[1]


def _balances_at_the_bank(bank_url: str, customer_name: str) -> dict[str, Decimal]:
    """By the bank's own controls, of the accounts that can be connected."""
    customers = httpx.get(f"{bank_url}/_control/customers").json()["customers"]
    customer = next(each for each in customers if each["name"] == customer_name)
    return {
        account["id"]: Decimal(account["balance"]).scaleb(-MINOR_DIGITS)
        for account in customer["accounts"]
        if account["type"] != "uk_loan"
    }


def _largest(accounts: list[dict[str, Any]]) -> dict[str, Any]:
    return next(account for account in accounts if account["account_name"] == "Current Account")
