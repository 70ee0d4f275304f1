"""A migrated database of each server version, empty or with rows in every table."""

from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import Engine
from tests.support.scenes.entity_builder import EntityBuilder
from tests.support.scenes.rows_of_every_table import WORLD, insert
from tests.support.servers.postgres_servers import PostgresTestServer, empty

from ledgerbank_adapters.memory import MemoryClock
from ledgerbank_adapters.postgres import PostgresStartUnitOfWork
from ledgerbank_adapters.system import Uuid7IdGenerator
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork


@pytest.fixture(scope="module")
def schema_url(every_postgres_server: PostgresTestServer, worker_name: str) -> str:
    return every_postgres_server.create_migrated_database(f"schema_{worker_name}")


@pytest.fixture(scope="module")
def schema(schema_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(schema_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def world(schema: psycopg.Connection) -> psycopg.Connection:
    """A connection to a database with one row or two in every table."""
    empty(schema)
    schema.execute("RESET session_replication_role")
    for table, row in WORLD:
        insert(schema, table, row)
    return schema


@pytest.fixture
def start_unit_of_work(postgres_engine: Engine) -> StartUnitOfWork:
    return PostgresStartUnitOfWork(postgres_engine)


@pytest.fixture
def given(start_unit_of_work: StartUnitOfWork) -> EntityBuilder:
    return EntityBuilder(start_unit_of_work=start_unit_of_work, clock=MemoryClock(), ids=Uuid7IdGenerator())
