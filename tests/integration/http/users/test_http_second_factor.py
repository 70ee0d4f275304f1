"""The second factor over HTTP."""

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
import zxingcpp
from PIL import Image
from pyotp import TOTP, parse_uri
from tests.support.http.browser import needs_browser, open_browser
from tests.support.http.http_bank import PASSWORD, BackOffice, Customer, HttpBank, data_of, error_of
from tests.support.http.second_factor_over_http import App, challenge_of, enrol

from ledgerbank_adapters.memory import MemoryClock
from ledgerbank_domain.identity.actor import Role

PROOF = {"current_password": PASSWORD}


def finish(bank: HttpBank, challenge: str, code: str) -> Any:
    return bank.post("/auth/second-factor", json={"challenge": challenge, "code": code})


def test_a_factor_is_set_up_and_asked_for(bank: HttpBank, alice: Customer, clock: MemoryClock) -> None:
    none = {"enabled": False, "confirmed_at": None, "recovery_codes_left": 0}
    assert data_of(alice.get("/profile/totp")) == none

    response = alice.post("/profile/totp", json=PROOF)
    made = data_of(response, 201)
    assert set(made) == {"secret", "otpauth_uri", "qr_svg", "expires_at"}
    assert response.headers["Location"].endswith("/profile/totp")
    assert response.headers["Cache-Control"] == "no-store"
    assert parse_uri(made["otpauth_uri"]).secret == made["secret"]
    assert data_of(alice.get("/profile/totp")) == none

    codes = data_of(alice.post("/profile/totp/confirm", json={"code": TOTP(made["secret"]).at(clock.now())}))
    assert len(codes["recovery_codes"]) == 10
    status = data_of(alice.get("/profile/totp"))
    assert (status["enabled"], status["recovery_codes_left"]) == (True, 10)

    challenge = challenge_of(bank, alice)
    clock.advance(timedelta(seconds=30))
    login = data_of(finish(bank, challenge, TOTP(made["secret"]).at(clock.now())))
    assert set(login) == {"access_token", "refresh_token", "token_type", "expires_in", "user"}
    assert login["user"]["email"] == "alice@example.com"
    assert bank.get("/auth/me", token=login["access_token"]).status_code == 200


def test_the_session_that_set_it_up_goes_on_and_others_end(
    bank: HttpBank, alice: Customer, clock: MemoryClock
) -> None:
    elsewhere = bank.logged_in(alice.user)

    enrol(alice, clock)

    assert alice.get("/auth/me").status_code == 200
    error_of(elsewhere.get("/auth/me"), 401, "token_revoked")


def test_a_challenge_is_told_and_how_long_it_is_good(
    bank: HttpBank, alice: Customer, clock: MemoryClock
) -> None:
    enrol(alice, clock)

    credentials = {"email": alice.user.email, "password": PASSWORD}
    error = error_of(bank.post("/auth/login", json=credentials), 401, "second_factor_required")

    assert set(error["details"]) == {"challenge", "expires_in", "message"}
    assert error["details"]["expires_in"] == 300
    problem = bank.post(
        "/auth/login", json=credentials, headers={"Accept": "application/problem+json"}
    ).json()
    assert len(problem["details"]["challenge"]) == 43


@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("/profile/totp", "POST"),
        ("/profile/totp", "DELETE"),
        ("/profile/totp/recovery-codes", "POST"),
    ],
)
def test_whoever_has_the_access_token_alone_changes_nothing(
    bank: HttpBank, alice: Customer, clock: MemoryClock, path: str, method: str
) -> None:
    app = enrol(alice, clock)

    def ask(**body: str) -> Any:
        return bank.request(method, path, token=alice.token, json=body)

    error_of(ask(), 400, "missing_fields")
    error_of(ask(code=app.next_code()), 400, "missing_fields")
    error_of(ask(current_password=PASSWORD), 400, "missing_fields")
    error_of(ask(current_password="wrong", code=app.code()), 401, "invalid_credentials")
    error_of(ask(current_password=PASSWORD, code=app.wrong_code()), 400, "invalid_second_factor")
    assert data_of(alice.get("/profile/totp"))["recovery_codes_left"] == 10


def test_a_factor_is_removed_with_password_and_code(
    bank: HttpBank, alice: Customer, clock: MemoryClock
) -> None:
    app = enrol(alice, clock)

    removed = alice.delete("/profile/totp")
    error_of(removed, 400, "missing_fields")
    data_of(
        bank.request("DELETE", "/profile/totp", token=alice.token, json={**PROOF, "code": app.next_code()})
    )

    assert bank.logged_in(alice.user).token


def test_recovery_codes_are_made_anew(bank: HttpBank, alice: Customer, clock: MemoryClock) -> None:
    app = enrol(alice, clock)
    old = app.recovery_codes[0]

    body = {**PROOF, "code": app.next_code()}
    new = data_of(alice.post("/profile/totp/recovery-codes", json=body))["recovery_codes"]

    assert not set(new) & set(app.recovery_codes)
    error_of(finish(bank, challenge_of(bank, alice), old), 400, "invalid_second_factor")
    data_of(finish(bank, challenge_of(bank, alice), new[0]))


def test_an_administrator_removes_the_factor_of_somebody_else(
    bank: HttpBank, alice: Customer, admin: Customer, clock: MemoryClock
) -> None:
    enrol(alice, clock)
    enrol(admin, clock)

    error_of(admin.delete(f"/users/{admin.user.id}/totp"), 403, "insufficient_permissions")
    error_of(alice.delete(f"/users/{admin.user.id}/totp"), 403, "insufficient_permissions")
    data_of(admin.delete(f"/users/{alice.user.id}/totp"))

    error_of(admin.delete(f"/users/{alice.user.id}/totp"), 404, "resource_not_found")
    assert bank.logged_in(alice.user).token


def test_what_is_secret_is_in_no_event(
    bank: HttpBank, alice: Customer, admin: Customer, clock: MemoryClock
) -> None:
    made = data_of(alice.post("/profile/totp", json=PROOF), 201)
    app = App(secret=made["secret"], clock=clock, recovery_codes=[])
    codes = data_of(alice.post("/profile/totp/confirm", json={"code": app.code()}))["recovery_codes"]
    challenge = challenge_of(bank, alice)
    finish(bank, challenge, app.wrong_code())
    finish(bank, challenge, codes[0])

    told = admin.get("/audit-events?limit=100").text + admin.get("/jobs").text

    assert "user.second_factor_added" in told
    assert "auth.login_challenged" in told
    assert "second_factor_added" in told
    for secret in (made["secret"], challenge, *codes, *(code.replace("-", "") for code in codes)):
        assert secret not in told


@pytest.mark.parametrize(
    "body",
    [{}, {"challenge": "x"}, {"code": "1"}, {"challenge": "", "code": ""}, {"challenge": 1, "code": 2}],
)
def test_challenge_and_code_must_both_be_there(bank: HttpBank, body: dict[str, Any]) -> None:
    error_of(bank.post("/auth/second-factor", json=body), 400, "missing_fields")


@pytest.mark.parametrize("code", ["\ud800", "x" * 100_000, "１２３４５６"])
def test_any_text_may_be_a_code_or_a_challenge(
    bank: HttpBank, alice: Customer, clock: MemoryClock, code: str
) -> None:
    enrol(alice, clock)

    answer = bank.send_json_text("POST", "/auth/second-factor", json_of(challenge_of(bank, alice), code))
    assert answer.status_code in (400, 413)
    assert bank.send_json_text("POST", "/auth/second-factor", json_of(code, "1")).status_code in (401, 413)


def json_of(challenge: str, code: str) -> str:
    import json

    return json.dumps({"challenge": challenge, "code": code})


def test_staff_set_up_a_factor_before_anything_else(
    office: BackOffice, open_bank: Callable[..., HttpBank], clock: MemoryClock
) -> None:
    office.second_factor_for_staff = True
    bank = open_bank()
    admin = bank.customer("admin@example.com", Role.ADMIN)
    assert admin.tokens["duty"] == "second_factor_enrolment"
    refused = error_of(admin.get("/users"), 401, "second_factor_required")
    assert "POST /profile/totp" in refused["details"]["message"]
    refreshed = data_of(bank.post("/auth/refresh", json={"refresh_token": admin.tokens["refresh_token"]}))
    error_of(bank.get("/users", token=refreshed["access_token"]), 401, "second_factor_required")
    admin.tokens = refreshed

    app = enrol(admin, clock)

    assert admin.get("/users").status_code == 200
    removal = bank.request(
        "DELETE", "/profile/totp", token=admin.token, json={**PROOF, "code": app.next_code()}
    )
    error_of(removal, 403, "insufficient_permissions")
    login = data_of(finish(bank, challenge_of(bank, admin), app.next_code()))
    assert "duty" not in login


@needs_browser
def test_a_phone_that_reads_the_picture_logs_in(bank: HttpBank, alice: Customer, clock: MemoryClock) -> None:
    made = data_of(alice.post("/profile/totp", json=PROOF), 201)
    with open_browser() as browser:
        browser.page.set_content(made["qr_svg"])
        read = zxingcpp.read_barcodes(Image.open(BytesIO(browser.page.screenshot())))
    phone = parse_uri(read[0].text)

    assert isinstance(phone, TOTP)
    assert (phone.issuer, phone.name) == ("LedgerBank", "alice@example.com")
    data_of(alice.post("/profile/totp/confirm", json={"code": phone.at(clock.now())}))
    clock.advance(timedelta(seconds=30))
    data_of(finish(bank, challenge_of(bank, alice), phone.at(clock.now())))
