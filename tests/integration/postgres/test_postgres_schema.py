"""What the schema keeps for ever, and that the migrations, the tables and the catalogs agree."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine
from tests.support.scenes.rows_of_every_table import FIRST_ROWS, insert, number
from tests.support.servers.postgres_servers import PostgresTestServer, empty

from ledgerbank_adapters.postgres import create_postgres_engine
from ledgerbank_adapters.postgres.schema.column_kinds import metadata

APPEND_ONLY = ["journal_entries", "transactions", "clearing_lines", "audit_events"]


@pytest.fixture(scope="module")
def engine(schema_url: str) -> Iterator[Engine]:
    engine = create_postgres_engine(schema_url)
    yield engine
    engine.dispose()


def test_no_row_that_is_referred_to_can_be_deleted(schema: psycopg.Connection) -> None:
    kinds = schema.execute("SELECT DISTINCT confdeltype FROM pg_constraint WHERE contype = 'f'").fetchall()

    assert kinds == [("r",)]


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE {table} SET id = id",
        "UPDATE {table} SET id = id WHERE false",
        "DELETE FROM {table}",
        "TRUNCATE {table} CASCADE",
        "INSERT INTO {table} SELECT * FROM {table} ON CONFLICT (id) DO UPDATE SET id = excluded.id",
    ],
)
def test_what_is_booked_or_recorded_is_never_changed_not_even_by_a_superuser(
    world: psycopg.Connection, table: str, change: str
) -> None:
    before = world.execute(f"SELECT * FROM {table} ORDER BY id").fetchall()

    with pytest.raises(psycopg.errors.RestrictViolation, match="is append-only") as refusal:
        world.execute(change.format(table=table))

    assert str(refusal.value.diag.constraint_name).endswith("_append_only")
    assert world.execute(f"SELECT * FROM {table} ORDER BY id").fetchall() == before


def test_a_change_of_anything_recorded_but_the_count_is_refused_even_where_it_would_find_no_row(
    world: psycopg.Connection,
) -> None:
    columns = world.execute(
        "SELECT attname FROM pg_attribute"
        " WHERE attrelid = 'audit_events'::regclass AND attnum > 0 AND attname <> 'occurrences'"
    ).fetchall()
    assert len(columns) > 1
    for (name,) in columns:
        with pytest.raises(psycopg.errors.RestrictViolation, match="is append-only"):
            world.execute(
                f"UPDATE audit_events SET {name} = {name}, occurrences = occurrences + 1 WHERE false"
            )


@pytest.mark.parametrize(
    ("change", "is_refused"),
    [
        ("occurrences = occurrences + 1", False),
        ("occurrences = occurrences + 2", True),
        ("occurrences = occurrences - 1", True),
        ("occurrences = occurrences + 1, reason = 'invalid_token'", True),
        ("occurrences = occurrences + 1, metadata = '{\"a\": 1}'", True),
        ("repeat_key = NULL, repeat_minute = NULL, occurrences = occurrences + 1", True),
    ],
)
def test_of_a_repeated_event_the_count_alone_may_grow_and_by_one(
    world: psycopg.Connection, change: str, is_refused: bool
) -> None:
    once = FIRST_ROWS["audit_events"] | {"id": number(900), "repeat_key": None, "repeat_minute": None}
    insert(world, "audit_events", once)
    with pytest.raises(psycopg.errors.RestrictViolation, match="is append-only"):
        world.execute("UPDATE audit_events SET occurrences = occurrences + 1 WHERE id = %s", [number(900)])
    repeated = "UPDATE audit_events SET {change} WHERE repeat_key IS NOT NULL"
    if is_refused:
        with pytest.raises(psycopg.errors.RestrictViolation, match="is append-only"):
            world.execute(repeated.format(change=change))
    else:
        assert world.execute(repeated.format(change=change)).rowcount == 1


@pytest.mark.parametrize(
    ("age", "exported_up_to", "is_removed"),
    [
        (timedelta(days=1, minutes=1), (timedelta(0), number(26)), True),
        (timedelta(days=1, minutes=1), (timedelta(seconds=1), number(1)), True),
        (timedelta(hours=23, minutes=59), (timedelta(seconds=1), number(26)), False),
        (timedelta(days=400), (timedelta(0), number(25)), False),
        (timedelta(days=400), (-timedelta(microseconds=1), number(99)), False),
    ],
)
def test_only_what_was_exported_and_is_older_than_a_day_leaves_the_audit_trail(
    schema: psycopg.Connection, age: timedelta, exported_up_to: tuple[timedelta, UUID], is_removed: bool
) -> None:
    empty(schema)
    schema.execute("RESET session_replication_role")
    occurred_at = datetime.now(UTC) - age
    insert(schema, "audit_events", FIRST_ROWS["audit_events"] | {"occurred_at": occurred_at})
    later, event_id = exported_up_to
    position = {"occurred_at": occurred_at + later, "event_id": event_id}
    insert(schema, "audit_exports", {"trail": "audit_events", **position})

    if is_removed:
        schema.execute("DELETE FROM audit_events")
    else:
        with pytest.raises(psycopg.errors.RestrictViolation, match="is append-only"):
            schema.execute("DELETE FROM audit_events")
    with pytest.raises(psycopg.errors.RestrictViolation, match="is append-only"):
        schema.execute("UPDATE audit_events SET reason = NULL")
    with pytest.raises(psycopg.errors.RestrictViolation, match="is append-only"):
        schema.execute("TRUNCATE audit_events")

    assert schema.execute("SELECT count(*) FROM audit_events").fetchall() == [(0 if is_removed else 1,)]


def test_alembic_finds_no_difference_between_the_migrations_and_the_tables(engine: Engine) -> None:
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_the_catalogs_find_no_difference_either(
    schema: psycopg.Connection, every_postgres_server: PostgresTestServer, worker_name: str
) -> None:
    """Also collations, deferred foreign keys and the conditions of partial indexes, which alembic ignores."""
    url = every_postgres_server.create_database(f"tables_{worker_name}")
    engine = create_postgres_engine(url)
    with engine.begin() as connection:
        metadata.create_all(connection)
    engine.dispose()

    with psycopg.connect(url) as made:
        assert description(made) == description(schema)


def description(connection: psycopg.Connection) -> set[tuple[Any, ...]]:
    columns = """
        SELECT attrelid::regclass::text, attname, format_type(atttypid, atttypmod), attnotnull, collname
        FROM pg_attribute LEFT JOIN pg_collation ON pg_collation.oid = attcollation
        WHERE attnum > 0 AND attrelid::regclass::text <> 'alembic_version' AND attrelid IN (
            SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
        )
    """
    constraints = """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace AND contype IN ('f', 'p', 'u')
          AND conrelid::regclass::text <> 'alembic_version'
    """
    indexes = """
        SELECT tablename, indexname, indexdef FROM pg_indexes
        WHERE schemaname = 'public' AND tablename <> 'alembic_version'
    """
    return {
        tuple(row) for question in (columns, constraints, indexes) for row in connection.execute(question)
    }
