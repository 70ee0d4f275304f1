"""Statements in a real browser: what a feed leaves out comes by a file, and ours says what theirs does."""

import csv
from collections import Counter
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Download, Error, Locator, Page, expect
from tests.support.http.browser import needs_browser, open_browser
from tests.support.http.page_api import PageApi, bank_url, branch_over
from tests.support.servers.running_server import RunningServer, run_ledgerbank
from tests.support.waiting import wait_until

TIMEOUT_SECONDS = 30
CUSTOMER = "Olive Overdrawn"
KIOSK = Decimal("-12.34")
LONG_AGO = "2020-01-01"


class BankControls:
    """What the simulated bank knows of an account, and can be made to do."""

    def __init__(self, address: str, account_id: str) -> None:
        self._account = f"{address}/_control/accounts/{account_id}"

    def add(self, amount: Decimal, merchant: str, *, listed: bool = True) -> None:
        entered = {"amount": int(amount * 100), "merchant_name": merchant, "pending": False, "listed": listed}
        httpx.post(f"{self._account}/transactions", json=entered).raise_for_status()

    @property
    def balance(self) -> Decimal:
        return Decimal(httpx.get(self._account).json()["balance"]).scaleb(-2)

    def statement_address(self, written: str) -> str:
        return f"{self._account}/statement?format={written}"

    def booked(self) -> Counter[Decimal]:
        """What moved on it, by its own statement."""
        answer = httpx.get(self.statement_address("csv"))
        rows = csv.DictReader(answer.content.decode("utf-8-sig").splitlines())
        return Counter(Decimal(row["Credit Amount"] or 0) - Decimal(row["Debit Amount"] or 0) for row in rows)


def downloaded(page: Page, address: str) -> Download:
    """What a browser saves when somebody types this address."""
    # It stays where it is then, which the driver takes for a failure.
    with page.expect_download() as saved, suppress(Error):
        page.goto(address)
    return saved.value


def opened(page: Page, operation_id: str) -> Locator:
    operation = page.locator(f"#{operation_id}")
    operation.locator(".opblock-summary-control").click()
    return operation


def executed(operation: Locator, status: str) -> None:
    operation.locator("button.execute").click()
    told = operation.locator(".live-responses-table tbody .response-col_status").first
    expect(told).to_contain_text(status, timeout=TIMEOUT_SECONDS * 1000)


def authorized(page: Page, token: str) -> None:
    page.locator("button.authorize").click()
    session = page.locator(".auth-container").filter(has_text="accessToken")
    session.locator("input").fill(token)
    session.locator("button.authorize").click()
    page.locator(".auth-container button.btn-done").first.click()


def account_named(api: PageApi, name: str, login_id: str) -> dict[str, Any]:
    (account,) = (
        each
        for each in api.get("/accounts")
        if each["account_name"] == name and each["user_bank_login_id"] == login_id
    )
    return dict(account)


@needs_browser
def test_what_a_feed_leaves_out_comes_by_a_file_and_our_statement_says_what_the_banks_does(
    environment: dict[str, str], tmp_path: Path
) -> None:
    with RunningServer(environment, tmp_path / "log", command="up") as server, open_browser() as browser:
        page, docs = browser.page, f"http://127.0.0.1:{server.port}/api/docs"
        page.goto(docs)
        api = PageApi(page)
        api.log_in("alice@example.com", "password123!")
        begun = api.post("/bank-logins", {"bank_branch_id": branch_over(api.get), "username": "olive1"})
        login_id = begun["bank_login"]["id"]
        page.goto(begun["authorization_url"])
        page.get_by_label("name").fill(CUSTOMER)
        page.get_by_role("button", name="Approve").click()
        expect(page.get_by_role("heading")).to_have_text("Your bank is connected")
        page.goto(docs)
        wait_until(lambda: api.get(f"/bank-logins/{login_id}")["last_sync_at"], seconds=TIMEOUT_SECONDS)
        account = account_named(api, "Current Account", login_id)

        # More is spent than is there, and of one purchase the feed says nothing.
        bank = BankControls(bank_url(server), account["external_account_id"])
        bank.add(-bank.balance - 250, "Grand Tour")
        bank.add(KIOSK, "Kiosk", listed=False)
        api.post(f"/bank-logins/{login_id}/sync", {})

        def overdrawn() -> bool:
            return Decimal(account_named(api, "Current Account", login_id)["balance"]) == bank.balance

        wait_until(overdrawn, seconds=TIMEOUT_SECONDS)
        assert bank.balance == Decimal("-262.34")
        assert account_named(api, "Current Account", login_id)["status"] == "ACTIVE"
        assert kinds(api, account)["RECONCILIATION"] == 1

        # The bank's own file has it: downloaded there, added here by the page.
        file = tmp_path / "statement.xml"
        downloaded(page, bank.statement_address("camt053")).save_as(file)
        page.goto(docs)
        authorized(page, api.token)
        form = opened(page, "operations-accounts-post_accounts_id_imports")
        form.locator("input[type=text]").first.fill(account["id"])
        form.locator("input[type=file]").set_input_files(file)
        executed(form, "201")
        (preview,) = api.get(f"/accounts/{account['id']}/imports")
        counts = preview["counts"]
        assert (preview["state"], counts["new"], counts["doubtful"]) == ("PREVIEWED", 1, 0)
        api.post(f"/accounts/{account['id']}/imports/{preview['id']}/confirm", {})

        # Nothing is left of the adjustment, and our statement has what moved at the bank.
        form = opened(page, "operations-accounts-get_accounts_id_statement")
        form.locator("tr[data-param-name=id] input[type=text]").fill(account["id"])
        form.locator("tr[data-param-name=from] input[type=text]").fill(LONG_AGO)
        form.locator("tr[data-param-name=format] select").select_option("csv")
        executed(form, "200")
        with page.expect_download() as saved:
            form.get_by_role("link", name="Download file").click()
        saved.value.save_as(tmp_path / "ours.csv")
        ours = list(csv.DictReader((tmp_path / "ours.csv").read_text("utf-8-sig").splitlines()))
        settled = [row for row in ours if row["kind"] == "IMPORT" and row["pending"] == "false"]
        moved = Counter(Decimal(row["amount"]) for row in settled)

        assert moved == bank.booked()
        assert Decimal(ours[-1]["balance"]) == bank.balance == Decimal("-262.34")
        assert browser.complaints == []
        assert server.stop() == 0
    verified = run_ledgerbank("ledger", "verify", environment=environment)
    assert verified.returncode == 0, verified.stdout


def kinds(api: PageApi, account: dict[str, Any]) -> Counter[str]:
    lines = api.get(f"/accounts/{account['id']}/transactions?limit=1000")
    return Counter(line["kind"] for line in lines)
