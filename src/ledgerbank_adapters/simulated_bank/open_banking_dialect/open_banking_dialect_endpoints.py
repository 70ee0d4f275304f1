"""Accounts, balances and transactions in the dialect of UK Open Banking's Account Information, 3.1 and 4.0.

https://openbankinguk.github.io/read-write-api-site3/v3.1.10/profiles/account-and-transaction-api-profile.html
https://openbankinguk.github.io/read-write-api-site3/v4.0/profiles/account-and-transaction-api-profile.html
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
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
from ledgerbank_adapters.simulated_bank.books.simulated_habits import PageSeam, SimulatedHabits
from ledgerbank_adapters.simulated_bank.grants.simulated_consents import SimulatedConsent
from ledgerbank_adapters.simulated_bank.open_banking_dialect.open_banking_consents import (
    OpenBankingRefusal,
    consented,
)
from ledgerbank_adapters.simulated_bank.open_banking_dialect.open_banking_dialect_payloads import (
    Payload,
    Wording,
    open_banking_account,
    open_banking_balances,
    open_banking_transaction,
)
from ledgerbank_adapters.simulated_bank.open_banking_dialect.open_banking_versions import (
    OPEN_BANKING_VERSIONS,
    OpenBankingVersion,
    version_of,
)
from ledgerbank_adapters.simulated_bank.simulated_bank_model import SimulatedBank

_ACCOUNTS = frozenset({"ReadAccountsBasic", "ReadAccountsDetail"})
_BALANCES = frozenset({"ReadBalances"})
_TRANSACTIONS = frozenset({"ReadTransactionsBasic", "ReadTransactionsDetail"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    """The bounds of a list, both included, as the bank takes them: by its clock, zone and care for hours."""

    since: datetime | None
    until: datetime | None
    habits: SimulatedHabits

    def has(self, transaction: SimulatedTransaction) -> bool:
        told = self.habits.told(transaction.created)
        offset = timedelta(minutes=self.habits.filter_offset_minutes)
        since, until = (None if bound is None else bound - offset for bound in (self.since, self.until))
        if self.habits.filters_by_day:
            return (since is None or told.date() >= since.date()) and (
                until is None or told.date() <= until.date()
            )
        return (since is None or told >= since) and (until is None or told <= until)


def _list_accounts(bank: SimulatedBank, arrival: Arrival, consent: SimulatedConsent) -> Response:
    return _accounts_answer(bank, arrival, consent, _own_accounts(bank, consent))


def _get_account(bank: SimulatedBank, arrival: Arrival, consent: SimulatedConsent) -> Response:
    return _accounts_answer(bank, arrival, consent, [_own_account(bank, arrival, consent)])


def _list_balances(bank: SimulatedBank, arrival: Arrival, consent: SimulatedConsent) -> Response:
    return _balances_answer(bank, arrival, _own_accounts(bank, consent))


def _get_balances(bank: SimulatedBank, arrival: Arrival, consent: SimulatedConsent) -> Response:
    return _balances_answer(bank, arrival, [_own_account(bank, arrival, consent)])


def _get_transactions(bank: SimulatedBank, arrival: Arrival, consent: SimulatedConsent) -> Response:
    """Newest first, in pages of the bank's choice. A page begins after a movement, so new ones shift nothing.

    Both bounds are included, and a zone in them is ignored, as the standard has it.
    """
    account, wording = _own_account(bank, arrival, consent), _wording(bank, arrival)
    asked = _Span(
        since=_query_instant(arrival, "fromBookingDateTime"),
        until=_query_instant(arrival, "toBookingDateTime"),
        habits=bank.habits,
    )
    selected = [
        each
        for each in reversed(account.in_order())
        if asked.has(each)
        and _within(each, consent.transactions_from, consent.transactions_to)
        and _permitted(each, consent)
    ]
    position = _position(arrival, selected)
    size = bank.settings.open_banking_page_size
    detail = "ReadTransactionsDetail" in consent.permissions
    meta: Payload = {"TotalPages": max(1, -(-len(selected) // size))}
    if selected:
        meta["FirstAvailableDateTime"] = wording.instant(selected[-1].created)
        meta["LastAvailableDateTime"] = wording.instant(selected[0].created)
    page = selected[_seam(position, bank.habits) : position + size]
    data = {"Transaction": [open_banking_transaction(account, each, wording, detail=detail) for each in page]}
    links = _links(arrival, selected, position, size)
    return json_answer({"Data": data, "Links": links, "Meta": meta})


def _accounts_answer(
    bank: SimulatedBank, arrival: Arrival, consent: SimulatedConsent, accounts: list[SimulatedAccount]
) -> Response:
    detail, wording = "ReadAccountsDetail" in consent.permissions, _wording(bank, arrival)
    shown = [open_banking_account(each, wording, detail=detail) for each in accounts]
    return _answer(arrival, {"Account": shown})


def _balances_answer(bank: SimulatedBank, arrival: Arrival, accounts: list[SimulatedAccount]) -> Response:
    wording, now = _wording(bank, arrival), bank.now()
    shown = [line for each in accounts for line in open_banking_balances(each, wording, now)]
    return _answer(arrival, {"Balance": shown})


def _wording(bank: SimulatedBank, arrival: Arrival) -> Wording:
    return Wording(version=version_of(arrival), habits=bank.habits)


def _seam(position: int, habits: SimulatedHabits) -> int:
    """Where the page that begins there really begins."""
    if position == 0 or habits.page_seam is PageSeam.WHOLE:
        return position
    return position - 1 if habits.page_seam is PageSeam.REPEATS else position + 1


def _answer(arrival: Arrival, data: Payload) -> Response:
    return json_answer({"Data": data, "Links": {"Self": arrival.url}, "Meta": {"TotalPages": 1}})


def _own_accounts(bank: SimulatedBank, consent: SimulatedConsent) -> list[SimulatedAccount]:
    return [each for each in bank.books.customer(consent.user_id or "").accounts if each.shown]


def _own_account(bank: SimulatedBank, arrival: Arrival, consent: SimulatedConsent) -> SimulatedAccount:
    account = bank.books.account(arrival.path_parameters["account_id"])
    if account.user_id != consent.user_id or not account.shown:
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


def _account_operations(version: OpenBankingVersion) -> tuple[BankOperation, ...]:
    accounts = f"{version.resources}/accounts"
    one = f"{accounts}/{{account_id}}"
    questions = (
        (accounts, _ACCOUNTS, _list_accounts, "accounts"),
        (one, _ACCOUNTS, _get_account, "accounts"),
        (f"{version.resources}/balances", _BALANCES, _list_balances, "balance"),
        (f"{one}/balances", _BALANCES, _get_balances, "balance"),
        (f"{one}/transactions", _TRANSACTIONS, _get_transactions, "transactions"),
    )
    return tuple(
        BankOperation(method="GET", path=path, handler=consented(permission, handler), name=name)
        for path, permission, handler, name in questions
    )


OPEN_BANKING_ACCOUNT_OPERATIONS = tuple(
    operation for version in OPEN_BANKING_VERSIONS for operation in _account_operations(version)
)
