"""Looking for twins and into the past costs the same on PostgreSQL however much there is to look at."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine
from tests.support.scenes.entity_builder import EntityBuilder
from tests.support.sent_statements import last_statement

from ledgerbank_adapters.memory import MemoryClock
from ledgerbank_adapters.postgres import PostgresStartUnitOfWork
from ledgerbank_adapters.system import Uuid7IdGenerator
from ledgerbank_domain.banking.account import Account

EQUAL_PAYMENTS = 5000
LINES = 20_000
NOW = datetime.fromisoformat("2025-01-15T12:00:00+00:00")
# As payroll or fees look: one account, one amount, one text, one minute, to very many people.
MANY_EQUAL = """
    INSERT INTO user_payments (
        id, user_id, user_bank_account_id, amount, currency, direction, payment_type, description, status,
        counterparty_account_id, posted_at, journal_entry_id, inserted_at, updated_at
    )
    SELECT gen_random_uuid(), %(user)s, %(account)s, 20, 'GBP', 'DEBIT', 'TRANSFER', 'Rent share',
           'COMPLETED', gen_random_uuid(), %(now)s, gen_random_uuid(), %(now)s, %(now)s
    FROM generate_series(1, %(number)s)
"""
# A bank's history: booked in one order, posted in another.
MANY_LINES = """
    INSERT INTO transactions (
        id, account_id, user_id, journal_entry_id, entry_position, line_number, kind, direction, amount,
        currency, balance_after, day_spent, description, description_search, posted_at, inserted_at,
        updated_at
    )
    SELECT gen_random_uuid(), %(account)s, %(user)s, gen_random_uuid(), 0, number, 'IMPORT', 'CREDIT', 1,
           'GBP', number, 0, 'A line', 'a line',
           %(now)s - (1 + number * 7919 %% %(number)s) * interval '1 minute',
           %(now)s - (%(number)s - number) * interval '1 second', %(now)s
    FROM generate_series(1, %(number)s) AS number
"""
LAST_LINE = """
    UPDATE user_bank_accounts
    SET balance = %(number)s, line_count = %(number)s, last_posted_at = %(now)s, last_booked_at = %(now)s
    WHERE id = %(account)s
"""


@pytest.fixture
def given(postgres_engine: Engine) -> EntityBuilder:
    clock = MemoryClock(NOW)
    return EntityBuilder(
        start_unit_of_work=PostgresStartUnitOfWork(postgres_engine, clock=clock),
        clock=clock,
        ids=Uuid7IdGenerator(),
    )


def filled(database_url: str, *statements: str, **values: Any) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        for statement in statements:
            connection.execute(statement, values)
        connection.execute("ANALYZE user_payments, transactions")


def measured(database_url: str, statement: tuple[str, Any]) -> dict[str, Any]:
    """The plan, as it was executed."""
    sql, parameters = statement
    with psycopg.connect(database_url) as connection:
        row = connection.execute(
            f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {sql}", parameters
        ).fetchone()
    assert row is not None
    plan: dict[str, Any] = row[0][0]["Plan"]
    return plan


def nodes_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes_of(child)


def pages_of(plan: dict[str, Any]) -> int:
    return int(plan["Shared Hit Blocks"]) + int(plan["Shared Read Blocks"])


def test_a_twin_is_looked_for_at_one_place_of_the_index_however_many_equal_amounts_there_are(
    given: EntityBuilder, postgres_engine: Engine, database_url: str
) -> None:
    account = given.an_account(balance="1000")
    account, paid = given.a_completed_payment(account, amount="20", description="Rent share")
    filled(
        database_url,
        MANY_EQUAL,
        user=account.user_id,
        account=account.id,
        now=NOW,
        number=EQUAL_PAYMENTS,
    )

    with last_statement(postgres_engine) as statements, given.start_unit_of_work() as work:
        found = work.payments.find_completed_since([paid.signature], NOW - timedelta(minutes=5))

    assert dict(found) == {paid.signature: {paid.id}}
    plan = measured(database_url, statements[0])
    (scan,) = [node for node in nodes_of(plan) if node.get("Relation Name") == "user_payments"]
    assert scan["Index Name"] == "user_payments_signature_idx"
    assert "posted_at >=" in scan["Index Cond"]
    assert scan["Actual Rows"] == 1
    assert scan.get("Rows Removed by Filter", 0) == 0
    assert pages_of(scan) <= 6


@pytest.fixture
def account(given: EntityBuilder, database_url: str) -> Account:
    """With very many lines, each of 1, booked one a second up to now."""
    opened = given.an_account()
    filled(
        database_url,
        MANY_LINES,
        LAST_LINE,
        user=opened.user_id,
        account=opened.id,
        now=NOW,
        number=LINES,
    )
    return opened


def test_any_past_of_a_long_history_is_its_sum(
    given: EntityBuilder, account: Account, database_url: str
) -> None:
    chance = Random(7)
    instants = [NOW - timedelta(seconds=chance.uniform(-10, LINES * 60 + 100)) for _ in range(25)]
    instants += [NOW, NOW - timedelta(seconds=LINES - 1), NOW - timedelta(seconds=LINES)]
    bookings = [NOW - timedelta(seconds=chance.uniform(-10, LINES + 10)) for _ in instants]
    with psycopg.connect(database_url) as connection, given.start_unit_of_work() as work:
        for at, known_at in zip(instants, bookings, strict=True):
            (expected,) = (
                connection.execute(
                    "SELECT coalesce(sum(amount), 0) FROM transactions"
                    " WHERE account_id = %s AND posted_at <= %s AND inserted_at <= %s",
                    (account.id, at, known_at),
                ).fetchone()
                or ()
            )
            assert work.transactions.balance_at(account.id, at, known_at=known_at) == expected


@pytest.mark.parametrize("booked_before", [0, 1, LINES // 2, LINES - 1])
def test_what_was_known_long_ago_is_found_without_reading_the_history(
    given: EntityBuilder,
    account: Account,
    postgres_engine: Engine,
    database_url: str,
    booked_before: int,
) -> None:
    known_at = NOW - timedelta(seconds=booked_before)
    with last_statement(postgres_engine) as statements, given.start_unit_of_work() as work:
        balance = work.transactions.balance_at(account.id, NOW, known_at=known_at)

    assert balance == Decimal(LINES - booked_before)
    assert pages_of(measured(database_url, statements[0])) <= 120


@pytest.mark.parametrize("lines_before", [0, 100, LINES - 200])
def test_each_page_of_a_statement_begins_at_its_place_of_the_index(
    given: EntityBuilder, account: Account, postgres_engine: Engine, database_url: str, lines_before: int
) -> None:
    begin = NOW - timedelta(minutes=LINES)
    asked: dict[str, Any] = {"account_id": account.id, "begin": begin, "end": NOW, "known_at": NOW}
    after = None
    if lines_before:
        with given.start_unit_of_work() as work:
            after = work.transactions.list_between(**asked, after=None, limit=lines_before)[-1]
    with last_statement(postgres_engine) as statements, given.start_unit_of_work() as work:
        page = work.transactions.list_between(**asked, after=after, limit=100)

    assert [line.posted_at for line in page] == [
        begin + timedelta(minutes=number) for number in range(lines_before, lines_before + 100)
    ]
    (scan,) = [node for node in nodes_of(measured(database_url, statements[0])) if "Relation Name" in node]
    assert scan["Index Name"] == "transactions_account_posted_idx"
    assert "posted_at" in scan["Index Cond"]
    assert scan["Actual Rows"] == 100
    assert scan.get("Rows Removed by Filter", 0) == 0
