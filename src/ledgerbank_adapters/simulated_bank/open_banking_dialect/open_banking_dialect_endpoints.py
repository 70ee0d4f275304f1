"""Accounts, balances and transactions in the dialect of UK Open Banking's Account Information v3.1.

https://openbankinguk.github.io/read-write-api-site3/v3.1.10/profiles/account-and-transaction-api-profile.html
"""

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlencode

from starlette.responses import Response

from ledgerbank_adapters.simulated_bank.bank_exchange import (
    Arrival,
    BankOperation,
    json_answer,
    parse_instant,
)
from ledgerbank_adapters.simulated_bank.books.simulated_account import SimulatedAccount, SimulatedTransaction
from ledgerbank_adapters.simulated_bank.books.simulated_books import NotAtThisBankError
from ledgerbank_adapters.simulated_bank.grants.simulated_consents import SimulatedConsent
from ledgerbank_adapters.simulated_bank.open_banking_dialect.open_banking_consents import (
    OPEN_BANKING_RESOURCES,
    OpenBankingRefusal,
    consented,
)
from ledgerbank_adapters.simulated_bank.open_banking_dialect.open_banking_dialect_payloads import (
    Payload,
    open_banking_account,
    open_banking_balances,
    open_banking_instant,
    open_banking_transaction,
)
from ledgerbank_adapters.simulated_bank.simulated_bank_model import SimulatedBank

_ACCOUNTS = frozenset({"ReadAccountsBasic", "ReadAccountsDetail"})
_BALANCES = frozenset({"ReadBalances"})
_TRANSACTIONS = frozenset({"ReadTransactionsBasic", "ReadTransactionsDetail"})


def _list_accounts(bank: SimulatedBank, arrival: Arrival, consent: SimulatedConsent) -> Response:
    return _accounts_answer(arrival, consent, _own_accounts(bank, consent))


def _get_account(bank: SimulatedBank, arrival: Arrival, consent: SimulatedConsent) -> Response:
    return _accounts_answer(arrival, consent, [_own_account(bank, arrival, consent)])


def _list_balances(bank: SimulatedBank, arrival: Arrival, consent: SimulatedConsent) -> Response:
    return _balances_answer(bank, arrival, _own_accounts(bank, consent))


def _get_balances(bank: SimulatedBank, arrival: Arrival, consent: SimulatedConsent) -> Response:
    return _balances_answer(bank, arrival, [_own_account(bank, arrival, consent)])


def _get_transactions(bank: SimulatedBank, arrival: Arrival, consent: SimulatedConsent) -> Response:
    """Newest first, in pages of the bank's choice. A page begins after a movement, so new ones shift nothing.

    Both bounds are included, and a zone in them is ignored, as the standard has it.
    """
    account = _own_account(bank, arrival, consent)
    since = _query_instant(arrival, "fromBookingDateTime")
    until = _query_instant(arrival, "toBookingDateTime")
    selected = [
        each
        for each in reversed(account.in_order())
        if _within(each, since, until)
        and _within(each, consent.transactions_from, consent.transactions_to)
        and _permitted(each, consent)
    ]
    position = _position(arrival, selected)
    size = bank.settings.open_banking_page_size
    page = selected[position : position + size]
    links = _links(arrival, selected, position, size)
    detail = "ReadTransactionsDetail" in consent.permissions
    meta: Payload = {"TotalPages": max(1, -(-len(selected) // size))}
    if selected:
        meta["FirstAvailableDateTime"] = open_banking_instant(selected[-1].created)
        meta["LastAvailableDateTime"] = open_banking_instant(selected[0].created)
    data = {"Transaction": [open_banking_transaction(account, each, detail=detail) for each in page]}
    return json_answer({"Data": data, "Links": links, "Meta": meta})


def _accounts_answer(
    arrival: Arrival, consent: SimulatedConsent, accounts: list[SimulatedAccount]
) -> Response:
    detail = "ReadAccountsDetail" in consent.permissions
    return _answer(arrival, {"Account": [open_banking_account(each, detail=detail) for each in accounts]})


def _balances_answer(bank: SimulatedBank, arrival: Arrival, accounts: list[SimulatedAccount]) -> Response:
    now = bank.now()
    return _answer(
        arrival, {"Balance": [line for each in accounts for line in open_banking_balances(each, now)]}
    )


def _answer(arrival: Arrival, data: Payload) -> Response:
    return json_answer({"Data": data, "Links": {"Self": arrival.url}, "Meta": {"TotalPages": 1}})


def _own_accounts(bank: SimulatedBank, consent: SimulatedConsent) -> list[SimulatedAccount]:
    return bank.books.customer(consent.user_id or "").accounts


def _own_account(bank: SimulatedBank, arrival: Arrival, consent: SimulatedConsent) -> SimulatedAccount:
    account = bank.books.account(arrival.path_parameters["account_id"])
    if account.user_id != consent.user_id:
        raise NotAtThisBankError(account.id)
    return account


def _query_instant(arrival: Arrival, name: str) -> datetime | None:
    value = arrival.query.get(name)
    if value is None:
        return None
    instant = parse_instant(value, zone="ignored")
    if instant is None:
        raise OpenBankingRefusal(400, "UK.OBIE.Field.InvalidDate", "That is no instant.", path=name)
    return instant


def _within(transaction: SimulatedTransaction, since: datetime | None, until: datetime | None) -> bool:
    if since is not None and transaction.created < since:
        return False
    return until is None or transaction.created <= until


def _permitted(transaction: SimulatedTransaction, consent: SimulatedConsent) -> bool:
    side = "ReadTransactionsDebits" if transaction.amount < 0 else "ReadTransactionsCredits"
    return side in consent.permissions


def _position(arrival: Arrival, selected: list[SimulatedTransaction]) -> int:
    after = arrival.query.get("after")
    if after is None:
        return 0
    for index, transaction in enumerate(selected):
        if transaction.id == after:
            return index + 1
    raise OpenBankingRefusal(400, "UK.OBIE.Field.Invalid", "There is no such page.", path="after")


def _links(
    arrival: Arrival, selected: list[SimulatedTransaction], position: int, size: int
) -> Mapping[str, str]:
    address = arrival.url.partition("?")[0]
    bounds = {name: value for name, value in arrival.query.items() if name != "after"}

    def page_from(index: int) -> str:
        query = bounds | ({"after": selected[index - 1].id} if index > 0 else {})
        return f"{address}?{urlencode(query)}" if query else address

    links = {"Self": arrival.url, "First": page_from(0)}
    if position > 0:
        links["Prev"] = page_from(max(0, position - size))
    if position + size < len(selected):
        links["Next"] = page_from(position + size)
    return links


OPEN_BANKING_ACCOUNT_OPERATIONS = (
    BankOperation(
        method="GET",
        path=f"{OPEN_BANKING_RESOURCES}/accounts",
        handler=consented(_ACCOUNTS, _list_accounts),
        name="accounts",
    ),
    BankOperation(
        method="GET",
        path=f"{OPEN_BANKING_RESOURCES}/accounts/{{account_id}}",
        handler=consented(_ACCOUNTS, _get_account),
        name="accounts",
    ),
    BankOperation(
        method="GET",
        path=f"{OPEN_BANKING_RESOURCES}/balances",
        handler=consented(_BALANCES, _list_balances),
        name="balance",
    ),
    BankOperation(
        method="GET",
        path=f"{OPEN_BANKING_RESOURCES}/accounts/{{account_id}}/balances",
        handler=consented(_BALANCES, _get_balances),
        name="balance",
    ),
    BankOperation(
        method="GET",
        path=f"{OPEN_BANKING_RESOURCES}/accounts/{{account_id}}/transactions",
        handler=consented(_TRANSACTIONS, _get_transactions),
        name="transactions",
    ),
)
