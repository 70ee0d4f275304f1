"""Whose payments the jobs are about."""

import pytest
from tests.support.scenes.service_world import Customer, ServiceWorld


@pytest.fixture
def payer(world: ServiceWorld) -> Customer:
    return world.user()
