"""Letting an account go on by another road, over HTTP."""

from typing import Any

import pytest
from tests.support.http.http_bank import UNKNOWN_ID, Customer, HttpBank, data_of, error_of


@pytest.fixture
def account_id(bank: HttpBank, alice: Customer) -> str:
    """Of an account at a bank that nothing speaks to, on which nothing was booked."""
    return str(bank.office.given.an_account(alice.user).id)


def test_files_tell_of_an_account_from_now_on(alice: Customer, account_id: str) -> None:
    before = data_of(alice.get(f"/accounts/{account_id}"))
    assert (before["fed"], before["source"]) == (False, "none")

    changed = data_of(alice.post(f"/accounts/{account_id}/source", json={"source": "files"}))

    assert (changed["fed"], changed["source"]) == (True, "files")
    assert {**changed, "fed": False, "source": "none", "updated_at": before["updated_at"]} == before
    assert data_of(alice.get(f"/accounts/{account_id}")) == changed


def test_nobody_pays_from_an_account_once_files_tell_of_it(alice: Customer, account_id: str) -> None:
    data_of(alice.post(f"/accounts/{account_id}/source", json={"source": "files"}))

    body = {
        "user_bank_account_id": account_id,
        "amount": "1.00",
        "direction": "DEBIT",
        "payment_type": "PAYMENT",
        "description": "Rent",
    }
    error_of(alice.post("/payments", json=body), 422, "account_fed_by_bank")
    error_of(
        alice.post(f"/accounts/{alice.account('5').id}/source", json={"source": "files"}),
        422,
        "account_held_here",
    )


@pytest.mark.parametrize(
    ("body", "refusal", "field"),
    [
        ({}, (400, "missing_fields"), "source"),
        ({"source": "none"}, (400, "invalid_field_format"), "source"),
        ({"source": "paper"}, (400, "invalid_field_format"), "source"),
        ({"source": "provider"}, (400, "missing_fields"), "user_bank_login_id"),
        (
            {"source": "files", "external_account_id": "acc_1"},
            (400, "invalid_field_format"),
            "external_account_id",
        ),
        (
            {"source": "provider", "user_bank_login_id": "x", "external_account_id": "acc_1"},
            (400, "invalid_uuid_format"),
            "user_bank_login_id",
        ),
        (
            {"source": "provider", "user_bank_login_id": UNKNOWN_ID, "external_account_id": "acc_1"},
            (404, "bank_login_not_found"),
            "user_bank_login_id",
        ),
    ],
)
def test_what_is_asked_for_wrongly_is_told_by_its_field(
    alice: Customer, account_id: str, body: dict[str, Any], refusal: tuple[int, str], field: str
) -> None:
    error = error_of(alice.post(f"/accounts/{account_id}/source", json=body), *refusal)

    assert error["details"]["field"] == field
