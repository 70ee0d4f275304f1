"""Accounts, balances and transactions of the simulated bank in Monzo's dialect."""

from datetime import datetime, timedelta

import pytest
from tests.support.scenes.bank_customers import HTTP, START, Json, MonzoClient, control

from ledgerbank_adapters.simulated_bank import SimulatedBankServer


def all_pages(client: MonzoClient, account_id: str, limit: int = 100) -> list[Json]:
    found: list[Json] = []
    since: dict[str, str] = {}
    while True:
        answer = client.get("/transactions", account_id=account_id, limit=str(limit), **since)
        assert answer.status_code == 200, answer.text
        page: list[Json] = answer.json()["transactions"]
        found += page
        if len(page) < limit:
            return found
        since = {"since": page[-1]["id"]}


def rfc3339(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


def test_a_customer_has_accounts_of_many_kinds(monzo: MonzoClient) -> None:
    accounts = monzo.get("/accounts").json()["accounts"]
    assert [(each["type"], each["currency"], each["closed"]) for each in accounts] == [
        ("uk_retail", "GBP", False),
        ("uk_retail_joint", "GBP", False),
        ("uk_business", "EUR", False),
        ("uk_monzo_flex", "GBP", False),
        ("uk_prepaid", "GBP", True),
        ("uk_loan", "GBP", False),
    ]
    assert all(each["id"].startswith("acc_0000") and len(each["account_number"]) == 8 for each in accounts)
    assert [len(each["owners"]) for each in accounts] == [1, 2, 1, 1, 1, 1]


def test_accounts_can_be_asked_for_by_type(monzo: MonzoClient) -> None:
    accounts = monzo.get("/accounts", account_type="uk_retail_joint").json()["accounts"]
    assert [each["type"] for each in accounts] == ["uk_retail_joint"]


def test_every_balance_is_the_opening_figure_and_all_that_stands(
    bank: SimulatedBankServer, monzo: MonzoClient
) -> None:
    for account in monzo.get("/accounts").json()["accounts"]:
        listed = all_pages(monzo, account["id"])
        standing = sum(each["amount"] for each in listed if "decline_reason" not in each)
        opening = bank.model.books.account(account["id"]).opening_balance
        balance = monzo.get("/balance", account_id=account["id"]).json()
        assert (balance["balance"], balance["currency"]) == (opening + standing, account["currency"])


def test_no_account_that_holds_money_ever_ran_out_of_it(bank: SimulatedBankServer) -> None:
    for name in ("Alex Morgan", "Bo", "Cleo Ó Néill"):
        for account in bank.model.books.customer_named(name).accounts:
            running = account.opening_balance
            for transaction in account.in_order():
                running += transaction.amount if transaction.stands else 0
                assert running >= 0 or account.kind.monzo_type == "uk_loan"


def test_the_history_has_what_makes_trouble(monzo: MonzoClient) -> None:
    listed = all_pages(monzo, monzo.account_id())
    created = [each["created"] for each in listed]
    assert len(listed) == 140
    assert created == sorted(created)
    assert len(set(created)) < len(created), "movements of one instant"
    assert any(each["settled"] == "" and "decline_reason" not in each for each in listed), "pending"
    assert any("decline_reason" in each for each in listed), "declined"
    assert any(each["amount"] == 0 for each in listed), "active card checks"
    assert any(each["local_currency"] != each["currency"] for each in listed), "abroad"
    assert any(each["notes"] for each in listed)
    assert any(each["merchant"] is None for each in listed), "transfers"


def test_a_page_has_30_unless_asked_for_up_to_100(monzo: MonzoClient) -> None:
    account_id = monzo.account_id()
    assert len(monzo.get("/transactions", account_id=account_id).json()["transactions"]) == 30
    assert len(monzo.get("/transactions", account_id=account_id, limit="100").json()["transactions"]) == 100


@pytest.mark.parametrize("limit", [7, 23, 100])
def test_pages_that_follow_the_last_id_show_each_movement_once(monzo: MonzoClient, limit: int) -> None:
    account_id = monzo.account_id()
    ids = [each["id"] for each in all_pages(monzo, account_id, limit)]
    kept = {
        each["id"]
        for each in control(monzo.bank, "GET", f"/accounts/{account_id}/transactions")["transactions"]
    }
    assert len(ids) == len(set(ids))
    assert set(ids) == kept


def test_an_instant_as_since_is_included_and_one_as_before_is_not(monzo: MonzoClient) -> None:
    account_id = monzo.account_id()
    listed = all_pages(monzo, account_id)
    since, before = listed[-20]["created"], listed[-5]["created"]
    between = monzo.get("/transactions", account_id=account_id, since=since, before=before)
    expected = [each["id"] for each in listed if since <= each["created"] < before]
    assert [each["id"] for each in between.json()["transactions"]] == expected
    assert listed[-20]["id"] in expected


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"limit": "101"}, "bad_param.limit"),
        ({"limit": "0"}, "bad_param.limit"),
        ({"limit": "-1"}, "bad_param.limit"),
        ({"limit": "ten"}, "bad_param.limit"),
        ({"since": "yesterday"}, "bad_param.since"),
        ({"since": "2026-01-01"}, "bad_param.since"),
        ({"since": "2026-01-01T00:00:00"}, "bad_param.since"),
        ({"since": "2026-13-01T00:00:00Z"}, "bad_param.since"),
        ({"since": "tx_0000unknown"}, "bad_param.since"),
        ({"before": "tx_0000unknown"}, "bad_param.before"),
        ({"account_id": ""}, "missing_param.account_id"),
    ],
)
def test_a_question_that_is_not_in_order_is_refused_by_name(
    monzo: MonzoClient, query: dict[str, str], named: str
) -> None:
    answer = monzo.get("/transactions", **({"account_id": monzo.account_id()} | query))
    assert (answer.status_code, answer.json()["code"]) == (400, f"bad_request.{named}")


def test_merchants_are_ids_until_they_are_asked_to_be_expanded(monzo: MonzoClient) -> None:
    account_id = monzo.account_id()
    plain = monzo.get("/transactions", account_id=account_id, limit="100").json()["transactions"]
    expanded = monzo.call(
        "GET", "/transactions", params={"account_id": account_id, "limit": "100", "expand[]": "merchant"}
    ).json()["transactions"]
    pairs = [(a["merchant"], b["merchant"]) for a, b in zip(plain, expanded, strict=True) if a["merchant"]]
    assert pairs
    assert all(short == full["id"] and full["name"] for short, full in pairs)


def test_after_five_minutes_only_90_days_are_shown(monzo: MonzoClient) -> None:
    account_id = monzo.account_id()
    oldest = monzo.get("/transactions", account_id=account_id).json()["transactions"][0]["id"]
    monzo.bank.model.advance(299)
    assert monzo.get("/transactions", account_id=account_id).status_code == 200
    monzo.bank.model.advance(1)
    now = START + timedelta(minutes=5)
    for query in ({}, {"since": oldest}, {"since": rfc3339(now - timedelta(days=91))}):
        refused = monzo.get("/transactions", account_id=account_id, **query)
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden.verification_required")
    answer = monzo.get("/transactions", account_id=account_id, since=rfc3339(now - timedelta(days=90)))
    assert answer.status_code == 200
    assert answer.json()["transactions"]
    # A refresh opens no new window.
    monzo.tokens = monzo.refresh().json()
    assert monzo.get("/transactions", account_id=account_id).status_code == 403


def test_the_window_can_be_closed_by_control(monzo: MonzoClient) -> None:
    account_id = monzo.account_id()
    assert control(monzo.bank, "POST", "/consents/expire-window") == {"expired": 1}
    assert monzo.get("/transactions", account_id=account_id).status_code == 403


@pytest.mark.parametrize("amount", [None, -1999, 0])
def test_a_transaction_keeps_its_id_when_it_settles_even_with_another_amount(
    monzo: MonzoClient, amount: int | None
) -> None:
    account_id = monzo.account_id()
    before = monzo.get("/balance", account_id=account_id).json()["balance"]
    added = control(
        monzo.bank,
        "POST",
        f"/accounts/{account_id}/transactions",
        {"amount": -1500, "merchant_name": "Fuel Stop", "notes": "tank"},
    )
    assert added["state"] == "pending"
    pending = monzo.get(f"/transactions/{added['id']}").json()["transaction"]
    assert (pending["amount"], pending["settled"], pending["notes"]) == (-1500, "", "tank")
    assert monzo.get("/balance", account_id=account_id).json()["balance"] == before - 1500
    monzo.bank.model.advance(86_400)
    control(
        monzo.bank,
        "POST",
        f"/transactions/{added['id']}/settle",
        {} if amount is None else {"amount": amount},
    )
    monzo.tokens = monzo.refresh().json()
    settled = monzo.get(f"/transactions/{added['id']}").json()["transaction"]
    final = -1500 if amount is None else amount
    assert (settled["id"], settled["created"]) == (pending["id"], pending["created"])
    assert (settled["amount"], settled["settled"]) == (final, "2026-03-03T09:30:00.000Z")
    assert monzo.get("/balance", account_id=account_id).json()["balance"] == before + final


def test_a_declined_transaction_stays_listed_and_does_not_count(monzo: MonzoClient) -> None:
    account_id = monzo.account_id()
    before = monzo.get("/balance", account_id=account_id).json()["balance"]
    added = control(monzo.bank, "POST", f"/accounts/{account_id}/transactions", {"amount": -700})
    control(monzo.bank, "POST", f"/transactions/{added['id']}/decline", {"reason": "CARD_BLOCKED"})
    shown = monzo.get(f"/transactions/{added['id']}").json()["transaction"]
    assert (shown["decline_reason"], shown["settled"], shown["amount"]) == ("CARD_BLOCKED", "", -700)
    assert monzo.get("/balance", account_id=account_id).json()["balance"] == before


@pytest.mark.parametrize("path", ["/balance", "/transactions", "/webhooks"])
def test_somebody_elses_account_is_not_there(
    bank: SimulatedBankServer, monzo: MonzoClient, path: str
) -> None:
    other = MonzoClient(bank).connect("Somebody Else")
    assert monzo.get(path, account_id=other.account_id()).status_code == 404
    assert monzo.get(path, account_id="acc_0000unknown").status_code == 404


def test_somebody_elses_transaction_is_not_there(bank: SimulatedBankServer, monzo: MonzoClient) -> None:
    other = MonzoClient(bank).connect("Somebody Else")
    theirs = other.get("/transactions", account_id=other.account_id()).json()["transactions"][0]["id"]
    assert monzo.get(f"/transactions/{theirs}").status_code == 404
    assert monzo.get("/transactions/tx_0000unknown").status_code == 404


def test_a_notice_arrives_in_the_customers_app(monzo: MonzoClient) -> None:
    account_id = monzo.account_id()
    form = {
        "account_id": account_id,
        "type": "basic",
        "params[title]": "Payment sent",
        "params[image_url]": "http://localhost/x.png",
        "params[body]": "12.50 to Robin",
    }
    assert monzo.call("POST", "/feed", data=form).json() == {}
    customer = control(monzo.bank, "GET", f"/customers/{monzo.tokens['user_id']}")
    assert customer["feed"] == [
        {"account_id": account_id, "title": "Payment sent", "body": "12.50 to Robin", "url": ""}
    ]
    for field in ("account_id", "type", "params[title]", "params[image_url]"):
        refused = monzo.call("POST", "/feed", data=form | {field: ""})
        assert (refused.status_code, refused.json()["code"]) == (400, f"bad_request.missing_param.{field}")
    assert monzo.call("POST", "/feed", data=form | {"type": "fancy"}).status_code == 400


def test_an_address_that_the_bank_does_not_have_is_404(bank: SimulatedBankServer) -> None:
    assert HTTP.get(f"{bank.url}/pots").status_code == 404
