"""Connected banks over HTTP: listed, changed, synced and disconnected."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.support.http.bank_login_steps import LOGIN_FIELDS, connected, started
from tests.support.http.http_bank import UNKNOWN_ID, BackOffice, Customer, data_of, error_of


def test_logins_are_listed_and_filtered(
    alice: Customer, bob: Customer, admin: Customer, branch_id: str
) -> None:
    first, second = (started(alice, branch_id, name)["bank_login"]["id"] for name in ("first", "second"))
    started(bob, branch_id)
    connected(alice, branch_id, "third")

    def ids(customer: Customer, **query: str) -> list[str]:
        response = customer.get("/bank-logins", params=query)
        assert response.json()["metadata"]["pagination"]["total_count"] == len(data_of(response))
        return [login["id"] for login in data_of(response)]

    assert ids(alice, status=" inactive ") == [second, first]
    assert len(ids(alice)) == 3
    assert len(ids(admin, user_id=str(alice.user.id))) == 3
    assert ids(admin) == []
    error_of(alice.get("/bank-logins?status=CONNECTED"), 400, "invalid_status")
    error_of(alice.get("/bank-logins?user_id=x"), 400, "invalid_uuid_format")
    error_of(bob.get(f"/bank-logins?user_id={alice.user.id}"), 403, "insufficient_permissions")


def test_the_pace_is_changed_and_syncs_are_paused(alice: Customer, branch_id: str) -> None:
    path = f"/bank-logins/{connected(alice, branch_id)}"

    changed = data_of(alice.put(path, json={"sync_frequency": 300, "status": "inactive"}))
    assert (changed["sync_frequency"], changed["status"], changed["connected"]) == (300, "INACTIVE", True)
    assert data_of(alice.put(path, json={"status": "ACTIVE", "nonsense": 1}))["status"] == "ACTIVE"


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        ({}, 400, "missing_fields"),
        ({"status": None}, 400, "missing_fields"),
        ({"nonsense": 1}, 400, "missing_fields"),
        ({"sync_frequency": 299}, 400, "invalid_field_format"),
        ({"sync_frequency": 86401}, 400, "invalid_field_format"),
        ({"sync_frequency": "3600"}, 400, "invalid_field_format"),
        ({"sync_frequency": 3600.5}, 400, "invalid_field_format"),
        ({"sync_frequency": True}, 400, "invalid_field_format"),
        ({"status": "ERROR"}, 400, "invalid_status"),
        ({"status": 1}, 400, "invalid_status"),
        ({"status": "ACTIVE"}, 422, "bank_login_inactive"),
        *(
            ({field: None, "sync_frequency": 600}, 403, "insufficient_permissions")
            for field in sorted(LOGIN_FIELDS - {"status", "sync_frequency"})
        ),
    ],
    ids=str,
)
def test_what_cannot_be_changed(
    alice: Customer, branch_id: str, body: dict[str, Any], status: int, reason: str
) -> None:
    login = started(alice, branch_id)["bank_login"]

    error_of(alice.put(f"/bank-logins/{login['id']}", json=body), status, reason)


def test_an_attempt_on_a_field_that_nobody_may_change_is_on_record(
    alice: Customer, admin: Customer, branch_id: str
) -> None:
    login = started(alice, branch_id)["bank_login"]

    alice.put(f"/bank-logins/{login['id']}", json={"scope": "everything"})

    events = data_of(admin.get("/audit-events", params={"event": "policy.violation"}))
    assert [event["metadata"]["field"] for event in events] == ["scope"]


def test_a_login_is_disconnected(alice: Customer, branch_id: str) -> None:
    path = f"/bank-logins/{connected(alice, branch_id)}"

    gone = data_of(alice.delete(path))

    assert gone == {"message": "Bank login disconnected successfully"}
    login = data_of(alice.get(path))
    assert (login["status"], login["connected"], login["token_expires_at"]) == ("INACTIVE", False, None)
    error_of(alice.post(f"{path}/sync"), 422, "bank_login_inactive")
    error_of(alice.put(path, json={"status": "ACTIVE"}), 422, "bank_login_inactive")
    assert data_of(alice.delete(path)) == gone


def test_a_sync_is_queued_once(alice: Customer, office: BackOffice, branch_id: str) -> None:
    login_id = connected(alice, branch_id)
    response = alice.post(f"/bank-logins/{login_id}/sync")

    job = data_of(response, 202)

    assert response.headers["Location"] == f"/api/v1/bank-logins/{login_id}"
    assert response.json()["metadata"] == {"deduplicated": True}
    assert (job["kind"], job["queue"], job["args"]) == ("bank.sync", "banking", {"bank_login_id": login_id})
    office.clock.advance(timedelta(seconds=300))
    later = alice.post(f"/bank-logins/{login_id}/sync", headers={"Idempotency-Key": "once"})
    assert later.json()["metadata"] == {"deduplicated": False}
    assert data_of(later, 202)["id"] != job["id"]
    replayed = alice.post(f"/bank-logins/{login_id}/sync", headers={"Idempotency-Key": "once"})
    assert replayed.content == later.content
    assert replayed.headers["Idempotency-Replayed"] == "true"


def test_a_login_without_a_gateway_is_not_synced(alice: Customer, office: BackOffice) -> None:
    login = office.given.a_login(alice.user)

    error_of(alice.post(f"/bank-logins/{login.id}/sync"), 422, "bank_inactive")


def test_a_login_that_nobody_has_is_not_found(alice: Customer) -> None:
    path = f"/bank-logins/{UUID(UNKNOWN_ID)}"
    for response in (
        alice.get(path),
        alice.put(path, json={"status": "INACTIVE"}),
        alice.delete(path),
        alice.post(f"{path}/sync"),
    ):
        error_of(response, 404, "bank_login_not_found")
    error_of(alice.get("/bank-logins/callbacks"), 400, "invalid_uuid_format")
