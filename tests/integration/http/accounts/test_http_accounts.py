"""Accounts and their transactions."""

import json
from base64 import urlsafe_b64encode
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.http.http_bank import UNKNOWN_ID, Customer, HttpBank, data_of, error_of

from ledgerbank_domain.banking.account import Account, AccountStatus, AccountType

ACCOUNT_KEYS = {
    "id",
    "user_bank_login_id",
    "user_id",
    "currency",
    "account_type",
    "balance",
    "credit_limit",
    "available_balance",
    "last_four",
    "account_name",
    "status",
    "fed",
    "source",
    "last_sync_at",
    "external_account_id",
    "completeness",
    "inserted_at",
    "updated_at",
}
TRANSACTION_KEYS = {
    "id",
    "account_id",
    "user_id",
    "line_number",
    "description",
    "amount",
    "currency",
    "direction",
    "posted_at",
    "balance_after",
    "journal_entry_id",
    "kind",
    "payment_id",
    "external_transaction_id",
    "pending",
    "inserted_at",
    "updated_at",
}


def with_lines(bank: HttpBank, account: Account, *amounts: str) -> Account:
    """A line per amount, a minute apart, described by its amount."""
    for amount in amounts:
        bank.office.clock.advance(timedelta(minutes=1))
        account, _, _ = bank.office.given.a_movement(account, Decimal(amount), description=f"Line {amount}%")
    return account


def test_an_account_shows_its_balance_with_all_minor_digits(alice: Customer) -> None:
    account = alice.account("12.5", currency="GBP", last_four="1234")

    shown = data_of(alice.get(f"/accounts/{account.id}"))

    assert set(shown) == ACCOUNT_KEYS
    assert (shown["balance"], shown["credit_limit"], shown["available_balance"]) == ("12.50", "0.00", "12.50")
    assert (shown["status"], shown["account_type"], shown["currency"]) == ("ACTIVE", "CHECKING", "GBP")
    assert (shown["last_four"], shown["last_sync_at"]) == ("1234", None)


def test_accounts_of_others_are_for_staff(
    alice: Customer, bob: Customer, support: Customer, admin: Customer
) -> None:
    account = alice.account()

    for path in (f"/accounts/{account.id}", f"/accounts/{account.id}/transactions"):
        error_of(bob.get(path), 403, "unauthorized_access")
        data_of(support.get(path))
        data_of(admin.get(path))
    for path in (f"/accounts/{UNKNOWN_ID}", f"/accounts/{UNKNOWN_ID}/transactions"):
        error_of(bob.get(path), 404, "account_not_found")
    theirs = {"user_id": str(alice.user.id)}
    error_of(bob.get("/accounts", params=theirs), 403, "insufficient_permissions")
    assert [found["id"] for found in data_of(support.get("/accounts", params=theirs))] == [str(account.id)]
    assert data_of(support.get("/accounts")) == []
    assert data_of(admin.get("/accounts", params={"user_id": UNKNOWN_ID})) == []
    own = {"user_id": str(alice.user.id).upper()}
    assert len(data_of(alice.get("/accounts", params=own))) == 1


def test_accounts_are_listed_newest_first_and_filtered(bank: HttpBank, alice: Customer) -> None:
    ids = []
    for fields in (
        {"currency": "JPY", "account_type": AccountType.SAVINGS},
        {"status": AccountStatus.FROZEN},
        {},
    ):
        bank.office.clock.advance(timedelta(seconds=1))
        ids.append(str(alice.account("0", **fields).id))

    def listed(**params: str) -> list[str]:
        return [account["id"] for account in data_of(alice.get("/accounts", params=params))]

    assert listed() == ids[::-1]
    assert listed(status=" frozen ") == [ids[1]]
    assert listed(account_type="savings", currency="jpy") == [ids[0]]
    assert listed(page_size="1", page="3") == [ids[0]]
    assert listed(status="", user_id="  ") == ids[::-1]
    pagination = alice.get("/accounts").json()["metadata"]["pagination"]
    assert set(pagination) == {"page", "page_size", "total_count", "total_pages", "has_next", "has_prev"}
    for name, value, reason in [
        ("status", "GONE", "invalid_status"),
        ("account_type", "LOAN", "invalid_account_type"),
        ("currency", "ZZZ", "invalid_currency_format"),
        ("currency", "\ufffd", "invalid_currency_format"),
        ("user_id", "me", "invalid_uuid_format"),
    ]:
        error = error_of(alice.get("/accounts", params={name: value}), 400, reason)
        assert error["details"] == {"field": name}


def test_transactions_are_a_keyset_list(bank: HttpBank, alice: Customer) -> None:
    account = with_lines(bank, alice.account("100"), "-5", "7.25")

    response = alice.get(f"/accounts/{account.id}/transactions", params={"limit": 2})

    lines = data_of(response)
    assert set(lines[0]) == TRANSACTION_KEYS
    assert [line["amount"] for line in lines] == ["7.25", "5.00"]
    assert [line["balance_after"] for line in lines] == ["102.25", "95.00"]
    pagination = response.json()["metadata"]["pagination"]
    assert pagination["next_cursor"] == {"posted_at": lines[1]["posted_at"], "id": lines[1]["id"]}
    for cursor in (json.dumps(pagination["next_cursor"]), pagination["next_cursor_token"]):
        rest = alice.get(f"/accounts/{account.id}/transactions", params={"cursor": cursor})
        assert [line["kind"] for line in data_of(rest)] == ["OPENING"]
        assert rest.json()["metadata"]["pagination"] == {
            "type": "keyset",
            "limit": 20,
            "has_more": False,
            "next_cursor": None,
            "next_cursor_token": None,
        }


def test_transactions_are_filtered_and_sorted(bank: HttpBank, alice: Customer) -> None:
    account = with_lines(bank, alice.account("0"), "10", "20", "-5", "15.50")

    def amounts(**params: str) -> list[str]:
        lines = data_of(alice.get(f"/accounts/{account.id}/transactions", params=params))
        return [line["amount"] for line in lines]

    assert amounts() == ["15.50", "5.00", "20.00", "10.00"]
    assert amounts(sort="posted_at") == ["10.00", "20.00", "5.00", "15.50"]
    assert amounts(sort="amount:desc") == ["20.00", "15.50", "10.00", "5.00"]
    assert amounts(direction="debit") == ["5.00"]
    assert amounts(min_amount="10", max_amount="15.50") == ["15.50", "10.00"]
    assert amounts(date_from="2025-01-15T12:02:00Z", date_to="2025-01-15T13:03:00+01:00") == [
        "5.00",
        "20.00",
    ]
    assert amounts(date_to="2025-01-14") == []
    assert amounts(q="LINE 1") == ["15.50", "10.00"]
    assert amounts(q="%") == ["15.50", "5.00", "20.00", "10.00"]
    assert amounts(q="_") == []


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"sort": "amount,posted_at"}, "invalid_sort"),
        ({"sort": "description"}, "invalid_sort"),
        ({"direction": "UP"}, "invalid_direction"),
        ({"date_from": "yesterday"}, "invalid_datetime_format"),
        ({"date_to": "2025-02-30"}, "invalid_datetime_format"),
        ({"date_from": "0001-01-01T00:00:00+14:00"}, "invalid_datetime_format"),
        ({"date_from": "9999-12-31T23:59:59-14:00"}, "invalid_datetime_format"),
        ({"min_amount": "1e3"}, "invalid_amount_format"),
        ({"max_amount": "NaN"}, "invalid_amount_format"),
        ({"q": "x" * 101}, "invalid_filter"),
        ({"q": "a\x00b"}, "invalid_filter"),
        ({"cursor": "%%%"}, "invalid_cursor"),
        ({"cursor": "e30"}, "invalid_cursor"),
        ({"cursor": "{}"}, "invalid_cursor"),
        ({"cursor": "[" * 500}, "invalid_cursor"),
        ({"cursor": json.dumps({"inserted_at": "2025-01-01T00:00:00Z", "id": UNKNOWN_ID})}, "invalid_cursor"),
        ({"cursor": json.dumps({"posted_at": "2025-01-01T00:00:00", "id": UNKNOWN_ID})}, "invalid_cursor"),
        ({"cursor": json.dumps({"posted_at": "2025-01-01T00:00:00Z", "id": "1"})}, "invalid_cursor"),
        ({"cursor": json.dumps({"posted_at": 5, "id": UNKNOWN_ID})}, "invalid_cursor"),
        ({"cursor": json.dumps({"posted_at": "2025-01-01T00:00:00Z"})}, "invalid_cursor"),
        ({"cursor": json.dumps({"amount": "5", "id": UNKNOWN_ID})}, "invalid_cursor"),
        (
            {"cursor": json.dumps({"posted_at": "2025-01-01T00:00:00Z", "id": UNKNOWN_ID}), "sort": "amount"},
            "invalid_cursor",
        ),
    ],
)
def test_a_query_that_is_wrong_is_refused_before_the_account_is_looked_for(
    alice: Customer, params: dict[str, str], reason: str
) -> None:
    error = error_of(alice.get(f"/accounts/{UNKNOWN_ID}/transactions", params=params), 400, reason)

    assert error["details"]["field"] in params


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(
    amounts=st.lists(st.integers(1, 4), max_size=12),
    limit=st.integers(1, 5),
    sort=st.sampled_from(["posted_at:asc", "posted_at:desc", "amount:asc", "amount:desc"]),
)
def test_following_the_cursors_gives_every_line_once_and_in_order(
    bank: HttpBank, alice: Customer, amounts: list[int], limit: int, sort: str
) -> None:
    account = alice.account("0")
    for number, amount in enumerate(amounts):
        bank.office.clock.advance(timedelta(microseconds=number % 2))
        account, _, _ = bank.office.given.a_movement(account, Decimal(amount))
    path = f"/accounts/{account.id}/transactions"
    params: dict[str, str] = {"limit": str(limit), "sort": sort}
    seen: list[dict[str, str]] = []
    for _ in range(len(amounts) + 1):
        response = alice.get(path, params=params)
        seen += data_of(response)
        pagination = response.json()["metadata"]["pagination"]
        if not pagination["has_more"]:
            break
        params["cursor"] = pagination["next_cursor_token"]

    field, _, direction = sort.partition(":")
    assert len({line["id"] for line in seen}) == len(seen) == len(amounts)
    keys = [(line[field], line["id"]) for line in seen]
    assert keys == sorted(keys, reverse=direction == "desc")


def test_the_last_of_repeated_parameters_counts_and_odd_pages_are_defaults(alice: Customer) -> None:
    alice.account()

    def pagination(query: str) -> tuple[int, int]:
        shown = alice.get(f"/accounts?{query}").json()["metadata"]["pagination"]
        return shown["page"], shown["page_size"]

    for odd in ("0", "-1", "1.0", "1e1", "%2B5", "1_0", "%D9%A1", "%20", "abc", "%ff", "0x10", "%001"):
        assert pagination(f"page={odd}&page_size={odd}") == (1, 20), odd
    assert pagination("page_size=5&page_size=7") == (1, 7)
    assert pagination("page_size=5&page_size=") == (1, 20)
    assert pagination("page_size=100000000000000000000") == (1, 100)
    assert pagination("page=007") == (7, 20)
    far = alice.get("/accounts?page=" + "9" * 5000)
    assert data_of(far) == []
    assert far.json()["metadata"]["pagination"]["total_count"] == 1
    assert data_of(alice.get("/accounts?status=%00&status=ACTIVE&unknown=%ff"))
    error_of(alice.get("/accounts?status=%ff"), 400, "invalid_status")
    token = urlsafe_b64encode(b'{"posted_at":"\xff"}').decode()
    error_of(alice.get(f"/accounts/{UNKNOWN_ID}/transactions?cursor={token}"), 400, "invalid_cursor")
