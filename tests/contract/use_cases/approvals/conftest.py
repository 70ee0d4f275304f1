"""A bank where certain acts of staff take two, and who asks and who decides there."""

import pytest
from tests.support.scenes.service_world import Customer, ServiceWorld

from ledgerbank_adapters.memory import MemoryClock
from ledgerbank_domain.identity.actor import Actor, Role
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork
from ledgerbank_domain.services.conduct.four_eyes import FourEyes


@pytest.fixture
def world(start_unit_of_work: StartUnitOfWork, clock: MemoryClock, ids: IdGenerator) -> ServiceWorld:
    return ServiceWorld(
        start_unit_of_work=start_unit_of_work, clock=clock, ids=ids, four_eyes=FourEyes(required=True)
    )


@pytest.fixture
def alice(world: ServiceWorld) -> Customer:
    return world.user()


@pytest.fixture
def asking(world: ServiceWorld) -> Actor:
    return world.user("asking@example.com", role=Role.ADMIN).actor


@pytest.fixture
def deciding(world: ServiceWorld) -> Actor:
    return world.user("deciding@example.com", role=Role.ADMIN).actor
