"""Two customers, and staff who look after their accounts."""

import pytest
from tests.support.scenes.service_world import Customer, ServiceWorld

from ledgerbank_domain.identity.actor import Actor, Role


@pytest.fixture
def alice(world: ServiceWorld) -> Customer:
    return world.user("alice@example.com")


@pytest.fixture
def bob(world: ServiceWorld) -> Customer:
    return world.user("bob@example.com")


@pytest.fixture
def admin(world: ServiceWorld) -> Actor:
    return world.user("admin@example.com", role=Role.ADMIN)[1]


@pytest.fixture
def support(world: ServiceWorld) -> Actor:
    return world.user("support@example.com", role=Role.SUPPORT)[1]
