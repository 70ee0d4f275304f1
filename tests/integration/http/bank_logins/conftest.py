"""A simulated bank before an API that knows it."""

from collections.abc import Callable, Iterator

import pytest
from tests.support.http.http_bank import BackOffice, HttpBank
from tests.support.scenes.gateway_world import MONZO
from tests.support.servers.hosted_bank import HostedBank

from ledgerbank_adapters.simulated_bank import SimulatedBankServer, SimulatedBankSettings


@pytest.fixture
def bank_server(office: BackOffice) -> Iterator[SimulatedBankServer]:
    settings = SimulatedBankSettings(seed=7, history_length=3)
    with (
        HostedBank(settings, clock=office.clock.now) as server,
        MONZO.gateway(server.url, office.clock) as gateway,
    ):
        office.gateways["simulated"] = gateway
        yield server


@pytest.fixture
def bank(bank_server: SimulatedBankServer, open_bank: Callable[..., HttpBank]) -> HttpBank:
    return open_bank()


@pytest.fixture
def branch_id(office: BackOffice) -> str:
    return str(office.given.a_branch(office.given.a_bank(integration_module="simulated")).id)
