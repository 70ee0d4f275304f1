"""Many payments in one request, each created or refused by itself."""

from dataclasses import replace
from typing import Any

import pytest
from tests.support.http.http_bank import UNKNOWN_ID, Customer, HttpBank, data_of, error_of

from ledgerbank_adapters.http.payments.payment_bodies import PaymentBody
from ledgerbank_domain.banking.account import AccountStatus
from ledgerbank_domain.payments.payment import PaymentDraft
from ledgerbank_domain.users.user import UserStatus


def test_every_item_of_a_batch_is_answered_by_itself_and_in_its_place(
    bank: HttpBank, alice: Customer, bob: Customer
) -> None:
    account, frozen, foreign = alice.account(), alice.account(status=AccountStatus.FROZEN), bob.account()
    draft = bank.draft(account)
    items: list[tuple[Any, int, str, dict[str, Any]]] = [
        (draft, 201, "", {}),
        ("a payment", 400, "missing_fields", {}),
        (None, 400, "missing_fields", {}),
        ([draft], 400, "missing_fields", {}),
        ({}, 400, "missing_fields", {"field": "amount"}),
        (draft | {"amount": "1e3"}, 400, "invalid_amount_format", {"field": "amount"}),
        (draft | {"amount": "-1"}, 422, "negative_amount", {"field": "amount"}),
        (draft | {"direction": "UP", "description": 5}, 400, "invalid_direction", {"field": "direction"}),
        (
            draft | {"counterparty_account_id": str(foreign.id)},
            400,
            "invalid_counterparty",
            {"field": "counterparty_account_id"},
        ),
        (draft | {"user_bank_account_id": UNKNOWN_ID}, 404, "account_not_found", {}),
        (draft | {"user_bank_account_id": str(foreign.id)}, 403, "unauthorized_access", {}),
        (draft | {"user_bank_account_id": str(frozen.id)}, 422, "account_frozen", {}),
        (draft | {"amount": "10.001"}, 400, "invalid_amount_format", {"field": "amount"}),
        (draft | {"amount": "10000.01"}, 422, "amount_exceeds_limit", {}),
        (draft | {"amount": 12.5}, 201, "", {}),
    ]

    response = alice.post("/payments/batch", json={"payments": [item for item, *_ in items]})

    data = data_of(response)
    assert response.json()["metadata"] == {"action": "batch_created"}
    assert set(data) == {"results", "created", "failed"}
    assert (data["created"], data["failed"]) == (2, len(items) - 2)
    for index, (result, (_, status, reason, details)) in enumerate(zip(data["results"], items, strict=True)):
        assert (result["index"], result["status"]) == (index, status)
        if status == 201:
            assert set(result) == {"index", "status", "payment"}
            assert data_of(alice.get(f"/payments/{result['payment']['id']}")) == result["payment"]
        else:
            assert set(result) == {"index", "status", "error"}
            error = result["error"]
            assert set(error) == {"type", "message", "code", "reason", "details"}
            assert (error["code"], error["reason"]) == (status, reason)
            assert details.items() <= error["details"].items()
    assert len(data_of(alice.get("/payments"))) == 2


def test_an_item_is_refused_as_the_same_payment_would_be_alone(bank: HttpBank, alice: Customer) -> None:
    draft = bank.draft(alice.account())
    for change in (
        {"amount": "x"},
        {"currency": "USD"},
        {"user_bank_account_id": UNKNOWN_ID},
        {"amount": None},
    ):
        alone = alice.post("/payments", json=draft | change).json()["error"]
        [result] = data_of(alice.post("/payments/batch", json={"payments": [draft | change]}))["results"]
        assert result["error"] == {name: alone[name] for name in result["error"]}


@pytest.mark.parametrize("body", [{}, {"payments": None}, [], [{}]], ids=str)
def test_a_body_without_payments_misses_them(alice: Customer, body: object) -> None:
    error_of(alice.post("/payments/batch", json=body), 400, "missing_fields")


@pytest.mark.parametrize(
    "payments", [[], {}, {"0": {}}, 5, True, "payments", [{}] * 1001], ids=lambda value: str(value)[:20]
)
def test_what_is_no_batch_is_refused_as_a_whole(alice: Customer, payments: object) -> None:
    error = error_of(alice.post("/payments/batch", json={"payments": payments}), 400, "invalid_batch")
    assert error["details"]["field"] == "payments"


def test_a_thousand_payments_are_one_request(bank: HttpBank, alice: Customer) -> None:
    account = alice.account()
    drafts = [bank.draft(account, description=f"Payment {number}") for number in range(1000)]

    data = data_of(alice.post("/payments/batch", json={"payments": drafts}))

    assert (data["created"], data["failed"]) == (1000, 0)
    assert [result["payment"]["description"] for result in data["results"]] == [
        draft["description"] for draft in drafts
    ]
    assert alice.get("/payments").json()["metadata"]["pagination"]["total_count"] == 1000


def test_a_batch_of_one_key_is_created_once(bank: HttpBank, alice: Customer) -> None:
    body = {"payments": [bank.draft(alice.account()), {}]}
    headers = {"Idempotency-Key": "one batch"}
    first, again = (alice.post("/payments/batch", json=body, headers=headers) for _ in range(2))
    assert again.content == first.content
    assert len(data_of(alice.get("/payments"))) == 1


def test_a_caller_who_loses_his_status_meanwhile_is_refused_as_a_whole(
    bank: HttpBank, alice: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {"payments": [bank.draft(alice.account())]}
    read_draft = PaymentBody.draft

    def suspended_behind_the_gate(draft: PaymentBody) -> PaymentDraft:
        with bank.office.start_unit_of_work() as work:
            user = work.users.get_for_update(alice.user.id)
            work.users.save(replace(user, status=UserStatus.SUSPENDED))
            work.commit()
        return read_draft(draft)

    monkeypatch.setattr(PaymentBody, "draft", suspended_behind_the_gate)
    error_of(alice.post("/payments/batch", json=body), 401, "token_revoked")
