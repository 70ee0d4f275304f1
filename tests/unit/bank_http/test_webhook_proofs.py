"""How a webhook shows that the bank sent it."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.refusals import refusal_of

from ledgerbank_adapters.bank_http import WebhookSignature, WebhookUrl
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ports.bank_gateway import WebhookDelivery

SECRET = b"0123456789abcdef0123456789abcdef"
NOW = datetime(2025, 1, 15, 12, 0, tzinfo=UTC)
ADDRESS = "https://bank.example/api/v1/webhooks/monzo"
URL = WebhookUrl(address=ADDRESS, provider="monzo", secret=SECRET)
SIGNATURE = WebhookSignature(secret=SECRET)


def delivered_to(url: str, body: bytes = b"{}") -> WebhookDelivery:
    return WebhookDelivery(body=body, headers={}, query=dict(parse_qsl(urlsplit(url).query)))


def signed(body: bytes = b"{}", *, at: datetime = NOW, **headers: str) -> WebhookDelivery:
    timestamp = str(int(at.timestamp()))
    proofs = {
        "x-webhook-timestamp": timestamp,
        "x-webhook-signature": SIGNATURE.signature(timestamp=timestamp, body=body),
    }
    return WebhookDelivery(body=body, headers=proofs | headers, query={})


def assert_refused(delivery: WebhookDelivery) -> None:
    for refusal in (
        refusal_of(lambda: URL.verify(delivery)),
        refusal_of(lambda: SIGNATURE.verify(delivery, now=NOW)),
    ):
        assert refusal.reason is Reason.INVALID_SIGNATURE
        assert refusal.details == {}


def test_a_delivery_to_the_url_that_was_given_is_accepted() -> None:
    assert str(URL).startswith(f"{ADDRESS}?token=")
    URL.verify(delivered_to(str(URL)))


@pytest.mark.parametrize("token", ["", "0" * 64, "é", "\ud800", str(URL)[-63:], str(URL)[-64:].upper()])
def test_any_other_token_is_refused(token: str) -> None:
    assert_refused(WebhookDelivery(body=b"{}", headers={}, query={"token": token}))
    assert_refused(WebhookDelivery(body=b"{}", headers={}, query={}))


def test_the_token_of_one_provider_or_secret_opens_no_other_door() -> None:
    others = [
        WebhookUrl(address=ADDRESS, provider="simulated", secret=SECRET),
        WebhookUrl(address=ADDRESS, provider="monzo", secret=SECRET[::-1]),
    ]

    for other in others:
        assert_refused(delivered_to(str(other)))


def test_only_urls_of_our_own_path_are_ours_whatever_their_token() -> None:
    assert URL.is_ours(str(URL))
    assert URL.is_ours("https://bank.example/api/v1/webhooks/monzo?token=of-an-old-secret")
    assert not URL.is_ours("https://bank.example/api/v1/webhooks/simulated?token=x")
    assert not URL.is_ours("https://bank.example.evil/api/v1/webhooks/monzo")
    assert not URL.is_ours("https://[")
    assert not URL.is_ours("")


def test_the_token_is_not_shown_where_the_object_is() -> None:
    assert str(URL)[-64:] not in repr(URL)


def test_a_signature_over_timestamp_and_body_is_accepted_for_five_minutes() -> None:
    for seconds in (-300, -1, 0, 1, 300):
        SIGNATURE.verify(signed(at=NOW + timedelta(seconds=seconds)), now=NOW)


@pytest.mark.parametrize("seconds", [-301, 301, -86_400])
def test_an_old_or_future_signature_is_refused(seconds: int) -> None:
    assert_refused(signed(at=NOW + timedelta(seconds=seconds)))


@given(st.binary(max_size=50))
def test_a_signature_fits_its_own_body_only(body: bytes) -> None:
    delivery = signed(body)
    SIGNATURE.verify(delivery, now=NOW)
    assert_refused(WebhookDelivery(body=body + b" ", headers=delivery.headers, query={}))


@pytest.mark.parametrize(
    "headers",
    [
        {"x-webhook-timestamp": ""},
        {"x-webhook-timestamp": "soon"},
        {"x-webhook-timestamp": "1736942401"},
        {"x-webhook-timestamp": "1736942400.0"},
        {"x-webhook-timestamp": "９" * 10},
        {"x-webhook-timestamp": "9" * 400},
        {"x-webhook-signature": ""},
        {"x-webhook-signature": "é"},
        {"x-webhook-signature": "0" * 64},
    ],
)
def test_a_tampered_header_is_refused(headers: dict[str, str]) -> None:
    delivery = signed()
    assert_refused(WebhookDelivery(body=b"{}", headers={**delivery.headers, **headers}, query={}))


def test_the_documented_scheme_is_a_plain_hmac_over_timestamp_full_stop_and_body() -> None:
    # As `printf '1.{}' | openssl dgst -sha256 -hmac key` says.
    assert WebhookSignature(secret=b"key").signature(timestamp="1", body=b"{}") == (
        "1ba6b8171186efc613e8bcc0cbdab2748f24984d7c5a84faa2637afa0e40d224"
    )
