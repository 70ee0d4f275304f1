"""The documentation's page in a real browser: logging in and calling an operation, as a person would."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect
from tests.support.http.browser import needs_browser, open_browser
from tests.support.servers.postgres_servers import PostgresTestServer
from tests.support.servers.running_server import RunningServer, run_ledgerbank


@pytest.fixture(scope="module")
def server(
    postgres_server: PostgresTestServer, worker_name: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    environment = {
        "DATABASE_URL": postgres_server.create_migrated_database(f"docs_{worker_name}"),
        "LEDGERBANK_DATA_DIR": str(tmp_path_factory.mktemp("data")),
    }
    seeded = run_ledgerbank("seed", environment=environment)
    assert seeded.returncode == 0, seeded.stderr
    with RunningServer(environment, tmp_path_factory.mktemp("logs") / "server.log") as server:
        yield server


@needs_browser
@pytest.mark.parametrize("mount", ["/api/docs", "/api/v1/docs"])
def test_a_person_logs_in_through_the_page_and_calls_an_operation(
    server: RunningServer, tmp_path: Path, mount: str
) -> None:
    with open_browser() as browser:
        page = browser.page
        page.goto(f"http://127.0.0.1:{server.port}{mount}")
        expect(page.locator(".info .title")).to_contain_text("LedgerBank", timeout=30_000)

        answer = executed(
            opened(page.locator("#operations-auth-post_auth_login")),
            body={"email": "alice@example.com", "password": "password123!"},
        )
        token = json.loads(answer)["data"]["access_token"]

        page.locator("button.authorize").click()
        session = page.locator(".auth-container").filter(has_text="accessToken")
        session.locator("input").fill(token)
        session.locator("button.authorize").click()
        page.locator(".auth-container button.btn-done").first.click()

        answer = executed(opened(page.locator("#operations-accounts-get_accounts")))
        page.screenshot(path=tmp_path / "docs.png")

        assert [account["account_name"] for account in json.loads(answer)["data"]] == ["Alice Checking"]
        assert browser.complaints == []
        assert browser.hosts == {f"127.0.0.1:{server.port}"}


def opened(operation: Locator) -> Locator:
    operation.locator(".opblock-summary-control").click()
    return operation


def executed(operation: Locator, *, body: object = None) -> str:
    """The body of the answer, as the page shows it."""
    if body is not None:
        operation.locator("textarea.body-param__text").fill(json.dumps(body))
    operation.locator("button.execute").click()
    expect(operation.locator(".live-responses-table tbody .response-col_status").first).to_contain_text("200")
    return operation.locator(".live-responses-table .highlight-code code").first.inner_text()
