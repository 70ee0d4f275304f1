"""The whole way of a person: logging in, connecting the simulated bank in a browser, seeing the money."""

from decimal import Decimal
from pathlib import Path
from typing import Any

from playwright.sync_api import expect
from tests.support.http.browser import needs_browser, open_browser
from tests.support.http.page_api import PageApi, balances_at_the_bank, bank_url, branch_over
from tests.support.servers.running_server import RunningServer, run_ledgerbank
from tests.support.waiting import wait_until

TIMEOUT_SECONDS = 30


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
        api = PageApi(page)
        api.log_in("alice@example.com", "password123!")
        before = {account["id"] for account in api.get("/accounts")}
        connection = api.post("/bank-logins", {"bank_branch_id": branch_over(api.get), "username": "alice1"})

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
        at_the_bank = balances_at_the_bank(bank_url(server), "Alice Example")

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
        branch = branch_over(lambda path: alice.get(path).json()["data"])
        answer = alice.post("/bank-logins", json={"bank_branch_id": branch, "username": "alice2"})
        connection = answer.json()["data"]
        browser.page.goto(connection["authorization_url"])
        browser.page.get_by_role("button", name="Deny").click()
        expect(browser.page.get_by_role("heading")).to_have_text("Your bank was not connected")
        login = alice.get(f"/bank-logins/{connection['bank_login']['id']}").json()["data"]

    assert login["connected"] is False


def _largest(accounts: list[dict[str, Any]]) -> dict[str, Any]:
    return next(account for account in accounts if account["account_name"] == "Current Account")
