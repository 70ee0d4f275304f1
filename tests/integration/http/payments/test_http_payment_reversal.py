"""Undoing payments over HTTP."""

from typing import Any

import pytest
from tests.integration.http.payments.test_http_payments import PAYMENT_KEYS
from tests.support.http.http_bank import UNKNOWN_ID, Customer, HttpBank, data_of, error_of

from ledgerbank_domain.banking.account import Account

WHY = {"reason": "Sent to the wrong person"}


def executed(customer: Customer, account: Account, **fields: Any) -> dict[str, Any]:
    payment = customer.payment(account, **fields)
    done: dict[str, Any] = data_of(customer.post(f"/payments/{payment['id']}/process"))
    return done


def test_an_administrator_undoes_a_payment_and_everybody_sees_it(
    bank: HttpBank, alice: Customer, admin: Customer
) -> None:
    account = alice.account("100")
    payment = executed(alice, account)

    response = admin.post(f"/payments/{payment['id']}/reverse", json=WHY)

    undone = data_of(response)
    assert response.json()["metadata"] == {"action": "reversed"}
    assert set(undone) == PAYMENT_KEYS
    assert (payment["reversed_at"], payment["reversal_entry_id"]) == (None, None)
    assert undone["reversed_at"] == "2025-01-15T12:00:00.000000Z"
    assert undone["reversal_entry_id"] not in (None, payment["journal_entry_id"])
    changed = {"reversed_at", "reversal_entry_id", "updated_at"}
    assert {name: undone[name] for name in PAYMENT_KEYS - changed} == {
        name: payment[name] for name in PAYMENT_KEYS - changed
    }
    assert data_of(alice.get(f"/payments/{payment['id']}")) == undone
    assert data_of(alice.get(f"/accounts/{account.id}"))["balance"] == "100.00"
    newest = data_of(alice.get(f"/accounts/{account.id}/transactions"))[0]
    assert (newest["kind"], newest["direction"], newest["description"]) == (
        "REVERSAL",
        "CREDIT",
        WHY["reason"],
    )
    assert newest["journal_entry_id"] == undone["reversal_entry_id"]
    events = data_of(admin.get("/audit-events?event=ledger.reversed"))
    assert [event["target_id"] for event in events] == [payment["id"]]
    error_of(admin.post(f"/payments/{payment['id']}/reverse", json=WHY), 409, "already_reversed")


def test_a_repeated_request_is_answered_again_and_undoes_nothing_more(
    alice: Customer, admin: Customer
) -> None:
    account = alice.account("100")
    payment = executed(alice, account)
    key = {"Idempotency-Key": "once"}

    first, again = (admin.post(f"/payments/{payment['id']}/reverse", json=WHY, headers=key) for _ in range(2))

    assert (again.status_code, again.content) == (200, first.content)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert data_of(alice.get(f"/accounts/{account.id}"))["balance"] == "100.00"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({}, "missing_fields"),
        ({"reason": None}, "missing_fields"),
        ({"reason": "  "}, "missing_fields"),
        ({"reason": "x" * 256}, "invalid_field_format"),
        ({"reason": 5}, "invalid_field_format"),
        ({"reason": "a\x00b"}, "invalid_field_format"),
    ],
)
def test_a_reason_must_be_told(alice: Customer, admin: Customer, body: dict[str, Any], reason: str) -> None:
    payment = executed(alice, alice.account("100"))
    error = error_of(admin.post(f"/payments/{payment['id']}/reverse", json=body), 400, reason)
    assert error["details"]["field"] == "reason"


def test_what_cannot_be_undone_says_why(alice: Customer, bob: Customer, admin: Customer) -> None:
    account = alice.account("50")
    error_of(admin.post(f"/payments/{UNKNOWN_ID}/reverse", json=WHY), 404, "payment_not_found")
    error_of(admin.post("/payments/x/reverse", json=WHY), 400, "invalid_uuid_format")
    pending = alice.payment(account)
    error_of(admin.post(f"/payments/{pending['id']}/reverse", json=WHY), 422, "not_reversible")
    theirs = bob.account("0")
    transfer = {"payment_type": "TRANSFER", "counterparty_account_id": str(theirs.id)}
    sent = executed(alice, account, amount="50.00", **transfer)
    spent = executed(bob, theirs, amount="50.00")
    error_of(admin.post(f"/payments/{sent['id']}/reverse", json=WHY), 422, "negative_balance")
    data_of(alice.put(f"/accounts/{account.id}", json={"status": "CLOSED"}))
    error_of(admin.post(f"/payments/{sent['id']}/reverse", json=WHY), 422, "account_inactive")
    data_of(admin.post(f"/payments/{spent['id']}/reverse", json=WHY))
    error_of(admin.post(f"/payments/{sent['id']}/reverse", json=WHY), 422, "account_inactive")
