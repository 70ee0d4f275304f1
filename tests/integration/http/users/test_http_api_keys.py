"""API keys over HTTP: made by people, sent by programs."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.http.http_bank import UNKNOWN_ID, BackOffice, Customer, HttpBank, data_of, error_of
from tests.support.scenes.entity_builder import KEY_SECRET

from ledgerbank_adapters.memory import MemoryRateLimiter
from ledgerbank_domain.identity.actor import Role
from ledgerbank_domain.users.api_key import api_key_text

FIELDS = {
    "id", "name", "scopes", "allowed_networks", "expires_at", "last_used_at", "last_used_ip", "inserted_at",
    "updated_at",
}  # fmt: skip


def wanted(**fields: Any) -> dict[str, Any]:
    return {"name": "Bookkeeping", "scopes": ["accounts:read", "payments:write"], **fields}


def made(owner: Customer, **fields: Any) -> dict[str, Any]:
    created: dict[str, Any] = data_of(owner.post("/api-keys", json=wanted(**fields)), 201)
    return created


def events(admin: Customer, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = data_of(admin.get("/audit-events", params={"event": name}))
    return found


def test_a_key_is_shown_once_and_never_again(bank: HttpBank, alice: Customer) -> None:
    answer = alice.post("/api-keys", json=wanted(allowed_networks=["203.0.113.7", "2001:db8::/32"]))
    created = data_of(answer, 201)

    key = created.pop("key")
    assert key.startswith(f"lb_{created['id'].replace('-', '')}_")
    assert set(created) == FIELDS
    assert created["scopes"] == ["accounts:read", "payments:write"]
    assert created["allowed_networks"] == ["2001:db8::/32", "203.0.113.7/32"]
    assert (created["last_used_at"], created["last_used_ip"]) == (None, None)
    assert answer.headers["Location"] == f"/api/v1/api-keys/{created['id']}"
    assert answer.json()["metadata"] == {"action": "created"}
    assert data_of(alice.get("/api-keys")) == [created]
    assert data_of(alice.get(f"/api-keys/{created['id']}")) == created
    assert key not in alice.get("/api-keys").text


def test_without_an_end_a_key_lives_for_a_year(alice: Customer, office: BackOffice) -> None:
    year = (office.clock.now() + timedelta(days=365)).isoformat(timespec="microseconds")

    for fields in ({}, {"expires_at": None}):
        assert made(alice, **fields)["expires_at"] == year.replace("+00:00", "Z")


@pytest.mark.parametrize(
    ("fields", "field", "reason"),
    [
        ({"name": None}, "name", "missing_fields"),
        ({"scopes": None}, "scopes", "missing_fields"),
        ({"name": "x" * 101}, "name", "invalid_name_format"),
        ({"name": 7}, "name", "invalid_name_format"),
        ({"name": "a\u0000b"}, "name", "invalid_name_format"),
        ({"scopes": []}, "scopes", "invalid_scope"),
        ({"scopes": "accounts:read"}, "scopes", "invalid_scope"),
        ({"scopes": {"accounts:read": True}}, "scopes", "invalid_scope"),
        ({"scopes": ["accounts:write"]}, "scopes", "invalid_scope"),
        ({"scopes": ["ACCOUNTS:READ"]}, "scopes", "invalid_scope"),
        ({"scopes": ["accounts:read", None]}, "scopes", "invalid_scope"),
        ({"scopes": [["accounts:read"]]}, "scopes", "invalid_scope"),
        ({"scopes": ["*"]}, "scopes", "invalid_scope"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at", "invalid_datetime_format"),
        ({"expires_at": "2999-01-01T00:00:00Z"}, "expires_at", "invalid_datetime_format"),
        ({"expires_at": "tomorrow"}, "expires_at", "invalid_datetime_format"),
        ({"expires_at": 5}, "expires_at", "invalid_datetime_format"),
        ({"allowed_networks": "203.0.113.0/24"}, "allowed_networks", "invalid_field_format"),
        ({"allowed_networks": ["203.0.113.7/24"]}, "allowed_networks", "invalid_field_format"),
        ({"allowed_networks": [None]}, "allowed_networks", "invalid_field_format"),
        ({"allowed_networks": ["::ffff:1.2.3.4"]}, "allowed_networks", "invalid_field_format"),
        ({"allowed_networks": ["10.0.0.0/8"] * 21}, "allowed_networks", "invalid_field_format"),
    ],
)
def test_what_is_wrong_with_a_key_is_told(
    alice: Customer, fields: dict[str, Any], field: str, reason: str
) -> None:
    error = error_of(alice.post("/api-keys", json=wanted(**fields)), 400, reason)

    assert error["details"]["field"] == field
    assert data_of(alice.get("/api-keys")) == []


def test_an_unknown_scope_is_named_beside_those_that_there_are(alice: Customer) -> None:
    error = error_of(alice.post("/api-keys", json=wanted(scopes=["accounts:write"])), 400, "invalid_scope")

    assert error["details"]["allowed"] == [
        "accounts:read", "payments:read", "payments:write", "banks:read", "banks:write", "events:read"
    ]  # fmt: skip
    assert "accounts:write" in error["details"]["message"]


def test_the_twenty_first_key_is_refused(alice: Customer) -> None:
    for _ in range(20):
        made(alice)

    error = error_of(alice.post("/api-keys", json=wanted()), 409, "resource_already_exists")

    assert error["details"]["limit"] == 20


def test_a_program_does_what_its_scopes_say_and_nothing_else(bank: HttpBank, alice: Customer) -> None:
    account = alice.account()
    key = made(alice)["key"]

    assert data_of(bank.get("/accounts", token=key))[0]["id"] == str(account.id)
    created = data_of(bank.post("/payments", token=key, json=bank.draft(account)), 201)
    assert data_of(bank.post(f"/payments/{created['id']}/process", token=key))["status"] == "COMPLETED"

    error = error_of(bank.get("/payments", token=key), 403, "insufficient_permissions")
    assert error["details"]["required_scope"] == "payments:read"
    error = error_of(bank.get("/profile", token=key), 403, "insufficient_permissions")
    assert "required_scope" not in error["details"]


def test_a_program_is_refused_before_its_body_is_looked_at(bank: HttpBank, alice: Customer) -> None:
    key = made(alice, scopes=["accounts:read"])["key"]

    answer = bank.send_json_text("POST", "/payments", "{not json", token=key)

    error_of(answer, 403, "insufficient_permissions")


def test_no_key_makes_shows_or_ends_keys(bank: HttpBank, alice: Customer) -> None:
    every_scope = ["accounts:read", "payments:read", "payments:write"]
    every_scope += ["banks:read", "banks:write", "events:read"]
    created = made(alice, scopes=every_scope)
    key, path = created["key"], f"/api-keys/{created['id']}"

    error_of(bank.post("/api-keys", token=key, json=wanted()), 403, "insufficient_permissions")
    error_of(bank.get("/api-keys", token=key), 403, "insufficient_permissions")
    error_of(bank.get(path, token=key), 403, "insufficient_permissions")
    error_of(bank.delete(path, token=key), 403, "insufficient_permissions")
    assert bank.get("/accounts", token=key).status_code == 200


def test_a_revoked_key_is_refused_at_once(bank: HttpBank, alice: Customer) -> None:
    created = made(alice)
    assert bank.get("/accounts", token=created["key"]).status_code == 200

    assert alice.delete(f"/api-keys/{created['id']}").status_code == 200

    error_of(bank.get("/accounts", token=created["key"]), 401, "token_revoked")
    error_of(alice.get(f"/api-keys/{created['id']}"), 404, "resource_not_found")
    error_of(alice.delete(f"/api-keys/{created['id']}"), 404, "resource_not_found")


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_key_that_is_not_there_is_not_found(alice: Customer, bob: Customer, method: str) -> None:
    for key_id in (UNKNOWN_ID, made(bob)["id"]):
        error_of(
            alice.bank.request(method, f"/api-keys/{key_id}", token=alice.token), 404, "resource_not_found"
        )
    error_of(alice.bank.request(method, "/api-keys/lb_1", token=alice.token), 400, "invalid_uuid_format")


def test_a_foreign_network_learns_nothing_and_the_owner_is_on_record(
    bank: HttpBank, alice: Customer, admin: Customer
) -> None:
    created = made(alice, allowed_networks=["198.51.100.0/24"])

    error = error_of(bank.get("/accounts", token=created["key"]), 401, "invalid_token")
    guessed = error_of(
        bank.get("/accounts", token=api_key_text(alice.user.id, KEY_SECRET)), 401, "invalid_token"
    )

    assert error["details"] == guessed["details"] == {}
    stolen, unknown = sorted(
        events(admin, "auth.token_rejected"), key=lambda event: event["actor_user_id"] is None
    )
    assert stolen["actor_user_id"] == str(alice.user.id)
    assert stolen["metadata"]["api_key_id"] == created["id"]
    assert (unknown["actor_user_id"], unknown["metadata"]) == (None, {})


@pytest.mark.parametrize("reason", ["token_expired", "token_revoked"])
def test_a_key_that_has_ended_is_on_record_once_a_minute(
    bank: HttpBank, alice: Customer, office: BackOffice, reason: str
) -> None:
    created = made(alice, expires_at=(office.clock.now() + timedelta(minutes=5)).isoformat())
    if reason == "token_revoked":
        alice.delete(f"/api-keys/{created['id']}")
    office.clock.advance(timedelta(minutes=10))

    for _ in range(3):
        error_of(bank.get("/accounts", token=created["key"]), 401, reason)

    admin = bank.customer("admin@example.com", role=Role.ADMIN)
    (event,) = events(admin, "auth.token_rejected")
    assert (event["reason"], event["count"]) == (reason, 3)
    assert event["metadata"] == {"api_key_id": created["id"]}


def test_what_a_program_is_denied_is_on_record_as_its_keys(
    bank: HttpBank, alice: Customer, admin: Customer
) -> None:
    created = made(alice, scopes=["accounts:read"])

    bank.get("/payments", token=created["key"])

    (event,) = events(admin, "authz.denied")
    assert event["actor_user_id"] == str(alice.user.id)
    assert event["metadata"]["api_key_id"] == created["id"]
    assert event["metadata"]["required_scope"] == "payments:read"


def test_the_last_use_is_shown(bank: HttpBank, alice: Customer, office: BackOffice) -> None:
    created = made(alice)
    office.clock.advance(timedelta(minutes=5))
    bank.get("/accounts", token=created["key"])

    shown = data_of(alice.get(f"/api-keys/{created['id']}"))

    told = (office.clock.now()).isoformat(timespec="microseconds").replace("+00:00", "Z")
    assert (shown["last_used_at"], shown["last_used_ip"]) == (told, "203.0.113.7")


@pytest.mark.parametrize(
    "token",
    [
        "lb_",
        "lb__",
        "lb_x_y",
        f"lb_{'0' * 32}_{'x' * 43}",
        f"lb_{'0' * 32}_{'x' * 42}",
        f"lb_{'0' * 32}_{'x' * 60_000}",
        "lb_%00_%0a",
        "LB_" + "0" * 32 + "_" + "x" * 43,
    ],
)
def test_what_is_no_key_is_no_token(bank: HttpBank, token: str) -> None:
    answer = bank.get("/accounts", token=token)

    assert answer.status_code in (401, 431)
    if answer.status_code == 401:
        error_of(answer, 401, "invalid_token")


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=90).filter(lambda rest: not set(rest) & set(b"\r\n\0")))
def test_any_bytes_behind_the_prefix_are_answered_as_no_token(bank: HttpBank, rest: bytes) -> None:
    answer = bank.get("/accounts", headers={"Authorization": b"Bearer lb_" + rest})

    error_of(answer, 401, "invalid_token")


def test_an_idempotency_key_is_the_owners_whoever_sends_it(bank: HttpBank, alice: Customer) -> None:
    account = alice.account()
    draft, headers = bank.draft(account), {"Idempotency-Key": "the same"}
    key = made(alice)["key"]

    first = bank.post("/payments", token=key, json=draft, headers=headers)
    again = alice.post("/payments", json=draft, headers=headers)

    assert again.headers["Idempotency-Replayed"] == "true"
    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert len(data_of(alice.get("/payments"))) == 1


def test_a_kept_answer_is_not_given_to_a_key_that_could_not_have_asked(
    bank: HttpBank, alice: Customer
) -> None:
    draft, headers = bank.draft(alice.account()), {"Idempotency-Key": "the same"}
    assert alice.post("/payments", json=draft, headers=headers).status_code == 201
    reader = made(alice, scopes=["payments:read"])["key"]

    answer = bank.post("/payments", token=reader, json=draft, headers=headers)

    error_of(answer, 403, "insufficient_permissions")


def test_keys_do_not_multiply_what_their_owner_may_ask(
    open_bank: Callable[..., HttpBank], office: BackOffice
) -> None:
    limiter = MemoryRateLimiter(limit=6, window=timedelta(seconds=60), clock=office.clock)
    bank = open_bank(rate_limiter=limiter)
    alice = bank.customer()
    keys = [made(alice)["key"] for _ in range(2)]

    for token in [*keys, alice.token, keys[0]]:
        assert bank.get("/accounts", token=token).status_code == 200

    for token in [*keys, alice.token]:
        error_of(bank.get("/accounts", token=token), 429, "rate_limit_exceeded")


def test_what_is_no_key_counts_on_the_address(open_bank: Callable[..., HttpBank], office: BackOffice) -> None:
    limiter = MemoryRateLimiter(limit=6, window=timedelta(seconds=60), clock=office.clock)
    bank = open_bank(rate_limiter=limiter)

    for number in range(6):
        guess = api_key_text(office.ids.new_id(), str(number) * 43)
        error_of(bank.get("/accounts", token=guess), 401, "invalid_token")

    error_of(
        bank.get("/accounts", token=api_key_text(office.ids.new_id(), "x" * 43)), 429, "rate_limit_exceeded"
    )
