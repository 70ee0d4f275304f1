"""GET /audit-events, and what each refusal leaves there."""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from tests.support.http.http_bank import PASSWORD, PEER, BackOffice, Customer, HttpBank, data_of, error_of

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Role

FIELDS = {
    "id", "occurred_at", "event", "severity", "outcome", "reason", "actor_user_id", "actor_role",
    "target_type", "target_id", "ip", "user_agent", "method", "path", "status", "correlation_id", "metadata",
    "count",
}  # fmt: skip


@pytest.fixture
def trail(admin: Customer) -> "Trail":
    return Trail(admin)


class Trail:
    """What was recorded since it was made, oldest first."""

    def __init__(self, admin: Customer) -> None:
        self.admin = admin
        self.seen = {event["id"] for event in self._all()}

    def _all(self) -> list[dict[str, Any]]:
        events: list[dict[str, Any]] = data_of(self.admin.get("/audit-events", params={"limit": "100"}))
        return events[::-1]

    def new(self) -> list[dict[str, Any]]:
        return [event for event in self._all() if event["id"] not in self.seen]

    def names(self) -> list[str]:
        return [event["event"] for event in self.new()]


def test_an_event_has_every_field_of_the_contract(bank: HttpBank, trail: Trail, alice: Customer) -> None:
    headers = {"User-Agent": "A browser", "X-Correlation-ID": "abc.123"}
    bank.get("/users?page=2", token=alice.token, headers=headers)

    event = trail.new()[-1]

    assert set(event) == FIELDS
    UUID(event.pop("id"))
    assert event.pop("occurred_at").endswith("Z")
    assert event == {
        "event": "authz.denied",
        "severity": "warning",
        "outcome": "failure",
        "reason": "insufficient_permissions",
        "actor_user_id": str(alice.user.id),
        "actor_role": "user",
        "target_type": None,
        "target_id": None,
        "ip": PEER,
        "user_agent": "A browser",
        "method": "GET",
        "path": "/api/users",
        "status": 403,
        "correlation_id": "abc.123",
        "metadata": {},
        "count": 1,
    }


def test_an_act_that_was_carried_out_tells_what_was_answered(trail: Trail, alice: Customer) -> None:
    payment = alice.payment(alice.account())

    created = trail.new()[-1]
    assert (created["event"], created["outcome"], created["status"]) == ("payment.created", "success", 201)
    assert (created["target_type"], created["target_id"]) == ("payment", payment["id"])
    assert (created["method"], created["path"]) == ("POST", "/api/payments")


def test_a_refusal_leaves_exactly_its_event(
    bank: HttpBank, trail: Trail, alice: Customer, bob: Customer
) -> None:
    payment = bob.payment(bob.account())
    trail.seen |= {event["id"] for event in trail.new()}
    refusals: dict[str, Callable[[], httpx.Response]] = {
        "authz.denied": lambda: alice.get(f"/payments/{payment['id']}"),
        "auth.token_rejected": lambda: bank.get("/auth/me", token="rubbish"),
        "auth.login_failed": lambda: bank.post(
            "/auth/login", json={"email": "alice@example.com", "password": "wrong"}
        ),
    }
    for name, refuse in refusals.items():
        answer = refuse()

        (event,) = trail.new()
        assert (event["event"], event["outcome"], event["severity"]) == (name, "failure", "warning")
        assert event["status"] == answer.status_code
        assert event["reason"] == answer.json()["error"]["reason"]
        assert event["correlation_id"] == answer.headers["X-Correlation-ID"]
        trail.seen.add(event["id"])


@pytest.mark.parametrize("path", ["/nowhere", "/payments/rubbish", f"/payments/{UUID(int=1)}"])
def test_what_is_merely_wrong_leaves_no_event(trail: Trail, alice: Customer, path: str) -> None:
    before = trail.names()

    assert alice.get(path).status_code in (400, 404)
    assert trail.names() == before


def test_a_request_without_any_token_had_none_that_could_be_rejected(bank: HttpBank, trail: Trail) -> None:
    error_of(bank.get("/auth/me"), 401, "invalid_token")
    # Where none is needed, a bad one is not rejected.
    assert bank.get("/problems", token="rubbish").status_code == 200

    assert trail.new() == []


@pytest.mark.parametrize("endpoint", ["/auth/refresh", "/auth/logout"])
def test_a_rejected_refresh_token_is_recorded(bank: HttpBank, trail: Trail, endpoint: str) -> None:
    error_of(bank.post(endpoint, json={"refresh_token": "rubbish"}), 401, "invalid_token")

    (event,) = trail.new()
    assert (event["event"], event["reason"], event["status"]) == ("auth.token_rejected", "invalid_token", 401)


def test_a_stolen_refresh_token_is_critical_and_suspicious(
    bank: HttpBank, office: BackOffice, trail: Trail, alice: Customer
) -> None:
    token = alice.tokens["refresh_token"]
    assert bank.post("/auth/refresh", json={"refresh_token": token}).status_code == 200
    trail.seen |= {event["id"] for event in trail.new()}
    office.clock.advance(timedelta(seconds=11))

    error_of(bank.post("/auth/refresh", json={"refresh_token": token}), 401, "token_revoked")

    events = trail.new()
    assert sorted(event["event"] for event in events) == ["auth.refresh_reused", "security.suspicious"]
    assert {event["severity"] for event in events} == {"critical"}
    assert {event["status"] for event in events} == {401}
    assert {event["target_id"] for event in events} == {str(alice.user.id)}


def test_trying_for_a_restricted_field_is_a_policy_violation_too(trail: Trail, alice: Customer) -> None:
    account = alice.account()
    trail.seen |= {event["id"] for event in trail.new()}

    error_of(alice.put("/profile", json={"role": "admin"}), 403, "insufficient_permissions")
    error_of(alice.put(f"/accounts/{account.id}", json={"balance": "9"}), 403, "insufficient_permissions")

    events = trail.new()
    assert [event["event"] for event in events] == ["authz.denied", "policy.violation"] * 2
    assert [event["metadata"]["field"] for event in events] == ["role", "role", "balance", "balance"]


def test_five_failed_logins_for_one_email_are_suspicious_once(
    bank: HttpBank, office: BackOffice, trail: Trail, alice: Customer
) -> None:
    trail.seen |= {event["id"] for event in trail.new()}
    for attempt in range(8):
        bank.post("/auth/login", json={"email": "alice@example.com", "password": "wrong"})
        assert trail.names().count("security.suspicious") == (attempt >= 4)
        office.clock.advance(timedelta(seconds=10))

    suspicious = next(event for event in trail.new() if event["event"] == "security.suspicious")
    assert suspicious["metadata"]["cause"] == "failed_logins"
    assert {"email_hash", "ip"} <= set(suspicious["metadata"])
    assert "alice" not in str(suspicious["metadata"])


def test_five_failed_logins_from_one_address_are_suspicious_whatever_the_emails(
    bank: HttpBank, office: BackOffice, trail: Trail
) -> None:
    for number in range(6):
        bank.post("/auth/login", json={"email": f"nobody{number}@example.com", "password": "wrong"})

    (suspicious,) = [event for event in trail.new() if event["event"] == "security.suspicious"]
    assert suspicious["metadata"] == {"cause": "failed_logins", "ip": PEER}


def test_failed_logins_more_than_five_minutes_apart_are_not_suspicious(
    bank: HttpBank, office: BackOffice, trail: Trail, alice: Customer
) -> None:
    for _ in range(8):
        bank.post("/auth/login", json={"email": "alice@example.com", "password": "wrong"})
        office.clock.advance(timedelta(seconds=76))

    assert "security.suspicious" not in trail.names()


def test_a_refusal_stands_when_it_cannot_be_recorded(
    bank: HttpBank, alice: Customer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise DomainError(Reason.DATABASE_ERROR)

    monkeypatch.setattr("ledgerbank_domain.services.audit.audit_writer.AuditWriter.record_failure", fail)

    with caplog.at_level(logging.ERROR):
        error_of(alice.get("/users"), 403, "insufficient_permissions")
        error_of(bank.get("/auth/me", token="rubbish"), 401, "invalid_token")
        wrong = {"email": "alice@example.com", "password": "wrong"}
        error_of(bank.post("/auth/login", json=wrong), 401, "invalid_credentials")
        error_of(bank.post("/auth/refresh", json={"refresh_token": "rubbish"}), 401, "invalid_token")

    assert sum("an audit event is lost" in record.message for record in caplog.records) == 4


def test_only_administrators_read_the_trail(alice: Customer, support: Customer, bank: HttpBank) -> None:
    error_of(alice.get("/audit-events"), 403, "insufficient_permissions")
    error_of(support.get("/audit-events"), 403, "insufficient_permissions")
    error_of(bank.get("/audit-events"), 401, "invalid_token")


def test_filters_narrow_the_list(
    bank: HttpBank, office: BackOffice, alice: Customer, admin: Customer
) -> None:
    office.clock.advance(timedelta(minutes=10))
    later = office.clock.now()
    alice.get("/users")
    bank.get("/auth/me", token="rubbish")

    def names(**parameters: str) -> list[str]:
        return [event["event"] for event in data_of(admin.get("/audit-events", params=parameters))]

    assert names(event=" AUTHZ.denied ") == ["authz.denied"]
    assert set(names(outcome="failure")) == {"authz.denied", "auth.token_rejected"}
    assert set(names(actor_user_id=str(alice.user.id))) == {"auth.login_succeeded", "authz.denied"}
    assert set(names(date_from=later.isoformat().replace("+00:00", "Z"))) == {
        "authz.denied",
        "auth.token_rejected",
    }
    assert set(names(date_to=(later - timedelta(minutes=1)).isoformat().replace("+00:00", "Z"))) == {
        "auth.login_succeeded"
    }
    assert names(event="authz.denied", outcome="success") == []
    assert len(names(event=" ", outcome="", unknown="x")) == 4


@pytest.mark.parametrize(
    ("parameter", "value", "reason"),
    [
        ("event", "no.such_event", "invalid_filter"),
        ("outcome", "maybe", "invalid_filter"),
        ("actor_user_id", "me", "invalid_uuid_format"),
        ("date_from", "yesterday", "invalid_datetime_format"),
        ("date_to", "2025-13-01", "invalid_datetime_format"),
        ("cursor", '{"inserted_at":"2025-01-01T00:00:00.000000Z","id":"x"}', "invalid_cursor"),
    ],
)
def test_a_bad_filter_is_refused(admin: Customer, parameter: str, value: str, reason: str) -> None:
    error_of(admin.get("/audit-events", params={parameter: value}), 400, reason)


def test_pages_by_cursor_show_every_event_once_the_latest_first(
    office: BackOffice, alice: Customer, admin: Customer
) -> None:
    for _ in range(7):
        alice.get("/users")
        office.clock.advance(timedelta(seconds=1))
    everything = data_of(admin.get("/audit-events"))
    assert [event["occurred_at"] for event in everything] == sorted(
        (event["occurred_at"] for event in everything), reverse=True
    )

    found: list[dict[str, Any]] = []
    parameters = {"limit": "4"}
    while True:
        answer = admin.get("/audit-events", params=parameters)
        found += data_of(answer)
        pagination = answer.json()["metadata"]["pagination"]
        if not pagination["has_more"]:
            break
        assert set(pagination["next_cursor"]) == {"occurred_at", "id"}
        parameters["cursor"] = pagination["next_cursor_token"]
    assert found == everything


def test_no_secret_reaches_the_trail_or_the_details(bank: HttpBank, trail: Trail, alice: Customer) -> None:
    secrets = [PASSWORD, alice.token, alice.tokens["refresh_token"]]
    bank.get("/auth/me", token=alice.token + "x", headers={"User-Agent": "curl"})
    bank.post("/auth/login", json={"email": "alice@example.com", "password": "guess " + PASSWORD})
    bank.post("/auth/refresh", json={"refresh_token": alice.tokens["refresh_token"] + "x"})

    text = str(trail.new())
    assert not any(secret in text for secret in secrets)


def test_a_promotion_tells_what_the_user_was_and_is(trail: Trail, alice: Customer) -> None:
    trail.admin.put(f"/users/{alice.user.id}", json={"role": "support"})

    event = trail.new()[-1]
    assert (event["event"], event["target_id"]) == ("admin.user_updated", str(alice.user.id))
    assert event["metadata"] == {"changes": {"role": {"old": "user", "new": "support"}}}


def test_a_rejected_token_leaves_no_more_of_its_path_than_a_line(bank: HttpBank, trail: Trail) -> None:
    bank.get("/accounts/" + "x" * 5000, token="no.such.token", headers={"User-Agent": "A" * 3000})

    event = trail.new()[-1]
    assert event["event"] == "auth.token_rejected"
    assert (len(event["path"]), len(event["user_agent"])) == (512, 255)


def test_support_reading_a_customers_account_is_an_event_about_that_customer(
    bank: HttpBank, trail: Trail, alice: Customer
) -> None:
    support = bank.customer("support@example.com", role=Role.SUPPORT)
    account = alice.account()

    data_of(support.get(f"/accounts/{account.id}"))
    data_of(support.get(f"/accounts?user_id={alice.user.id}"))

    single, listed = [event for event in trail.new() if event["event"] == "staff.read"]
    assert (single["target_type"], single["target_id"]) == ("user", str(alice.user.id))
    assert (single["actor_user_id"], single["actor_role"]) == (str(support.user.id), "support")
    assert single["metadata"] == {"what": "account", "id": str(account.id)}
    assert (single["method"], single["path"], single["status"]) == (
        "GET",
        f"/api/accounts/{account.id}",
        200,
    )
    assert (listed["target_id"], listed["metadata"]) == (str(alice.user.id), {"what": "accounts"})


def test_a_customer_reading_their_own_account_is_no_event(trail: Trail, alice: Customer) -> None:
    account = alice.account()

    data_of(alice.get(f"/accounts/{account.id}"))
    data_of(alice.get("/accounts"))
    data_of(alice.get(f"/accounts/{account.id}/transactions"))

    assert "staff.read" not in trail.names()


def test_an_administrator_changing_a_user_is_no_reading_besides(alice: Customer, trail: Trail) -> None:
    data_of(trail.admin.put(f"/users/{alice.user.id}", json={"full_name": "Alice Changed"}))

    assert trail.names()[-1] == "admin.user_updated"
    assert "staff.read" not in trail.names()


def test_rejected_tokens_of_one_address_within_a_minute_are_one_event(
    bank: HttpBank, admin: Customer
) -> None:
    for number in range(12):
        refused = bank.get("/profile", headers={"Authorization": f"Bearer wrong-{number}"})
        assert refused.status_code == 401
    (event,) = data_of(admin.get("/audit-events", params={"event": "auth.token_rejected"}))
    assert (event["count"], event["reason"]) == (12, "invalid_token")
