"""A bank over either storage, and an account of Alice."""

import pytest
from sqlalchemy import Engine
from tests.support.http.http_bank import BackOffice, Customer

from ledgerbank_adapters.memory import MemoryClock, MemoryDatabase, MemoryStartUnitOfWork
from ledgerbank_adapters.postgres import PostgresStartUnitOfWork
from ledgerbank_adapters.system import Uuid7IdGenerator
from ledgerbank_domain.banking.account import Account
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork


@pytest.fixture(params=["memory", "postgres"])
def office(request: pytest.FixtureRequest) -> BackOffice:
    clock = MemoryClock()
    start_unit_of_work: StartUnitOfWork
    if request.param == "memory":
        start_unit_of_work = MemoryStartUnitOfWork(MemoryDatabase(clock))
    else:
        engine: Engine = request.getfixturevalue("postgres_engine")
        start_unit_of_work = PostgresStartUnitOfWork(engine, clock=clock)
    return BackOffice(start_unit_of_work=start_unit_of_work, clock=clock, ids=Uuid7IdGenerator())


@pytest.fixture
def account(alice: Customer) -> Account:
    return alice.account("100")
