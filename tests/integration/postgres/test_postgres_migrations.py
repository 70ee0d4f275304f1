"""Migrating a database, on every PostgreSQL that is installed."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from threading import Barrier

import psycopg
import pytest
from sqlalchemy import Engine
from tests.support.servers.postgres_servers import PostgresTestServer

from ledgerbank_adapters.postgres import create_postgres_engine, is_up_to_date, upgrade_to_newest
from ledgerbank_adapters.postgres.postgres_migrations import newest_revision
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ports.unit_of_work import TransactionConflict

MIGRATING_PROCESS = """
import sys
from ledgerbank_adapters.postgres import create_postgres_engine, upgrade_to_newest
engine = create_postgres_engine(sys.argv[1])
sys.stdin.read()
upgrade_to_newest(engine)
"""
MakeEngine = Callable[[], Engine]

_numbers = count(1)


@pytest.fixture
def url(every_postgres_server: PostgresTestServer, worker_name: str) -> str:
    """A new database without any table."""
    return every_postgres_server.create_database(f"migrations_{worker_name}_{next(_numbers)}")


@pytest.fixture
def make_engine(url: str) -> Iterator[MakeEngine]:
    engines: list[Engine] = []

    def make() -> Engine:
        engines.append(create_postgres_engine(url))
        return engines[-1]

    yield make
    for engine in engines:
        engine.dispose()


def asked(url: str, question: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(question).fetchone()
    assert row is not None
    return row[0]


def test_an_empty_database_is_behind_until_it_is_migrated(make_engine: MakeEngine) -> None:
    engine = make_engine()

    assert not is_up_to_date(engine)
    upgrade_to_newest(engine)
    assert is_up_to_date(engine)


def test_migrating_again_changes_nothing(make_engine: MakeEngine, url: str) -> None:
    everything = (
        "SELECT array_agg(oid ORDER BY oid)::text FROM pg_class WHERE relnamespace = 'public'::regnamespace"
    )
    upgrade_to_newest(make_engine())
    tables = asked(url, everything)

    upgrade_to_newest(make_engine())

    assert asked(url, everything) == tables


def test_four_processes_may_migrate_at_once(make_engine: MakeEngine, url: str) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", MIGRATING_PROCESS, url], stdin=subprocess.PIPE, env=environment
        )
        for _ in range(4)
    ]

    for process in processes:
        assert process.stdin is not None
        process.stdin.close()
    exits = [process.wait(timeout=60) for process in processes]

    assert exits == [0, 0, 0, 0]
    assert is_up_to_date(make_engine())
    assert asked(url, "SELECT count(*) FROM alembic_version") == 1


def test_eight_threads_with_one_engine_may_migrate_at_once(make_engine: MakeEngine) -> None:
    engine = make_engine()
    together = Barrier(8)

    def migrate() -> None:
        together.wait()
        upgrade_to_newest(engine)

    with ThreadPoolExecutor(8) as threads:
        for done in [threads.submit(migrate) for _ in range(8)]:
            done.result()

    assert is_up_to_date(engine)


def test_a_migration_that_fails_leaves_nothing_behind_and_frees_its_turn(
    make_engine: MakeEngine, url: str
) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE webhook_events (in_the_way int)")

    with pytest.raises(Exception, match="already exists"):
        upgrade_to_newest(make_engine())
    assert asked(url, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 1

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP TABLE webhook_events")
    engine = make_engine()
    upgrade_to_newest(engine)
    assert is_up_to_date(engine)


def test_a_database_that_is_newer_than_the_program_is_left_alone(make_engine: MakeEngine, url: str) -> None:
    upgrade_to_newest(make_engine())
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    engine = make_engine()

    assert not is_up_to_date(engine)
    with pytest.raises(DomainError) as refusal:
        upgrade_to_newest(engine)

    assert refusal.value.reason is Reason.CONFIGURATION_ERROR
    assert "9999" in refusal.value.details["message"]
    assert asked(url, "SELECT version_num FROM alembic_version") == "9999"


def test_a_table_that_others_keep_locked_is_a_conflict_and_not_an_endless_wait(
    make_engine: MakeEngine, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledgerbank_adapters.postgres.postgres_migrations.LOCK_TIMEOUT_SECONDS", 0.2)
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num varchar(32) NOT NULL)")
        connection.commit()
        connection.execute("LOCK TABLE alembic_version IN EXCLUSIVE MODE")
        with pytest.raises(TransactionConflict):
            upgrade_to_newest(make_engine())


def test_a_database_out_of_reach_is_a_database_error(make_engine: MakeEngine, url: str) -> None:
    nowhere = create_postgres_engine("postgresql://nobody@127.0.0.1:1/nowhere")

    for ask in (upgrade_to_newest, is_up_to_date):
        with pytest.raises(DomainError) as refusal:
            ask(nowhere)
        assert refusal.value.reason is Reason.DATABASE_ERROR


def test_the_newest_revision_is_known_by_number() -> None:
    assert newest_revision() == "0001"
