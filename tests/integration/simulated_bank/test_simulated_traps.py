"""What a bank may do to those who read it: each by a control, and told in every dialect."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.support.scenes.bank_customers import HTTP, Json, MonzoClient, OpenBankingClient, control

from ledgerbank_adapters.simulated_bank import V3_1, V4_0, SimulatedBankServer


class MonzoReader(MonzoClient):
    """Movements as ``(id, date, minor units)``, whatever the dialect calls them."""

    def movements(self, account_id: str) -> list[tuple[Any, Any, Any]]:
        listed = self.get("/transactions", account_id=account_id, limit="100").json()["transactions"]
        return [(each.get("id"), each.get("created"), each["amount"]) for each in reversed(listed)]

    def balance(self, account_id: str) -> int:
        return int(self.get("/balance", account_id=account_id).json()["balance"])

    def shown_ids(self) -> list[str]:
        return [each.get("id") for each in self.get("/accounts").json()["accounts"]]


class OpenBankingReader(OpenBankingClient):
    """The same of UK Open Banking."""

    def movements(self, account_id: str) -> list[tuple[Any, Any, Any]]:
        listed = self.get(f"/accounts/{account_id}/transactions").json()["Data"]["Transaction"]
        return [
            (each.get("TransactionId"), each.get("BookingDateTime"), _minor_units(each)) for each in listed
        ]

    def balance(self, account_id: str) -> int:
        balances = self.get(f"/accounts/{account_id}/balances").json()["Data"]["Balance"]
        return int(_minor_units(balances[0]))

    def shown_ids(self) -> list[str]:
        return [each.get("AccountId") for each in self.get("/accounts").json()["Data"]["Account"]]


def _minor_units(shown: Json) -> Any:
    amount = shown["Amount"]["Amount"]
    if not isinstance(amount, str):
        return amount
    return round(float(amount) * 100) * (-1 if shown["CreditDebitIndicator"] == "Debit" else 1)


Reader = MonzoReader | OpenBankingReader


@pytest.fixture(params=["monzo", "open banking"])
def reader(bank: SimulatedBankServer, request: pytest.FixtureRequest) -> Reader:
    if request.param == "monzo":
        monzo = MonzoReader(bank)
        monzo.connect()
        return monzo
    client = OpenBankingReader(bank, version=V4_0)
    client.connect()
    return client


@pytest.fixture
def account_id(reader: Reader) -> str:
    """A new account without movements, with 100.00 on it."""
    user_id = next(iter(reader.bank.model.books.customers))
    opened = control(reader.bank, "POST", f"/customers/{user_id}/accounts", {"balance": 10_000})
    return str(opened["id"])


def add(reader: Reader, account_id: str, amount: int, **more: object) -> Json:
    return control(
        reader.bank,
        "POST",
        f"/accounts/{account_id}/transactions",
        {"amount": amount, "pending": False} | more,
    )


def test_a_movement_that_is_listed_late_counts_meanwhile(reader: Reader, account_id: str) -> None:
    late = add(reader, account_id, -500, created="2026-02-20T08:00:00Z", listed=False)
    assert (reader.movements(account_id), reader.balance(account_id)) == ([], 9_500)

    control(reader.bank, "PUT", f"/transactions/{late['id']}/listing", {"listed": True})

    (told,) = reader.movements(account_id)
    assert (told[0], told[1][:10], told[2]) == (late["id"], "2026-02-20", -500)
    assert reader.balance(account_id) == 9_500


def test_a_hold_comes_back_under_another_id_and_with_another_amount(reader: Reader, account_id: str) -> None:
    hold = add(reader, account_id, -2_000, pending=True)

    final = control(reader.bank, "POST", f"/transactions/{hold['id']}/replace", {"amount": -2_400})

    assert final["id"] != hold["id"]
    assert [(told[0], told[2]) for told in reader.movements(account_id)] == [(final["id"], -2_400)]
    assert reader.balance(account_id) == 7_600


def test_an_id_stands_for_two_movements(reader: Reader, account_id: str) -> None:
    first = add(reader, account_id, -100)
    add(reader, account_id, -250, shown_id=first["id"])

    assert sorted((told[0], told[2]) for told in reader.movements(account_id)) == [
        (first["id"], -250),
        (first["id"], -100),
    ]


@pytest.mark.parametrize(
    ("oddity", "is_so"),
    [
        ("no_date", lambda told: told[1] is None),
        ("empty_date", lambda told: told[1] == ""),
        ("bad_date", lambda told: told[1] == "31/02/2026"),
        ("wrong_type", lambda told: told[2] == ["?"]),
        ("no_id", lambda told: told[0] is None),
        ("unknown_currency", lambda told: told[2] == -100),
        ("null_texts", lambda told: told[2] == -100),
    ],
)
def test_a_movement_is_told_oddly_until_it_is_put_right(
    reader: Reader, account_id: str, oddity: str, is_so: Callable[[tuple[Any, Any, Any]], bool]
) -> None:
    movement = add(reader, account_id, -100)
    path = f"/transactions/{movement['id']}/oddity"
    plain = reader.movements(account_id)

    assert control(reader.bank, "PUT", path, {"oddity": oddity})["oddity"] == oddity
    (told,) = reader.movements(account_id)
    assert is_so(told)

    control(reader.bank, "PUT", path)
    assert reader.movements(account_id) == plain


def test_an_account_is_told_oddly_or_not_at_all(reader: Reader, account_id: str) -> None:
    control(reader.bank, "PUT", f"/accounts/{account_id}/oddity", {"oddity": "no_id"})
    assert None in reader.shown_ids()
    control(reader.bank, "PUT", f"/accounts/{account_id}/oddity")
    control(reader.bank, "PUT", f"/accounts/{account_id}/shown", {"shown": False})
    assert account_id not in reader.shown_ids()
    control(reader.bank, "PUT", f"/accounts/{account_id}/shown", {"shown": True})
    assert account_id in reader.shown_ids()


@pytest.mark.parametrize("movements", [False, True])
def test_a_customers_accounts_get_other_ids(reader: Reader, account_id: str, movements: bool) -> None:
    movement, before = add(reader, account_id, -100), reader.shown_ids()
    user_id = next(iter(reader.bank.model.books.customers))

    control(reader.bank, "POST", f"/customers/{user_id}/renumber", {"movements": movements})

    after = reader.shown_ids()
    assert len(after) == len(before)
    assert not set(before) & set(after)
    ((told_id, _, amount),) = reader.movements(after[before.index(account_id)])
    assert (told_id == movement["id"], amount) == (not movements, -100)


def test_a_balance_lags_behind_the_list(reader: Reader, account_id: str) -> None:
    control(reader.bank, "PUT", "/habits", {"balance_lag_seconds": 600})
    add(reader, account_id, -500)
    assert (len(reader.movements(account_id)), reader.balance(account_id)) == (1, 10_000)

    reader.bank.model.advance(601)

    assert reader.balance(account_id) == 9_500


@pytest.mark.parametrize(
    ("habits", "date"),
    [
        ({"instants": "without_zone"}, "2026-03-01T23:30:00.000"),
        ({"instants": "compact_zone"}, "2026-03-01T23:30:00.000+0000"),
        ({"instants": "offset"}, "2026-03-02T00:30:00.000+01:00"),
        ({"instants": "date_only"}, "2026-03-01"),
        ({"instants": "date_only", "clock_error_seconds": 3600}, "2026-03-02"),
    ],
)
def test_instants_are_spelled_as_the_bank_likes_and_by_its_own_clock(
    reader: Reader, account_id: str, habits: Json, date: str
) -> None:
    add(reader, account_id, -500, created="2026-03-01T23:30:00Z")

    control(reader.bank, "PUT", "/habits", habits)

    assert [told[1] for told in reader.movements(account_id)] == [date]


def test_tokens_live_for_a_text_of_seconds(bank: SimulatedBankServer) -> None:
    control(bank, "PUT", "/habits", {"expires_in_as_text": True})
    assert MonzoClient(bank).connect().tokens["expires_in"] == "21600"
    client = OpenBankingClient(bank).connect()
    assert client.tokens["expires_in"] == "21600"
    assert client.token(grant_type="client_credentials", scope="accounts").json()["expires_in"] == "21600"


@pytest.mark.parametrize(("seam", "beyond"), [("whole", 0), ("repeats", 2), ("drops", -2)])
def test_pages_repeat_or_drop_the_row_between_them(
    open_banking: OpenBankingClient, seam: str, beyond: int
) -> None:
    control(open_banking.bank, "PUT", "/habits", {"page_seam": seam})
    address = f"{open_banking.root}{V3_1.resources}/accounts/{open_banking.account_id()}/transactions"
    listed: list[str] = []
    while address:
        headers = {"Authorization": f"Bearer {open_banking.tokens['access_token']}"}
        answer = HTTP.get(address, headers=headers).json()
        listed += [each["TransactionId"] for each in answer["Data"]["Transaction"]]
        address = answer["Links"].get("Next")
    assert len(listed) == 140 + beyond
    assert len(set(listed)) == 140 + min(beyond, 0)


@pytest.mark.parametrize(("seam", "second"), [("whole", 3), ("repeats", 2), ("drops", 4)])
def test_a_page_that_begins_behind_a_movement_repeats_or_drops_one(
    monzo: MonzoClient, seam: str, second: int
) -> None:
    account_id = monzo.account_id()
    listed = monzo.get("/transactions", account_id=account_id).json()["transactions"]
    control(monzo.bank, "PUT", "/habits", {"page_seam": seam})

    page = monzo.get("/transactions", account_id=account_id, since=listed[2]["id"]).json()["transactions"]

    assert page[0]["id"] == listed[second]["id"]


@pytest.mark.parametrize(("named", "without"), [("all", 0), ("booked", 1), ("none", 2)])
def test_movements_may_have_no_id(open_banking: OpenBankingClient, named: str, without: int) -> None:
    user_id = next(iter(open_banking.bank.model.books.customers))
    account_id = control(open_banking.bank, "POST", f"/customers/{user_id}/accounts")["id"]
    for pending in (True, False):
        path = f"/accounts/{account_id}/transactions"
        control(open_banking.bank, "POST", path, {"amount": -100, "pending": pending})
    control(open_banking.bank, "PUT", "/habits", {"named_movements": named})

    listed = open_banking.get(f"/accounts/{account_id}/transactions").json()["Data"]["Transaction"]

    assert sum("TransactionId" not in each for each in listed) == without


@pytest.mark.parametrize(
    ("habits", "since", "found"),
    [
        ({}, "2026-02-20T08:30:00", 0),
        ({"filter_offset_minutes": 60}, "2026-02-20T08:30:00", 1),
        ({"filter_offset_minutes": 60}, "2026-02-20T09:30:00", 0),
        ({"filters_by_day": True}, "2026-02-20T23:00:00", 1),
        ({"filters_by_day": True}, "2026-02-21T00:00:00", 0),
    ],
)
def test_filters_are_read_in_the_banks_zone_or_by_the_day(
    open_banking: OpenBankingClient, habits: Json, since: str, found: int
) -> None:
    user_id = next(iter(open_banking.bank.model.books.customers))
    account_id = control(open_banking.bank, "POST", f"/customers/{user_id}/accounts")["id"]
    path = f"/accounts/{account_id}/transactions"
    control(open_banking.bank, "POST", path, {"amount": -100, "created": "2026-02-20T08:00:00Z"})
    control(open_banking.bank, "PUT", "/habits", habits)

    answer = open_banking.get(path, fromBookingDateTime=since)

    assert len(answer.json()["Data"]["Transaction"]) == found


def test_an_account_is_told_barely_and_a_consent_that_is_over_without_a_word(
    open_banking: OpenBankingClient,
) -> None:
    control(open_banking.bank, "PUT", "/habits", {"bare_accounts": True, "bare_refusals": True})
    account = open_banking.get("/accounts").json()["Data"]["Account"][0]
    assert not {"AccountType", "AccountSubType", "Account"} & account.keys()

    control(open_banking.bank, "POST", "/consents/expire")

    refused = open_banking.get("/accounts")
    assert (refused.status_code, refused.content) == (403, b"")


def test_the_balances_that_are_shown_can_be_chosen(open_banking: OpenBankingClient) -> None:
    account_id = open_banking.account_id()
    booked = open_banking.bank.model.books.account(account_id).booked_balance
    path = f"/accounts/{account_id}/balance-kinds"
    control(open_banking.bank, "PUT", path, {"kinds": ["closing"]})

    (shown,) = open_banking.get(f"/accounts/{account_id}/balances").json()["Data"]["Balance"]

    assert (shown["Type"], _minor_units(shown)) == ("ClosingBooked", booked)
    assert shown["DateTime"] == "2026-03-02T00:00:00.000+00:00"
    assert HTTP.put(f"{open_banking.bank.url}/_control{path}", json={"kinds": []}).status_code == 409


def test_habits_are_told_and_end_with_a_reset(bank: SimulatedBankServer) -> None:
    control(bank, "PUT", "/habits", {"instants": "date_only", "balance_lag_seconds": 5})
    told = control(bank, "GET", "/habits")
    assert (told["instants"], told["balance_lag_seconds"], told["page_seam"]) == ("date_only", 5, "whole")
    control(bank, "POST", "/reset")
    assert control(bank, "GET", "/habits")["instants"] == "standard"


def test_another_person_who_signs_in_is_another_user_of_the_bank(bank: SimulatedBankServer) -> None:
    first, second = MonzoClient(bank).connect("Alex Morgan"), MonzoClient(bank).connect("Robin Partner")
    assert first.tokens["user_id"] != second.tokens["user_id"]
    assert first.account_id() != second.account_id()


@pytest.mark.parametrize(
    ("method", "path", "content", "status"),
    [
        ("PUT", "/habits", {"instants": "julian"}, 400),
        ("PUT", "/habits", {"moods": "good"}, 400),
        ("PUT", "/transactions/tx_unknown/listing", {"listed": True}, 404),
        ("PUT", "/transactions/tx_unknown/listing", {}, 400),
        ("POST", "/transactions/tx_unknown/replace", {}, 404),
        ("PUT", "/transactions/tx_unknown/oddity", {"oddity": "sleepy"}, 400),
        ("PUT", "/accounts/acc_unknown/oddity", {"oddity": "no_id"}, 404),
        ("PUT", "/accounts/acc_unknown/shown", {"shown": "no"}, 400),
        ("PUT", "/accounts/acc_unknown/credit-line", {"limit": -1}, 409),
        ("PUT", "/accounts/acc_unknown/balance-kinds", {"kinds": "booked"}, 400),
        ("PUT", "/accounts/acc_unknown/balance-kinds", {"kinds": ["made up"]}, 400),
        ("POST", "/customers/user_unknown/renumber", {}, 404),
    ],
)
def test_a_trap_that_makes_no_sense_is_refused(
    bank: SimulatedBankServer, method: str, path: str, content: Json, status: int
) -> None:
    answer = HTTP.request(method, f"{bank.url}/_control{path}", json=content)
    assert answer.status_code == status
    assert answer.json()["error"].endswith((".", "here."))
