"""How PostgreSQL finds audit events when there are many."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import Engine
from tests.support.sent_statements import last_statement

from ledgerbank_adapters.postgres import PostgresStartUnitOfWork
from ledgerbank_domain.audit.audit_event import AuditFilter, AuditName
from ledgerbank_domain.identity.page import Cursor, KeysetRequest
from ledgerbank_domain.ports.audit_trail import LATEST_FIRST, AuditTrail

START = datetime(2025, 1, 1, tzinfo=UTC)
ROWS = 30_000
FILL = """
    INSERT INTO audit_events
        (id, occurred_at, event, severity, outcome, actor_user_id, ip, correlation_id, metadata)
    SELECT gen_random_uuid(), %(start)s::timestamptz + n * interval '1 second',
        CASE WHEN n %% 10 = 0 THEN 'auth.login_failed' WHEN n %% 5000 = 1 THEN 'user.password_changed'
            ELSE 'payment.created' END,
        'info', 'success', ('00000000-0000-4000-8000-' || lpad((n %% 500)::text, 12, '0'))::uuid,
        '192.0.2.' || n %% 250, 'c', jsonb_build_object('email_hash', 'h' || n %% 1000)
    FROM generate_series(1, %(rows)s) AS n
"""


@pytest.fixture
def many_events(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(FILL, {"start": START, "rows": ROWS})
        connection.execute("ANALYZE audit_events")


def page(after: Cursor | None = None, **wanted: Any) -> Callable[[AuditTrail], object]:
    request = KeysetRequest(sort=LATEST_FIRST, after=after)
    return lambda trail: trail.list_keyset(AuditFilter(**wanted), request=request)


MIDDLE = Cursor(field="occurred_at", value=START + timedelta(seconds=ROWS // 2), id=UUID(int=1))


@pytest.mark.parametrize(
    ("ask", "indexes"),
    [
        pytest.param(page(), {"audit_events_occurred_at_idx"}, id="first page"),
        pytest.param(page(MIDDLE), {"audit_events_occurred_at_idx"}, id="later page"),
        pytest.param(page(name=AuditName.PASSWORD_CHANGED), {"audit_events_event_idx"}, id="rare event"),
        pytest.param(
            page(actor_user_id=UUID("00000000-0000-4000-8000-000000000007")),
            {"audit_events_actor_idx"},
            id="one actor",
        ),
    ],
)
def test_events_are_found_by_an_index(
    many_events: None,
    postgres_engine: Engine,
    database_url: str,
    ask: Callable[[AuditTrail], object],
    indexes: set[str],
) -> None:
    with last_statement(postgres_engine) as statements, PostgresStartUnitOfWork(postgres_engine)() as work:
        ask(work.audit)
    statement, parameters = statements[0]

    with psycopg.connect(database_url) as connection:
        lines = connection.execute(f"EXPLAIN {statement}", parameters).fetchall()

    plan = "\n".join(line for (line,) in lines)
    assert "Seq Scan" not in plan, plan
    assert all(index in plan for index in indexes), plan
