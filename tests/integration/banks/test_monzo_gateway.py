"""What is Monzo's own: approval in the app, the window of full history, notices, webhooks, its shapes."""

import json
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import pytest
from tests.support.scenes.gateway_world import (
    CUSTOMER,
    MONZO,
    PUBLIC_BASE_URL,
    REDIRECT_URI,
    WEBHOOK_SECRET,
    GatewayWorld,
    gateway_world,
    scripted_bank,
)

from ledgerbank_adapters.bank_http import BankHttpClient, WebhookUrl
from ledgerbank_adapters.http import webhook_url
from ledgerbank_adapters.memory import MemoryClock
from ledgerbank_adapters.monzo import MonzoAccess, MonzoGateway
from ledgerbank_domain.banking.account import AccountType
from ledgerbank_domain.banking.bank_statement import ShownAccount, StatementPage
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.money.currency import CURRENCIES
from ledgerbank_domain.ports.bank_gateway import ApprovalPending, WebhookDelivery

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
# As https://docs.monzo.com/#list-transactions shows one, with its merchant expanded.
TRANSACTION = {
    "amount": -510,
    "created": "2015-08-22T12:20:18Z",
    "currency": "GBP",
    "description": "THE DE BEAUVOIR DELI C LONDON        GBR",
    "id": "tx_00008zIcpb1TB4yeIFXMzx",
    "merchant": {
        "address": {"latitude": 51.54151, "longitude": -0.08482400000002599, "postcode": "N1 3JD"},
        "created": "2015-08-22T12:20:18Z",
        "group_id": "grp_00008zIcpbBOaAr7TTP3sv",
        "id": "merch_00008zIcpbAKe8shBxXUtl",
        "name": "The De Beauvoir Deli Co.",
    },
    "metadata": {},
    "notes": "Salmon sandwich 🍞",
    "is_load": False,
    "settled": "2015-08-23T12:20:18Z",
    "category": "eating_out",
}
ACCOUNT_SHOWN = {
    "id": "acc_00009237aqC8c5umZmrRdh",
    "description": "Peter Pan's Account",
    "created": "2015-11-13T12:17:42Z",
    "type": "uk_retail",
    "currency": "GBP",
    "account_number": "12345678",
    "closed": False,
}


@pytest.fixture
def clock() -> MemoryClock:
    return MemoryClock()


@pytest.fixture
def world(clock: MemoryClock) -> Iterator[GatewayWorld]:
    with gateway_world(MONZO, clock) as world:
        yield world


@pytest.fixture
def asked() -> list[httpx.Request]:
    return []


@pytest.fixture
def answers() -> list[httpx.Response]:
    """What Monzo is to answer, in order; the last one for ever."""
    return []


@pytest.fixture
def monzo(
    clock: MemoryClock, asked: list[httpx.Request], answers: list[httpx.Response]
) -> Iterator[MonzoGateway]:
    """A gateway as Monzo itself gets it: confidential, without PKCE."""

    with BankHttpClient(
        provider="monzo", base_url=API, clock=clock, transport=scripted_bank(asked, answers)
    ) as client:
        yield MonzoGateway(
            client=client,
            access=MonzoAccess(
                auth_url="https://auth.monzo.example/",
                client_id="oauth2client_1",
                client_secret="mnzconf.s3cret",
                redirect_uri=REDIRECT_URI,
                notice_image_url="https://bank.example/i.png",
            ),
            webhook_url=WebhookUrl(address=ADDRESS, provider="monzo", secret=WEBHOOK_SECRET),
            clock=clock,
        )


def ok(content: object) -> httpx.Response:
    # Escaped, because a bank may send halves of characters.
    return httpx.Response(200, content=json.dumps(content))


def one_page(monzo: MonzoGateway, clock: MemoryClock, **question: Any) -> StatementPage:
    asked = {"since": None, "before": clock.now(), **question}
    return monzo.list_transactions(access_token="token", account=ACCOUNT, **asked)


def test_browsers_are_sent_to_monzo_without_a_challenge(monzo: MonzoGateway) -> None:
    url = monzo.authorization_url(state="a&b=c d", code_challenge="challenge")

    assert url.startswith("https://auth.monzo.example/?")
    assert dict(parse_qsl(urlsplit(url).query)) == {
        "client_id": "oauth2client_1",
        "redirect_uri": REDIRECT_URI,
        "response_type": "code",
        "state": "a&b=c d",
    }


def test_a_code_is_redeemed_by_a_confidential_client(
    monzo: MonzoGateway, asked: list[httpx.Request], answers: list[httpx.Response], clock: MemoryClock
) -> None:
    answers.append(
        ok(
            {
                "access_token": "access_token",
                "client_id": "client_id",
                "expires_in": 21600,
                "refresh_token": "refresh_token",
                "token_type": "Bearer",
                "user_id": "user_id",
            }
        )
    )

    tokens = monzo.exchange_code(code="c/o+d=e", code_verifier="verifier")

    (request,) = asked
    assert (request.method, str(request.url)) == ("POST", f"{API}/oauth2/token")
    assert dict(parse_qsl(request.content.decode())) == {
        "grant_type": "authorization_code",
        "redirect_uri": REDIRECT_URI,
        "code": "c/o+d=e",
        "client_id": "oauth2client_1",
        "client_secret": "mnzconf.s3cret",
    }
    assert "authorization" not in request.headers
    assert tokens.expires_at == clock.now() + timedelta(hours=6)
    assert tokens.provider_user_id == "user_id"


@pytest.mark.parametrize(
    "change",
    [
        {"access_token": "two\r\nlines"},
        {"access_token": ""},
        {"access_token": "é"},
        {"expires_in": -1},
        {"expires_in": 10**18},
        {"expires_in": "21600"},
        {"refresh_token": 7},
        {"refresh_token": "\ud800"},
        {"refresh_token": "r" * 8193},
        {"user_id": "\x00"},
        {"user_id": "\ud800"},
        {"user_id": "u" * 256},
        {"scope": "read\x00"},
        {"scope": "\ud800"},
        {"scope": "s" * 4097},
    ],
    ids=ascii,
)
def test_tokens_that_cannot_be_are_an_error(
    monzo: MonzoGateway, answers: list[httpx.Response], change: dict[str, object]
) -> None:
    answers.append(ok({"access_token": "a", "expires_in": 1, "refresh_token": "r", "user_id": "u", **change}))

    with pytest.raises(DomainError) as refused:
        monzo.refresh(refresh_token="r")
    assert refused.value.reason is Reason.BANK_API_ERROR


@pytest.mark.parametrize("code", ["unauthorized.bad_refresh_token", "unauthorized.bad_refresh_token.evicted"])
def test_monzos_own_code_for_a_bad_refresh_token_asks_for_consent(
    monzo: MonzoGateway, answers: list[httpx.Response], code: str
) -> None:
    answers.append(httpx.Response(401, json={"code": code, "message": "Bad refresh token"}))

    with pytest.raises(DomainError) as refused:
        monzo.refresh(refresh_token="r")
    assert refused.value.reason is Reason.BANK_CONSENT_REQUIRED


def test_until_the_customer_approves_in_the_app_the_approval_is_pending(world: GatewayWorld) -> None:
    world.bank.model.app_approval_required = True
    tokens = world.connect()

    with pytest.raises(ApprovalPending):
        world.gateway.list_accounts(access_token=tokens.access_token)
    assert world.gateway.whoami(access_token=tokens.access_token).authenticated

    world.bank.model.approve_in_app(world.customer().user_id)
    assert world.gateway.list_accounts(access_token=tokens.access_token)


def test_after_five_minutes_all_means_the_last_ninety_days(world: GatewayWorld) -> None:
    tokens = world.connect()
    account = world.account(tokens)
    movements = world.at_the_bank(account).movements.values()

    def found(since: datetime | None) -> set[str]:
        pages = world.pages(tokens, account, since=since)
        return {
            external_id
            for page in pages
            for external_id in (*page.void_ids, *(each.external_id for each in page.movements))
        }

    assert found(None) == {movement.id for movement in movements}
    world.clock.advance(timedelta(minutes=5))

    young = world.clock.now() - timedelta(days=90) + timedelta(minutes=5)
    kept = {movement.id for movement in movements if movement.created >= young}
    assert 0 < len(kept) < len(movements)
    assert found(None) == kept
    assert found(world.clock.now() - timedelta(days=200)) == kept
    recent = world.clock.now() - timedelta(days=30)
    assert found(recent) == {movement.id for movement in movements if movement.created >= recent}


def test_a_window_that_closes_between_two_pages_goes_on_with_what_may_still_be_read(
    world: GatewayWorld,
) -> None:
    tokens = world.connect()
    account, before = world.account(tokens), world.clock.now()
    first = world.gateway.list_transactions(
        access_token=tokens.access_token, account=account, since=None, before=before, limit=10
    )
    assert first.next_page is not None
    world.clock.advance(timedelta(minutes=6))

    second = world.gateway.list_transactions(
        access_token=tokens.access_token, account=account, since=None, before=before, page=first.next_page
    )

    young = world.clock.now() - timedelta(days=90) + timedelta(minutes=5)
    movements = world.at_the_bank(account).movements.values()
    standing = [each for each in movements if each.stands and each.amount]
    assert {found.external_id for found in second.movements} == {
        each.id for each in standing if young <= each.created < before
    }


def test_a_second_refusal_of_old_history_is_an_error(
    monzo: MonzoGateway, asked: list[httpx.Request], answers: list[httpx.Response], clock: MemoryClock
) -> None:
    answers.append(httpx.Response(403, json={"code": "forbidden.verification_required", "message": "x"}))

    with pytest.raises(DomainError) as refused:
        one_page(monzo, clock)

    assert refused.value.reason is Reason.BANK_API_ERROR
    assert len(asked) == 2


@pytest.mark.parametrize("code", ["forbidden.insufficient_permissions", "forbidden", ""])
def test_another_403_on_transactions_is_not_asked_again(
    monzo: MonzoGateway,
    asked: list[httpx.Request],
    answers: list[httpx.Response],
    clock: MemoryClock,
    code: str,
) -> None:
    answers.append(httpx.Response(403, json={"code": code}))

    with pytest.raises(DomainError) as refused:
        one_page(monzo, clock)

    assert refused.value.reason is Reason.BANK_API_ERROR
    assert len(asked) == 1


def test_a_question_is_written_as_documented(
    monzo: MonzoGateway, asked: list[httpx.Request], answers: list[httpx.Response], clock: MemoryClock
) -> None:
    answers.append(ok({"transactions": []}))

    one_page(monzo, clock, since=clock.now() - timedelta(days=1), limit=30)
    one_page(monzo, clock, since=clock.now() - timedelta(days=1), page="tx_1&x=2")

    assert parse_qs(asked[0].url.query.decode()) == {
        "account_id": [ACCOUNT.external_id],
        "expand[]": ["merchant"],
        "limit": ["30"],
        "since": ["2025-01-14T11:59:59.999Z"],
        "before": ["2025-01-15T12:00:00.000Z"],
    }
    assert parse_qs(asked[1].url.query.decode())["since"] == ["tx_1&x=2"]
    assert asked[0].headers["authorization"] == "Bearer token"


def test_a_documented_transaction_becomes_the_ports(
    monzo: MonzoGateway, answers: list[httpx.Response], clock: MemoryClock
) -> None:
    answers.append(ok({"transactions": [TRANSACTION]}))

    (found,) = one_page(monzo, clock).movements

    assert found.description == "The De Beauvoir Deli Co. - Salmon sandwich 🍞"
    assert (found.direction.value, str(found.amount), found.pending) == ("DEBIT", "5.10", False)
    assert found.posted_at.isoformat() == "2015-08-22T12:20:18+00:00"


@pytest.mark.parametrize(
    ("change", "description"),
    [
        ({"merchant": None, "notes": ""}, "THE DE BEAUVOIR DELI C LONDON        GBR"),
        ({"merchant": "merch_1", "notes": "n"}, "THE DE BEAUVOIR DELI C LONDON        GBR - n"),
        ({"merchant": {"name": None}, "notes": None}, "THE DE BEAUVOIR DELI C LONDON        GBR"),
        ({"merchant": None, "description": " ", "notes": ""}, "Transaction"),
        ({"merchant": None, "description": "a\x00\ud800b", "notes": ""}, "ab"),
        ({"merchant": None, "description": "x" * 300}, "x" * 255),
        ({"merchant": None, "description": "x" * 254}, "x" * 254 + " "),
    ],
)
def test_a_description_is_made_of_what_says_something(
    monzo: MonzoGateway,
    answers: list[httpx.Response],
    clock: MemoryClock,
    change: dict[str, object],
    description: str,
) -> None:
    body = json.dumps({"transactions": [{**TRANSACTION, **change}]})
    answers.append(httpx.Response(200, content=body.encode()))

    (found,) = one_page(monzo, clock).movements

    assert found.description == description.strip()


@pytest.mark.parametrize(
    ("change", "pending"), [({"settled": ""}, True), ({"settled": None}, True), ({"settled": "x"}, False)]
)
def test_what_is_not_settled_is_pending(
    monzo: MonzoGateway,
    answers: list[httpx.Response],
    clock: MemoryClock,
    change: dict[str, object],
    pending: bool,
) -> None:
    answers.append(ok({"transactions": [{**TRANSACTION, **change}]}))

    (found,) = one_page(monzo, clock).movements

    assert found.pending is pending


@pytest.mark.parametrize("change", [{"amount": 0}, {"decline_reason": "CARD_INACTIVE"}])
def test_what_was_declined_or_moves_nothing_is_void(
    monzo: MonzoGateway, answers: list[httpx.Response], clock: MemoryClock, change: dict[str, object]
) -> None:
    answers.append(ok({"transactions": [{**TRANSACTION, **change}]}))

    page = one_page(monzo, clock)

    assert page.movements == ()
    assert page.void_ids == {TRANSACTION["id"]}


@pytest.mark.parametrize(
    "change",
    [
        {"amount": "-510"},
        {"amount": -5.1},
        {"amount": None},
        {"amount": 10**25},
        {"amount": 10**15},
        {"created": "2015-08-22T12:20:18"},
        {"created": "0001-01-01T00:00:00Z"},
        {"created": "1899-12-31T23:59:59Z"},
        {"currency": "EUR"},
        {"currency": "???"},
        {"id": ""},
        {"id": "\x00"},
        {"id": None},
        {"description": 7},
    ],
)
def test_a_transaction_that_cannot_be_spoils_its_page(
    monzo: MonzoGateway, answers: list[httpx.Response], clock: MemoryClock, change: dict[str, object]
) -> None:
    answers.append(ok({"transactions": [TRANSACTION, {**TRANSACTION, **change}]}))

    with pytest.raises(DomainError) as refused:
        one_page(monzo, clock)
    assert refused.value.reason is Reason.BANK_API_ERROR


def test_the_next_page_starts_after_the_youngest_in_whichever_order_they_came(
    monzo: MonzoGateway, answers: list[httpx.Response], clock: MemoryClock
) -> None:
    old, young, twin = (
        {**TRANSACTION, "id": name, "created": f"2025-01-0{day}T00:00:00Z"}
        for name, day in [("tx_old", 1), ("tx_young", 2), ("tx_twin", 2)]
    )
    answers += [ok({"transactions": [young, old]}), ok({"transactions": [young, twin]})]

    assert one_page(monzo, clock, limit=2).next_page == "tx_young"
    assert one_page(monzo, clock, limit=2).next_page == "tx_twin"


def test_what_is_dated_ahead_of_the_question_is_not_told_yet(
    monzo: MonzoGateway, answers: list[httpx.Response], clock: MemoryClock
) -> None:
    last, first_after = clock.now() - timedelta(microseconds=1), clock.now()
    answers.append(
        ok(
            {
                "transactions": [
                    {**TRANSACTION, "id": "tx_last", "created": last.isoformat()},
                    {**TRANSACTION, "id": "tx_now", "created": first_after.isoformat()},
                    {**TRANSACTION, "id": "tx_end_of_time", "created": "9999-12-31T23:59:59Z"},
                    {**TRANSACTION, "id": "tx_void", "created": "9999-12-31T23:59:59Z", "amount": 0},
                ]
            }
        )
    )

    page = one_page(monzo, clock)

    assert [transaction.external_id for transaction in page.movements] == ["tx_last"]
    assert page.void_ids == frozenset()


def test_pages_that_lead_nowhere_end_with_an_error(
    monzo: MonzoGateway, answers: list[httpx.Response], clock: MemoryClock
) -> None:
    answers.append(ok({"transactions": [TRANSACTION]}))

    with pytest.raises(DomainError) as refused:
        one_page(monzo, clock, limit=1, page=TRANSACTION["id"])
    assert refused.value.reason is Reason.BANK_API_ERROR


@pytest.mark.parametrize(
    ("change", "account_type"),
    [
        ({"type": "uk_retail_joint"}, AccountType.CHECKING),
        ({"type": "uk_business"}, AccountType.CHECKING),
        ({"type": "uk_prepaid", "account_number": None}, AccountType.CHECKING),
        ({"type": "uk_monzo_flex"}, AccountType.CREDIT),
    ],
)
def test_accounts_of_each_kind_become_the_ports(
    monzo: MonzoGateway, answers: list[httpx.Response], change: dict[str, object], account_type: AccountType
) -> None:
    rewards = {"id": "acc_2", "type": "uk_rewards"}
    answers.append(ok({"accounts": [rewards, {**ACCOUNT_SHOWN, **change}]}))

    (account,) = monzo.list_accounts(access_token="token")

    assert (account.name, account.account_type) == ("Peter Pan's Account", account_type)
    assert account.last_four == (None if "account_number" in change else "5678")


@pytest.mark.parametrize("field", ["id", "type", "currency"])
@pytest.mark.parametrize("value", [None, 7, "", "XAU", "a\tb"])
def test_an_account_that_cannot_be_is_an_error(
    monzo: MonzoGateway, answers: list[httpx.Response], field: str, value: object
) -> None:
    shown = {**ACCOUNT_SHOWN, field: value}
    if field == "type" and isinstance(value, str):
        answers.append(ok({"accounts": [shown]}))
        assert monzo.list_accounts(access_token="token") == []
        return
    if (field, value) == ("id", "XAU"):
        shown["id"] = "x" * 257
    answers.append(ok({"accounts": [shown]}))

    with pytest.raises(DomainError) as refused:
        monzo.list_accounts(access_token="token")
    assert refused.value.reason is Reason.BANK_API_ERROR


def test_a_balance_in_another_currency_is_an_error(
    monzo: MonzoGateway, answers: list[httpx.Response]
) -> None:
    answers.append(ok({"balance": 5000, "total_balance": 6000, "currency": "EUR", "spend_today": 0}))

    with pytest.raises(DomainError) as refused:
        monzo.get_balance(access_token="token", account=ACCOUNT)
    assert refused.value.reason is Reason.BANK_API_ERROR


def test_a_notice_appears_in_the_customers_app(world: GatewayWorld) -> None:
    tokens = world.connect()
    account = world.account(tokens)

    world.gateway.create_payment_notice(
        access_token=tokens.access_token, account=account, title="Rent & more", body="£10 = a lot"
    )

    (item,) = world.customer().feed
    assert (item.account_id, item.title, item.body) == (account.external_id, "Rent & more", "£10 = a lot")


@pytest.mark.parametrize("webhook_id", ["", "\ud800", "\x00", "w" * 256], ids=ascii)
def test_a_webhook_with_an_id_that_cannot_be_is_an_error(
    monzo: MonzoGateway, answers: list[httpx.Response], webhook_id: str
) -> None:
    ours = str(WebhookUrl(address=ADDRESS, provider="monzo", secret=WEBHOOK_SECRET))
    answers.append(ok({"webhooks": [{"id": webhook_id, "url": ours}]}))

    with pytest.raises(DomainError) as refused:
        monzo.list_webhooks(access_token="token", account=ACCOUNT)
    assert refused.value.reason is Reason.BANK_API_ERROR


def test_webhooks_are_registered_listed_and_deleted(world: GatewayWorld) -> None:
    tokens = world.connect()
    account = world.account(tokens)
    httpx.post(
        f"{world.bank.url}/webhooks",
        headers={"Authorization": f"Bearer {tokens.access_token}"},
        data={"account_id": account.external_id, "url": "https://somebody.else/webhooks"},
    ).raise_for_status()

    webhook_id = world.gateway.register_webhook(access_token=tokens.access_token, account=account)

    assert webhook_id is not None
    assert world.gateway.list_webhooks(access_token=tokens.access_token, account=account) == [webhook_id]
    world.gateway.delete_webhook(access_token=tokens.access_token, webhook_id=webhook_id)
    assert world.gateway.list_webhooks(access_token=tokens.access_token, account=account) == []


def test_a_webhook_is_asked_for_once_and_anew_when_its_token_is_another(world: GatewayWorld) -> None:
    """Whatever comes to a URL with a token of before is refused: it is as good as none."""
    tokens = world.connect()
    account = world.account(tokens)
    outdated = httpx.post(
        f"{world.bank.url}/webhooks",
        headers={"Authorization": f"Bearer {tokens.access_token}"},
        data={
            "account_id": account.external_id,
            "url": str(
                WebhookUrl(
                    address=webhook_url(PUBLIC_BASE_URL, "simulated"), provider="simulated", secret=b"old"
                )
            ),
        },
    ).json()["webhook"]["id"]

    webhook_id = world.gateway.register_webhook(access_token=tokens.access_token, account=account)
    again = world.gateway.register_webhook(access_token=tokens.access_token, account=account)

    assert webhook_id not in (None, outdated)
    assert again == webhook_id
    assert world.gateway.list_webhooks(access_token=tokens.access_token, account=account) == [
        outdated,
        webhook_id,
    ]


def test_what_the_bank_delivers_is_verified_and_named_alike_each_time(
    world: GatewayWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivered: list[WebhookDelivery] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            delivered.append(
                WebhookDelivery(body=body, headers=headers, query=dict(parse_qsl(urlsplit(self.path).query)))
            )
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Receiver) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        tokens = world.connect()
        account = world.account(tokens)
        url = WebhookUrl(
            address=webhook_url(f"http://127.0.0.1:{server.server_port}", "simulated"),
            provider="simulated",
            secret=WEBHOOK_SECRET,
        )
        httpx.post(
            f"{world.bank.url}/webhooks",
            headers={"Authorization": f"Bearer {tokens.access_token}"},
            data={"account_id": account.external_id, "url": str(url)},
        ).raise_for_status()
        made = world.bank.model.books.add_transaction(account.external_id, -100)
        world.bank.model.books.settle(made.id)
        assert world.bank.courier.wait_until_idle()
        server.shutdown()

    notices = [world.gateway.verify_webhook(delivery, now=world.clock.now()) for delivery in delivered]
    assert notices[0].event_id == f"transaction.created:{made.id}"
    assert notices[0].is_about_a_transaction
    assert {notice.external_account_id for notice in notices} == {account.external_id}
    assert [notice.event_type for notice in notices] == ["transaction.created", "transaction.updated"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"type": "transaction.created"}',
        b'{"type": "transaction.created", "data": {}}',
        b'{"type": "transaction.created", "data": {"id": 7}}',
        b'{"type": "", "data": {"id": "tx"}}',
        b'{"type": "transaction.created", "data": {"id": ""}}',
        b'{"type": "transaction.created", "data": {"id": "\\u0000"}}',
        b'{"type": "transaction.created", "data": {"id": "tx", "account_id": "\\ud800"}}',
    ],
)
def test_a_delivery_that_cannot_be_read_is_refused_like_a_forged_one(
    monzo: MonzoGateway, clock: MemoryClock, body: bytes
) -> None:
    url = WebhookUrl(address=ADDRESS, provider="monzo", secret=WEBHOOK_SECRET)
    query = dict(parse_qsl(urlsplit(str(url)).query))

    for given in (query, {}):
        with pytest.raises(DomainError) as refused:
            monzo.verify_webhook(WebhookDelivery(body=body, headers={}, query=given), now=clock.now())
        assert refused.value.reason is Reason.INVALID_SIGNATURE


def test_an_event_with_an_endless_name_is_bounded_and_still_its_own(
    monzo: MonzoGateway, clock: MemoryClock
) -> None:
    url = WebhookUrl(address=ADDRESS, provider="monzo", secret=WEBHOOK_SECRET)
    query = dict(parse_qsl(urlsplit(str(url)).query))

    def notice_of(name: str) -> str:
        body = json.dumps({"type": "transaction.created", "data": {"id": name}}).encode()
        delivery = WebhookDelivery(body=body, headers={}, query=query)
        return monzo.verify_webhook(delivery, now=clock.now()).event_id

    assert len(notice_of("x" * 5000)) <= 255
    assert notice_of("x" * 5000) != notice_of("x" * 5001)


def test_neither_the_gateway_nor_its_parts_show_a_secret(monzo: MonzoGateway) -> None:
    shown = repr(vars(monzo))

    assert "s3cret" not in shown
    assert CUSTOMER not in shown
