"""The controls of the simulated bank, as far as no other suite uses them."""

import pytest
from tests.support.scenes.bank_customers import HTTP, MonzoClient, control

from ledgerbank_adapters.simulated_bank import SimulatedBankServer


def test_customers_are_listed_with_accounts_and_accesses_but_no_tokens(
    bank: SimulatedBankServer, monzo: MonzoClient
) -> None:
    (customer,) = control(bank, "GET", "/customers")["customers"]
    assert (customer["user_id"], customer["name"]) == (monzo.tokens["user_id"], "Alex Morgan")
    assert [each["type"] for each in customer["accounts"]][:2] == ["uk_retail", "uk_retail_joint"]
    (grant,) = customer["grants"]
    assert grant["approved_in_app"]
    assert grant["full_history"]
    assert grant["access_token_valid"]
    assert grant["ended"] is None
    assert monzo.tokens["access_token"] not in str(customer)
    assert monzo.tokens["refresh_token"] not in str(customer)
    assert control(bank, "GET", f"/customers/{customer['user_id']}") == customer


def test_a_customer_may_be_there_before_he_consents(bank: SimulatedBankServer) -> None:
    added = control(bank, "POST", "/customers", {"name": "  alex   MORGAN "})
    assert added["grants"] == []
    assert MonzoClient(bank).connect("Alex Morgan").tokens["user_id"] == added["user_id"]


@pytest.mark.parametrize("balance", [0, -12_345, 99_999_999])
def test_a_balance_set_changes_the_opening_figure_alone(monzo: MonzoClient, balance: int) -> None:
    account_id = monzo.account_id()
    before = control(monzo.bank, "GET", f"/accounts/{account_id}")
    after = control(monzo.bank, "PUT", f"/accounts/{account_id}/balance", {"balance": balance})
    moved = balance - before["balance"]
    assert after == before | {
        "balance": balance,
        "booked_balance": before["booked_balance"] + moved,
        "opening_balance": before["opening_balance"] + moved,
    }
    assert monzo.get("/balance", account_id=account_id).json()["balance"] == balance


def test_a_further_account_is_empty_and_seen_at_once(monzo: MonzoClient) -> None:
    opened = control(
        monzo.bank,
        "POST",
        f"/customers/{monzo.tokens['user_id']}/accounts",
        {"type": "uk_retail", "currency": "JPY", "description": "Yen", "balance": 500},
    )
    shown = monzo.get("/accounts").json()["accounts"][-1]
    assert (shown["id"], shown["currency"], shown["closed"]) == (opened["id"], "JPY", False)
    assert monzo.get("/transactions", account_id=opened["id"]).json() == {"transactions": []}
    assert monzo.get("/balance", account_id=opened["id"]).json()["balance"] == 500
    assert control(monzo.bank, "POST", f"/accounts/{opened['id']}/close")["closed"]
    assert monzo.get("/accounts").json()["accounts"][-1]["closed"]


def test_a_movement_may_be_added_in_the_past_settled_declined_or_abroad(monzo: MonzoClient) -> None:
    account_id = monzo.account_id()
    path = f"/accounts/{account_id}/transactions"
    late = {"amount": 5, "created": "2026-02-01T10:00:00+01:00", "pending": False}
    added = control(monzo.bank, "POST", path, late)
    assert (added["created"], added["state"]) == ("2026-02-01T09:00:00.000Z", "settled")
    listed = control(monzo.bank, "GET", path)["transactions"]
    assert listed.index(added) < len(listed) - 1
    assert [each["created"] for each in listed] == sorted(each["created"] for each in listed)
    declined = control(monzo.bank, "POST", path, {"amount": -5, "decline_reason": "OTHER"})
    assert declined["state"] == "declined"
    abroad = {"amount": -100, "local_amount": -117, "local_currency": "EUR"}
    abroad_id = control(monzo.bank, "POST", path, abroad)["id"]
    shown = monzo.get(f"/transactions/{abroad_id}").json()["transaction"]
    assert (shown["amount"], shown["currency"]) == (-100, "GBP")
    assert (shown["local_amount"], shown["local_currency"]) == (-117, "EUR")


@pytest.mark.parametrize("end", ["settle", "decline"])
@pytest.mark.parametrize("again", ["settle", "decline"])
def test_what_is_settled_or_declined_stays_so(monzo: MonzoClient, end: str, again: str) -> None:
    path = f"/accounts/{monzo.account_id()}/transactions"
    transaction_id = control(monzo.bank, "POST", path, {"amount": -5})["id"]
    control(monzo.bank, "POST", f"/transactions/{transaction_id}/{end}")
    answer = HTTP.post(f"{monzo.bank.url}/_control/transactions/{transaction_id}/{again}", json={})
    assert (answer.status_code, answer.json()["error"]) == (409, "The transaction is not pending.")


def test_the_clock_goes_forward_only(bank: SimulatedBankServer) -> None:
    assert control(bank, "POST", "/clock/advance", {"seconds": 90.5})["now"] == "2026-03-02T09:31:30.500Z"
    answer = HTTP.post(f"{bank.url}/_control/clock/advance", json={"seconds": -1})
    assert answer.status_code == 400
    assert control(bank, "GET", "/clock") == {
        "now": "2026-03-02T09:31:30.500Z",
        "start": "2026-03-02T09:30:00.000Z",
    }


def test_a_reset_is_a_new_beginning_with_the_same_content(
    bank: SimulatedBankServer, monzo: MonzoClient
) -> None:
    account_id = monzo.account_id()
    before = control(bank, "GET", f"/accounts/{account_id}")
    control(bank, "POST", f"/accounts/{account_id}/transactions", {"amount": -5})
    control(bank, "POST", "/faults", {"operation": "*", "count": 9})
    control(bank, "PUT", "/app-approval", {"required": True})
    control(bank, "POST", "/clock/advance", {"seconds": 5})
    control(bank, "POST", "/reset")
    assert control(bank, "GET", "/customers") == {"customers": []}
    assert control(bank, "GET", "/counters") == {}
    assert monzo.get("/accounts").status_code == 401
    fresh = MonzoClient(bank).connect()
    assert fresh.account_id() == account_id
    assert control(bank, "GET", f"/accounts/{account_id}") == before


@pytest.mark.parametrize(
    ("method", "path", "content"),
    [
        ("GET", "/customers/user_unknown", None),
        ("GET", "/accounts/acc_unknown", None),
        ("POST", "/customers/user_unknown/approve", {}),
        ("POST", "/customers/user_unknown/accounts", {}),
        ("POST", "/accounts/acc_unknown/transactions", {"amount": 1}),
        ("PUT", "/accounts/acc_unknown/balance", {"balance": 1}),
        ("POST", "/transactions/tx_unknown/settle", {}),
        ("POST", "/webhooks/announce", {"transaction_id": "tx_unknown"}),
    ],
)
def test_what_is_not_there_is_404(bank: SimulatedBankServer, method: str, path: str, content: object) -> None:
    answer = HTTP.request(method, f"{bank.url}/_control{path}", json=content)
    assert answer.status_code == 404
    assert "unknown" in answer.json()["error"]


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("/customers", {}),
        ("/customers", {"name": " "}),
        ("/customers", {"name": 5}),
        ("/customers", []),
        ("/accounts/A/transactions", {}),
        ("/accounts/A/transactions", {"amount": 1.5}),
        ("/accounts/A/transactions", {"amount": 1, "pending": "no"}),
        ("/accounts/A/transactions", {"amount": 1, "created": "2026-02-01"}),
        ("/accounts/A/transactions", {"amount": 1, "amuont": 2}),
        ("/accounts/A/transactions", {"amount": 10**16}),
        ("/accounts/A/transactions", {"amount": 1, "created": "0001-01-01T00:00:00+14:00"}),
        ("/accounts/A/transactions", {"amount": 1, "notes": "\x00"}),
        ("/clock/advance", {"seconds": "5"}),
        ("/clock/advance", {"seconds": 1e300}),
        ("/tokens/expire", {"refresh": 1}),
    ],
)
def test_a_body_that_cannot_be_taken_is_400_with_a_sentence(
    monzo: MonzoClient, path: str, content: object
) -> None:
    address = f"{monzo.bank.url}/_control{path.replace('/A/', f'/{monzo.account_id()}/')}"
    answer = HTTP.post(address, json=content)
    assert answer.status_code == 400
    assert answer.json()["error"].endswith(".")


def test_a_body_must_be_json_by_its_type_so_that_no_web_page_can_send_one(bank: SimulatedBankServer) -> None:
    answer = HTTP.post(f"{bank.url}/_control/clock/advance", content=b'{"seconds": 5}')
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://127.0.0.1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Host": "rebound.evil.example"},
        {"Host": "localhost.evil.example:4010"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "rebound.evil.example", "Origin": "http://rebound.evil.example"},
    ],
)
@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/reset"), ("GET", "/customers"), ("DELETE", "/faults")]
)
def test_no_web_page_that_somebody_looks_at_controls_the_bank(
    monzo: MonzoClient, headers: dict[str, str], method: str, path: str
) -> None:
    asked = {"Content-Type": "application/json"} | headers
    answer = HTTP.request(method, f"{monzo.bank.url}/_control{path}", headers=asked)
    assert answer.status_code == 403
    assert "customers" not in answer.json()
    assert monzo.get("/accounts").status_code == 200, "nothing was reset"


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_a_request_that_pages_may_send_unasked_controls_nothing_even_without_a_body(
    monzo: MonzoClient, kind: str
) -> None:
    headers = {"Content-Type": kind} if kind else {}
    assert HTTP.post(f"{monzo.bank.url}/_control/reset", headers=headers).status_code == 400
    assert monzo.get("/accounts").status_code == 200, "nothing was reset"


def test_programs_and_the_banks_own_pages_control_it(bank: SimulatedBankServer) -> None:
    port = bank.url.rpartition(":")[2]
    for headers in (
        {"Origin": bank.url, "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Host": f"localhost:{port}", "Origin": f"http://localhost:{port}"},
        {"Host": f"[::1]:{port}"},
    ):
        answer = HTTP.post(f"{bank.url}/_control/reset", json={}, headers=headers)
        assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(("kind", "currency"), [("uk_pot", "GBP"), ("uk_retail", "XXX")])
def test_an_account_that_cannot_be_is_409(monzo: MonzoClient, kind: str, currency: str) -> None:
    answer = HTTP.post(
        f"{monzo.bank.url}/_control/customers/{monzo.tokens['user_id']}/accounts",
        json={"type": kind, "currency": currency},
    )
    assert answer.status_code == 409
