"""Who made a mistake, and who puts it right."""

import pytest
from tests.support.scenes.service_world import Customer, ServiceWorld

from ledgerbank_domain.identity.actor import Actor, Role


@pytest.fixture
def admin(world: ServiceWorld) -> Actor:
    return world.user("admin@example.com", role=Role.ADMIN)[1]


@pytest.fixture
def alice(world: ServiceWorld) -> Customer:
    return world.user()
