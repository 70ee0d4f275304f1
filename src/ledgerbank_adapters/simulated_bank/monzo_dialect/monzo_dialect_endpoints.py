"""Accounts, transactions, feed and webhooks in the Monzo dialect: https://docs.monzo.com."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.responses import Response

from ledgerbank_adapters.simulated_bank.bank_exchange import (
    Arrival,
    BankOperation,
    is_web_address,
    json_answer,
    parse_instant,
)
from ledgerbank_adapters.simulated_bank.books.simulated_account import (
    FeedItem,
    SimulatedAccount,
    SimulatedTransaction,
)
from ledgerbank_adapters.simulated_bank.books.simulated_books import NotAtThisBankError
from ledgerbank_adapters.simulated_bank.books.simulated_draws import hashed_id
from ledgerbank_adapters.simulated_bank.books.simulated_habits import PageSeam, SimulatedHabits
from ledgerbank_adapters.simulated_bank.books.simulated_webhooks import Webhook
from ledgerbank_adapters.simulated_bank.grants.simulated_grants import Grant
from ledgerbank_adapters.simulated_bank.monzo_dialect.monzo_dialect_payloads import (
    monzo_account,
    monzo_balance,
    monzo_transaction,
    monzo_webhook,
)
from ledgerbank_adapters.simulated_bank.monzo_dialect.monzo_dialect_tokens import (
    MonzoRefusal,
    missing,
    required,
    signed,
)
from ledgerbank_adapters.simulated_bank.simulated_bank_model import SimulatedBank

DEFAULT_PAGE = 30
LONGEST_PAGE = 100
HISTORY_AFTER_THE_WINDOW = timedelta(days=90)

_NUMBER = re.compile(r"\d{1,4}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Selection:
    """Which transactions are wanted. ``after`` is the place of the one given as ``since``: it is left out."""

    after: SimulatedTransaction | None
    since: datetime | None
    before: datetime | None
    limit: int
    habits: SimulatedHabits

    def page_of(self, account: SimulatedAccount) -> list[SimulatedTransaction]:
        """One page, as the bank begins it."""
        wanted = [each for each in account.in_order() if self._takes(each)]
        skipped = self.after is not None and self.habits.page_seam is PageSeam.DROPS
        return wanted[skipped:][: self.limit]

    def _takes(self, transaction: SimulatedTransaction) -> bool:
        told = self.habits.told(transaction.created)
        if self.after is not None and transaction.place <= self.after.place:
            return self.habits.page_seam is PageSeam.REPEATS and transaction is self.after
        if self.since is not None and told < self.since:
            return False
        return self.before is None or told < self.before


def _accounts(bank: SimulatedBank, arrival: Arrival, grant: Grant) -> Response:
    wanted = arrival.query.get("account_type")
    accounts = bank.books.customer(grant.authorization.user_id).accounts
    asked = [each for each in accounts if each.shown and wanted in (None, each.kind.monzo_type)]
    return json_answer({"accounts": [monzo_account(each, bank.habits) for each in asked]})


def _balance(bank: SimulatedBank, arrival: Arrival, grant: Grant) -> Response:
    account = _own_account(bank, grant, arrival.query.get("account_id"))
    return json_answer(monzo_balance(account, bank.habits, bank.now()))


def _transactions(bank: SimulatedBank, arrival: Arrival, grant: Grant) -> Response:
    """Oldest first. ``since``: an instant (included) or an id (left out); ``before``: an instant."""
    account = _own_account(bank, grant, arrival.query.get("account_id"))
    selection = _selection(bank, account, arrival)
    _refuse_old_history(bank, grant, selection)
    page = selection.page_of(account)
    expand = _expands_merchant(arrival)
    shown = [monzo_transaction(account, each, expand_merchant=expand, habits=bank.habits) for each in page]
    return json_answer({"transactions": shown})


def _transaction(bank: SimulatedBank, arrival: Arrival, grant: Grant) -> Response:
    transaction = bank.books.transaction(arrival.path_parameters["transaction_id"])
    account = _own_account(bank, grant, transaction.account_id)
    expand = _expands_merchant(arrival)
    shown = monzo_transaction(account, transaction, expand_merchant=expand, habits=bank.habits)
    return json_answer({"transaction": shown})


def _feed(bank: SimulatedBank, arrival: Arrival, grant: Grant) -> Response:
    account = _own_account(bank, grant, required(arrival, "account_id"))
    if required(arrival, "type") != "basic":
        raise _bad("type")
    title = required(arrival, "params[title]")
    required(arrival, "params[image_url]")
    fields = arrival.form or {}
    item = FeedItem(
        account_id=account.id, title=title, body=fields.get("params[body]", ""), url=fields.get("url", "")
    )
    bank.books.customer(account.user_id).feed.append(item)
    return json_answer({})


def _register_webhook(bank: SimulatedBank, arrival: Arrival, grant: Grant) -> Response:
    account = _own_account(bank, grant, required(arrival, "account_id"))
    url = required(arrival, "url")
    if not is_web_address(url):
        raise _bad("url")
    registered = bank.books.webhooks.registered
    webhook = Webhook(
        id=hashed_id("webhook", account.id, bank.books.webhooks.next_number()),
        account_id=account.id,
        url=url,
        client_id=grant.authorization.client_id,
    )
    registered[webhook.id] = webhook
    return json_answer({"webhook": monzo_webhook(webhook)})


def _list_webhooks(bank: SimulatedBank, arrival: Arrival, grant: Grant) -> Response:
    account = _own_account(bank, grant, arrival.query.get("account_id"))
    return json_answer(
        {"webhooks": [monzo_webhook(each) for each in bank.books.webhooks.of_account(account.id)]}
    )


def _delete_webhook(bank: SimulatedBank, arrival: Arrival, grant: Grant) -> Response:
    webhook = bank.books.webhooks.registered.get(arrival.path_parameters["webhook_id"])
    if webhook is None:
        raise NotAtThisBankError(arrival.path_parameters["webhook_id"])
    _own_account(bank, grant, webhook.account_id)
    del bank.books.webhooks.registered[webhook.id]
    return json_answer({})


def _own_account(bank: SimulatedBank, grant: Grant, account_id: str | None) -> SimulatedAccount:
    """Somebody else's account is not there, as far as whoever asks is told."""
    if not account_id:
        raise missing("account_id")
    account = bank.books.account(account_id)
    if account.user_id != grant.authorization.user_id or not account.shown:
        raise NotAtThisBankError(account_id)
    return account


def _selection(bank: SimulatedBank, account: SimulatedAccount, arrival: Arrival) -> _Selection:
    since, before = arrival.query.get("since"), arrival.query.get("before")
    after = account.told(since) if since else None
    since_instant = parse_instant(since, zone="required") if since and after is None else None
    if since and after is None and since_instant is None:
        raise _bad("since")
    before_instant = parse_instant(before, zone="required") if before else None
    if before and before_instant is None:
        raise _bad("before")
    limit = arrival.query.get("limit", str(DEFAULT_PAGE))
    if not _NUMBER.fullmatch(limit) or not 1 <= int(limit) <= LONGEST_PAGE:
        raise _bad("limit")
    return _Selection(
        after=after, since=since_instant, before=before_instant, limit=int(limit), habits=bank.habits
    )


def _refuse_old_history(bank: SimulatedBank, grant: Grant, selection: _Selection) -> None:
    """All of it for five minutes after the customer's approval; from then on 90 days."""
    now = bank.now()
    if now < grant.full_history_until:
        return
    oldest = selection.after.created if selection.after else selection.since
    grace = timedelta(seconds=bank.settings.window_grace_seconds)
    if oldest is None or oldest < now - HISTORY_AFTER_THE_WINDOW - grace:
        raise MonzoRefusal(403, "forbidden.verification_required", "Verification required")


def _expands_merchant(arrival: Arrival) -> bool:
    return "merchant" in arrival.query_lists.get("expand[]", [])


def _bad(name: str) -> MonzoRefusal:
    return MonzoRefusal(400, f"bad_request.bad_param.{name}", f"Bad parameter: {name}")


MONZO_ACCOUNT_OPERATIONS = (
    BankOperation(method="GET", path="/accounts", handler=signed(_accounts), name="accounts"),
    BankOperation(method="GET", path="/balance", handler=signed(_balance), name="balance"),
    BankOperation(method="GET", path="/transactions", handler=signed(_transactions), name="transactions"),
    BankOperation(
        method="GET",
        path="/transactions/{transaction_id}",
        handler=signed(_transaction),
        name="transaction",
    ),
    BankOperation(method="POST", path="/feed", handler=signed(_feed), name="feed"),
    BankOperation(method="GET", path="/webhooks", handler=signed(_list_webhooks), name="webhooks.list"),
    BankOperation(
        method="POST", path="/webhooks", handler=signed(_register_webhook), name="webhooks.register"
    ),
    BankOperation(
        method="DELETE",
        path="/webhooks/{webhook_id}",
        handler=signed(_delete_webhook),
        name="webhooks.delete",
    ),
)
