"""What a bank of the UK standard answers, as its documentation shows it, for tests that script one."""

import httpx

from ledgerbank_domain.banking.account import AccountType
from ledgerbank_domain.banking.bank_statement import ShownAccount
from ledgerbank_domain.money.currency import CURRENCIES

BASE_URL = "https://api.bank.example/open-banking/v3.1/aisp"
# As …/v3.1.10/resources-and-data-models/aisp/ shows accounts, balances and transactions.
ACCOUNT_SHOWN = {
    "AccountId": "22289",
    "Status": "Enabled",
    "StatusUpdateDateTime": "2019-01-01T06:06:06+00:00",
    "Currency": "GBP",
    "AccountType": "Personal",
    "AccountSubType": "CurrentAccount",
    "Nickname": "Bills",
    "Account": [
        {
            "SchemeName": "UK.OBIE.SortCodeAccountNumber",
            "Identification": "80200110203345",
            "Name": "Mr Kevin",
            "SecondaryIdentification": "00021",
        }
    ],
}
ACCOUNT = ShownAccount(
    external_id="22289",
    name="Bills",
    account_type=AccountType.CHECKING,
    currency=CURRENCIES["GBP"],
    last_four="3345",
    is_closed=False,
)


def ok(data: object, **links: str) -> httpx.Response:
    return httpx.Response(
        200, json={"Data": data, "Links": {"Self": "x", **links}, "Meta": {"TotalPages": 1}}
    )
