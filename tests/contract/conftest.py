"""Every contract runs over every adapter, each test on an empty store."""

import pytest
from sqlalchemy import Engine
from tests.support.scenes.entity_builder import EntityBuilder
from tests.support.scenes.service_world import ServiceWorld

from ledgerbank_adapters.memory import MemoryClock, MemoryDatabase, MemoryStartUnitOfWork
from ledgerbank_adapters.postgres import PostgresStartUnitOfWork
from ledgerbank_adapters.system import Uuid7IdGenerator
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork


@pytest.fixture
def clock() -> MemoryClock:
    """Stands still until a test moves it; the storage under test goes by it as well."""
    return MemoryClock()


@pytest.fixture(params=["memory", "postgres"])
def start_unit_of_work(request: pytest.FixtureRequest, clock: MemoryClock) -> StartUnitOfWork:
    if request.param == "memory":
        return MemoryStartUnitOfWork(MemoryDatabase(clock))
    engine: Engine = request.getfixturevalue("postgres_engine")
    return PostgresStartUnitOfWork(engine, clock=clock)


@pytest.fixture
def ids() -> IdGenerator:
    return Uuid7IdGenerator()


@pytest.fixture
def given(start_unit_of_work: StartUnitOfWork, clock: MemoryClock, ids: IdGenerator) -> EntityBuilder:
    return EntityBuilder(start_unit_of_work=start_unit_of_work, clock=clock, ids=ids)


@pytest.fixture
def world(start_unit_of_work: StartUnitOfWork, clock: MemoryClock, ids: IdGenerator) -> ServiceWorld:
    """A bank with all its services over the storage under test."""
    return ServiceWorld(start_unit_of_work=start_unit_of_work, clock=clock, ids=ids)
