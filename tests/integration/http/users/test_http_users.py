"""Registration, administration of users, and one's own profile."""

from datetime import timedelta

import pytest
from tests.integration.http.users.test_http_auth import USER_KEYS
from tests.support.http.http_bank import PASSWORD, UNKNOWN_ID, Customer, HttpBank, data_of, error_of

from ledgerbank_domain.identity.actor import Role

REGISTRATION = {
    "email": "Dora@Example.com",
    "full_name": "  Dora D.  ",
    "password": "8 otters",
    "password_confirmation": "8 otters",
}


def test_anybody_may_register_and_is_an_ordinary_user_whatever_he_asks_for(bank: HttpBank) -> None:
    response = bank.post("/users", json=REGISTRATION | {"role": "emperor", "status": 5, "verified": True})

    user = data_of(response, 201)
    assert set(user) == USER_KEYS
    assert response.headers["Location"] == f"/api/v1/users/{user['id']}"
    assert (
        user
        | {
            "email": "Dora@Example.com",
            "full_name": "Dora D.",
            "role": "user",
            "status": "ACTIVE",
            "active": True,
            "suspended": False,
            "deleted": False,
            "verified": False,
        }
        == user
    )
    for taken in (REGISTRATION["email"], "dora@EXAMPLE.com", "\uff24ora@example.com"):
        error_of(bank.post("/users", json=REGISTRATION | {"email": taken}), 409, "email_already_exists")


@pytest.mark.parametrize(
    ("fields", "reason", "field"),
    [
        ({"email": None, "full_name": " ", "password": ""}, "missing_fields", "email"),
        ({"password_confirmation": None, "email": 5}, "missing_fields", "password_confirmation"),
        ({"email": "a b@example.com"}, "invalid_email_format", "email"),
        ({"email": "a@b@example.com"}, "invalid_email_format", "email"),
        ({"email": "x@."}, "invalid_email_format", "email"),
        ({"email": "a,b@example.com"}, "invalid_email_format", "email"),
        ({"email": "al\u200bice@example.com"}, "invalid_email_format", "email"),
        ({"email": "alice\u202e@example.com"}, "invalid_email_format", "email"),
        ({"email": "alice\x07@example.com"}, "invalid_email_format", "email"),
        ({"full_name": "Alice\r\nBcc: bob@example.com"}, "invalid_name_format", "full_name"),
        ({"full_name": "ecilA\u202e"}, "invalid_name_format", "full_name"),
        ({"email": "x" * 250 + "@example.com"}, "invalid_email_format", "email"),
        ({"email": {}}, "invalid_email_format", "email"),
        ({"full_name": "x" * 256, "password": "short"}, "invalid_name_format", "full_name"),
        ({"full_name": 5.5}, "invalid_name_format", "full_name"),
        ({"full_name": "D\x00ora"}, "invalid_name_format", "full_name"),
        ({"password": "1234567"}, "invalid_password_format", "password"),
        ({"password": "x" * 256}, "invalid_password_format", "password"),
        ({"password": 12345678}, "invalid_password_format", "password"),
        ({"password": "short", "password_confirmation": 5}, "invalid_password_format", "password"),
        ({"password_confirmation": 12345678}, "invalid_password_format", "password_confirmation"),
        ({"password_confirmation": "12345679"}, "invalid_password_format", "password_confirmation"),
    ],
)
def test_a_registration_that_is_wrong_stores_nobody(
    bank: HttpBank, admin: Customer, fields: dict[str, object], reason: str, field: str
) -> None:
    error = error_of(bank.post("/users", json=REGISTRATION | fields), 400, reason)

    assert error["details"]["field"] == field
    assert error["type"] == "validation_error"
    assert data_of(admin.get("/users/stats"))["total_users"] == 1


def test_a_password_may_begin_and_end_with_spaces_and_is_never_trimmed(bank: HttpBank) -> None:
    spaces = "  otters  "
    body = REGISTRATION | {"password": spaces, "password_confirmation": spaces}

    data_of(bank.post("/users", json=body), 201)

    login = {"email": "dora@example.com", "password": spaces}
    data_of(bank.post("/auth/login", json=login))
    error_of(bank.post("/auth/login", json=login | {"password": "otters"}), 401, "invalid_credentials")


def test_an_administrator_creates_users_of_any_role(admin: Customer) -> None:
    long = "a password for staff"
    body = REGISTRATION | {"role": " Support ", "password": long, "password_confirmation": long}

    response = admin.post("/users/admin", json=body)

    assert data_of(response, 201)["role"] == "support"
    assert response.headers["Location"] == f"/api/v1/users/{data_of(response, 201)['id']}"
    short = REGISTRATION | {"email": "e@example.com", "role": "admin"}
    error_of(admin.post("/users/admin", json=short), 400, "invalid_password_format")
    unknown = REGISTRATION | {"email": "e@example.com", "role": "emperor"}
    assert error_of(admin.post("/users/admin", json=unknown), 400, "invalid_role")["details"] == {
        "field": "role"
    }
    default = REGISTRATION | {"email": "e@example.com", "role": None}
    assert data_of(admin.post("/users/admin", json=default), 201)["role"] == "user"


def test_users_are_listed_by_page(bank: HttpBank, admin: Customer, alice: Customer, bob: Customer) -> None:
    response = admin.get("/users", params={"page": 2, "page_size": 2, "sort": "email"})

    assert [user["email"] for user in data_of(response)] == ["bob@example.com"]
    assert response.json()["metadata"] == {
        "pagination": {"page": 2, "page_size": 2, "total_count": 3, "total_pages": 2}
    }

    def emails(**params: str) -> list[str]:
        return [user["email"][0] for user in data_of(admin.get("/users", params=params))]

    assert emails(sort="role:desc,email:desc") == ["b", "a", "a"]
    assert emails(sort="created_at:asc,email") == ["a", "a", "b"]
    assert emails(role="ADMIN") == ["a"]
    assert emails(page="99") == []
    for sort in ("password_hash", "email:down", "email,email:desc", "created_at,inserted_at", ",", "id"):
        error_of(admin.get("/users", params={"sort": sort}), 400, "invalid_sort")
    error_of(admin.get("/users", params={"status": "GONE"}), 400, "invalid_status")
    error_of(admin.get("/users", params={"role": "a\x00"}), 400, "invalid_role")


def test_deleted_users_are_hidden_unless_asked_for(admin: Customer, alice: Customer) -> None:
    message = data_of(admin.delete(f"/users/{alice.user.id}"))

    assert message == {"message": "User deleted successfully"}
    for path in ("/users", "/users/keyset"):
        assert [user["role"] for user in data_of(admin.get(path))] == ["admin"]
        shown = data_of(admin.get(path, params={"status": "deleted"}))
        assert [(user["email"], user["deleted"], user["active"]) for user in shown] == [
            ("alice@example.com", True, False)
        ]
    assert data_of(admin.get(f"/users/{alice.user.id}"))["status"] == "DELETED"
    error_of(admin.delete(f"/users/{alice.user.id}"), 404, "user_not_found")
    error_of(admin.put(f"/users/{alice.user.id}", json={"status": "DELETED"}), 404, "user_not_found")
    restored = data_of(admin.put(f"/users/{alice.user.id}", json={"status": "ACTIVE"}))
    assert restored["active"] is True


def test_stats_count_users(admin: Customer, alice: Customer, bob: Customer) -> None:
    data_of(admin.put(f"/users/{bob.user.id}", json={"status": "suspended"}))

    assert data_of(admin.get("/users/stats")) == {
        "total_users": 3,
        "active_users": 2,
        "suspended_users": 1,
        "admin_users": 1,
    }


def test_users_are_listed_by_cursor_without_gaps(bank: HttpBank, admin: Customer) -> None:
    for number in range(4):
        bank.office.clock.advance(timedelta(microseconds=number % 2))
        bank.office.given.a_user(email=f"user{number}@example.com")
    seen, cursor = [], None
    while True:
        params = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        response = admin.get("/users/keyset", params=params)
        seen += [user["id"] for user in data_of(response)]
        pagination = response.json()["metadata"]["pagination"]
        assert set(pagination) == {"type", "limit", "has_more", "next_cursor", "next_cursor_token"}
        assert (pagination["type"], pagination["limit"]) == ("keyset", 2)
        cursor = pagination["next_cursor_token"]
        if not pagination["has_more"]:
            assert (pagination["next_cursor"], cursor) == (None, None)
            break
        assert set(pagination["next_cursor"]) == {"inserted_at", "id"}
        assert pagination["next_cursor"]["id"] == seen[-1]

    everybody = [user["id"] for user in data_of(admin.get("/users"))]
    assert seen == everybody
    assert len(seen) == 5


def test_existence_comes_before_the_body(admin: Customer) -> None:
    error_of(admin.put(f"/users/{UNKNOWN_ID}", json={"role": "emperor"}), 404, "user_not_found")
    error_of(admin.put("/users/1", json={"role": "emperor"}), 400, "invalid_uuid_format")
    error_of(admin.get(f"/users/{UNKNOWN_ID}"), 404, "user_not_found")
    error_of(admin.delete(f"/users/{UNKNOWN_ID}"), 404, "user_not_found")
    error_of(admin.put(f"/users/{admin.user.id}", json={}), 400, "missing_fields")


def test_an_administrator_changes_users_but_does_not_delete_himself(
    bank: HttpBank, admin: Customer, alice: Customer, bob: Customer
) -> None:
    changed = data_of(
        admin.put(f"/users/{alice.user.id}", json={"email": "A@new.example", "role": None, "x": 1})
    )

    assert changed["email"] == "A@new.example"
    taken = {"email": "bob@example.com"}
    error_of(admin.put(f"/users/{alice.user.id}", json=taken), 409, "email_already_exists")
    for field, value, reason in [
        ("email", "", "invalid_email_format"),
        ("full_name", " ", "invalid_name_format"),
        ("role", "", "invalid_role"),
        ("status", [], "invalid_status"),
    ]:
        error = error_of(admin.put(f"/users/{alice.user.id}", json={field: value}), 400, reason)
        assert error["details"] == {"field": field}
    own = f"/users/{admin.user.id}"
    error_of(admin.delete(own), 403, "insufficient_permissions")
    error_of(admin.put(own, json={"status": "DELETED"}), 403, "insufficient_permissions")
    error_of(admin.put("/profile", json={"status": "DELETED"}), 403, "insufficient_permissions")
    deleted = data_of(admin.put(f"/users/{bob.user.id}", json={"status": "DELETED"}))
    assert deleted["deleted"] is True


def test_the_profile_is_ones_own(bank: HttpBank, alice: Customer, admin: Customer) -> None:
    assert data_of(alice.get("/profile")) == data_of(alice.get("/auth/me"))
    assert data_of(alice.put("/profile", json={"full_name": " Alice B. "}))["full_name"] == "Alice B."
    assert data_of(alice.get("/profile"))["full_name"] == "Alice B."
    error_of(alice.put("/profile", json={"role": "admin"}), 403, "insufficient_permissions")
    error_of(alice.put("/profile", json={"status": "ACTIVE"}), 403, "insufficient_permissions")
    error_of(alice.put("/profile", json={"role": "emperor"}), 400, "invalid_role")
    error_of(alice.put("/profile", json={"nothing": 1}), 400, "missing_fields")
    error_of(alice.put("/profile", json=[1]), 400, "missing_fields")
    error_of(admin.put("/profile", json={"role": "support"}), 409, "last_administrator")
    error_of(admin.put("/profile", json={"status": "SUSPENDED"}), 409, "last_administrator")
    error_of(admin.put(f"/users/{admin.user.id}", json={"role": "user"}), 409, "last_administrator")
    bank.customer("second@example.com", role=Role.ADMIN)
    assert data_of(admin.put("/profile", json={"role": "support"}))["role"] == "support"


def test_changing_the_password_ends_all_sessions(bank: HttpBank, alice: Customer) -> None:
    change = {
        "current_password": PASSWORD,
        "new_password": "a new password",
        "password_confirmation": "a new password",
    }
    wrong: list[tuple[dict[str, object], int, str]] = [
        ({"current_password": ""}, 400, "missing_fields"),
        ({"new_password": "short", "current_password": "wrong"}, 400, "invalid_password_format"),
        ({"password_confirmation": "other"}, 400, "invalid_password_format"),
        (dict.fromkeys(change, PASSWORD), 400, "invalid_password_format"),
        ({"current_password": "wrong"}, 401, "invalid_credentials"),
        ({"current_password": 5}, 400, "invalid_password_format"),
    ]
    for fields, status, reason in wrong:
        error_of(alice.put("/profile/password", json=change | fields), status, reason)

    message = data_of(alice.put("/profile/password", json=change))

    assert message == {"message": "Password updated successfully"}
    error_of(alice.get("/profile"), 401, "token_revoked")
    login = {"email": alice.user.email, "password": "a new password"}
    data_of(bank.post("/auth/login", json=login))


def test_a_role_counts_at_once(alice: Customer, admin: Customer) -> None:
    error_of(alice.get("/users/stats"), 403, "insufficient_permissions")

    data_of(admin.put(f"/users/{alice.user.id}", json={"role": "admin"}))

    data_of(alice.get("/users/stats"))


def test_a_role_that_rose_asks_for_a_longer_password_at_the_next_login(
    bank: HttpBank, admin: Customer
) -> None:
    short, long = "fourteen chars", "more than fifteen"
    registration = {"email": "new@example.com", "full_name": "New"}
    user = data_of(bank.post("/users", json=_with_password(registration, short)), 201)
    data_of(admin.put(f"/users/{user['id']}", json={"role": "admin"}))

    login = data_of(bank.post("/auth/login", json={"email": "new@example.com", "password": short}))

    assert (login["duty"], login["user"]["role"]) == ("password_change", "admin")
    token = login["access_token"]
    error = error_of(bank.get("/users", token=token), 403, "password_change_required")
    assert "set a longer one" in error["details"]["message"]
    assert data_of(bank.get("/auth/validate", token=token))["duty"] == "password_change"
    change = {"current_password": short, "new_password": long, "password_confirmation": long}
    data_of(bank.put("/profile/password", json=change, token=token))

    login = data_of(bank.post("/auth/login", json={"email": "new@example.com", "password": long}))

    assert "duty" not in login
    data_of(bank.get("/users", token=login["access_token"]))


@pytest.mark.parametrize(
    ("weak", "told"),
    [
        ("12345678", "follows the alphabet, the digits or the keys"),
        ("Password123", "guessed first"),
        (" " * 8, "more than blanks"),
        ("a" * 20, "follows the alphabet, the digits or the keys"),
        ("Dora@Example", "made of its owner's name or e-mail"),
        ("dora-2026", "made of its owner's name or e-mail"),
        ("LedgerBank1", "made of its owner's name or e-mail"),
        ("password123Password123", "again and again"),
    ],
)
def test_a_password_that_is_guessed_first_is_taken_neither_at_first_nor_later(
    bank: HttpBank, weak: str, told: str
) -> None:
    dora = bank.customer("dora@example.org")
    change = {"current_password": PASSWORD, "new_password": weak, "password_confirmation": weak}
    answers = {
        "password": bank.post("/users", json=_with_password(REGISTRATION, weak)),
        "new_password": dora.put("/profile/password", json=change),
    }
    for field, answer in answers.items():
        error = error_of(answer, 400, "invalid_password_format")
        assert error["details"]["field"] == field
        assert told in error["details"]["message"]
        assert weak not in answer.text


@pytest.mark.parametrize("weak", ["123456789012345", "PasswordPassword", "dora.example.com", "x" * 15])
def test_no_administrator_gives_anybody_a_password_that_is_guessed_first(admin: Customer, weak: str) -> None:
    staff = _with_password(REGISTRATION, weak) | {"role": "support"}

    error = error_of(admin.post("/users/admin", json=staff), 400, "invalid_password_format")

    assert "choose another" in error["details"]["message"]


def _with_password(registration: dict[str, str], password: str) -> dict[str, str]:
    return {**registration, "password": password, "password_confirmation": password}


@pytest.mark.parametrize("email", ["x@.", "a,b@c.d", "do\u200bra@example.com", "a@b.c\u3002d", "a@b.c\u202e"])
def test_nobody_gets_an_address_that_mail_cannot_have(
    bank: HttpBank, admin: Customer, alice: Customer, email: str
) -> None:
    for answer in (
        bank.post("/users", json=REGISTRATION | {"email": email}),
        admin.post("/users/admin", json=REGISTRATION | {"email": email}),
        admin.put(f"/users/{alice.user.id}", json={"email": email}),
        alice.put("/profile", json={"email": email}),
    ):
        assert error_of(answer, 400, "invalid_email_format")["details"]["field"] == "email"
    # Whether somebody has one since before is a question for the login.
    login = {"email": email, "password": PASSWORD}
    error_of(bank.post("/auth/login", json=login), 401, "invalid_credentials")
