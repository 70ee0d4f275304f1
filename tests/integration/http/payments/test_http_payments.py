"""Payments over HTTP."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from tests.support.http.http_bank import UNKNOWN_ID, Customer, HttpBank, data_of, error_of

from ledgerbank_domain.banking.account import AccountStatus, AccountType
from ledgerbank_domain.payments.payment_limits import PaymentLimits

PAYMENT_KEYS = {
    "id",
    "user_bank_account_id",
    "user_id",
    "amount",
    "currency",
    "direction",
    "payment_type",
    "description",
    "status",
    "counterparty_account_id",
    "posted_at",
    "failure_reason",
    "journal_entry_id",
    "reversed_at",
    "reversal_entry_id",
    "external_transaction_id",
    "inserted_at",
    "updated_at",
}


def test_a_created_payment_is_pending_and_has_an_address_under_the_canonical_prefix(
    bank: HttpBank, alice: Customer
) -> None:
    account = alice.account(currency="GBP")

    response = alice.post("/payments", json=bank.draft(account, amount=100.5, description="  Rent  "))

    payment = data_of(response, 201)
    assert set(payment) == PAYMENT_KEYS
    assert response.headers["Location"] == f"/api/v1/payments/{payment['id']}"
    assert response.json()["metadata"] == {"action": "created"}
    assert (
        payment
        | {
            "status": "PENDING",
            "amount": "100.50",
            "currency": "GBP",
            "description": "Rent",
            "direction": "DEBIT",
            "payment_type": "PAYMENT",
            "user_id": str(alice.user.id),
            "user_bank_account_id": str(account.id),
            "posted_at": None,
            "failure_reason": None,
            "journal_entry_id": None,
            "counterparty_account_id": None,
            "external_transaction_id": None,
            "inserted_at": "2025-01-15T12:00:00.000000Z",
        }
        == payment
    )


def test_processing_moves_the_money_and_the_account_shows_the_line(bank: HttpBank, alice: Customer) -> None:
    account = alice.account("1000.00")
    payment = alice.payment(account, amount="100.50")

    response = alice.post(f"/payments/{payment['id']}/process")

    processed = data_of(response)
    assert response.json()["metadata"] == {"action": "processed"}
    assert set(processed) == PAYMENT_KEYS
    assert processed["status"] == "COMPLETED"
    assert processed["posted_at"] == "2025-01-15T12:00:00.000000Z"
    assert processed["journal_entry_id"]
    assert data_of(alice.get(f"/accounts/{account.id}"))["balance"] == "899.50"
    line = data_of(alice.get(f"/accounts/{account.id}/transactions"))[0]
    assert (line["payment_id"], line["amount"], line["balance_after"]) == (payment["id"], "100.50", "899.50")
    error_of(alice.post(f"/payments/{payment['id']}/process"), 409, "already_processed")


def test_a_transfer_reaches_the_counterpartys_account(bank: HttpBank, alice: Customer, bob: Customer) -> None:
    account, other = alice.account("50"), bob.account("0")
    payment = alice.payment(
        account, amount="20", payment_type="transfer", counterparty_account_id=str(other.id).upper()
    )

    assert payment["counterparty_account_id"] == str(other.id)
    data_of(alice.post(f"/payments/{payment['id']}/process"))

    assert data_of(bob.get(f"/accounts/{other.id}"))["balance"] == "20.00"


def test_a_payment_can_be_looked_at_and_cancelled(bank: HttpBank, alice: Customer) -> None:
    payment = alice.payment(alice.account())

    shown = alice.get(f"/payments/{payment['id'].upper()}")
    assert data_of(shown) == payment
    assert shown.json()["metadata"] == {"action": "retrieved"}

    outlook = alice.get(f"/payments/{payment['id']}/status")
    assert data_of(outlook) == {"payment": payment, "can_process": True, "is_duplicate": False}
    assert outlook.json()["metadata"] == {"action": "status_retrieved"}

    cancelled = alice.delete(f"/payments/{payment['id']}")
    assert data_of(cancelled)["status"] == "CANCELLED"
    assert cancelled.json()["metadata"] == {"action": "cancelled"}
    error_of(alice.delete(f"/payments/{payment['id']}"), 409, "already_processed")
    error_of(alice.post(f"/payments/{payment['id']}/process"), 409, "already_processed")


def test_the_status_tells_of_a_recent_twin(alice: Customer) -> None:
    account = alice.account()
    first = alice.payment(account, description="Lunch")
    twin = alice.payment(account, description="Lunch")
    data_of(alice.post(f"/payments/{first['id']}/process"))

    assert data_of(alice.get(f"/payments/{twin['id']}/status"))["is_duplicate"] is True
    error_of(alice.post(f"/payments/{twin['id']}/process"), 409, "duplicate_transaction")


def test_existence_is_checked_before_ownership(alice: Customer, bob: Customer, admin: Customer) -> None:
    payment = alice.payment(alice.account())

    for path, method in [("", "get"), ("/status", "get"), ("/process", "post"), ("", "delete")]:
        error_of(getattr(bob, method)(f"/payments/{UNKNOWN_ID}{path}"), 404, "payment_not_found")
        error_of(getattr(bob, method)(f"/payments/{payment['id']}{path}"), 403, "insufficient_permissions")
    assert data_of(admin.get(f"/payments/{payment['id']}"))["id"] == payment["id"]
    assert data_of(admin.post(f"/payments/{payment['id']}/process"))["status"] == "COMPLETED"


def test_support_may_look_and_cancel_but_not_process(alice: Customer, support: Customer) -> None:
    payment = alice.payment(alice.account())

    outlook = data_of(support.get(f"/payments/{payment['id']}/status"))
    assert outlook["can_process"] is False
    error_of(support.post(f"/payments/{payment['id']}/process"), 403, "insufficient_permissions")
    assert data_of(support.delete(f"/payments/{payment['id']}"))["status"] == "CANCELLED"


def test_too_little_money_names_the_figures(alice: Customer) -> None:
    account = alice.account("5")
    payment = alice.payment(account, amount="10")

    error = error_of(alice.post(f"/payments/{payment['id']}/process"), 422, "insufficient_funds")

    assert error["type"] == "unprocessable_entity"
    assert error["details"] == {"account_id": str(account.id), "available": "5.00", "requested": "10.00"}
    assert data_of(alice.get(f"/payments/{payment['id']}"))["status"] == "PENDING"


@pytest.mark.parametrize(
    ("fields", "status", "reason", "field"),
    [
        ({"amount": "1e3"}, 400, "invalid_amount_format", "amount"),
        ({"amount": "+5"}, 400, "invalid_amount_format", "amount"),
        ({"amount": "5."}, 400, "invalid_amount_format", "amount"),
        ({"amount": "1_000"}, 400, "invalid_amount_format", "amount"),
        ({"amount": "١٠"}, 400, "invalid_amount_format", "amount"),
        ({"amount": "12345678901234"}, 400, "invalid_amount_format", "amount"),
        ({"amount": "0.001"}, 400, "invalid_amount_format", "amount"),
        ({"amount": True}, 400, "invalid_amount_format", "amount"),
        ({"amount": ["10"]}, 400, "invalid_amount_format", "amount"),
        ({"amount": "0"}, 422, "negative_amount", "amount"),
        ({"amount": -5, "direction": "UP"}, 422, "negative_amount", "amount"),
        ({"amount": "10000.01"}, 422, "amount_exceeds_limit", None),
        ({"direction": "SIDEWAYS"}, 400, "invalid_direction", "direction"),
        ({"payment_type": 7}, 400, "invalid_payment_type", "payment_type"),
        ({"description": "x" * 256}, 400, "invalid_description_format", "description"),
        ({"description": "a\x00b"}, 400, "invalid_description_format", "description"),
        ({"user_bank_account_id": "no"}, 400, "invalid_uuid_format", "user_bank_account_id"),
        ({"user_bank_account_id": UNKNOWN_ID}, 404, "account_not_found", "user_bank_account_id"),
        ({"currency": "GBPX"}, 400, "invalid_currency_format", "currency"),
        ({"currency": ""}, 400, "invalid_currency_format", "currency"),
        ({"currency": "eur"}, 422, "currency_mismatch", "currency"),
        ({"counterparty_account_id": "no"}, 400, "invalid_uuid_format", "counterparty_account_id"),
        ({"counterparty_account_id": ""}, 400, "invalid_uuid_format", "counterparty_account_id"),
        ({"counterparty_account_id": UNKNOWN_ID}, 400, "invalid_counterparty", "counterparty_account_id"),
        (
            {"counterparty_account_id": UNKNOWN_ID, "payment_type": "TRANSFER"},
            404,
            "account_not_found",
            "counterparty_account_id",
        ),
        ({"amount": None, "direction": " ", "currency": 5}, 400, "missing_fields", "amount"),
        ({"amount": "x", "direction": "y", "description": "z" * 999}, 400, "invalid_amount_format", "amount"),
    ],
)
def test_a_draft_that_is_wrong_is_refused_with_its_reason_and_nothing_is_stored(
    bank: HttpBank, alice: Customer, *, fields: dict[str, object], status: int, reason: str, field: str | None
) -> None:
    draft = bank.draft(alice.account(currency="GBP"), **fields)

    error = error_of(alice.post("/payments", json=draft), status, reason)
    assert error["details"].get("field") == field
    validated = alice.post("/payments/validate", json=draft)
    if reason in ("amount_exceeds_limit", "currency_mismatch"):
        assert data_of(validated)["error"]["reason"] == reason
    else:
        assert error_of(validated, status, reason)["details"].get("field") == field

    listed = alice.get("/payments").json()
    assert listed["metadata"]["pagination"]["total_count"] == 0


def test_missing_fields_are_all_named(alice: Customer) -> None:
    error = error_of(alice.post("/payments", json={"description": 5}), 400, "missing_fields")

    missing = ["amount", "direction", "payment_type", "user_bank_account_id"]
    assert error["details"] == {"field": "amount", "fields": missing}


def test_a_number_is_taken_exactly_as_it_is_written(bank: HttpBank, alice: Customer) -> None:
    draft = bank.draft(alice.account(currency="JPY"))
    draft.pop("amount")
    body = '{"amount": %s, ' + ", ".join(f'"{name}": "{value}"' for name, value in draft.items()) + "}"

    for text in ["1e3", "1E1", "100.0", "0.5"]:
        response = alice.send_json_text("POST", "/payments", body % text)
        error_of(response, 400, "invalid_amount_format")
    for text in ["-0", "-5", "0"]:
        error_of(alice.send_json_text("POST", "/payments", body % text), 422, "negative_amount")
    assert data_of(alice.send_json_text("POST", "/payments", body % "100"), 201)["amount"] == "100"
    huge = "9" * 5000
    error_of(alice.send_json_text("POST", "/payments", body % huge), 400, "invalid_amount_format")
    for text in ["NaN", "Infinity", "-Infinity", "01", "1.", ".5", "+1"]:
        error = error_of(alice.send_json_text("POST", "/payments", body % text), 400, "invalid_json")
        assert error["type"] == "bad_request"


@pytest.mark.parametrize(("currency", "written"), [("GBP", "1.50"), ("JPY", "2"), ("BHD", "1.250")])
def test_amounts_have_exactly_the_minor_digits_of_their_currency(
    bank: HttpBank, alice: Customer, currency: str, written: str
) -> None:
    account = alice.account("100", currency=currency)

    assert alice.payment(account, amount=written)["amount"] == written


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (AccountStatus.FROZEN, "account_frozen"),
        (AccountStatus.SUSPENDED, "account_suspended"),
        (AccountStatus.CLOSED, "account_inactive"),
    ],
)
def test_an_account_that_may_not_pay_says_why(
    bank: HttpBank, alice: Customer, status: AccountStatus, reason: str
) -> None:
    draft = bank.draft(alice.account(status=status), amount="1.005")

    error_of(alice.post("/payments", json=draft), 422, reason)
    validation = data_of(alice.post("/payments/validate", json=draft))
    assert validation["error"] == {
        "reason": reason,
        "message": validation["error"]["message"],
        "code": 422,
    }
    assert validation["payment"]["amount"] == "1.005"


def test_validation_shows_payment_and_account_and_stores_nothing(bank: HttpBank, alice: Customer) -> None:
    account = alice.account("50")

    response = alice.post("/payments/validate", json=bank.draft(account, amount="50", currency="gbp"))

    assert response.json()["metadata"] == {"action": "validated"}
    validation = data_of(response)
    assert set(validation) == {"valid", "message", "payment", "account"}
    assert (validation["valid"], validation["message"]) == (True, "Payment validation successful")
    assert validation["account"] == data_of(alice.get(f"/accounts/{account.id}"))
    payment = validation["payment"]
    assert set(payment) == PAYMENT_KEYS
    assert (payment["id"], payment["inserted_at"], payment["updated_at"]) == (None, None, None)
    assert (payment["status"], payment["amount"], payment["currency"]) == ("PENDING", "50.00", "GBP")
    assert data_of(alice.get("/payments")) == []


def test_validation_tells_the_first_broken_rule(bank: HttpBank, alice: Customer) -> None:
    account = alice.account("50")

    validation = data_of(alice.post("/payments/validate", json=bank.draft(account, amount="50.01")))

    assert set(validation) == {"valid", "message", "error", "payment", "account"}
    assert (validation["valid"], validation["message"]) == (False, "Payment validation failed")
    assert validation["error"] == {
        "reason": "insufficient_funds",
        "message": "Insufficient funds for this transaction",
        "code": 422,
    }


def test_validation_of_a_duplicate_carries_the_status_of_a_conflict(bank: HttpBank, alice: Customer) -> None:
    account = alice.account()
    done = alice.payment(account, description="Lunch")
    data_of(alice.post(f"/payments/{done['id']}/process"))

    validation = data_of(alice.post("/payments/validate", json=bank.draft(account, description="Lunch")))

    assert (validation["error"]["reason"], validation["error"]["code"]) == ("duplicate_transaction", 409)


def test_a_foreign_account_is_refused_without_a_word_about_it(
    bank: HttpBank, alice: Customer, bob: Customer, admin: Customer
) -> None:
    draft = bank.draft(alice.account())

    for stranger in (bob, admin):
        for path in ("/payments", "/payments/validate"):
            error = error_of(stranger.post(path, json=draft), 403, "unauthorized_access")
            assert error["details"] == {}


def test_credits_need_an_administrator_where_self_service_is_off(
    open_bank: Callable[..., HttpBank],
) -> None:
    strict = open_bank(limits=PaymentLimits(self_service_credits=False))
    carol = strict.customer("carol@example.com")

    draft = strict.draft(carol.account(), direction="CREDIT", payment_type="DEPOSIT")

    error_of(carol.post("/payments", json=draft), 403, "insufficient_permissions")
    error_of(carol.post("/payments/validate", json=draft), 403, "insufficient_permissions")


def test_everybody_lists_his_own_payments_newest_first(
    bank: HttpBank, alice: Customer, admin: Customer
) -> None:
    account = alice.account()
    payments = []
    for _ in range(3):
        bank.office.clock.advance(timedelta(seconds=1))
        payments.append(alice.payment(account)["id"])

    response = alice.get("/payments", params={"page_size": 2})

    assert [payment["id"] for payment in data_of(response)] == payments[:0:-1]
    assert response.json()["metadata"] == {
        "action": "listed",
        "pagination": {
            "page": 1,
            "page_size": 2,
            "total_count": 3,
            "total_pages": 2,
            "has_next": True,
            "has_prev": False,
        },
    }
    assert data_of(admin.get("/payments")) == []


def test_payments_are_filtered(bank: HttpBank, alice: Customer) -> None:
    account = alice.account()
    debit = alice.payment(account)
    bank.office.clock.advance(timedelta(days=1))
    alice = bank.logged_in(alice.user)
    credit = alice.payment(account, direction="CREDIT", payment_type="DEPOSIT")
    data_of(alice.delete(f"/payments/{credit['id']}"))

    def listed(**filters: str) -> list[str]:
        return [payment["id"] for payment in data_of(alice.get("/payments", params=filters))]

    assert listed(direction=" debit ") == [debit["id"]]
    assert listed(status="Cancelled") == [credit["id"]]
    assert listed(payment_type="DEPOSIT", status="") == [credit["id"]]
    assert listed(date_from="2025-01-16") == [credit["id"]]
    assert listed(date_to="2025-01-15") == [debit["id"]]
    assert listed(date_from="2025-01-15T12:00:00", date_to="2025-01-15T13:00:00+01:00") == [debit["id"]]
    assert listed(date_from="2025-01-15T12:00:00.000001Z", date_to="2025-01-16T11:59:59Z") == []


def test_stats_count_accounts_and_add_up_balances(bank: HttpBank, alice: Customer) -> None:
    account = alice.account("100.10", currency="GBP")
    alice.account("0.90", currency="GBP", status=AccountStatus.FROZEN)
    alice.account("7", currency="JPY", account_type=AccountType.SAVINGS, status=AccountStatus.SUSPENDED)
    payments = [alice.payment(account)["id"] for _ in range(11)]

    response = alice.get("/payments/stats")

    stats = data_of(response)
    assert response.json()["metadata"] == {"action": "stats_retrieved"}
    assert stats["financial_health"] == {
        "user_id": str(alice.user.id),
        "total_balance": {"GBP": "101.00", "JPY": "7"},
        "total_accounts": 3,
        "active_accounts": 1,
        "frozen_accounts": 1,
        "suspended_accounts": 1,
        "is_healthy": True,
        "can_make_payments": True,
    }
    assert [payment["id"] for payment in stats["recent_payments"]] == payments[:0:-1]


def test_stats_of_a_newcomer_are_empty(alice: Customer) -> None:
    health = data_of(alice.get("/payments/stats"))["financial_health"]

    assert (health["total_balance"], health["is_healthy"], health["can_make_payments"]) == ({}, False, False)
