"""Tokens and sessions over HTTP."""

from datetime import timedelta

import pytest
from tests.support.http.http_bank import PASSWORD, UNKNOWN_ID, Customer, HttpBank, data_of, error_of

USER_KEYS = {
    "id",
    "email",
    "full_name",
    "status",
    "role",
    "active",
    "suspended",
    "deleted",
    "verified",
    "inserted_at",
    "updated_at",
}


def test_login_gives_tokens_and_the_user(bank: HttpBank, alice: Customer) -> None:
    response = bank.post("/auth/login", json={"email": "  ALICE@example.com ", "password": PASSWORD})

    data = data_of(response)
    assert response.json()["metadata"] == {}
    assert set(data) == {"access_token", "refresh_token", "token_type", "expires_in", "user"}
    assert (data["token_type"], data["expires_in"]) == ("Bearer", 900)
    assert set(data["user"]) == USER_KEYS
    assert data["user"] | {"email": "alice@example.com", "active": True, "status": "ACTIVE"} == data["user"]


@pytest.mark.parametrize(
    ("body", "status", "reason", "fields"),
    [
        ({}, 400, "missing_fields", ["email", "password"]),
        ({"email": " ", "password": ""}, 400, "missing_fields", ["email", "password"]),
        ({"email": "alice@example.com", "password": 5}, 400, "missing_fields", ["password"]),
        ({"email": "alice@example.com", "password": ["x"]}, 400, "missing_fields", ["password"]),
        ({"email": "alice@example.com", "password": None}, 400, "missing_fields", ["password"]),
        ({"email": 5, "password": "x"}, 400, "invalid_email_format", None),
        ({"email": "alice", "password": "x"}, 400, "invalid_email_format", None),
        ({"email": "al\x00ice@example.com", "password": "x"}, 400, "invalid_email_format", None),
        ({"email": "alice@example.com", "password": " "}, 401, "invalid_credentials", None),
        ({"email": "alice@example.com", "password": "a\x00b"}, 401, "invalid_credentials", None),
        ({"email": "alice@example.com", "password": "x" * 100_000}, 401, "invalid_credentials", None),
        ({"email": "nobody@example.com", "password": PASSWORD}, 401, "invalid_credentials", None),
    ],
)
def test_a_login_that_is_wrong_is_refused(
    bank: HttpBank,
    alice: Customer,
    *,
    body: dict[str, object],
    status: int,
    reason: str,
    fields: list[str] | None,
) -> None:
    response = bank.post("/auth/login", json=body)

    error = error_of(response, status, reason)
    assert error["details"].get("fields") == fields
    if status == 401:
        assert response.headers["WWW-Authenticate"] == "Bearer"


def test_a_password_with_an_unpaired_surrogate_is_just_wrong(bank: HttpBank, alice: Customer) -> None:
    text = '{"email": "alice@example.com", "password": "\\ud800"}'

    error_of(bank.send_json_text("POST", "/auth/login", text), 401, "invalid_credentials")


def test_unknown_emails_and_wrong_passwords_look_the_same(bank: HttpBank, alice: Customer) -> None:
    answers = [
        bank.post("/auth/login", json={"email": email, "password": "wrong"})
        for email in ("alice@example.com", "nobody@example.com")
    ]

    known, unknown = [answer.json()["error"] | {"correlation_id": ""} for answer in answers]
    assert known == unknown


def test_a_suspended_user_with_the_right_password_is_told_so(
    bank: HttpBank, alice: Customer, admin: Customer
) -> None:
    data_of(admin.put(f"/users/{alice.user.id}", json={"status": "SUSPENDED"}))

    login = {"email": alice.user.email, "password": PASSWORD}
    error_of(bank.post("/auth/login", json=login), 422, "account_inactive")
    error_of(bank.post("/auth/login", json=login | {"password": "wrong"}), 401, "invalid_credentials")
    error_of(alice.get("/auth/me"), 401, "token_revoked")


def test_refresh_rotates_and_reuse_ends_the_session(bank: HttpBank, alice: Customer) -> None:
    first = {"refresh_token": alice.tokens["refresh_token"]}

    renewed = data_of(bank.post("/auth/refresh", json=first))

    assert set(renewed) == {"access_token", "refresh_token", "token_type", "expires_in"}
    data_of(bank.get("/auth/me", token=renewed["access_token"]))
    bank.office.clock.advance(timedelta(seconds=11))
    error_of(bank.post("/auth/refresh", json=first), 401, "token_revoked")
    error_of(bank.get("/auth/me", token=renewed["access_token"]), 401, "token_revoked")
    second = {"refresh_token": renewed["refresh_token"]}
    error_of(bank.post("/auth/refresh", json=second), 401, "token_revoked")


def test_a_lost_answer_to_a_refresh_is_no_theft_but_another_browser_is(
    bank: HttpBank, alice: Customer
) -> None:
    first = {"refresh_token": alice.tokens["refresh_token"]}
    browser, other = {"User-Agent": "Browser 1"}, {"User-Agent": "Browser 2"}
    lost = data_of(bank.post("/auth/refresh", json=first, headers=browser))
    bank.office.clock.advance(timedelta(seconds=5))

    renewed = data_of(bank.post("/auth/refresh", json=first, headers=browser))

    body = {"refresh_token": lost["refresh_token"]}
    error_of(bank.post("/auth/refresh", json=body, headers=browser), 401, "token_revoked")
    data_of(bank.get("/auth/me", token=renewed["access_token"]))
    error_of(bank.post("/auth/refresh", json=first, headers=other), 401, "token_revoked")
    error_of(bank.get("/auth/me", token=renewed["access_token"]), 401, "token_revoked")


def test_logout_ends_the_session_at_once(bank: HttpBank, alice: Customer) -> None:
    body = {"refresh_token": alice.tokens["refresh_token"]}

    assert data_of(bank.post("/auth/logout", json=body)) == {"message": "Logged out successfully"}

    error_of(alice.get("/auth/me"), 401, "token_revoked")
    error_of(bank.post("/auth/logout", json=body), 401, "token_revoked")
    error_of(bank.post("/auth/refresh", json=body), 401, "token_revoked")


@pytest.mark.parametrize("path", ["/auth/refresh", "/auth/logout"])
@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        ({}, 400, "missing_fields"),
        ({"refresh_token": "  "}, 400, "missing_fields"),
        ({"refresh_token": None}, 400, "missing_fields"),
        ({"refresh_token": 7}, 400, "missing_fields"),
        ({"refresh_token": {"a": 1}}, 400, "missing_fields"),
        ([], 400, "missing_fields"),
        ({"refresh_token": "a.b.c"}, 401, "invalid_token"),
        ({"refresh_token": "\x00"}, 401, "invalid_token"),
        ({"refresh_token": "é" * 50_000}, 401, "invalid_token"),
    ],
)
def test_what_is_no_refresh_token_is_refused(
    bank: HttpBank, path: str, body: object, status: int, reason: str
) -> None:
    error = error_of(bank.post(path, json=body), status, reason)

    assert status != 400 or error["details"] == {"field": "refresh_token", "fields": ["refresh_token"]}


def test_an_access_token_is_no_refresh_token_and_the_other_way_round(bank: HttpBank, alice: Customer) -> None:
    body = {"refresh_token": alice.token}

    error_of(bank.post("/auth/refresh", json=body), 401, "invalid_token_type")
    error_of(bank.get("/auth/me", token=alice.tokens["refresh_token"]), 401, "invalid_token_type")


def test_logout_everywhere_ends_all_sessions(bank: HttpBank, alice: Customer) -> None:
    other = bank.logged_in(alice.user)

    message = data_of(alice.post("/auth/logout-all"))

    assert message == {"message": "Logged out from all devices successfully"}
    error_of(other.get("/auth/me"), 401, "token_revoked")
    error_of(alice.get("/auth/me"), 401, "token_revoked")


def test_me_and_validate_tell_who_is_asking(alice: Customer) -> None:
    me = data_of(alice.get("/auth/me"))

    assert set(me) == USER_KEYS
    assert me["id"] == str(alice.user.id)
    assert data_of(alice.get("/auth/validate")) == {
        "valid": True,
        "user_id": str(alice.user.id),
        "role": "user",
        "expires_at": "2025-01-15T12:15:00.000000Z",
    }


def test_sessions_are_listed_newest_first_and_can_be_ended(
    bank: HttpBank, alice: Customer, bob: Customer
) -> None:
    bank.office.clock.advance(timedelta(seconds=1))
    data = data_of(
        bank.post(
            "/auth/login",
            json={"email": alice.user.email, "password": PASSWORD},
            headers={"User-Agent": "Phone\x01/" + "9" * 300},
        )
    )
    phone = Customer(bank=bank, user=alice.user, tokens=data)

    sessions = data_of(phone.get("/auth/sessions"))

    assert [session["current"] for session in sessions] == [True, False]
    newest = sessions[0]
    assert set(newest) == {
        "id",
        "created_at",
        "last_used_at",
        "expires_at",
        "ip",
        "user_agent",
        "device",
        "current",
    }
    assert newest["ip"] == "203.0.113.7"
    assert newest["user_agent"] == ("Phone/" + "9" * 300)[:255]
    assert newest["device"] == {"program": "Phone", "system": None}
    assert newest["created_at"] == "2025-01-15T12:00:01.000000Z"

    error_of(bob.delete(f"/auth/sessions/{newest['id']}"), 404, "token_not_found")
    error_of(alice.delete(f"/auth/sessions/{UNKNOWN_ID}"), 404, "token_not_found")
    error_of(alice.delete("/auth/sessions/phone"), 400, "invalid_uuid_format")
    assert data_of(alice.delete(f"/auth/sessions/{newest['id'].upper()}")) == {
        "message": "Session revoked successfully"
    }
    error_of(alice.delete(f"/auth/sessions/{newest['id']}"), 404, "token_not_found")
    error_of(phone.get("/auth/me"), 401, "token_revoked")
    data_of(alice.get("/auth/me"))


@pytest.mark.parametrize(
    "authorization", [None, "", "Bearer", "Bearer ", "Basic YTpi", "Bearer a b", "Bearer é", "token"]
)
def test_without_a_bearer_token_nobody_is_known(bank: HttpBank, authorization: str | None) -> None:
    headers = {} if authorization is None else {"Authorization": authorization.encode()}

    response = bank.get("/auth/me", headers=headers)

    error = error_of(response, 401, "invalid_token")
    assert error["type"] == "unauthorized"
    assert response.headers["WWW-Authenticate"] == "Bearer"


def test_two_authorization_headers_are_none(bank: HttpBank, alice: Customer) -> None:
    twice = [("Authorization", f"Bearer {alice.token}"), ("Authorization", "Bearer x")]

    response = bank.portal.call(lambda: bank.client.get("/api/auth/me", headers=twice))

    error_of(response, 401, "invalid_token")


def test_an_expired_token_says_so(bank: HttpBank, alice: Customer) -> None:
    bank.office.clock.advance(timedelta(seconds=901))

    error_of(alice.get("/auth/me"), 401, "token_expired")


def test_guessing_is_slowed_down_alike_for_users_and_for_nobody(bank: HttpBank, alice: Customer) -> None:
    for email in (alice.user.email, "nobody@example.com"):
        body = {"email": email, "password": "wrong"}
        for _ in range(5):
            error_of(bank.post("/auth/login", json=body), 401, "invalid_credentials")

        answer = bank.post("/auth/login", json=body)

        assert error_of(answer, 429, "rate_limit_exceeded")["details"] == {"retry_after_seconds": 1}
        assert answer.headers["Retry-After"] == "1"
    # It is where she logged in before.
    data_of(bank.post("/auth/login", json={"email": alice.user.email, "password": PASSWORD}))


def test_wrong_current_passwords_are_slowed_down_as_failed_logins(bank: HttpBank, alice: Customer) -> None:
    body = {
        "current_password": "wrong",
        "new_password": "another horse",
        "password_confirmation": "another horse",
    }
    for _ in range(5):
        error_of(alice.put("/profile/password", json=body), 401, "invalid_credentials")

    answer = alice.put("/profile/password", json=body)

    error_of(answer, 429, "rate_limit_exceeded")
    assert answer.headers["Retry-After"] == "1"
