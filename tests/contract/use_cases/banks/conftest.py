"""Customers, staff, and a login at a bank, where a test says nothing else."""

from collections.abc import Iterator

import pytest
from tests.support.scenes.gateway_world import MONZO, Dialect
from tests.support.scenes.service_world import ServiceWorld
from tests.support.scenes.sync_scene import SyncScene, sync_scene

from ledgerbank_adapters.memory import MemoryClock
from ledgerbank_domain.identity.actor import Actor, Role
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork


@pytest.fixture
def scene(start_unit_of_work: StartUnitOfWork, clock: MemoryClock, ids: IdGenerator) -> Iterator[SyncScene]:
    """The first sync is due."""
    with sync_scene(start_unit_of_work=start_unit_of_work, clock=clock, ids=ids) as scene:
        yield scene


@pytest.fixture
def scene_after_first_sync(
    start_unit_of_work: StartUnitOfWork, clock: MemoryClock, ids: IdGenerator
) -> Iterator[SyncScene]:
    with sync_scene(start_unit_of_work=start_unit_of_work, clock=clock, ids=ids) as scene:
        scene.run_jobs()
        yield scene


@pytest.fixture
def dialect() -> Dialect:
    return MONZO


@pytest.fixture
def scene_of_short_history(
    dialect: Dialect, start_unit_of_work: StartUnitOfWork, clock: MemoryClock, ids: IdGenerator
) -> Iterator[SyncScene]:
    """For what is not about movements: the bank knows few, and speaks ``dialect``."""
    with sync_scene(
        start_unit_of_work=start_unit_of_work, clock=clock, ids=ids, dialect=dialect, history_length=3
    ) as scene:
        yield scene


@pytest.fixture
def admin(world: ServiceWorld) -> Actor:
    return world.user("admin@example.com", role=Role.ADMIN)[1]
