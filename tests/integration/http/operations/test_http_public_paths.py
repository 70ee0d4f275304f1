"""Every address that others are told to come to is served."""

from urllib.parse import parse_qs, urlsplit

import httpx
from tests.support.http.http_bank import HttpBank, error_of

from ledgerbank_adapters.http import bank_callback_url, icon_url, webhook_url
from ledgerbank_adapters.memory import MemoryClock
from ledgerbank_adapters.simulated_bank import DEFAULT_REDIRECT_URI
from ledgerbank_app.bank_gateways import create_bank_gateways
from ledgerbank_app.settings.settings_loading import load_settings

BASE_URL = "https://ledgerbank.example"


def asked(bank: HttpBank, url: str, method: str = "GET") -> httpx.Response:
    assert url.startswith(f"{BASE_URL}/")
    bank.prefix = ""
    return bank.request(method, url.removeprefix(BASE_URL))


def test_the_picture_in_a_banks_notices_can_be_fetched(bank: HttpBank) -> None:
    picture = asked(bank, icon_url(BASE_URL))

    assert picture.status_code == 200
    assert picture.headers["Content-Type"] == "image/png"
    assert picture.content.startswith(b"\x89PNG")


def test_customers_come_back_to_where_a_connection_is_finished(bank: HttpBank) -> None:
    error_of(asked(bank, bank_callback_url(BASE_URL)), 400, "missing_fields")


def test_events_are_received_where_banks_are_told_to_send_them(bank: HttpBank) -> None:
    error_of(asked(bank, webhook_url(BASE_URL, "simulated"), "POST"), 404, "resource_not_found")
    assert asked(bank, webhook_url(BASE_URL, "simulated")).status_code == 405


def test_a_providers_name_cannot_lead_elsewhere() -> None:
    assert webhook_url(BASE_URL, "../a?b") == f"{BASE_URL}/api/v1/webhooks/..%2Fa%3Fb"


def test_gateways_send_customers_back_to_the_address_that_is_served() -> None:
    settings = load_settings({"PUBLIC_BASE_URL": BASE_URL, "SIMULATED_BANK_ENABLED": "true"})
    gateways = create_bank_gateways(settings, clock=MemoryClock(), observer=None)
    try:
        url = gateways.by_name["simulated"].authorization_url(state="s" * 43, code_challenge="c" * 43)
    finally:
        gateways.close()
    assert parse_qs(urlsplit(url).query)["redirect_uri"] == [bank_callback_url(BASE_URL)]


def test_a_simulated_bank_of_its_own_knows_the_address_of_a_server_as_it_comes() -> None:
    assert load_settings({}).server.public_base_url == "http://localhost:4000"
    assert bank_callback_url("http://localhost:4000") == DEFAULT_REDIRECT_URI
