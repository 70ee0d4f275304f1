"""A login from its first day on, in one real browser against the real product and its mailbox."""

import time
from io import BytesIO
from pathlib import Path
from typing import Any

import zxingcpp
from PIL import Image
from playwright.sync_api import Page, expect
from pyotp import TOTP, parse_uri
from tests.support.http.browser import needs_browser, open_browser
from tests.support.http.mail_links import link_from_mailbox
from tests.support.http.page_api import PageApi
from tests.support.servers.postgres_servers import PostgresTestServer
from tests.support.servers.running_server import RunningServer

ADMIN, ADMINS_PASSWORD = "admin@example.com", "admin123!"
ANN, FIRST, SECOND = "ann@example.com", "four words of her own", "four other words of hers"
BEN, BENS = "ben@example.com", "four words of his own"


class Phone:
    """An authenticator app that was shown a code; it gives each of its own once."""

    def __init__(self, page: Page, qr_svg: str) -> None:
        page.set_content(qr_svg)
        (seen,) = zxingcpp.read_barcodes(Image.open(BytesIO(page.screenshot())))
        app = parse_uri(seen.text)
        assert isinstance(app, TOTP)
        self.app = app
        self._used = 0

    def code(self) -> str:
        """The next one that was not shown yet, ahead of its time by half a minute at most."""
        step = max(int(time.time()) // self.app.interval, self._used + 1)
        while step > int(time.time()) // self.app.interval + 1:
            time.sleep(0.5)
        self._used = step
        return self.app.at(step * self.app.interval)


def person(email: str, password: str) -> dict[str, Any]:
    return {
        "email": email,
        "full_name": email.partition("@")[0].title(),
        "password": password,
        "password_confirmation": password,
    }


def confirm_address(page: Page, server: RunningServer, email: str) -> None:
    page.goto(link_from_mailbox(page, server, "Confirm your e-mail address", to=email))
    page.get_by_role("button", name="Confirm this address").click()
    expect(page.get_by_role("status")).to_contain_text("is confirmed")


def choose_password(page: Page, server: RunningServer, password: str) -> None:
    page.goto(link_from_mailbox(page, server, "Choose a new password", to=ANN))
    page.get_by_label("New password").fill(password)
    page.get_by_label("The same again").fill(password)
    page.get_by_role("button", name="Set this password").click()
    expect(page.get_by_role("status")).to_contain_text("is set")


def open_account(api: PageApi) -> str:
    return str(api.post("/accounts", {"account_type": "CHECKING", "currency": "GBP"})["id"])


@needs_browser
def test_a_person_registers_forgets_takes_a_second_factor_and_confirms_a_payment(
    postgres_server: PostgresTestServer, worker_name: str, tmp_path: Path
) -> None:
    environment = {
        "DATABASE_URL": postgres_server.create_migrated_database(f"life_{worker_name}"),
        "LEDGERBANK_DATA_DIR": str(tmp_path / "data"),
        "EMAIL_CONFIRMATION": "true",
        "STEP_UP_AMOUNT": "50",
    }
    with (
        RunningServer(environment, tmp_path / "server.log", command="up") as server,
        open_browser() as browser,
    ):
        page = browser.page
        page.goto(f"http://127.0.0.1:{server.port}/api/docs")
        api = PageApi(page)
        for email, password in ((BEN, BENS), (ANN, FIRST)):
            api.post("/users", person(email, password))
            assert api.refusal("/auth/login", {"email": email, "password": password}) == "email_not_verified"
            confirm_address(page, server, email)
        api.log_in(BEN, BENS)
        bens_account = open_account(api)

        # Forgotten, and chosen anew.
        api.post("/auth/password-reset", {"email": ANN})
        choose_password(page, server, SECOND)
        assert api.refusal("/auth/login", {"email": ANN, "password": FIRST}) == "invalid_credentials"

        # A second factor, from what a telephone sees of the picture.
        api.log_in(ANN, SECOND)
        anns_account = open_account(api)
        made = api.post("/profile/totp", {"current_password": SECOND})
        phone = Phone(page, made["qr_svg"])
        codes = api.post("/profile/totp/confirm", {"code": phone.code()})["recovery_codes"]
        assert len(set(codes)) == 10

        # Logging in takes both from now on.
        refused = api.error("/auth/login", {"email": ANN, "password": SECOND})
        assert refused["reason"] == "second_factor_required"
        api.start_session(
            "/auth/second-factor", {"challenge": refused["details"]["challenge"], "code": phone.code()}
        )

        # An administrator pays in what Ann brought; she sends it to somebody whom she never paid.
        admin = PageApi(page)
        admin.log_in(ADMIN, ADMINS_PASSWORD)
        paid_in = admin.post("/payments", payment(anns_account, "100.00", "CREDIT", "DEPOSIT"))
        assert admin.post(f"/payments/{paid_in['id']}/process", {})["status"] == "COMPLETED"
        rent = payment(anns_account, "60.00", "DEBIT", "TRANSFER", counterparty_account_id=bens_account)
        refused = api.error("/payments", rent)
        assert refused["reason"] == "step_up_required"
        api.post("/auth/step-up", {"challenge": refused["details"]["challenge"], "code": phone.code()})
        more = {**rent, "amount": "60.01"}
        assert api.refusal("/payments", more) == "step_up_required"
        created = api.post("/payments", rent)
        assert api.post(f"/payments/{created['id']}/process", {})["status"] == "COMPLETED"
        assert api.refusal("/payments", rent | {"amount": "60.02"}) == "step_up_required"

        api.log_in(BEN, BENS)
        assert api.get(f"/accounts/{bens_account}")["balance"] == "60.00"
        assert browser.hosts == {f"127.0.0.1:{server.port}"}
        assert made["secret"] not in server.output()


def payment(account_id: str, amount: str, direction: str, kind: str, **more: str) -> dict[str, str]:
    return {
        "user_bank_account_id": account_id,
        "amount": amount,
        "direction": direction,
        "payment_type": kind,
        "description": "Rent",
        **more,
    }
