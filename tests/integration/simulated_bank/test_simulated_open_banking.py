"""The simulated bank in the dialect of UK Open Banking's Account Information v3.1."""

from base64 import b64encode
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from tests.support.scenes.bank_customers import (
    ALL_PERMISSIONS,
    HTTP,
    PKCE,
    REDIRECT,
    START,
    VERIFIER,
    Json,
    MonzoClient,
    OpenBankingClient,
    control,
    decide,
    question,
)

from ledgerbank_adapters.simulated_bank import SimulatedBankServer


def every_page(client: OpenBankingClient, account_id: str, **query: str) -> list[Json]:
    answer = client.get(f"/accounts/{account_id}/transactions", **query)
    found: list[Json] = []
    while True:
        assert answer.status_code == 200, answer.text
        found += answer.json()["Data"]["Transaction"]
        following = answer.json()["Links"].get("Next")
        if following is None:
            return found
        headers = {"Authorization": f"Bearer {client.tokens['access_token']}"}
        answer = HTTP.get(following, headers=headers)


def signed_amount(shown: Json) -> Decimal:
    amount = Decimal(shown["Amount"]["Amount"])
    return -amount if shown["CreditDebitIndicator"] == "Debit" else amount


def error_code(answer_body: Json) -> str:
    return str(answer_body["Errors"][0]["ErrorCode"])


def test_a_consent_is_lodged_then_authorised_by_the_customer(bank: SimulatedBankServer) -> None:
    client = OpenBankingClient(bank)
    expires = (START + timedelta(days=90)).isoformat()
    lodged = client.lodge(ExpirationDateTime=expires)
    assert lodged.status_code == 201
    data = lodged.json()["Data"]
    assert data["Status"] == "AwaitingAuthorisation"
    assert data["Permissions"] == list(ALL_PERMISSIONS)
    assert data["ExpirationDateTime"] == "2026-05-31T09:30:00.000+00:00"
    assert lodged.json()["Links"]["Self"].endswith(f"/account-access-consents/{data['ConsentId']}")

    client.connect()
    assert client.consent().json()["Data"]["Status"] == "Authorised"
    assert client.tokens["consent_id"] == client.consent_id
    assert client.tokens["scope"] == "openid accounts"


def test_a_denied_consent_is_rejected_and_cannot_be_asked_for_again(bank: SimulatedBankServer) -> None:
    client = OpenBankingClient(bank)
    client.consent_id = client.lodge().json()["Data"]["ConsentId"]
    _, query = decide(f"{client.root}/authorize", "deny", consent_id=client.consent_id)
    assert query["error"] == "access_denied"
    assert client.consent().json()["Data"]["Status"] == "Rejected"
    again = HTTP.get(f"{client.root}/authorize", params=question(consent_id=client.consent_id))
    assert (again.status_code, "(consent_id)" in again.text) == (400, True)


@pytest.mark.parametrize("consent_id", ["", "aac_unknown"])
def test_nobody_is_asked_for_a_consent_that_was_not_lodged(
    bank: SimulatedBankServer, consent_id: str
) -> None:
    answer = HTTP.get(f"{OpenBankingClient(bank).root}/authorize", params=question(consent_id=consent_id))
    assert (answer.status_code, "(consent_id)" in answer.text) == (400, True)


@pytest.mark.parametrize(
    ("data", "code", "path"),
    [
        ({"Permissions": []}, "Field.Invalid", "Data.Permissions"),
        ({"Permissions": "ReadBalances"}, "Field.Missing", "Data.Permissions"),
        ({"Permissions": ["ReadAccountsBasic", "ReadMinds"]}, "Field.Invalid", "Data.Permissions"),
        ({"Permissions": ["ReadBalances"]}, "Field.Invalid", "Data.Permissions"),
        (
            {"Permissions": ["ReadAccountsBasic", "ReadTransactionsBasic"]},
            "Field.Invalid",
            "Data.Permissions",
        ),
        ({"ExpirationDateTime": START.isoformat()}, "Field.InvalidDate", "Data.ExpirationDateTime"),
        ({"ExpirationDateTime": "2027-01-01T00:00:00"}, "Field.InvalidDate", "Data.ExpirationDateTime"),
    ],
)
def test_a_consent_that_is_not_in_order_is_refused_by_field(
    bank: SimulatedBankServer, data: Json, code: str, path: str
) -> None:
    answer = OpenBankingClient(bank).lodge(**data)
    assert answer.status_code == 400
    assert answer.json()["Code"] == "400 Bad Request"
    assert (error_code(answer.json()), answer.json()["Errors"][0]["Path"]) == (f"UK.OBIE.{code}", path)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ([], "Field.Missing"),
        ({"Risk": {}}, "Field.Missing"),
        ({"Data": {}, "Risk": None}, "Field.Missing"),
        (None, "Resource.InvalidFormat"),
    ],
)
def test_a_consent_needs_data_and_risk(bank: SimulatedBankServer, content: object, code: str) -> None:
    client = OpenBankingClient(bank)
    path, token = "/account-access-consents", client.own_token()
    answer = client.resource("POST", path, token=token, json=content)
    assert (answer.status_code, error_code(answer.json())) == (400, f"UK.OBIE.{code}")


def test_a_token_request_must_be_a_form(bank: SimulatedBankServer) -> None:
    answer = HTTP.post(f"{OpenBankingClient(bank).root}/token", json={"grant_type": "client_credentials"})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_consents_are_the_clients_business_and_accounts_the_customers(
    open_banking: OpenBankingClient,
) -> None:
    assert (
        open_banking.resource("GET", f"/account-access-consents/{open_banking.consent_id}").status_code == 401
    )
    assert open_banking.resource("GET", "/accounts", token=open_banking.own_token()).status_code == 401


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"grant_type": "client_credentials", "scope": "payments"}, 400, "invalid_scope"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": "refresh_token", "refresh_token": "made-up"}, 400, "invalid_grant"),
        ({"grant_type": "authorization_code", "code": "made-up"}, 400, "invalid_grant"),
        ({"grant_type": "client_credentials", "client_secret": "wrong"}, 401, "invalid_client"),
    ],
)
def test_token_requests_are_refused_as_oauth_has_it(
    bank: SimulatedBankServer, form: dict[str, str], status: int, error: str
) -> None:
    answer = OpenBankingClient(bank).token(**form)
    assert (answer.status_code, answer.json()["error"]) == (status, error)


def test_a_client_may_show_its_secret_by_http_basic(bank: SimulatedBankServer) -> None:
    credentials = b64encode(b"simulated-client:simulated-secret").decode()
    answer = HTTP.post(
        f"{OpenBankingClient(bank).root}/token",
        data={"grant_type": "client_credentials", "scope": "accounts"},
        headers={"Authorization": f"Basic {credentials}"},
    )
    assert answer.status_code == 200
    assert answer.json().keys() == {"access_token", "token_type", "expires_in", "scope"}


@pytest.mark.parametrize(("verifier", "status"), [(VERIFIER, 200), ("w" * 43, 400)])
def test_a_code_asked_for_with_a_challenge_needs_its_verifier(
    bank: SimulatedBankServer, verifier: str, status: int
) -> None:
    client = OpenBankingClient(bank)
    consent_id = client.lodge().json()["Data"]["ConsentId"]
    _, query = decide(f"{client.root}/authorize", consent_id=consent_id, **PKCE)
    form = {"grant_type": "authorization_code", "code": query["code"], "redirect_uri": REDIRECT}
    assert client.token(**form, code_verifier=verifier).status_code == status


def test_tokens_of_one_dialect_are_none_in_the_other(
    bank: SimulatedBankServer, open_banking: OpenBankingClient
) -> None:
    monzo = MonzoClient(bank).connect()
    assert monzo.call("GET", "/accounts", token=open_banking.tokens["access_token"]).status_code == 401
    assert open_banking.resource("GET", "/accounts", token=monzo.tokens["access_token"]).status_code == 401
    assert monzo.refresh(open_banking.tokens["refresh_token"]).status_code == 401


def test_a_refresh_token_used_twice_ends_the_family(open_banking: OpenBankingClient) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": open_banking.tokens["refresh_token"]}
    fresh = open_banking.token(**form).json()
    assert fresh["consent_id"] == open_banking.consent_id
    assert open_banking.resource("GET", "/accounts", token=fresh["access_token"]).status_code == 200
    assert open_banking.token(**form).json()["error"] == "invalid_grant"
    assert open_banking.resource("GET", "/accounts", token=fresh["access_token"]).status_code == 401


def test_both_dialects_show_the_same_accounts_and_figures(
    bank: SimulatedBankServer, open_banking: OpenBankingClient
) -> None:
    monzo = MonzoClient(bank).connect()
    theirs = {each["id"]: each for each in monzo.get("/accounts").json()["accounts"]}
    ours = open_banking.get("/accounts").json()["Data"]["Account"]
    assert {each["AccountId"] for each in ours} == theirs.keys()
    kinds = [(each["AccountType"], each["AccountSubType"], each["Status"]) for each in ours]
    assert kinds == [
        ("Personal", "CurrentAccount", "Enabled"),
        ("Personal", "CurrentAccount", "Enabled"),
        ("Business", "CurrentAccount", "Enabled"),
        ("Personal", "CreditCard", "Enabled"),
        ("Personal", "PrePaidCard", "Deleted"),
        ("Personal", "Loan", "Enabled"),
    ]
    for account in ours:
        assert account["Account"][0]["Identification"].endswith(
            theirs[account["AccountId"]]["account_number"]
        )
        balances = open_banking.get(f"/accounts/{account['AccountId']}/balances").json()["Data"]["Balance"]
        figure = monzo.get("/balance", account_id=account["AccountId"]).json()["balance"]
        available, booked = balances
        assert (available["Type"], booked["Type"]) == ("InterimAvailable", "InterimBooked")
        assert signed_amount(available) * 100 == figure
        listed = every_page(open_banking, account["AccountId"])
        pending = sum(signed_amount(each) for each in listed if each["Status"] == "Pending")
        assert signed_amount(available) - signed_amount(booked) == pending
        standing = sum(signed_amount(each) for each in listed if each["Status"] != "Rejected")
        opening = bank.model.books.account(account["AccountId"]).opening_balance
        assert opening + 100 * standing == figure


def test_the_figures_of_all_accounts_come_in_one_answer(open_banking: OpenBankingClient) -> None:
    balances = open_banking.get("/balances").json()["Data"]["Balance"]
    assert len(balances) == 12


def test_amounts_have_the_digits_of_their_currency(
    bank: SimulatedBankServer, open_banking: OpenBankingClient
) -> None:
    user_id = next(iter(bank.model.books.customers))
    opened = control(
        bank,
        "POST",
        f"/customers/{user_id}/accounts",
        {"currency": "JPY", "description": "Yen", "balance": 1234},
    )
    control(bank, "POST", f"/accounts/{opened['id']}/transactions", {"amount": -34})
    balance = open_banking.get(f"/accounts/{opened['id']}/balances").json()["Data"]["Balance"][0]
    assert balance["Amount"] == {"Amount": "1200", "Currency": "JPY"}


def test_links_lead_through_all_pages_newest_first_while_new_movements_come(
    open_banking: OpenBankingClient,
) -> None:
    account_id = open_banking.account_id()
    first = open_banking.get(f"/accounts/{account_id}/transactions").json()
    assert len(first["Data"]["Transaction"]) == 50
    assert first["Meta"]["TotalPages"] == 3
    assert first["Links"].keys() == {"Self", "First", "Next"}
    before = every_page(open_banking, account_id)
    dates = [each["BookingDateTime"] for each in before]
    assert dates == sorted(dates, reverse=True)
    assert (len(before), len({each["TransactionId"] for each in before})) == (140, 140)

    control(open_banking.bank, "POST", f"/accounts/{account_id}/transactions", {"amount": -1})
    headers = {"Authorization": f"Bearer {open_banking.tokens['access_token']}"}
    second = HTTP.get(first["Links"]["Next"], headers=headers).json()
    seen = [each["TransactionId"] for each in second["Data"]["Transaction"]]
    assert seen == [each["TransactionId"] for each in before[50:100]]
    back = HTTP.get(second["Links"]["Prev"], headers=headers).json()
    assert back["Data"] == first["Data"]


def test_the_bounds_are_included_and_their_zone_is_ignored(open_banking: OpenBankingClient) -> None:
    account_id = open_banking.account_id()
    listed = every_page(open_banking, account_id)
    newest, oldest = listed[10]["BookingDateTime"], listed[70]["BookingDateTime"]
    expected = [each["TransactionId"] for each in listed if oldest <= each["BookingDateTime"] <= newest]
    for zone in ("+00:00", "", "Z", "+09:00"):
        bounds = {
            "fromBookingDateTime": oldest.replace("+00:00", zone),
            "toBookingDateTime": newest.replace("+00:00", zone),
        }
        found = every_page(open_banking, account_id, **bounds)
        assert [each["TransactionId"] for each in found] == expected


def test_a_movement_is_pending_then_booked_or_rejected_under_one_id(open_banking: OpenBankingClient) -> None:
    account_id = open_banking.account_id()
    for path, content, status, amount in (
        ("settle", {"amount": -1750}, "Booked", "17.50"),
        ("decline", {}, "Rejected", "15.00"),
    ):
        added = control(
            open_banking.bank,
            "POST",
            f"/accounts/{account_id}/transactions",
            {"amount": -1500, "merchant_name": "Fuel Stop"},
        )
        shown = every_page(open_banking, account_id)[0]
        assert (shown["TransactionId"], shown["Status"]) == (added["id"], "Pending")
        assert (shown["CreditDebitIndicator"], shown["Amount"]["Amount"]) == ("Debit", "15.00")
        assert shown["MerchantDetails"]["MerchantName"] == "Fuel Stop"
        control(open_banking.bank, "POST", f"/transactions/{added['id']}/{path}", content)
        later = every_page(open_banking, account_id)[0]
        assert (later["TransactionId"], later["Status"]) == (added["id"], status)
        assert later["Amount"]["Amount"] == amount
        assert later["BookingDateTime"] == shown["BookingDateTime"]
        # Behind the next one, so that it comes first again.
        open_banking.bank.model.advance(60)


def test_a_consent_shows_what_it_permits_and_no_more(bank: SimulatedBankServer) -> None:
    basic = ["ReadAccountsBasic", "ReadTransactionsBasic", "ReadTransactionsDebits"]
    since = (START - timedelta(days=30)).isoformat()
    client = OpenBankingClient(bank).connect(Permissions=basic, TransactionFromDateTime=since)
    assert "Account" not in client.get("/accounts").json()["Data"]["Account"][0]
    refused = client.get("/balances")
    assert (refused.status_code, error_code(refused.json())) == (403, "UK.OBIE.Resource.ConsentMismatch")
    listed = every_page(client, client.account_id())
    assert listed
    assert {each["CreditDebitIndicator"] for each in listed} == {"Debit"}
    assert all("TransactionInformation" not in each for each in listed)
    assert min(each["BookingDateTime"] for each in listed) >= since


@pytest.mark.parametrize("by", ["time", "control", "client"])
def test_a_consent_that_is_over_is_answered_403(bank: SimulatedBankServer, by: str) -> None:
    expires = (START + timedelta(hours=1)).isoformat()
    client = OpenBankingClient(bank).connect(ExpirationDateTime=expires)
    assert client.get("/accounts").status_code == 200
    match by:
        case "time":
            bank.model.advance(3600)
        case "control":
            control(bank, "POST", "/consents/expire")
        case _:
            assert client.consent("DELETE").status_code == 204
            assert client.consent().json()["Data"]["Status"] == "Revoked"
    refused = client.get("/accounts")
    assert (refused.status_code, refused.json()["Code"]) == (403, "403 Forbidden")
    assert error_code(refused.json()) == "UK.OBIE.Resource.InvalidConsentStatus"


def test_an_expired_access_token_is_answered_401_and_can_be_refreshed(
    open_banking: OpenBankingClient,
) -> None:
    control(open_banking.bank, "POST", "/tokens/expire")
    assert open_banking.get("/accounts").status_code == 401
    form = {"grant_type": "refresh_token", "refresh_token": open_banking.tokens["refresh_token"]}
    open_banking.tokens = open_banking.token(**form).json()
    assert open_banking.get("/accounts").status_code == 200


def test_the_interaction_id_comes_back_and_must_be_a_uuid(open_banking: OpenBankingClient) -> None:
    interaction = str(uuid4())
    answer = open_banking.resource("GET", "/accounts", headers={"x-fapi-interaction-id": interaction})
    assert answer.headers["x-fapi-interaction-id"] == interaction
    refused = open_banking.resource(
        "GET", "/accounts", token="made-up", headers={"x-fapi-interaction-id": interaction}
    )
    assert (refused.status_code, refused.json()["Id"]) == (401, interaction)
    assert open_banking.get("/accounts").headers["x-fapi-interaction-id"]
    bad = open_banking.resource("GET", "/accounts", headers={"x-fapi-interaction-id": "mine"})
    assert (bad.status_code, error_code(bad.json())) == (400, "UK.OBIE.Header.Invalid")


def test_what_is_not_there_is_named_so(bank: SimulatedBankServer, open_banking: OpenBankingClient) -> None:
    theirs = OpenBankingClient(bank).connect("Somebody Else").account_id()
    for path in (f"/accounts/{theirs}", "/accounts/acc_unknown/balances", f"/accounts/{theirs}/transactions"):
        refused = open_banking.get(path)
        assert (refused.status_code, error_code(refused.json())) == (400, "UK.OBIE.Resource.NotFound")
    account_id = open_banking.account_id()
    for query in ({"fromBookingDateTime": "yesterday"}, {"after": "tx_unknown"}):
        assert open_banking.get(f"/accounts/{account_id}/transactions", **query).status_code == 400
