"""How PostgreSQL finds among many users what few of them have: administration, and parameters of hashes."""

import psycopg
import pytest
from sqlalchemy import Engine
from tests.support.sent_statements import last_statement

from ledgerbank_adapters.postgres import PostgresStartUnitOfWork

FILL = """
    INSERT INTO users (
        id, email, email_identity, full_name, password_hash, password_parameters, role, status, verified,
        password_check, inserted_at, updated_at
    )
    SELECT gen_random_uuid(), 'u' || n || '@example.com', 'u' || n || '@example.com', 'U', 'hash', 'hash',
        CASE WHEN n % 10000 = 0 THEN 'admin' ELSE 'user' END, 'ACTIVE', false, 'SETTLED', now(), now()
    FROM generate_series(1, 30000) AS n
"""


@pytest.fixture
def crowd(database_url: str) -> str:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(FILL)
        connection.execute("ANALYZE users")
    return database_url


def test_administrators_are_found_without_looking_at_everybody(crowd: str, postgres_engine: Engine) -> None:
    with psycopg.connect(crowd) as connection:
        (somebody,) = connection.execute("SELECT id FROM users WHERE role = 'user' LIMIT 1").fetchone() or ()
    with last_statement(postgres_engine) as statements, PostgresStartUnitOfWork(postgres_engine)() as work:
        found = work.users.find_many_with_administrators_for_update([somebody])
    assert len(found) == 4
    assert sum(user.is_administrator for user in found.values()) == 3
    statement, parameters = statements[0]
    with psycopg.connect(crowd) as connection:
        plan = "\n".join(line for (line,) in connection.execute(f"EXPLAIN {statement}", parameters))
    assert "users_administrators_idx" in plan, plan
    assert "Seq Scan" not in plan, plan


def test_the_parameters_of_hashes_are_found_without_looking_at_everybody(
    crowd: str, postgres_engine: Engine
) -> None:
    with last_statement(postgres_engine) as statements, PostgresStartUnitOfWork(postgres_engine)() as work:
        assert list(work.users.list_password_parameters()) == ["hash"]
    statement, parameters = statements[0]
    with psycopg.connect(crowd) as connection:
        plan = "\n".join(line for (line,) in connection.execute(f"EXPLAIN {statement}", parameters))
    assert "users_password_parameters_idx" in plan, plan
    assert "Seq Scan" not in plan, plan
