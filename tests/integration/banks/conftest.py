"""Gateways before simulated banks, and before scripted ones that answer what a test wants."""

from collections.abc import Iterator

import httpx
import pytest
from tests.support.scenes.gateway_world import (
    MONZO,
    REDIRECT_URI,
    WEBHOOK_SECRET,
    GatewayWorld,
    gateway_world,
    scripted_bank,
)
from tests.support.scenes.monzo_answers import ADDRESS, API
from tests.support.scenes.open_banking_answers import BASE_URL

from ledgerbank_adapters.bank_http import BankHttpClient, WebhookSignature, WebhookUrl
from ledgerbank_adapters.memory import MemoryClock
from ledgerbank_adapters.monzo import MonzoAccess, MonzoGateway
from ledgerbank_adapters.open_banking_uk import OpenBankingUkAccess, OpenBankingUkGateway


@pytest.fixture
def clock() -> MemoryClock:
    return MemoryClock()


@pytest.fixture
def monzo_world(clock: MemoryClock) -> Iterator[GatewayWorld]:
    with gateway_world(MONZO, clock) as world:
        yield world


@pytest.fixture
def asked() -> list[httpx.Request]:
    return []


@pytest.fixture
def answers() -> list[httpx.Response]:
    """What the bank is to answer, in order; the last one for ever."""
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


@pytest.fixture
def gateway(
    clock: MemoryClock, asked: list[httpx.Request], answers: list[httpx.Response]
) -> Iterator[OpenBankingUkGateway]:
    with BankHttpClient(
        provider="alpha_bank", base_url=BASE_URL, clock=clock, transport=scripted_bank(asked, answers)
    ) as client:
        yield OpenBankingUkGateway(
            client=client,
            base_url=BASE_URL,
            access=OpenBankingUkAccess(
                authorization_url="https://login.bank.example/authorize",
                token_url="https://auth.bank.example/token",
                client_id="client",
                client_secret="s3cret",
                redirect_uri=REDIRECT_URI,
            ),
            webhook_signature=WebhookSignature(secret=WEBHOOK_SECRET),
            clock=clock,
        )
