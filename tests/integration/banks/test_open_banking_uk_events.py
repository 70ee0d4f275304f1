"""Signed events of the UK standard."""

import json

import pytest
from tests.support.scenes.gateway_world import WEBHOOK_SECRET

from ledgerbank_adapters.bank_http import WebhookSignature
from ledgerbank_adapters.memory import MemoryClock
from ledgerbank_adapters.open_banking_uk import OpenBankingUkGateway
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ports.bank_gateway import WebhookDelivery

UPDATE = "urn:uk:org:openbanking:events:resource-update"
CLAIMS = {
    "iss": "https://bank.example/",
    "iat": 1516239022,
    "jti": "b460a07c-4962-43d1-85ee-9dc10fbb8f6c",
    "sub": "https://bank.example/accounts/22289",
    "events": {
        UPDATE: {
            "subject": {
                "subject_type": "http://openbanking.org.uk/rid_http://openbanking.org.uk/rty",
                "http://openbanking.org.uk/rid": "22289",
                "http://openbanking.org.uk/rty": "account",
            }
        }
    },
}


def signed(body: bytes, clock: MemoryClock) -> WebhookDelivery:
    timestamp = str(int(clock.now().timestamp()))
    signature = WebhookSignature(secret=WEBHOOK_SECRET).signature(timestamp=timestamp, body=body)
    headers = {"x-webhook-timestamp": timestamp, "x-webhook-signature": signature}
    return WebhookDelivery(body=body, headers=headers, query={})


def test_a_signed_event_about_an_account_is_one_about_its_movements(
    gateway: OpenBankingUkGateway, clock: MemoryClock
) -> None:
    notice = gateway.verify_webhook(signed(json.dumps(CLAIMS).encode(), clock), now=clock.now())

    assert notice.event_id == CLAIMS["jti"]
    assert notice.is_about_a_transaction
    assert notice.external_account_id == "22289"


@pytest.mark.parametrize(
    "events",
    [
        {"urn:uk:org:openbanking:events:consent-authorization-revoked": {"subject": {}}},
        {UPDATE: {"subject": {"http://openbanking.org.uk/rty": "domestic-payment"}}},
        {UPDATE: None},
    ],
)
def test_a_signed_event_about_something_else_keeps_its_name(
    gateway: OpenBankingUkGateway, clock: MemoryClock, events: dict[str, object]
) -> None:
    body = json.dumps({**CLAIMS, "events": events}).encode()

    notice = gateway.verify_webhook(signed(body, clock), now=clock.now())

    assert [notice.event_type] == list(events)
    assert notice.external_account_id is None
    assert not notice.is_about_a_transaction


@pytest.mark.parametrize(
    "change", [{"jti": None}, {"jti": "x" * 256}, {"events": {}}, {"events": []}, {"events": {"": {}}}]
)
def test_a_signed_event_that_cannot_be_read_is_refused_like_a_forged_one(
    gateway: OpenBankingUkGateway, clock: MemoryClock, change: dict[str, object]
) -> None:
    genuine = signed(json.dumps(CLAIMS).encode(), clock)
    forged = WebhookDelivery(body=genuine.body + b" ", headers=genuine.headers, query={})
    unreadable = [
        signed(json.dumps({**CLAIMS, **change}).encode(), clock),
        signed(b"[]", clock),
        signed(b"", clock),
    ]

    for delivery in (forged, *unreadable):
        with pytest.raises(DomainError) as refused:
            gateway.verify_webhook(delivery, now=clock.now())
        assert refused.value.reason is Reason.INVALID_SIGNATURE
