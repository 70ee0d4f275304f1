"""What exporting and removing audit events promise on PostgreSQL alone."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from sqlalchemy import Engine

from ledgerbank_adapters.postgres import PostgresStartUnitOfWork
from ledgerbank_adapters.postgres.repositories.postgres_audit_exports import DELETE_EXPORTED

EVENT = """
    INSERT INTO audit_events (id, occurred_at, event, severity, outcome, metadata)
    VALUES (gen_random_uuid(), %s, 'auth.logout', 'info', 'success', '{}') RETURNING id
"""


def test_a_transaction_that_is_still_open_is_seen_as_long_as_it_lasts(
    postgres_engine: Engine, database_url: str
) -> None:
    start_unit_of_work = PostgresStartUnitOfWork(postgres_engine)
    with psycopg.connect(database_url) as other:
        began = other.execute("SELECT now()").fetchone()
        with start_unit_of_work() as work:
            assert (work.audit_exports.oldest_unit_began(),) == began
        other.rollback()
        with start_unit_of_work() as work:
            assert work.audit_exports.oldest_unit_began() is None


def test_a_role_with_no_more_than_its_rights_on_the_tables_removes_what_was_exported_and_nothing_else(
    database_url: str,
) -> None:
    now = datetime.now(UTC)
    old, later = now - timedelta(days=30), now - timedelta(days=20)
    with psycopg.connect(database_url) as connection:
        (exported,) = connection.execute(EVENT, [old]).fetchone() or ()
        connection.execute(EVENT, [later])
        connection.execute("INSERT INTO audit_exports VALUES ('audit_events', %s, %s)", [old, exported])
        connection.execute("CREATE ROLE audit_clerk_of_a_test NOSUPERUSER")
        connection.execute("GRANT SELECT, UPDATE, DELETE ON audit_events TO audit_clerk_of_a_test")
        connection.execute("GRANT SELECT ON audit_exports TO audit_clerk_of_a_test")
        connection.execute("SET LOCAL ROLE audit_clerk_of_a_test")

        removed = connection.execute(DELETE_EXPORTED, {"before": now, "limit": 10}).rowcount
        left = connection.execute("SELECT occurred_at FROM audit_events").fetchall()
        with pytest.raises(psycopg.errors.RestrictViolation, match="append-only"):
            connection.execute("DELETE FROM audit_events")
        connection.rollback()

    assert (removed, left) == (1, [(later,)])
