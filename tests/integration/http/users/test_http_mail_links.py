"""Confirming addresses and choosing new passwords over HTTP."""

import re
from collections.abc import Callable

import pytest
from tests.support.http.http_bank import PASSWORD, BackOffice, Customer, HttpBank, data_of, error_of

from ledgerbank_domain.payments.payment_limits import PaymentLimits

NEW_PASSWORD = "a brand new passphrase"
NEW = "new@example.com"
TOLD = {"message": "If that is called for, a mail is on its way to this address"}


@pytest.fixture
def confirming(office: BackOffice, open_bank: Callable[..., HttpBank]) -> HttpBank:
    office.email_confirmation = True
    return open_bank()


def newest_token(office: BackOffice, address: str) -> str:
    services = office.services(PaymentLimits())
    while services.due_jobs.run_due_jobs():
        pass
    for entry in office.mailbox.list_newest(limit=100):
        found = re.search(r"#token=([\w-]+)", entry.mail.text)
        if found and entry.mail.to_address == address:
            return found[1]
    raise AssertionError(f"no link was mailed to {address}")


def registration(email: str = NEW) -> dict[str, str]:
    return {
        "email": email,
        "full_name": "New",
        "password": NEW_PASSWORD,
        "password_confirmation": NEW_PASSWORD,
    }


def logged_in(bank: HttpBank, email: str, password: str) -> int:
    return bank.post("/auth/login", json={"email": email, "password": password}).status_code


def test_a_forgotten_password_is_reset_by_the_mailed_link(bank: HttpBank, alice: Customer) -> None:
    asked = bank.post("/auth/password-reset", json={"email": "Alice@Example.com"})
    assert data_of(asked, 202) == TOLD
    token = newest_token(bank.office, "alice@example.com")

    body = {"token": token, "new_password": NEW_PASSWORD, "password_confirmation": NEW_PASSWORD}
    weak = {**body, "new_password": "short", "password_confirmation": "short"}
    confirm = "/auth/password-reset/confirm"
    error_of(bank.post(confirm, json=weak), 400, "invalid_password_format")
    done = bank.post(confirm, json=body)

    assert data_of(done) == {"message": "Password updated successfully"}
    error_of(bank.post(confirm, json=body), 401, "invalid_token")
    error_of(alice.get("/profile"), 401, "token_revoked")
    assert logged_in(bank, "alice@example.com", PASSWORD) == 401
    assert logged_in(bank, "alice@example.com", NEW_PASSWORD) == 200


@pytest.mark.parametrize("path", ["/auth/password-reset", "/auth/verify-email/resend"])
def test_asking_for_a_mail_is_answered_alike_for_everybody(
    bank: HttpBank, alice: Customer, path: str
) -> None:
    known = bank.post(path, json={"email": alice.user.email})
    unknown = bank.post(path, json={"email": "nobody@example.com"})

    assert data_of(known, 202) == data_of(unknown, 202) == TOLD
    varying = {"x-correlation-id", "x-ratelimit-remaining"}
    shown = [
        {name: value for name, value in answer.headers.items() if name not in varying}
        for answer in (known, unknown)
    ]
    assert shown[0] == shown[1]
    error_of(bank.post(path, json={"email": "no address"}), 400, "invalid_email_format")
    error_of(bank.post(path, json={}), 400, "missing_fields")


def test_registration_tells_nobody_whether_an_address_is_known(confirming: HttpBank) -> None:
    new = confirming.post("/users", json=registration())
    known = confirming.post("/users", json=registration())

    assert data_of(new, 202) == data_of(known, 202) == TOLD
    assert "location" not in new.headers


def test_nobody_logs_in_before_their_address_is_confirmed(confirming: HttpBank) -> None:
    confirming.post("/users", json=registration())
    login = {"email": NEW, "password": NEW_PASSWORD}
    refusal = error_of(confirming.post("/auth/login", json=login), 403, "email_not_verified")
    assert "Follow the link" in refusal["details"]["message"]

    token = newest_token(confirming.office, NEW)
    assert data_of(confirming.post("/auth/verify-email", json={"token": token})) == {
        "message": "E-mail address confirmed"
    }

    user = data_of(confirming.post("/auth/login", json=login))["user"]
    assert user["verified"] is True
    error_of(confirming.post("/auth/verify-email", json={"token": token}), 401, "invalid_token")


def test_another_address_counts_once_it_is_confirmed(confirming: HttpBank) -> None:
    confirming.post("/users", json=registration())
    confirming.post("/auth/verify-email", json={"token": newest_token(confirming.office, NEW)})
    session = data_of(confirming.post("/auth/login", json={"email": NEW, "password": NEW_PASSWORD}))
    token = session["access_token"]
    other = {"email": "other@example.com"}

    missing = error_of(confirming.put("/profile", json=other, token=token), 400, "missing_fields")
    assert missing["details"]["field"] == "current_password"
    wrong = {**other, "current_password": "wrong password"}
    error_of(confirming.put("/profile", json=wrong, token=token), 401, "invalid_credentials")
    right = {**other, "current_password": NEW_PASSWORD}
    asked = confirming.put("/profile", json=right, token=token)
    assert data_of(asked)["email"] == NEW
    assert asked.json()["metadata"]["action"] == "email_confirmation_sent"

    confirm = {"token": newest_token(confirming.office, "other@example.com")}
    data_of(confirming.post("/auth/verify-email", json=confirm))
    assert data_of(confirming.get("/profile", token=token))["email"] == "other@example.com"


def test_without_confirmation_an_address_is_changed_at_once_and_a_wrong_password_changes_nothing(
    alice: Customer,
) -> None:
    other = {"email": "other@example.com"}
    error_of(alice.put("/profile", json={**other, "current_password": "wrong"}), 401, "invalid_credentials")
    assert data_of(alice.put("/profile", json=other))["email"] == "other@example.com"
    old = [entry.mail for entry in alice.bank.office.mailbox.list_newest(limit=10)]
    assert old == []
    services = alice.bank.office.services(PaymentLimits())
    services.due_jobs.run_due_jobs()
    (told,) = [entry.mail for entry in alice.bank.office.mailbox.list_newest(limit=10)]
    assert (told.to_address, told.subject) == ("alice@example.com", "Your e-mail address was changed")


def test_an_administrator_starts_a_reset_and_never_sees_the_link(
    bank: HttpBank, admin: Customer, alice: Customer
) -> None:
    started = admin.post(f"/users/{alice.user.id}/password-reset")

    token = newest_token(bank.office, alice.user.email)
    assert data_of(started, 202) == {"message": "A mail with a link is on its way to the user"}
    assert token not in admin.get("/jobs").text
    assert token not in admin.get("/audit-events").text


def test_the_pages_of_links_run_their_own_scripts_only_and_change_nothing(bank: HttpBank) -> None:
    for page in ("confirm-email", "choose-password"):
        answer = bank.get(f"/auth/pages/{page}")
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert answer.headers["referrer-policy"] == "no-referrer"
        policy = answer.headers["content-security-policy"]
        assert "script-src 'self'" in policy
        assert "form-action 'none'" in policy
        assert "unsafe" not in policy
        addresses = re.findall(r'(?:src|href)="([^"]*)"', answer.text)
        assert addresses == ["assets/mail-page.css", "data:,", f"assets/{page}.js"]
        assert "onclick" not in answer.text
        for address in (addresses[0], addresses[2]):
            assert bank.get(f"/auth/pages/{address}").status_code == 200
    for name in ("nothing.js", "..%2fmail-page.css", "mail-page.css%00"):
        assert bank.get(f"/auth/pages/assets/{name}").status_code == 404
