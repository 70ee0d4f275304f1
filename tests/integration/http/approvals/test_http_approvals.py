"""Acts of staff that take two administrators, over HTTP."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.support.http.http_bank import (
    PASSWORD,
    UNKNOWN_ID,
    BackOffice,
    Customer,
    HttpBank,
    data_of,
    error_of,
)
from tests.support.http.second_factor_over_http import enrol

from ledgerbank_adapters.memory import MemoryClock
from ledgerbank_domain.banking.account import AccountStatus, AccountType
from ledgerbank_domain.identity.actor import Role
from ledgerbank_domain.services.conduct.four_eyes import FourEyes

WHY = "They look after the branch now"
APPROVAL_KEYS = {
    "id",
    "act",
    "target_type",
    "target_id",
    "changes",
    "reason",
    "status",
    "requested_by",
    "expires_at",
    "decided_by",
    "decided_at",
    "decision_reason",
    "inserted_at",
    "updated_at",
}
NEW_STAFF = {
    "email": "new@example.com",
    "full_name": "New",
    "password": PASSWORD,
    "password_confirmation": PASSWORD,
    "role": "support",
}


@pytest.fixture
def bank(office: BackOffice, open_bank: Callable[..., HttpBank]) -> HttpBank:
    office.four_eyes = FourEyes(required=True)
    return open_bank()


@pytest.fixture
def deciding(bank: HttpBank) -> Customer:
    return bank.customer("deciding@example.com", role=Role.ADMIN)


def promoted(admin: Customer, user: Customer, **body: Any) -> Any:
    return admin.put(f"/users/{user.user.id}", json={"role": "admin", "reason": WHY, **body})


def test_a_promotion_is_answered_with_what_now_waits(
    alice: Customer, admin: Customer, deciding: Customer
) -> None:
    response = promoted(admin, alice)

    approval = data_of(response, 202)
    assert set(approval) == APPROVAL_KEYS
    assert response.headers["Location"] == f"/api/v1/approvals/{approval['id']}"
    assert response.json()["metadata"] == {"action": "approval_requested"}
    assert (approval["act"], approval["target_type"], approval["target_id"]) == (
        "user.update",
        "user",
        str(alice.user.id),
    )
    assert approval["changes"] == {"role": {"old": "user", "new": "admin"}}
    assert (approval["status"], approval["reason"]) == ("PENDING", WHY)
    assert approval["requested_by"] == str(admin.user.id)
    assert approval["expires_at"] == "2025-01-18T12:00:00.000000Z"
    assert data_of(alice.get("/profile"))["role"] == "user"
    path = f"/approvals/{approval['id']}"
    assert data_of(admin.get(path)) == approval
    assert data_of(deciding.get("/approvals?status=PENDING")) == [approval]
    error_of(admin.post(f"{path}/approve"), 403, "insufficient_permissions")

    approved = deciding.post(f"{path}/approve")

    assert approved.json()["metadata"] == {"action": "approved"}
    assert data_of(approved)["decided_by"] == str(deciding.user.id)
    # Nobody who knew a way in before has one now.
    error_of(alice.get("/profile"), 401, "token_revoked")
    assert data_of(deciding.get(f"/users/{alice.user.id}"))["role"] == "admin"
    error_of(deciding.post(f"{path}/approve"), 409, "already_processed")
    assert data_of(deciding.get("/approvals?status=PENDING")) == []
    events = data_of(deciding.get("/audit-events?event=approval.approved"))
    assert [(event["target_id"], event["actor_user_id"]) for event in events] == [
        (approval["id"], str(deciding.user.id))
    ]
    (done,) = data_of(deciding.get("/audit-events?event=admin.user_updated"))
    assert done["actor_user_id"] == str(admin.user.id)
    assert done["correlation_id"] == events[0]["correlation_id"]
    assert (done["ip"], done["path"]) == (None, None)


def test_every_other_act_that_takes_two_waits_as_well(
    alice: Customer, admin: Customer, deciding: Customer
) -> None:
    credit = alice.account("0", account_type=AccountType.CREDIT)
    frozen = alice.account("0", status=AccountStatus.FROZEN)
    account = alice.account("100")
    payment = alice.payment(account)
    data_of(alice.post(f"/payments/{payment['id']}/process"))
    asked = [
        data_of(response, 202)
        for response in (
            admin.post("/users/admin", json={**NEW_STAFF, "reason": WHY}),
            admin.put(f"/accounts/{credit.id}", json={"credit_limit": "500.00", "reason": WHY}),
            admin.put(f"/accounts/{frozen.id}", json={"status": "ACTIVE", "reason": WHY}),
            admin.post(f"/payments/{payment['id']}/reverse", json={"reason": WHY}),
            admin.put("/profile", json={"role": "support", "reason": WHY}),
        )
    ]
    assert data_of(alice.get(f"/accounts/{account.id}"))["balance"] == "90.00"
    assert PASSWORD not in str(asked)

    for approval in asked:
        data_of(deciding.post(f"/approvals/{approval['id']}/approve"))

    assert data_of(alice.get(f"/accounts/{credit.id}"))["credit_limit"] == "500.00"
    assert data_of(alice.get(f"/accounts/{frozen.id}"))["status"] == "ACTIVE"
    assert data_of(alice.get(f"/accounts/{account.id}"))["balance"] == "100.00"
    assert data_of(admin.get("/profile"))["role"] == "support"
    made = data_of(deciding.get(f"/approvals/{asked[0]['id']}"))
    assert data_of(deciding.get(f"/users/{made['target_id']}"))["role"] == "support"
    login = {"email": "new@example.com", "password": PASSWORD}
    error_of(alice.bank.post("/auth/login", json=login), 401, "invalid_credentials")


@pytest.mark.parametrize(
    ("reason", "refusal"),
    [
        (None, "missing_fields"),
        ("  ", "invalid_field_format"),
        ("x" * 256, "invalid_field_format"),
        (5, "invalid_field_format"),
    ],
)
def test_why_must_be_told_where_it_waits(
    alice: Customer, admin: Customer, reason: object, refusal: str
) -> None:
    error = error_of(promoted(admin, alice, reason=reason), 400, refusal)
    assert error["details"]["field"] == "reason"
    data_of(admin.put(f"/users/{alice.user.id}", json={"full_name": "Renamed"}))


def test_a_reason_alone_changes_nothing(alice: Customer, admin: Customer) -> None:
    error = error_of(admin.put(f"/users/{alice.user.id}", json={"reason": WHY}), 400, "missing_fields")
    assert "reason" not in error["details"]["fields"]
    account = alice.account("0")
    error_of(admin.put(f"/accounts/{account.id}", json={"reason": WHY}), 400, "missing_fields")


def test_a_repeated_reversal_asks_once_and_a_repeated_approval_reverses_once(
    alice: Customer, admin: Customer, deciding: Customer
) -> None:
    account = alice.account("100")
    payment = alice.payment(account)
    data_of(alice.post(f"/payments/{payment['id']}/process"))
    key, path = {"Idempotency-Key": "once"}, f"/payments/{payment['id']}/reverse"

    first, again = (admin.post(path, json={"reason": WHY}, headers=key) for _ in range(2))

    assert (again.status_code, again.content) == (202, first.content)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["Location"] == first.headers["Location"]
    approval_id = data_of(first, 202)["id"]
    error_of(admin.post(path, json={"reason": WHY}), 409, "resource_already_exists")
    approve = f"/approvals/{approval_id}/approve"
    done, replayed = (deciding.post(approve, headers={"Idempotency-Key": "yes"}) for _ in range(2))
    assert (replayed.status_code, replayed.content) == (200, done.content)
    assert data_of(alice.get(f"/accounts/{account.id}"))["balance"] == "100.00"
    late = admin.post(path, json={"reason": WHY}, headers=key)
    assert (late.status_code, late.content) == (202, first.content)


def test_what_was_asked_for_is_rejected_or_taken_back(
    alice: Customer, admin: Customer, deciding: Customer
) -> None:
    first = f"/approvals/{data_of(promoted(admin, alice), 202)['id']}"
    error_of(deciding.post(f"{first}/reject", json={}), 400, "missing_fields")
    rejected = data_of(deciding.post(f"{first}/reject", json={"reason": "Not needed"}))
    assert (rejected["status"], rejected["decision_reason"]) == ("REJECTED", "Not needed")
    second = f"/approvals/{data_of(promoted(admin, alice), 202)['id']}"
    assert data_of(admin.post(f"{second}/withdraw"))["status"] == "WITHDRAWN"
    error_of(deciding.post(f"{second}/approve"), 409, "already_processed")
    assert data_of(alice.get("/profile"))["role"] == "user"
    assert [each["status"] for each in data_of(admin.get("/approvals"))] == ["WITHDRAWN", "REJECTED"]


def test_a_list_of_approvals_goes_on_where_it_ended(bank: HttpBank, admin: Customer) -> None:
    for number in range(5):
        data_of(promoted(admin, bank.customer(f"user{number}@example.com")), 202)
    first = admin.get("/approvals?limit=3")
    pagination = first.json()["metadata"]["pagination"]
    rest = admin.get(f"/approvals?limit=3&cursor={pagination['next_cursor_token']}")
    ids = [each["id"] for each in (*data_of(first), *data_of(rest))]
    assert len(ids) == len(set(ids)) == 5
    assert rest.json()["metadata"]["pagination"]["has_more"] is False
    error_of(admin.get("/approvals?status=DONE"), 400, "invalid_status")


def test_unknown_approvals_are_not_found(admin: Customer, alice: Customer) -> None:
    for method, path in (("GET", ""), ("POST", "/approve"), ("POST", "/withdraw")):
        unknown = admin.bank.request(method, f"/approvals/{UNKNOWN_ID}{path}", token=admin.token)
        error_of(unknown, 404, "resource_not_found")
        error_of(
            admin.bank.request(method, f"/approvals/x{path}", token=admin.token), 400, "invalid_uuid_format"
        )
    mine = data_of(promoted(admin, alice), 202)
    error_of(alice.get(f"/approvals/{mine['id']}"), 404, "resource_not_found")


def test_what_changed_since_is_told(alice: Customer, admin: Customer, deciding: Customer) -> None:
    approval = data_of(promoted(admin, alice), 202)
    data_of(admin.put(f"/users/{alice.user.id}", json={"status": "SUSPENDED"}))
    error = error_of(deciding.post(f"/approvals/{approval['id']}/approve"), 409, "already_processed")
    assert error["details"]["field"] == "status"
    assert "changed since" in error["details"]["message"]


def test_a_second_factor_of_somebody_else_is_taken_away_by_two(
    alice: Customer, admin: Customer, deciding: Customer, clock: MemoryClock
) -> None:
    path = f"/users/{alice.user.id}/totp"
    error_of(admin.delete(path), 404, "resource_not_found")
    error_of(admin.delete(f"/users/{UNKNOWN_ID}/totp"), 404, "user_not_found")
    enrol(alice, clock)
    assert error_of(admin.delete(path), 400, "missing_fields")["details"]["field"] == "reason"
    error_of(admin.delete(f"{path}?reason={'x' * 256}"), 400, "invalid_field_format")

    asked = admin.delete(f"{path}?reason=They+lost+their+phone")

    approval = data_of(asked, 202)
    assert asked.headers["Location"] == f"/api/v1/approvals/{approval['id']}"
    assert (approval["act"], approval["target_id"]) == ("user.remove_second_factor", str(alice.user.id))
    assert data_of(alice.get("/profile/totp"))["enabled"] is True
    data_of(deciding.post(f"/approvals/{approval['id']}/approve"))
    assert data_of(alice.get("/profile/totp"))["enabled"] is False
