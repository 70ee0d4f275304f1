"""What a unit of work asks of the server: how many statements, in which order, and by which plans."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any, LiteralString

import psycopg
import pytest
from sqlalchemy import Engine, event
from tests.support.scenes.entity_builder import KEY_SECRET, EntityBuilder, book

from ledgerbank_adapters.memory import memory_ports
from ledgerbank_domain.banking.transaction import TransactionFilter
from ledgerbank_domain.identity.actor import NOWHERE
from ledgerbank_domain.identity.page import Cursor, KeysetRequest, Sort
from ledgerbank_domain.payments.payment import PaymentStatus
from ledgerbank_domain.ports.repositories.user_repository import SessionKey
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork
from ledgerbank_domain.services.service_composition import compose_services
from ledgerbank_domain.users.api_key import api_key_text

# Enough rows of this and of another owner that the planner sees what a busy table looks like.
MANY_LINES = """
    INSERT INTO transactions (
        id, account_id, user_id, journal_entry_id, entry_position, line_number, kind, direction, amount,
        currency, balance_after, day_spent, description, description_search, posted_at, inserted_at,
        updated_at
    )
    SELECT gen_random_uuid(), owner.account_id, owner.user_id, gen_random_uuid(), 0, number, 'PAYMENT',
           'CREDIT', mod(number, 97) + 1, 'GBP', number, 0, 'A line', 'a line',
           timestamptz '2025-01-15 12:00Z' + (number - 2000) * interval '1 minute', now(), now()
    FROM generate_series(2, 4000) AS number, (
        VALUES (%(account)s::uuid, %(user)s::uuid), (gen_random_uuid(), gen_random_uuid())
    ) AS owner (account_id, user_id)
"""
MANY_TOKENS = """
    INSERT INTO refresh_tokens (
        id, user_id, jti, session_id, session_started_at, expires_at, last_used_at, inserted_at, updated_at
    )
    SELECT gen_random_uuid(), %(user)s, gen_random_uuid(), gen_random_uuid(), now(),
           timestamptz '2025-01-15' + number * interval '1 hour', now(), now(), now()
    FROM generate_series(1, 4000) AS number
"""
MANY_USERS = """
    INSERT INTO users (
        id, email, email_identity, full_name, password_hash, password_parameters, role, status, verified,
        password_check, inserted_at, updated_at
    )
    SELECT gen_random_uuid(), 'user' || number || '@many.example', 'user' || number || '@many.example',
           'Many', 'a hash', 'a hash', 'user', 'ACTIVE', false, 'SETTLED', now(), now()
    FROM generate_series(1, 4000) AS number
"""
MANY_KEYS = """
    INSERT INTO api_keys (
        id, user_id, name, scopes, allowed_networks, secret_hash, expires_at, inserted_at, updated_at
    )
    SELECT gen_random_uuid(), %(user)s, 'Many', 'banks:read', '', repeat('0', 64),
           now() + interval '1 day', now(), now()
    FROM generate_series(1, 4000) AS number
"""
Statement = tuple[str, Any]


@contextmanager
def recorded(engine: Engine) -> Iterator[list[Statement]]:
    statements: list[Statement] = []

    def record(_connection: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        statements.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", record)
    yield statements
    event.remove(engine, "before_cursor_execute", record)


def fill(database_url: str, table: str, statement: str, **values: Any) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(statement, values)
        connection.execute(f"ANALYZE {table}")


def plan_of(database_url: str, statement: Statement, preparation: LiteralString = "") -> dict[str, Any]:
    with psycopg.connect(database_url) as connection:
        connection.execute(preparation)
        sql, parameters = statement
        row = connection.execute(f"EXPLAIN (FORMAT JSON) {sql}", parameters).fetchone()
    assert row is not None
    plan: dict[str, Any] = row[0][0]["Plan"]
    return plan


def nodes_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes_of(child)


@pytest.mark.parametrize("payments", [1, 500])
def test_a_batch_takes_as_many_statements_as_a_single_payment(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, postgres_engine: Engine, payments: int
) -> None:
    account = given.an_account(balance="1000000")
    now = given.clock.now()
    pending = [given.new_payment(account, amount=number) for number in range(1, payments + 1)]

    with recorded(postgres_engine) as statements, start_unit_of_work() as work:
        work.payments.add_many(pending)
        locked = work.payments.find_many_for_update([payment.id for payment in pending])
        entries = [
            given.new_movement(account, payment.amount, direction=payment.direction, payment_id=payment.id)
            for payment in locked.values()
        ]
        work.payments.find_completed_since([payment.signature for payment in locked.values()], now)
        book(work, entries)
        work.payments.save_many(
            [
                payment.completed(journal_entry_id=entry.id, at=now)
                for payment, entry in zip(locked.values(), entries, strict=True)
            ]
        )
        work.commit()

    assert len(statements) == 9
    with start_unit_of_work() as work:
        found = work.payments.find_many([payment.id for payment in pending])
        assert {payment.status for payment in found.values()} == {PaymentStatus.COMPLETED}
        assert work.ledger.find_discrepancies() == []


@pytest.mark.parametrize("field", ["posted_at", "amount"])
@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("of", ["account", "user"])
def test_a_deep_page_of_lines_starts_in_the_index_right_after_its_cursor(
    start_unit_of_work: StartUnitOfWork,
    given: EntityBuilder,
    postgres_engine: Engine,
    database_url: str,
    *,
    field: str,
    descending: bool,
    of: str,
) -> None:
    account = given.an_account()
    if of == "account":
        wanted = TransactionFilter(account_id=account.id)
    else:
        wanted = TransactionFilter(user_id=account.user_id)
    fill(database_url, "transactions", MANY_LINES, account=account.id, user=account.user_id)
    values: dict[str, Any] = {"posted_at": given.clock.now(), "amount": Decimal(5)}
    request = KeysetRequest(
        sort=Sort(field=field, descending=descending),
        after=Cursor(field=field, value=values[field], id=account.id),
    )
    with recorded(postgres_engine) as statements, start_unit_of_work() as work:
        work.transactions.list_keyset(wanted, request=request)

    plan = plan_of(database_url, statements[0])

    scan = next(node for node in nodes_of(plan) if node["Node Type"] == "Index Scan")
    assert scan["Index Name"] == f"transactions_{of}_{'posted' if field == 'posted_at' else 'amount'}_idx"
    assert scan["Scan Direction"] == ("Backward" if descending else "Forward")
    assert f"ROW({field}, id) {'<' if descending else '>'} ROW(" in scan["Index Cond"]
    assert "Sort" not in {node["Node Type"] for node in nodes_of(plan)}


@pytest.mark.parametrize("kind", ["users", "accounts", "payments", "pending payments"])
def test_rows_are_sorted_before_they_are_locked(
    start_unit_of_work: StartUnitOfWork,
    given: EntityBuilder,
    postgres_engine: Engine,
    database_url: str,
    kind: str,
) -> None:
    account = given.an_account()
    ids = [given.ids.new_id() for _ in range(10)]
    with recorded(postgres_engine) as statements, start_unit_of_work() as work:
        locking: dict[str, Callable[[], object]] = {
            "users": lambda: work.users.find_many_for_update(ids),
            "accounts": lambda: work.accounts.find_many_for_update(ids),
            "payments": lambda: work.payments.find_many_for_update(ids),
            "pending payments": lambda: work.payments.list_pending_of_user_for_update(account.user_id),
        }
        locking[kind]()

    sql = statements[0][0]
    plan = plan_of(database_url, statements[0])

    assert "FOR NO KEY UPDATE" in sql
    assert plan["Node Type"] == "LockRows"
    below = plan["Plans"][0]
    in_order_of_id = below["Node Type"] == "Sort" and below["Sort Key"][0].endswith("id")
    assert in_order_of_id or below.get("Index Name") in {
        "users_pkey",
        "user_bank_accounts_pkey",
        "user_payments_pkey",
        "user_payments_pending_idx",
    }


def test_a_session_is_looked_up_by_indexes_alone(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, postgres_engine: Engine, database_url: str
) -> None:
    token = given.a_token(given.a_user())
    fill(database_url, "refresh_tokens", MANY_TOKENS, user=token.user_id)
    fill(database_url, "users", MANY_USERS)
    key = SessionKey(token.user_id, token.session_id)
    with recorded(postgres_engine) as statements, start_unit_of_work() as work:
        long_ago = token.session_started_at - timedelta(days=1)
        soon = token.expires_at - timedelta(microseconds=1)
        for now, is_live in ((token.inserted_at, True), (token.expires_at, False), (soon, True)):
            owners = work.users.find_session_owners([key], now=now, started_after=long_ago)
            assert owners[key].session_is_live is is_live

    assert len(statements) == 3
    indexes = {node.get("Index Name") for node in nodes_of(plan_of(database_url, statements[0]))}
    assert indexes >= {"users_pkey", "refresh_tokens_live_session_key"}


def test_a_key_is_looked_up_by_one_statement_and_its_use_noted_by_another_once_a_minute(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, postgres_engine: Engine, database_url: str
) -> None:
    key = given.a_key(given.a_user())
    fill(database_url, "api_keys", MANY_KEYS, user=key.user_id)
    fill(database_url, "users", MANY_USERS)
    ports = memory_ports(start_unit_of_work=start_unit_of_work, clock=given.clock, ids=given.ids)
    auth, text = compose_services(ports).auth, api_key_text(key.id, KEY_SECRET)

    with recorded(postgres_engine) as first:
        auth.authenticate(text, origin=NOWHERE)
    with recorded(postgres_engine) as second:
        auth.authenticate(text, origin=NOWHERE)

    assert (len(first), len(second)) == (2, 1)
    indexes = {node.get("Index Name") for node in nodes_of(plan_of(database_url, second[0]))}
    assert indexes >= {"api_keys_pkey", "users_pkey"}


def test_recent_payments_are_looked_up_at_their_place_in_the_index_also_in_a_table_nobody_analysed(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, postgres_engine: Engine, database_url: str
) -> None:
    _, payment = given.a_completed_payment(given.an_account(balance="100"))
    since = given.clock.now()
    with recorded(postgres_engine) as statements, start_unit_of_work() as work:
        work.payments.find_completed_since([payment.signature], since)

    scans = []
    for statement in statements:
        plan = plan_of(
            database_url, statement, "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off"
        )
        scans += [node for node in nodes_of(plan) if node.get("Relation Name") == "user_payments"]

    (scan,) = scans
    assert scan["Index Name"] == "user_payments_signature_idx"
    assert all(
        f"{column} =" in scan["Index Cond"]
        for column in ("user_bank_account_id", "amount", "direction", "description")
    )
