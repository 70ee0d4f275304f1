"""The links in mails, followed in a real browser from the development mailbox to the real server."""

from pathlib import Path

from playwright.sync_api import expect
from tests.support.http.browser import needs_browser, open_browser
from tests.support.http.mail_links import link_from_mailbox
from tests.support.servers.postgres_servers import PostgresTestServer
from tests.support.servers.running_server import RunningServer

EMAIL, FIRST, SECOND = "ann@example.com", "a first passphrase of hers", "a second passphrase of hers"


@needs_browser
def test_a_person_registers_confirms_forgets_resets_and_logs_in(
    postgres_server: PostgresTestServer, worker_name: str, tmp_path: Path
) -> None:
    url = postgres_server.create_migrated_database(f"links_{worker_name}")
    environment = {
        "DATABASE_URL": url,
        "LEDGERBANK_DATA_DIR": str(tmp_path / "data"),
        "EMAIL_CONFIRMATION": "true",
    }
    with (
        RunningServer(environment, tmp_path / "server.log", command="up") as server,
        open_browser() as browser,
    ):
        page = browser.page
        with server.client() as client:

            def log_in(password: str) -> tuple[int, str]:
                answer = client.post("/auth/login", json={"email": EMAIL, "password": password})
                return answer.status_code, answer.text

            registered = client.post(
                "/users",
                json={
                    "email": EMAIL,
                    "full_name": "Ann",
                    "password": FIRST,
                    "password_confirmation": FIRST,
                },
            )
            assert registered.status_code == 202
            assert log_in(FIRST)[0] == 403

            link = link_from_mailbox(page, server, "Confirm your e-mail address", to=EMAIL)
            page.goto(link)
            # Opening it changes nothing, and the token is gone from the address.
            assert "token" not in page.url
            assert log_in(FIRST)[0] == 403
            page.get_by_role("button", name="Confirm this address").click()
            expect(page.get_by_role("status")).to_contain_text("is confirmed")
            assert log_in(FIRST)[0] == 200

            assert client.post("/auth/password-reset", json={"email": EMAIL}).status_code == 202
            link = link_from_mailbox(page, server, "Choose a new password", to=EMAIL)
            page.goto(link)
            page.get_by_label("New password").fill("short")
            page.get_by_label("The same again").fill("short")
            page.get_by_role("button", name="Set this password").click()
            expect(page.get_by_role("status")).to_contain_text("characters")
            page.get_by_label("New password").fill(SECOND)
            page.get_by_label("The same again").fill(SECOND)
            page.get_by_role("button", name="Set this password").click()
            expect(page.get_by_role("status")).to_contain_text("is set")
            assert log_in(FIRST)[0] == 401
            assert log_in(SECOND)[0] == 200

            page.goto(link)
            page.get_by_label("New password").fill(SECOND)
            page.get_by_label("The same again").fill(SECOND)
            page.get_by_role("button", name="Set this password").click()
            expect(page.get_by_role("status")).to_contain_text("was used already")
        # The browser itself tells of the answers that were refused, and of nothing else.
        assert all("Failed to load resource" in each for each in browser.complaints), browser.complaints
        assert browser.hosts == {f"127.0.0.1:{server.port}"}
        token = link.partition("#token=")[2]
        assert token not in server.output()
