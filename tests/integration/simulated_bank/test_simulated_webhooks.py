"""Webhooks of the simulated bank: delivered, tried again, twice, out of order, held back."""

from collections.abc import Iterator

import pytest
from tests.support.http.webhook_receiver import WebhookReceiver, receive_webhooks
from tests.support.scenes.bank_customers import MonzoClient, control


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with receive_webhooks() as receiver:
        yield receiver


@pytest.fixture
def account_id(monzo: MonzoClient, receiver: WebhookReceiver) -> str:
    """An account with a webhook to the receiver."""
    account_id = monzo.account_id()
    answer = monzo.call("POST", "/webhooks", data={"account_id": account_id, "url": receiver.url})
    assert answer.status_code == 200, answer.text
    return account_id


def add(monzo: MonzoClient, account_id: str, amount: int = -100) -> str:
    return str(control(monzo.bank, "POST", f"/accounts/{account_id}/transactions", {"amount": amount})["id"])


def delivered(monzo: MonzoClient) -> None:
    assert monzo.bank.courier.wait_until_idle(10)


def test_a_webhook_is_registered_listed_and_deleted(monzo: MonzoClient, receiver: WebhookReceiver) -> None:
    account_id = monzo.account_id()
    form = {"account_id": account_id, "url": receiver.url}
    webhook = monzo.call("POST", "/webhooks", data=form).json()["webhook"]
    assert webhook == {"id": webhook["id"], "account_id": account_id, "url": receiver.url}
    assert monzo.get("/webhooks", account_id=account_id).json() == {"webhooks": [webhook]}
    assert monzo.get("/webhooks", account_id=monzo.account_id("uk_business")).json() == {"webhooks": []}
    stranger = MonzoClient(monzo.bank).connect("Somebody Else")
    assert stranger.call("DELETE", f"/webhooks/{webhook['id']}").status_code == 404
    assert monzo.call("DELETE", f"/webhooks/{webhook['id']}").json() == {}
    assert monzo.get("/webhooks", account_id=account_id).json() == {"webhooks": []}
    assert monzo.call("DELETE", f"/webhooks/{webhook['id']}").status_code == 404
    add(monzo, account_id)
    delivered(monzo)
    assert receiver.events == []


@pytest.mark.parametrize("url", ["", "ftp://host/x", "not an address", "http://[", "file:///etc/passwd"])
def test_a_webhook_needs_a_web_address(monzo: MonzoClient, url: str) -> None:
    answer = monzo.call("POST", "/webhooks", data={"account_id": monzo.account_id(), "url": url})
    assert answer.status_code == 400


def test_a_new_transaction_is_told_with_all_that_monzo_tells(
    monzo: MonzoClient, receiver: WebhookReceiver, account_id: str
) -> None:
    transaction_id = add(monzo, account_id)
    add(monzo, monzo.account_id("uk_business"))
    delivered(monzo)
    (event,) = receiver.events
    shown = monzo.get(f"/transactions/{transaction_id}").json()["transaction"]
    assert event == {"type": "transaction.created", "data": shown}
    assert receiver.paths == ["/webhooks/simulated?token=s3cret"]


def test_what_happens_to_it_later_is_told_as_an_update(
    monzo: MonzoClient, receiver: WebhookReceiver, account_id: str
) -> None:
    transaction_id = add(monzo, account_id)
    control(monzo.bank, "POST", f"/transactions/{transaction_id}/settle", {"amount": -90})
    delivered(monzo)
    assert [(each["type"], each["data"]["amount"]) for each in receiver.events] == [
        ("transaction.created", -100),
        ("transaction.updated", -90),
    ]


def test_a_receiver_that_fails_is_tried_again_until_it_takes_the_event(
    monzo: MonzoClient, receiver: WebhookReceiver, account_id: str
) -> None:
    receiver.statuses += [500, 404, 302]
    transaction_id = add(monzo, account_id)
    delivered(monzo)
    assert receiver.ids == [transaction_id] * 4
    attempts = control(monzo.bank, "GET", "/webhooks")["attempts"]
    assert [(each["attempt"], each["status"]) for each in attempts] == [
        (1, 500),
        (2, 404),
        (3, 302),
        (4, 200),
    ]


def test_after_five_retries_it_is_given_up(
    monzo: MonzoClient, receiver: WebhookReceiver, account_id: str
) -> None:
    receiver.statuses += [500] * 20
    add(monzo, account_id)
    delivered(monzo)
    assert len(receiver.events) == 6


def test_a_receiver_that_is_not_there_is_tried_as_often(monzo: MonzoClient) -> None:
    account_id = monzo.account_id()
    monzo.call("POST", "/webhooks", data={"account_id": account_id, "url": "http://127.0.0.1:9/"})
    add(monzo, account_id)
    delivered(monzo)
    attempts = control(monzo.bank, "GET", "/webhooks")["attempts"]
    assert [each["problem"] for each in attempts] == ["ConnectError"] * 6


def test_every_event_can_come_twice(monzo: MonzoClient, receiver: WebhookReceiver, account_id: str) -> None:
    control(monzo.bank, "PUT", "/webhooks/mode", {"mode": "twice"})
    transaction_id = add(monzo, account_id)
    delivered(monzo)
    assert receiver.ids == [transaction_id] * 2


def test_events_can_come_out_of_order(monzo: MonzoClient, receiver: WebhookReceiver, account_id: str) -> None:
    control(monzo.bank, "PUT", "/webhooks/mode", {"mode": "out_of_order"})
    ids = [add(monzo, account_id) for _ in range(5)]
    delivered(monzo)
    assert receiver.ids == [ids[1], ids[0], ids[3], ids[2]]
    assert control(monzo.bank, "POST", "/webhooks/flush") == {"flushed": 1}
    delivered(monzo)
    assert receiver.ids[-1] == ids[4]


def test_events_can_be_held_back_and_let_go(
    monzo: MonzoClient, receiver: WebhookReceiver, account_id: str
) -> None:
    control(monzo.bank, "PUT", "/webhooks/mode", {"mode": "paused"})
    ids = [add(monzo, account_id) for _ in range(3)]
    delivered(monzo)
    assert receiver.events == []
    assert control(monzo.bank, "GET", "/webhooks")["held"] == 3
    control(monzo.bank, "PUT", "/webhooks/mode", {"mode": "normal"})
    delivered(monzo)
    assert receiver.ids == ids


def test_an_event_can_be_told_any_number_of_times(
    monzo: MonzoClient, receiver: WebhookReceiver, account_id: str
) -> None:
    transaction_id = add(monzo, account_id)
    told = {"transaction_id": transaction_id, "times": 20}
    assert control(monzo.bank, "POST", "/webhooks/announce", told) == {"announced": 20}
    delivered(monzo)
    assert receiver.ids == [transaction_id] * 21


def test_a_reset_forgets_webhooks_and_what_was_still_to_be_told(
    monzo: MonzoClient, receiver: WebhookReceiver, account_id: str
) -> None:
    control(monzo.bank, "PUT", "/webhooks/mode", {"mode": "paused"})
    add(monzo, account_id)
    control(monzo.bank, "POST", "/reset")
    control(monzo.bank, "POST", "/webhooks/flush")
    delivered(monzo)
    assert receiver.events == []
    fresh = MonzoClient(monzo.bank).connect()
    assert fresh.get("/webhooks", account_id=fresh.account_id()).json() == {"webhooks": []}
    fresh.call("POST", "/webhooks", data={"account_id": account_id, "url": receiver.url})
    transaction_id = add(fresh, account_id)
    delivered(fresh)
    assert receiver.ids == [transaction_id]
