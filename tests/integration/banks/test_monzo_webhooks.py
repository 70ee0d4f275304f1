"""Monzo's webhooks: registered, listed and deleted, and what they deliver."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from tests.support.scenes.gateway_world import PUBLIC_BASE_URL, WEBHOOK_SECRET, GatewayWorld
from tests.support.scenes.monzo_answers import ACCOUNT, ADDRESS, ok

from ledgerbank_adapters.bank_http import WebhookUrl
from ledgerbank_adapters.http import webhook_url
from ledgerbank_adapters.memory import MemoryClock
from ledgerbank_adapters.monzo import MonzoGateway
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ports.bank_gateway import WebhookDelivery


@pytest.mark.parametrize("webhook_id", ["", "\ud800", "\x00", "w" * 256], ids=ascii)
def test_a_webhook_with_an_id_that_cannot_be_is_an_error(
    monzo: MonzoGateway, answers: list[httpx.Response], webhook_id: str
) -> None:
    ours = str(WebhookUrl(address=ADDRESS, provider="monzo", secret=WEBHOOK_SECRET))
    answers.append(ok({"webhooks": [{"id": webhook_id, "url": ours}]}))

    with pytest.raises(DomainError) as refused:
        monzo.list_webhooks(access_token="token", account=ACCOUNT)
    assert refused.value.reason is Reason.BANK_API_ERROR


def test_webhooks_are_registered_listed_and_deleted(monzo_world: GatewayWorld) -> None:
    tokens = monzo_world.connect()
    account = monzo_world.account(tokens)
    httpx.post(
        f"{monzo_world.bank.url}/webhooks",
        headers={"Authorization": f"Bearer {tokens.access_token}"},
        data={"account_id": account.external_id, "url": "https://somebody.else/webhooks"},
    ).raise_for_status()

    webhook_id = monzo_world.gateway.register_webhook(access_token=tokens.access_token, account=account)

    assert webhook_id is not None
    assert monzo_world.gateway.list_webhooks(access_token=tokens.access_token, account=account) == [
        webhook_id
    ]
    monzo_world.gateway.delete_webhook(access_token=tokens.access_token, webhook_id=webhook_id)
    assert monzo_world.gateway.list_webhooks(access_token=tokens.access_token, account=account) == []


def test_a_webhook_is_asked_for_once_and_anew_when_its_token_is_another(monzo_world: GatewayWorld) -> None:
    """Whatever comes to a URL with a token of before is refused: it is taken back once there is another."""
    tokens = monzo_world.connect()
    account = monzo_world.account(tokens)
    outdated = httpx.post(
        f"{monzo_world.bank.url}/webhooks",
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

    webhook_id = monzo_world.gateway.register_webhook(access_token=tokens.access_token, account=account)
    again = monzo_world.gateway.register_webhook(access_token=tokens.access_token, account=account)

    assert webhook_id not in (None, outdated)
    assert again == webhook_id
    assert monzo_world.gateway.list_webhooks(access_token=tokens.access_token, account=account) == [
        webhook_id
    ]


def test_what_the_bank_delivers_is_verified_and_named_alike_each_time(
    monzo_world: GatewayWorld, monkeypatch: pytest.MonkeyPatch
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
        tokens = monzo_world.connect()
        account = monzo_world.account(tokens)
        url = WebhookUrl(
            address=webhook_url(f"http://127.0.0.1:{server.server_port}", "simulated"),
            provider="simulated",
            secret=WEBHOOK_SECRET,
        )
        httpx.post(
            f"{monzo_world.bank.url}/webhooks",
            headers={"Authorization": f"Bearer {tokens.access_token}"},
            data={"account_id": account.external_id, "url": str(url)},
        ).raise_for_status()
        made = monzo_world.bank.model.books.add_transaction(account.external_id, -100)
        monzo_world.bank.model.books.settle(made.id)
        assert monzo_world.bank.courier.wait_until_idle()
        server.shutdown()

    notices = [
        monzo_world.gateway.verify_webhook(delivery, now=monzo_world.clock.now()) for delivery in delivered
    ]
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
        b'{"type": "transaction.created", "data": {"id": [7]}}',
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
