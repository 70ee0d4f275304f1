"""Where everybody asks for the same thing."""

import pytest
from tests.support.scenes.payment_desk import Desk
from tests.support.scenes.service_world import ServiceWorld


@pytest.fixture
def desk(world: ServiceWorld) -> Desk:
    return Desk(world)
