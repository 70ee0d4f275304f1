"""The development mailbox in a real browser, behind the real server."""

from pathlib import Path

import pytest
from playwright.sync_api import expect
from tests.support.http.browser import needs_browser, open_browser
from tests.support.servers.postgres_servers import PostgresTestServer
from tests.support.servers.running_server import RunningServer

from ledgerbank_adapters.postgres import PostgresMailbox, create_postgres_engine
from ledgerbank_adapters.system import SystemClock
from ledgerbank_domain.ports.mailer import Mail

MAIL = Mail(
    message_id="a-job",
    to_address="alice@example.com",
    to_name="Alice <b>Example</b>",
    subject="Your password was changed",
    text="Dear Alice,\n\n<script>document.title = 'taken over'</script>\n",
    html="<p>Dear Alice,</p><img src='https://evil.example/x'><script>document.title = 'x'</script>",
)


@needs_browser
@pytest.mark.parametrize("mount", ["/api/dev/mailbox", "/api/v1/dev/mailbox"])
def test_a_person_reads_the_mails_and_nothing_in_them_acts(
    postgres_server: PostgresTestServer, worker_name: str, tmp_path: Path, mount: str
) -> None:
    url = postgres_server.create_migrated_database(f"mailbox_{worker_name}")
    engine = create_postgres_engine(url)
    PostgresMailbox(engine, SystemClock()).send(MAIL)
    engine.dispose()
    environment = {"DATABASE_URL": url, "LEDGERBANK_DATA_DIR": str(tmp_path / "data")}
    with RunningServer(environment, tmp_path / "server.log") as server, open_browser() as browser:
        page = browser.page
        page.goto(f"http://127.0.0.1:{server.port}{mount}")

        expect(page.get_by_role("heading", level=2)).to_have_text(MAIL.subject)
        expect(page.locator("article > pre")).to_have_text(MAIL.text)
        source = page.locator("details pre")
        expect(source).to_be_hidden()
        page.get_by_text("HTML source").click()
        expect(source).to_be_visible()
        expect(source).to_have_text(MAIL.html)
        assert page.title() == "Development mailbox"
        # The style sheet arrived: under another policy or type the browser would have dropped it.
        assert page.locator("dl").evaluate("each => getComputedStyle(each).display") == "grid"
        page.screenshot(path=tmp_path / "mailbox.png")
        assert browser.complaints == []
        assert browser.hosts == {f"127.0.0.1:{server.port}"}
