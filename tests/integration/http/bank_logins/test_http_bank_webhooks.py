"""Webhooks of banks: taken, told apart, refused."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.support.http.bank_login_steps import WEBHOOK_PATH
from tests.support.http.http_bank import Customer, HttpBank, data_of, error_of
from tests.support.scenes.gateway_world import WEBHOOK_ADDRESS, WEBHOOK_SECRET

from ledgerbank_adapters.bank_http import WebhookUrl


def webhook_query() -> dict[str, str]:
    url = str(WebhookUrl(address=WEBHOOK_ADDRESS, provider="simulated", secret=WEBHOOK_SECRET))
    return {"token": url.rpartition("=")[2]}


@pytest.mark.parametrize(
    "media_type", ["application/json", "text/plain", "application/x-www-form-urlencoded"]
)
def test_a_webhook_is_taken_whatever_its_type_and_told_apart_from_its_repeats(
    bank: HttpBank, media_type: str
) -> None:
    body = b'{"type": "transaction.created", "data": {"id": "tx_1", "account_id": "acc_1"}}'

    def deliver() -> Any:
        headers = {"Content-Type": media_type}
        return data_of(bank.post(WEBHOOK_PATH, params=webhook_query(), content=body, headers=headers))

    assert deliver() == {"received": True, "duplicate": False, "ignored": True}
    assert deliver() == {"received": True, "duplicate": True, "ignored": True}


def test_a_webhook_for_nobody_and_one_that_is_too_large(open_bank: Callable[..., HttpBank]) -> None:
    bank = open_bank(max_body_bytes=1024)

    error_of(bank.post("/webhooks/nobody", json={}), 404, "resource_not_found")
    error_of(bank.post("/webhooks/nobody", content=b"x" * 1025), 413, "payload_too_large")
    error_of(bank.get("/webhooks/nobody"), 405, "method_not_allowed")


def test_a_webhook_that_is_not_the_banks_is_refused_and_on_record(bank: HttpBank, admin: Customer) -> None:
    response = bank.post(WEBHOOK_PATH, params={"token": "guessed"}, json={"type": "transaction.created"})

    error_of(response, 401, "invalid_signature")
    events = data_of(admin.get("/audit-events", params={"event": "webhook.rejected"}))
    assert [(event["reason"], event["metadata"]) for event in events] == [
        ("invalid_signature", {"provider": "simulated"})
    ]
    assert "guessed" not in str(events)
