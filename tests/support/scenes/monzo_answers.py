"""What Monzo itself answers, as its documentation shows it, for tests that script it."""

import json

import httpx
from tests.support.scenes.gateway_world import PUBLIC_BASE_URL

from ledgerbank_adapters.http import webhook_url
from ledgerbank_domain.banking.account import AccountType
from ledgerbank_domain.banking.bank_statement import ShownAccount
from ledgerbank_domain.money.currency import CURRENCIES

API = "https://api.monzo.example"
ADDRESS = webhook_url(PUBLIC_BASE_URL, "monzo")
ACCOUNT = ShownAccount(
    external_id="acc_00009237aqC8c5umZmrRdh",
    name="Current Account",
    account_type=AccountType.CHECKING,
    currency=CURRENCIES["GBP"],
    last_four=None,
    is_closed=False,
)


def ok(content: object) -> httpx.Response:
    # Escaped, because a bank may send halves of characters.
    return httpx.Response(200, content=json.dumps(content))
