"""A simulated bank whose clock only moves when it is told to."""

from collections.abc import Iterator

import pytest
from tests.support.scenes.bank_customers import START, MonzoClient, OpenBankingClient
from tests.support.servers.hosted_bank import HostedBank

from ledgerbank_adapters.simulated_bank import SimulatedBankServer, SimulatedBankSettings


@pytest.fixture
def bank() -> Iterator[SimulatedBankServer]:
    settings = SimulatedBankSettings(seed=7, webhook_retry_waits=(0.01, 0.02, 0.03, 0.04, 0.05))
    with HostedBank(settings, clock=lambda: START) as bank:
        yield bank


@pytest.fixture
def monzo(bank: SimulatedBankServer) -> MonzoClient:
    return MonzoClient(bank).connect()


@pytest.fixture
def open_banking(bank: SimulatedBankServer) -> OpenBankingClient:
    return OpenBankingClient(bank).connect()
