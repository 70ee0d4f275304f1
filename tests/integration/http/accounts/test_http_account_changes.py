"""Accounts opened and changed, their balance and health, and transactions over all accounts."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from tests.integration.http.accounts.test_http_accounts import ACCOUNT_KEYS, TRANSACTION_KEYS
from tests.support.http.http_bank import UNKNOWN_ID, Customer, HttpBank, data_of, error_of

from ledgerbank_domain.banking.account import Account, AccountStatus, AccountType
from ledgerbank_domain.money.currency import parse_currency
from ledgerbank_domain.money.money import Money

HEALTH_KEYS = {
    "account_id",
    "balance",
    "status",
    "daily_limit",
    "daily_spent",
    "daily_remaining",
    "daily_utilization_percent",
    "is_healthy",
    "can_make_payments",
}


@pytest.fixture
def login_id(bank: HttpBank, alice: Customer) -> str:
    """Of a bank login of Alice's."""
    return str(bank.office.given.a_login(alice.user).id)


def account_body(login_id: str, **fields: Any) -> dict[str, Any]:
    return {
        "user_bank_login_id": login_id,
        "currency": "gbp",
        "account_type": "savings",
        "account_name": " Rainy days ",
    } | fields


def credit_account(customer: Customer, balance: str, limit: str) -> Account:
    credit_limit = Money(Decimal(limit), parse_currency("GBP"))
    return customer.account(balance, account_type=AccountType.CREDIT, credit_limit=credit_limit)


def audit_names(bank: HttpBank, target: str) -> list[str]:
    with bank.office.start_unit_of_work() as work:
        return [event.name.value for event in work.audit.list_about(UUID(target))]


def test_an_account_is_opened_empty_and_active(bank: HttpBank, alice: Customer, login_id: str) -> None:
    body = account_body(
        login_id, last_four="1234", external_account_id="acc_00-1", balance="99", status="CLOSED"
    )

    response = alice.post("/accounts", json=body)

    account = data_of(response, 201)
    assert set(account) == ACCOUNT_KEYS
    assert response.headers["Location"] == f"/api/v1/accounts/{account['id']}"
    assert (account["user_bank_login_id"], account["user_id"]) == (login_id, str(alice.user.id))
    assert (account["balance"], account["credit_limit"], account["status"]) == ("0.00", "0.00", "ACTIVE")
    assert (account["currency"], account["account_type"]) == ("GBP", "SAVINGS")
    assert (account["account_name"], account["last_four"]) == ("Rainy days", "1234")
    assert account["external_account_id"] == "acc_00-1"
    assert data_of(alice.get(f"/accounts/{account['id']}")) == account
    assert audit_names(bank, account["id"]) == ["account.created"]
    least = data_of(alice.post("/accounts", json=account_body(login_id, last_four=None)), 201)
    assert (least["last_four"], least["external_account_id"]) == (None, None)


def test_an_account_needs_a_bank_login_of_ones_own(
    alice: Customer, bob: Customer, admin: Customer, login_id: str
) -> None:
    error = error_of(alice.post("/accounts", json=account_body(UNKNOWN_ID)), 404, "bank_login_not_found")
    assert error["details"] == {"field": "user_bank_login_id"}
    for stranger in (bob, admin):
        error_of(stranger.post("/accounts", json=account_body(login_id)), 403, "insufficient_permissions")


def test_an_external_id_is_taken_once(alice: Customer, login_id: str) -> None:
    body = account_body(login_id, external_account_id="acc_1")
    data_of(alice.post("/accounts", json=body), 201)
    error = error_of(alice.post("/accounts", json=body), 409, "resource_already_exists")
    assert error["details"] == {"field": "external_account_id"}


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("user_bank_login_id", "1", "invalid_uuid_format"),
        ("currency", "ZZZ", "invalid_currency_format"),
        ("currency", 5, "invalid_currency_format"),
        ("account_type", "LOAN", "invalid_account_type"),
        ("account_name", "x" * 101, "invalid_account_name_format"),
        ("account_name", ["x"], "invalid_account_name_format"),
        ("last_four", "123", "invalid_field_format"),
        ("last_four", 1234, "invalid_field_format"),
        ("last_four", "\u0661\u0662\u0663\u0664", "invalid_field_format"),
        ("external_account_id", "a\tb", "invalid_field_format"),
        ("external_account_id", "x" * 257, "invalid_field_format"),
        ("external_account_id", "", "invalid_field_format"),
    ],
)
def test_a_malformed_field_is_refused_before_the_login_is_looked_for(
    alice: Customer, field: str, value: object, reason: str
) -> None:
    response = alice.post("/accounts", json=account_body(UNKNOWN_ID, **{field: value}))
    assert error_of(response, 400, reason)["details"] == {"field": field}


def test_missing_fields_of_a_new_account_are_all_named(alice: Customer) -> None:
    error = error_of(alice.post("/accounts", json={"last_four": "x"}), 400, "missing_fields")
    assert error["details"]["fields"] == ["currency", "account_type"]


def test_an_account_at_a_bank_login_has_a_name(alice: Customer, login_id: str) -> None:
    body = account_body(login_id, account_name=None)
    error = error_of(alice.post("/accounts", json=body), 400, "missing_fields")
    assert error["details"]["fields"] == ["account_name"]


def test_an_account_of_ones_own_needs_no_bank(alice: Customer, bob: Customer, admin: Customer) -> None:
    asked = {"currency": "GBP", "account_type": "CHECKING"}
    account = data_of(alice.post("/accounts", json=asked), 201)
    assert set(account) == ACCOUNT_KEYS
    assert (account["user_bank_login_id"], account["fed"]) == (None, False)
    assert (account["account_name"], account["user_id"]) == ("Checking account", str(alice.user.id))
    for_alice = asked | {"user_id": str(alice.user.id)}
    error_of(bob.post("/accounts", json=for_alice), 403, "insufficient_permissions")
    assert data_of(admin.post("/accounts", json=for_alice), 201)["user_id"] == str(alice.user.id)
    error_of(admin.post("/accounts", json=asked | {"user_id": UNKNOWN_ID}), 404, "user_not_found")


def test_administrators_pay_a_deposit_in_and_customers_send_it_on(
    alice: Customer, bob: Customer, admin: Customer
) -> None:
    asked = {"currency": "GBP", "account_type": "CHECKING"}
    here, there = (data_of(each.post("/accounts", json=asked), 201)["id"] for each in (alice, bob))
    body = {"amount": "100.00", "description": "Cash", "user_bank_account_id": here}
    deposit = body | {"direction": "CREDIT", "payment_type": "DEPOSIT"}
    paid_in = data_of(admin.post("/payments", json=deposit), 201)
    assert paid_in["user_id"] == str(alice.user.id)
    data_of(admin.post(f"/payments/{paid_in['id']}/process"))
    others = body | {"direction": "DEBIT", "payment_type": "PAYMENT"}
    error_of(admin.post("/payments", json=others), 403, "unauthorized_access")
    error_of(bob.post("/payments", json=deposit), 403, "unauthorized_access")
    transfer = others | {"payment_type": "TRANSFER", "counterparty_account_id": there, "amount": "40.00"}
    sent = data_of(alice.post("/payments", json=transfer), 201)
    data_of(alice.post(f"/payments/{sent['id']}/process"))
    balances = [
        data_of(each.get(f"/accounts/{one}"))["balance"] for each, one in ((alice, here), (bob, there))
    ]
    assert balances == ["60.00", "40.00"]


def test_owners_change_name_and_status_and_staff_those_of_others(
    bank: HttpBank, alice: Customer, bob: Customer, support: Customer
) -> None:
    account = alice.account("10")
    path = f"/accounts/{account.id}"

    changed = data_of(alice.put(path, json={"account_name": " New ", "status": "inactive"}))

    assert (changed["account_name"], changed["status"], changed["balance"]) == ("New", "INACTIVE", "10.00")
    assert data_of(alice.get(path)) == changed
    error_of(bob.put(path, json={"account_name": "Mine"}), 403, "unauthorized_access")
    assert data_of(support.put(path, json={"status": "FROZEN"}))["status"] == "FROZEN"
    for status in ("ACTIVE", "INACTIVE", "CLOSED", "FROZEN", "SUSPENDED"):
        error = error_of(alice.put(path, json={"status": status}), 403, "insufficient_permissions")
        assert error["details"] == {"field": "status"}
    assert data_of(alice.put(path, json={"account_name": "Frozen"}))["status"] == "FROZEN"
    assert audit_names(bank, str(account.id))[:2] == ["account.updated", "admin.account_updated"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"account_name": None, "status": None, "credit_limit": None},
        {"unknown": 1},
    ],
)
def test_a_change_of_nothing_is_refused(alice: Customer, body: dict[str, Any]) -> None:
    for account_id in (str(alice.account().id), UNKNOWN_ID):
        error = error_of(alice.put(f"/accounts/{account_id}", json=body), 400, "missing_fields")
        assert error["details"]["fields"] == ["account_name", "status", "credit_limit"]


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("account_name", "x" * 101, "invalid_account_name_format"),
        ("account_name", "", "invalid_account_name_format"),
        ("status", "GONE", "invalid_status"),
        ("status", 1, "invalid_status"),
        ("credit_limit", "1e3", "invalid_amount_format"),
        ("credit_limit", "-1", "invalid_amount_format"),
        ("credit_limit", "10000000000000", "invalid_amount_format"),
    ],
)
def test_a_malformed_change_is_refused_before_the_account_is_looked_for(
    alice: Customer, field: str, value: object, reason: str
) -> None:
    response = alice.put(f"/accounts/{UNKNOWN_ID}", json={field: value})
    assert error_of(response, 400, reason)["details"] == {"field": field}
    error_of(alice.put(f"/accounts/{UNKNOWN_ID}", json={"status": "ACTIVE"}), 404, "account_not_found")


@pytest.mark.parametrize(
    "field",
    ["currency", "account_type", "user_bank_login_id", "external_account_id", "balance", "last_four"],
)
@pytest.mark.parametrize("value", ["GBP", None, 5, {}], ids=str)
def test_what_never_changes_is_refused_to_everybody(
    alice: Customer, bob: Customer, admin: Customer, field: str, value: object
) -> None:
    account = alice.account("10")
    path = f"/accounts/{account.id}"
    for caller in (alice, admin):
        for body in ({field: value}, {"account_name": "New", field: value}):
            error = error_of(caller.put(path, json=body), 403, "insufficient_permissions")
            assert error["details"] == {"field": field}
    error_of(bob.put(path, json={field: value}), 403, "unauthorized_access")
    error_of(alice.put(f"/accounts/{UNKNOWN_ID}", json={field: value}), 404, "account_not_found")
    assert data_of(alice.get(path))["account_name"] == account.account_name


def test_a_closed_account_is_closed_for_good(alice: Customer, admin: Customer) -> None:
    full, empty = alice.account("0.01"), alice.account("0")
    error_of(alice.put(f"/accounts/{full.id}", json={"status": "CLOSED"}), 422, "account_not_empty")
    path = f"/accounts/{empty.id}"
    assert data_of(alice.put(path, json={"status": "CLOSED"}))["status"] == "CLOSED"
    for caller in (alice, admin):
        for body in ({"status": "ACTIVE"}, {"status": "CLOSED"}, {"account_name": "New"}):
            error_of(caller.put(path, json=body), 409, "already_processed")
        error_of(caller.put(path, json={"balance": "1"}), 403, "insufficient_permissions")
    error_of(admin.put(path, json={"credit_limit": "1"}), 409, "already_processed")


def test_a_credit_limit_is_set_by_administrators_on_credit_accounts(
    alice: Customer, support: Customer, admin: Customer
) -> None:
    account = credit_account(alice, "-60", "100")
    path = f"/accounts/{account.id}"
    for caller in (alice, support):
        error = error_of(caller.put(path, json={"credit_limit": "200"}), 403, "insufficient_permissions")
        assert error["details"] == {"field": "credit_limit"}
    changed = data_of(admin.put(path, json={"credit_limit": 250.5}))
    assert (changed["credit_limit"], changed["available_balance"]) == ("250.50", "190.50")
    assert data_of(admin.put(path, json={"credit_limit": "60"}))["available_balance"] == "0.00"
    error_of(admin.put(path, json={"credit_limit": "59.99"}), 422, "negative_balance")
    error_of(admin.put(path, json={"credit_limit": "60.001"}), 400, "invalid_amount_format")
    error_of(
        admin.put(f"/accounts/{alice.account().id}", json={"credit_limit": "1"}), 422, "negative_balance"
    )


def test_a_balance_is_told_as_of_an_instant(
    bank: HttpBank, alice: Customer, bob: Customer, support: Customer
) -> None:
    account = alice.account("100")
    start = bank.office.clock.now()
    bank.office.clock.advance(timedelta(minutes=1))
    bank.office.given.a_movement(account, Decimal("-30.5"))
    path = f"/accounts/{account.id}/balance"

    def balance(at: str) -> str:
        shown = data_of(alice.get(path, params={"at": at}))
        assert shown["at"].endswith("Z")
        return str(shown["balance"])

    assert data_of(support.get(path)) == {
        "account_id": str(account.id),
        "currency": "GBP",
        "balance": "69.50",
        "at": "2025-01-15T12:01:00.000000Z",
        "known_at": "2025-01-15T12:01:00.000000Z",
    }
    assert balance(start.isoformat()) == "100.00"
    assert balance("2025-01-15T13:00:59.999999+01:00") == "100.00"
    assert balance("2025-01-15T12:01:00") == "69.50"
    assert balance("2025-01-15t11:59:59z") == "0.00"
    for name in ("at", "known_at"):
        for instant in ("2025-01-15T12:01:00.000001Z", "2025-01-15", "now", "0001-01-01T00:00:00+14:00"):
            error = error_of(alice.get(path, params={name: instant}), 400, "invalid_datetime_format")
            assert error["details"]["field"] == name
            unknown = alice.get(f"/accounts/{UNKNOWN_ID}/balance", params={name: instant})
            error_of(unknown, 400, "invalid_datetime_format")
    error_of(bob.get(path), 403, "unauthorized_access")
    error_of(alice.get(f"/accounts/{UNKNOWN_ID}/balance"), 404, "account_not_found")


def test_what_was_known_of_an_account_is_told_for_ever(bank: HttpBank, alice: Customer) -> None:
    account = alice.account("100")
    path = f"/accounts/{account.id}/balance"
    asked = []
    for number in range(3):
        asked.append(data_of(alice.get(path)))
        payment = alice.payment(account, amount="10.00")
        data_of(alice.post(f"/payments/{payment['id']}/process"))
        bank.office.clock.advance(timedelta(seconds=number))

    assert [told["balance"] for told in asked] == ["100.00", "90.00", "80.00"]
    for told in asked:
        question = {"at": told["at"], "known_at": told["known_at"]}
        assert data_of(alice.get(path, params=question)) == told
    lines = data_of(alice.get(f"/accounts/{account.id}/transactions", params={"sort": "posted_at"}))
    assert sorted(line["line_number"] for line in lines) == [1, 2, 3, 4]


def test_health_tells_what_an_account_may_still_pay_today(
    bank: HttpBank, alice: Customer, bob: Customer, support: Customer
) -> None:
    account = alice.account("2000")
    payment = alice.payment(account, amount="250")
    data_of(alice.post(f"/payments/{payment['id']}/process"))
    path = f"/accounts/{account.id}/health"

    health = data_of(support.get(path))

    assert set(health) == HEALTH_KEYS
    assert health == {
        "account_id": str(account.id),
        "balance": "1750.00",
        "status": "ACTIVE",
        "daily_limit": "1000.00",
        "daily_spent": "250.00",
        "daily_remaining": "750.00",
        "daily_utilization_percent": 25.0,
        "is_healthy": True,
        "can_make_payments": True,
    }
    bank.office.clock.advance(timedelta(days=1))
    alice = bank.logged_in(alice.user)
    assert data_of(alice.get(path))["daily_spent"] == "0.00"
    poor = alice.account("0", currency="JPY", status=AccountStatus.FROZEN)
    health = data_of(alice.get(f"/accounts/{poor.id}/health"))
    assert (health["balance"], health["daily_limit"], health["status"]) == ("0", "1000", "FROZEN")
    assert (health["is_healthy"], health["can_make_payments"]) == (False, False)
    error_of(bank.logged_in(bob.user).get(path), 403, "unauthorized_access")
    error_of(alice.get(f"/accounts/{UNKNOWN_ID}/health"), 404, "account_not_found")


def test_transactions_over_all_accounts_are_a_keyset_list(
    bank: HttpBank, alice: Customer, bob: Customer
) -> None:
    accounts = []
    for amount in ("1", "2", "3"):
        bank.office.clock.advance(timedelta(seconds=1))
        accounts.append(alice.account(amount))
    bob.account("4")

    first = alice.get("/transactions", params={"limit": "2"})

    assert [line["amount"] for line in data_of(first)] == ["3.00", "2.00"]
    assert set(data_of(first)[0]) == TRANSACTION_KEYS
    pagination = first.json()["metadata"]["pagination"]
    assert (pagination["type"], pagination["has_more"]) == ("keyset", True)
    rest = alice.get("/transactions", params={"cursor": pagination["next_cursor_token"]})
    assert [line["account_id"] for line in data_of(rest)] == [str(accounts[0].id)]
    assert rest.json()["metadata"]["pagination"]["has_more"] is False
    cheapest = alice.get("/transactions", params={"sort": "amount", "max_amount": "2", "direction": "credit"})
    assert [line["amount"] for line in data_of(cheapest)] == ["1.00", "2.00"]


def test_transactions_of_others_are_for_staff(alice: Customer, bob: Customer, support: Customer) -> None:
    mine, theirs = alice.account("1"), bob.account("2")

    def amounts(customer: Customer, **params: object) -> list[str]:
        lines = data_of(customer.get("/transactions", params={n: str(v) for n, v in params.items()}))
        return [line["amount"] for line in lines]

    assert amounts(alice) == amounts(alice, account_id=mine.id) == amounts(alice, user_id=alice.user.id)
    assert amounts(support) == []
    assert amounts(support, user_id=bob.user.id) == amounts(support, account_id=theirs.id) == ["2.00"]
    refused: list[tuple[dict[str, object], int, str]] = [
        ({"account_id": UNKNOWN_ID, "user_id": bob.user.id}, 404, "account_not_found"),
        ({"account_id": theirs.id, "user_id": bob.user.id}, 403, "unauthorized_access"),
        ({"user_id": bob.user.id}, 403, "insufficient_permissions"),
        ({"account_id": "1"}, 400, "invalid_uuid_format"),
        ({"user_id": "me"}, 400, "invalid_uuid_format"),
        ({"sort": "kind", "account_id": UNKNOWN_ID}, 400, "invalid_sort"),
        ({"cursor": "e30", "account_id": UNKNOWN_ID}, 400, "invalid_cursor"),
    ]
    for params, status, reason in refused:
        asked = {name: str(value) for name, value in params.items()}
        error_of(alice.get("/transactions", params=asked), status, reason)
