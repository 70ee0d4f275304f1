"""The simulated bank in the dialect of UK Open Banking's Account Information v4.0, as it is published.

https://openbankinguk.github.io/read-write-api-site3/v4.0/profiles/account-and-transaction-api-profile.html
"""

from datetime import timedelta

import pytest
from tests.support.scenes.bank_customers import START, Json, OpenBankingClient, control

from ledgerbank_adapters.simulated_bank import V3_1, V4_0, SimulatedBankServer


@pytest.fixture
def client(bank: SimulatedBankServer) -> OpenBankingClient:
    return OpenBankingClient(bank, version=V4_0).connect()


def first_error(content: Json) -> str:
    return str(content["Errors"][0]["ErrorCode"])


def test_accounts_have_a_category_and_a_code_of_the_iso(client: OpenBankingClient) -> None:
    accounts = client.get("/accounts").json()["Data"]["Account"]

    kinds = [(each["AccountCategory"], each["AccountTypeCode"]) for each in accounts]
    assert kinds == [
        ("Personal", "CACC"),
        ("Personal", "CACC"),
        ("Business", "CACC"),
        ("Personal", "CARD"),
        ("Personal", "WALT"),
        ("Personal", "LOAN"),
    ]
    assert not {"AccountType", "AccountSubType"} & accounts[0].keys()
    assert accounts[0]["StatusUpdateDateTime"].endswith("Z")


def test_balances_and_movements_have_codes_of_four_letters(client: OpenBankingClient) -> None:
    account_id = client.account_id()
    balances = client.get(f"/accounts/{account_id}/balances").json()["Data"]["Balance"]
    listed = client.get(f"/accounts/{account_id}/transactions").json()["Data"]["Transaction"]

    assert [each["Type"] for each in balances] == ["ITAV", "ITBD"]
    assert {each["Status"] for each in listed} == {"PDNG", "BOOK", "RJCT"}
    assert {(each["CreditDebitIndicator"], each["BankTransactionCode"]["Code"]) for each in listed} == {
        ("Credit", "RCDT"),
        ("Debit", "ICDT"),
        ("Debit", "CCRD"),
        ("Credit", "CCRD"),
    }
    assert all(each["BookingDateTime"].endswith("Z") for each in listed)


def test_both_versions_tell_one_history_under_the_same_ids(client: OpenBankingClient) -> None:
    older = OpenBankingClient(client.bank).connect()
    path = f"/accounts/{client.account_id()}/transactions"

    told = [
        [
            (each["TransactionId"], each["Amount"], each["CreditDebitIndicator"])
            for each in reader.get(path).json()["Data"]["Transaction"]
        ]
        for reader in (client, older)
    ]

    assert told[0] == told[1]


def test_a_consent_goes_through_the_states_of_four_letters(bank: SimulatedBankServer) -> None:
    client = OpenBankingClient(bank, version=V4_0)
    lodged = client.lodge(ExpirationDateTime=(START + timedelta(days=1)).isoformat()).json()["Data"]
    assert (lodged["Status"], lodged["StatusReason"][0]["StatusReasonCode"]) == ("AWAU", "U036")

    client.connect(ExpirationDateTime=(START + timedelta(days=1)).isoformat())
    assert client.consent().json()["Data"]["Status"] == "AUTH"
    bank.model.advance(86_400)
    assert client.consent().json()["Data"]["Status"] == "EXPD"

    other = OpenBankingClient(bank, version=V4_0).connect()
    other.consent("DELETE")
    assert other.consent().json()["Data"]["Status"] == "CANC"


def test_errors_have_the_codes_of_4_0_and_nothing_that_is_deprecated(client: OpenBankingClient) -> None:
    refused = {
        "U006": client.resource("GET", "/accounts", token="made-up"),
        "U011": client.get("/accounts/acc_unknown"),
        "U003": client.get(f"/accounts/{client.account_id()}/transactions", fromBookingDateTime="soon"),
        "U002": client.lodge(Permissions=[]),
        "U004": client.lodge(Permissions="all"),
    }
    client.consent("DELETE")
    refused["U009"] = client.get("/accounts")

    assert {code: first_error(answer.json()) for code, answer in refused.items()} == {
        code: code for code in refused
    }
    assert all(answer.json().keys() == {"Id", "Errors"} for answer in refused.values())
    assert refused["U009"].status_code == 403


def test_a_consent_is_good_for_its_own_version_and_for_newer_ones(client: OpenBankingClient) -> None:
    client.version = V3_1
    assert first_error(client.get("/accounts").json()) == "UK.OBIE.Resource.ConsentMismatch"
    assert first_error(client.consent().json()) == "UK.OBIE.Resource.NotFound"

    older = OpenBankingClient(client.bank).connect()
    older.version = V4_0
    assert older.get("/accounts").status_code == 200
    assert older.consent().json()["Data"]["Status"] == "AUTH"


def test_a_card_tells_what_may_still_be_spent_with_its_line_in_it(client: OpenBankingClient) -> None:
    account_id = client.account_id("Flex")
    control(client.bank, "PUT", f"/accounts/{account_id}/balance", {"balance": -40_000})
    control(client.bank, "PUT", f"/accounts/{account_id}/credit-line", {"limit": 150_000})

    available, booked = client.get(f"/accounts/{account_id}/balances").json()["Data"]["Balance"]

    assert (available["Amount"]["Amount"], available["CreditDebitIndicator"]) == ("1100.00", "Credit")
    limit = {"Amount": "1500.00", "Currency": "GBP"}
    assert available["CreditLine"] == [{"Included": True, "Type": "Credit", "Amount": limit}]
    assert (booked["Amount"]["Amount"], booked["CreditDebitIndicator"]) == ("400.00", "Debit")
    assert booked["CreditLine"][0]["Included"] is False
