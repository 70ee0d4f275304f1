"""What gateways are asked, with secrets that nobody may be told, and how their banks fail."""

from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest
from tests.support.scenes.gateway_world import (
    DIALECTS,
)

from ledgerbank_adapters.memory import MemoryClock
from ledgerbank_domain.banking.account import AccountType
from ledgerbank_domain.banking.bank_statement import ShownAccount
from ledgerbank_domain.money.currency import CURRENCIES
from ledgerbank_domain.ports.bank_gateway import BankGateway

TOKEN = "t0p-s3cret-access-token"
REFRESH_TOKEN = "t0p-s3cret-refresh-token"
CODE = "t0p-s3cret-code"
BASE_URL = "https://api.bank.example"
ACCOUNT = ShownAccount(
    external_id="acc_00009237aqC8c5umZmrRdh",
    name="Current Account",
    account_type=AccountType.CHECKING,
    currency=CURRENCIES["GBP"],
    last_four="4567",
    is_closed=False,
)
READ_TIMEOUT = timedelta(seconds=0.5)

Ask = Callable[[BankGateway, MemoryClock], object]
Answer = Callable[[httpx.Request], httpx.Response]
ASKED_WITH_A_TOKEN: dict[str, Ask] = {
    "list_accounts": lambda gateway, _: gateway.list_accounts(access_token=TOKEN),
    "get_balance": lambda gateway, _: gateway.get_balance(access_token=TOKEN, account=ACCOUNT),
    "list_transactions": lambda gateway, clock: gateway.list_transactions(
        access_token=TOKEN, account=ACCOUNT, since=None, before=clock.now()
    ),
    "whoami": lambda gateway, _: gateway.whoami(access_token=TOKEN),
}
ASKED: dict[str, Ask] = {
    **ASKED_WITH_A_TOKEN,
    "exchange_code": lambda gateway, _: gateway.exchange_code(code=CODE, code_verifier="v" * 43),
    "refresh": lambda gateway, _: gateway.refresh(refresh_token=REFRESH_TOKEN),
}
each_dialect = pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)


def failing(error: type[httpx.TransportError]) -> Answer:
    def answer(request: httpx.Request) -> httpx.Response:
        raise error(f"while sending {TOKEN}", request=request)

    return answer
