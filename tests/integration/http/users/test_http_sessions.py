"""Sessions over HTTP: what is shown of them, and administrators who end those of others."""

from datetime import timedelta

import pytest
from tests.support.http.http_bank import PASSWORD, UNKNOWN_ID, Customer, HttpBank, data_of, error_of

from ledgerbank_domain.identity.actor import Role


@pytest.fixture
def admin(bank: HttpBank) -> Customer:
    return bank.customer("admin@example.com", role=Role.ADMIN)


def test_a_session_tells_when_a_request_of_it_last_came(bank: HttpBank, alice: Customer) -> None:
    bank.office.clock.advance(timedelta(minutes=5))
    alice.get("/accounts")

    (session,) = data_of(alice.get("/auth/sessions"))

    assert session["created_at"] == "2025-01-15T12:00:00.000000Z"
    assert session["last_used_at"] == "2025-01-15T12:05:00.000000Z"
    assert session["expires_at"] == "2025-01-22T12:00:00.000000Z"


@pytest.mark.parametrize("user_agent", ["x" * 10_240, "a\x01\x7fb", "(" * 10_240, "\xff\xfe", " "])
def test_hostile_user_agents_are_shown_bounded(bank: HttpBank, alice: Customer, user_agent: str) -> None:
    answer = bank.post(
        "/auth/login",
        json={"email": alice.user.email, "password": PASSWORD},
        headers={"User-Agent": user_agent.encode("latin-1")},
    )
    data_of(answer)

    shown = data_of(alice.get("/auth/sessions"))

    assert len(shown) == 2
    for session in shown:
        assert len(session["user_agent"] or "") <= 255
        assert len(session["device"]["program"] or "") <= 64
        assert not {chr(code) for code in (*range(32), 127)} & set(session["user_agent"] or "")


def test_an_administrator_sees_and_ends_sessions_of_a_customer(
    bank: HttpBank, alice: Customer, admin: Customer
) -> None:
    path = f"/users/{alice.user.id}/sessions"
    (session,) = data_of(admin.get(path))
    assert session["id"] == data_of(alice.get("/auth/sessions"))[0]["id"]
    assert session["current"] is False

    ended = admin.delete(f"{path}/{session['id']}?reason=A%20stolen%20phone")

    assert data_of(ended) == {"message": "Session revoked successfully"}
    error_of(alice.get("/auth/me"), 401, "token_revoked")
    error_of(admin.delete(f"{path}/{session['id']}"), 404, "token_not_found")
    assert data_of(admin.delete(path)) == {"message": "Sessions revoked successfully"}
    assert data_of(admin.get(path)) == []
    data_of(bank.post("/auth/login", json={"email": alice.user.email, "password": PASSWORD}))
    assert len(data_of(admin.get(path))) == 1
    (event,) = [
        event
        for event in data_of(admin.get("/audit-events?event=admin.sessions_revoked"))
        if "reason" in event["metadata"]
    ]
    assert event["metadata"] == {"session_id": session["id"], "reason": "A stolen phone"}
    assert event["target_id"] == str(alice.user.id)


def test_what_is_asked_wrongly_is_told(admin: Customer, alice: Customer) -> None:
    path = f"/users/{alice.user.id}/sessions"
    error_of(admin.delete(f"{path}?reason={'x' * 256}"), 400, "invalid_field_format")
    error_of(admin.delete(f"{path}/phone"), 400, "invalid_uuid_format")
    error_of(admin.delete(f"{path}/{UNKNOWN_ID}"), 404, "token_not_found")
    error_of(admin.delete(f"/users/{UNKNOWN_ID}/sessions"), 404, "user_not_found")
    error_of(admin.get(f"/users/{UNKNOWN_ID}/sessions"), 404, "user_not_found")
    error_of(admin.get("/users/me/sessions"), 400, "invalid_uuid_format")
    data_of(alice.get("/auth/me"))
