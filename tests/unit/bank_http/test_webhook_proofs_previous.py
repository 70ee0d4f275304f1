"""Webhooks under the secret from before the change."""

from datetime import UTC, datetime

import pytest

from ledgerbank_adapters.bank_http import WebhookSignature, WebhookUrl
from ledgerbank_adapters.bank_http.webhook_proofs import SIGNATURE_HEADER, TIMESTAMP_HEADER
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.ports.bank_gateway import WebhookDelivery

NOW = datetime(2026, 11, 28, tzinfo=UTC)
STAMP = str(int(NOW.timestamp()))


def url(secret: bytes, previous: bytes | None = None) -> WebhookUrl:
    return WebhookUrl(
        address="https://bank.example/api/v1/webhooks/monzo",
        provider="monzo",
        secret=secret,
        previous_secret=previous,
    )


def called(address: WebhookUrl) -> WebhookDelivery:
    token = str(address).partition("token=")[2]
    return WebhookDelivery(body=b"{}", headers={}, query={"token": token})


def signed(signature: WebhookSignature) -> WebhookDelivery:
    proof = signature.signature(timestamp=STAMP, body=b"{}")
    return WebhookDelivery(body=b"{}", headers={TIMESTAMP_HEADER: STAMP, SIGNATURE_HEADER: proof}, query={})


def test_an_url_with_the_previous_token_is_still_let_in_and_given_to_no_bank_any_more() -> None:
    both = url(b"new", b"old")
    both.verify(called(url(b"old")))
    both.verify(called(url(b"new")))
    assert str(both) == str(url(b"new"))
    for stranger in (called(url(b"other")), WebhookDelivery(body=b"", headers={}, query={})):
        with pytest.raises(DomainError):
            both.verify(stranger)
    with pytest.raises(DomainError):
        url(b"new").verify(called(url(b"old")))


def test_a_signature_under_the_previous_secret_is_still_believed() -> None:
    both = WebhookSignature(secret=b"new", previous_secret=b"old")
    both.verify(signed(WebhookSignature(secret=b"old")), now=NOW)
    both.verify(signed(WebhookSignature(secret=b"new")), now=NOW)
    assert signed(both) == signed(WebhookSignature(secret=b"new"))
    with pytest.raises(DomainError):
        both.verify(signed(WebhookSignature(secret=b"other")), now=NOW)
    with pytest.raises(DomainError):
        WebhookSignature(secret=b"new").verify(signed(WebhookSignature(secret=b"old")), now=NOW)
