"""What is PostgreSQL's own in the adapters: failures, locks, plans, and the number of statements."""

import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, timedelta
from decimal import Decimal
from typing import Any, LiteralString

import psycopg
import pytest
from sqlalchemy import Engine, event
from tests.support.scenes.entity_builder import EntityBuilder, book

from ledgerbank_adapters.memory import MemoryClock
from ledgerbank_adapters.postgres import PostgresDatabase, PostgresStartUnitOfWork, create_postgres_engine
from ledgerbank_adapters.postgres.statements.postgres_session import PostgresSession
from ledgerbank_adapters.system import Uuid7IdGenerator
from ledgerbank_domain.audit.audit_event import AuditEvent, AuditName
from ledgerbank_domain.banking.transaction import TransactionFilter
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Origin
from ledgerbank_domain.identity.page import Cursor, KeysetRequest, Sort
from ledgerbank_domain.payments.payment import PaymentStatus
from ledgerbank_domain.ports.repositories.user_repository import SessionKey
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, TransactionConflict, UnitOfWork

WAIT_SECONDS = 30
END_ALL_OTHERS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = 'ledgerbank'
"""
# Enough rows of this and of another owner that the planner sees what a busy table looks like.
MANY_LINES = """
    INSERT INTO transactions (
        id, account_id, user_id, journal_entry_id, entry_position, line_number, kind, direction, amount,
        currency, balance_after, description, description_search, posted_at, inserted_at, updated_at
    )
    SELECT gen_random_uuid(), owner.account_id, owner.user_id, gen_random_uuid(), 0, number, 'PAYMENT',
           'CREDIT', mod(number, 97) + 1, 'GBP', number, 'A line', 'a line',
           timestamptz '2025-01-15 12:00Z' + (number - 2000) * interval '1 minute', now(), now()
    FROM generate_series(2, 4000) AS number, (
        VALUES (%(account)s::uuid, %(user)s::uuid), (gen_random_uuid(), gen_random_uuid())
    ) AS owner (account_id, user_id)
"""
MANY_TOKENS = """
    INSERT INTO refresh_tokens (
        id, user_id, jti, session_id, session_started_at, expires_at, inserted_at, updated_at
    )
    SELECT gen_random_uuid(), %(user)s, gen_random_uuid(), gen_random_uuid(), now(),
           timestamptz '2025-01-15' + number * interval '1 hour', now(), now()
    FROM generate_series(1, 4000) AS number
"""
MANY_USERS = """
    INSERT INTO users
    SELECT gen_random_uuid(), 'user' || number || '@many.example', 'user' || number || '@many.example',
           'Many', 'a hash', 'user', 'ACTIVE', false, NULL, now(), now()
    FROM generate_series(1, 4000) AS number
"""
Statement = tuple[str, Any]


@pytest.fixture
def start_unit_of_work(postgres_engine: Engine) -> StartUnitOfWork:
    return PostgresStartUnitOfWork(postgres_engine)


@pytest.fixture
def given(start_unit_of_work: StartUnitOfWork) -> EntityBuilder:
    return EntityBuilder(start_unit_of_work=start_unit_of_work, clock=MemoryClock(), ids=Uuid7IdGenerator())


@pytest.fixture
def impatient(database_url: str) -> Iterator[StartUnitOfWork]:
    """Units of work that wait for a lock one second at most."""
    engine = create_postgres_engine(database_url, lock_timeout_seconds=1, statement_timeout_seconds=2)
    yield PostgresStartUnitOfWork(engine)
    engine.dispose()


def session_of(work: UnitOfWork) -> PostgresSession:
    session = work.users._session  # type: ignore[attr-defined]
    assert isinstance(session, PostgresSession)
    return session


def end_connections(database_url: str) -> None:
    """What a restart of the server does to a pool."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(END_ALL_OTHERS)


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


def refused_reason(act: Callable[[], object]) -> Reason:
    with pytest.raises(DomainError) as refusal:
        act()
    return refusal.value.reason


def test_a_restart_of_the_server_goes_unnoticed_by_the_next_unit_of_work(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, postgres_engine: Engine, database_url: str
) -> None:
    user = given.a_user()
    database = PostgresDatabase(postgres_engine)

    for ask in (
        given.a_user,
        lambda: given.an_account(user),
        database.answers,
        database.is_up_to_date,
    ):
        end_connections(database_url)
        assert ask()


def test_a_connection_lost_in_the_middle_loses_the_whole_unit_of_work(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, database_url: str
) -> None:
    user = given.new_user()

    with start_unit_of_work() as work:
        work.users.add(user)
        end_connections(database_url)
        assert refused_reason(lambda: work.users.find_by_email(user.email)) is Reason.DATABASE_ERROR
        with pytest.raises(RuntimeError):
            work.commit()

    with start_unit_of_work() as work:
        assert work.users.find_by_email(user.email) is None


def test_a_connection_lost_at_the_commit_is_a_database_error(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, database_url: str
) -> None:
    with start_unit_of_work() as work:
        work.users.add(given.new_user())
        end_connections(database_url)
        assert refused_reason(work.commit) is Reason.DATABASE_ERROR

    given.a_user()


def test_a_server_out_of_reach_is_a_database_error_and_an_idle_unit_of_work_does_not_even_ask() -> None:
    database = PostgresDatabase.at("postgresql://nobody@127.0.0.1:1/nowhere")

    with database.start_unit_of_work() as work:
        work.commit()
    with database.start_unit_of_work() as work:
        assert refused_reason(work.users.stats) is Reason.DATABASE_ERROR
    assert not database.answers()


def test_a_pool_that_stays_exhausted_is_a_database_error(
    given: EntityBuilder, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledgerbank_adapters.postgres.statements.postgres_engine.POOL_TIMEOUT_SECONDS", 0.1)
    database = PostgresDatabase.at(database_url, pool_size=1)

    with database.start_unit_of_work() as first, database.start_unit_of_work() as second:
        first.users.stats()
        assert refused_reason(second.users.stats) is Reason.DATABASE_ERROR

    with database.start_unit_of_work() as third:
        third.users.stats()
    database.close()


def test_a_statement_over_its_time_is_a_database_error(impatient: StartUnitOfWork) -> None:
    with impatient() as work:
        asked = session_of(work)
        assert refused_reason(lambda: asked.run_sql("SELECT pg_sleep(60)")) is Reason.DATABASE_ERROR


def test_a_lock_that_is_not_freed_in_time_is_a_conflict(
    start_unit_of_work: StartUnitOfWork, impatient: StartUnitOfWork, given: EntityBuilder
) -> None:
    user = given.a_user()

    with start_unit_of_work() as holder, impatient() as waiter:
        holder.users.get_for_update(user.id)
        with pytest.raises(TransactionConflict):
            waiter.users.get_for_update(user.id)


def test_of_two_that_lock_against_the_order_one_gets_a_conflict_and_the_other_succeeds(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    one, other = given.a_user(), given.a_user()
    both_hold_one = threading.Barrier(2)
    outcomes: list[str] = []

    def lock(first: Any, second: Any) -> None:
        with start_unit_of_work() as work:
            work.users.get_for_update(first)
            both_hold_one.wait(WAIT_SECONDS)
            try:
                work.users.get_for_update(second)
            except TransactionConflict:
                outcomes.append("conflict")
            else:
                work.commit()
                outcomes.append("success")

    threads = [threading.Thread(target=lock, args=pair) for pair in ((one.id, other.id), (other.id, one.id))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_SECONDS)

    assert sorted(outcomes) == ["conflict", "success"]


def test_rows_that_refer_to_a_locked_one_can_be_added_meanwhile(
    start_unit_of_work: StartUnitOfWork, impatient: StartUnitOfWork, given: EntityBuilder
) -> None:
    account = given.an_account()
    with start_unit_of_work() as holder:
        user = holder.users.get_for_update(account.user_id)
        holder.accounts.find_many_for_update([account.id])

        with impatient() as work:
            work.refresh_tokens.add(given.new_token(user))
            work.payments.add_many([given.new_payment(account)])
            work.commit()


def test_a_shared_lock_is_shared_and_keeps_writers_out(
    start_unit_of_work: StartUnitOfWork, impatient: StartUnitOfWork, given: EntityBuilder
) -> None:
    user = given.a_user()
    with start_unit_of_work() as reader:
        reader.users.find_many_for_share([user.id])

        with impatient() as second_reader:
            assert set(second_reader.users.find_many_for_share([user.id])) == {user.id}
        with impatient() as writer, pytest.raises(TransactionConflict):
            writer.users.get_for_update(user.id)


def test_whoever_waited_for_a_lock_reads_the_newest_version(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    account = given.an_account()
    payment = given.a_payment(account)
    seen: list[Any] = []
    started = threading.Event()

    def wait_and_read() -> None:
        with start_unit_of_work() as work:
            work.users.stats()
            started.set()
            seen.append(work.payments.find_many_for_update([payment.id])[payment.id].status)
            seen.append(work.payments.list_pending_of_user_for_update(account.user_id))

    with start_unit_of_work() as work:
        locked = work.payments.find_many_for_update([payment.id])[payment.id]
        waiter = threading.Thread(target=wait_and_read)
        waiter.start()
        started.wait(WAIT_SECONDS)
        work.payments.save_many([locked.cancelled(at=given.clock.now())])
        work.commit()
    waiter.join(WAIT_SECONDS)

    assert seen == [PaymentStatus.CANCELLED, []]


def test_no_word_of_a_refused_row_reaches_a_log(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    user = given.a_user(email="taken@example.com")
    impossible = given.new_user(email="secret@example.com")
    # No such user can be built: it is what a bug in the entity would let through.
    object.__setattr__(impossible, "password_hash", "")
    twin = given.new_user(email=user.email, password_hash="a secret hash")

    for refused in (impossible, twin):
        with pytest.raises((RuntimeError, DomainError)) as refusal, start_unit_of_work() as work:
            work.users.add(refused)

        told = "".join(traceback.format_exception(refusal.value))
        assert "secret" not in told
        assert "taken@" not in told
    with pytest.raises(RuntimeError, match="users_password_hash_length_check"):
        given.stored(lambda work: work.users.add(impossible))


def test_what_is_booked_cannot_be_changed_through_a_unit_of_work_either(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    given.an_account(balance="10")

    with start_unit_of_work() as work, pytest.raises(RuntimeError, match="transactions is append-only"):
        session_of(work).run_sql("UPDATE transactions SET amount = 1000")


def test_instants_come_back_in_utc_whatever_zone_the_database_prefers(
    given: EntityBuilder, database_url: str
) -> None:
    user = given.a_user()
    prefer = "ALTER ROLE CURRENT_USER IN DATABASE {} SET timezone = 'Asia/Tokyo'"
    forget = "ALTER ROLE CURRENT_USER IN DATABASE {} RESET timezone"
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(prefer.format(connection.info.dbname))
        database = PostgresDatabase.at(database_url)
        try:
            with database.start_unit_of_work() as work:
                found = work.users.get(user.id)
        finally:
            database.close()
            connection.execute(forget.format(connection.info.dbname))

    assert found == user
    assert found.inserted_at.tzinfo is UTC


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
        work.payments.spent_since([account.id], now)
        work.payments.find_completed_since([payment.signature for payment in locked.values()], now)
        book(work, entries)
        work.payments.save_many(
            [
                payment.completed(journal_entry_id=entry.id, at=now)
                for payment, entry in zip(locked.values(), entries, strict=True)
            ]
        )
        work.commit()

    assert len(statements) == 10
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
        owners = work.users.find_session_owners([key], now=token.inserted_at)
        assert owners[key].session_is_live
        assert not work.users.find_session_owners([key], now=token.expires_at)[key].session_is_live
        soon = token.expires_at - timedelta(microseconds=1)
        assert work.users.find_session_owners([key], now=soon)[key].session_is_live

    assert len(statements) == 3
    indexes = {node.get("Index Name") for node in nodes_of(plan_of(database_url, statements[0]))}
    assert indexes >= {"users_pkey", "refresh_tokens_live_session_key"}


def test_recent_payments_are_looked_up_at_their_place_in_the_index_also_in_a_table_nobody_analysed(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, postgres_engine: Engine, database_url: str
) -> None:
    _, payment = given.a_completed_payment(given.an_account(balance="100"))
    since = given.clock.now()
    with recorded(postgres_engine) as statements, start_unit_of_work() as work:
        work.payments.spent_since([payment.user_bank_account_id], since)
        work.payments.find_completed_since([payment.signature], since)

    scans = []
    for statement in statements:
        plan = plan_of(
            database_url, statement, "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off"
        )
        scans += [node for node in nodes_of(plan) if node.get("Relation Name") == "user_payments"]

    assert len(scans) == 2
    assert "user_bank_account_id =" in scans[0]["Index Cond"]
    assert scans[1]["Index Name"] == "user_payments_signature_idx"
    assert all(
        f"{column} =" in scans[1]["Index Cond"]
        for column in ("user_bank_account_id", "amount", "direction", "description")
    )


def test_what_a_client_says_about_itself_never_keeps_an_event_from_being_recorded(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    target = given.ids.new_id()
    origin = Origin(ip="::1", user_agent="x" * 300, path="/a\x00b\ud800", method="GET", correlation_id="\x00")
    event_about = AuditEvent(
        id=given.ids.new_id(),
        occurred_at=given.clock.now(),
        name=AuditName.LOGOUT,
        target_id=target,
        origin=origin,
    )

    given.stored(lambda work: work.audit.add_many([event_about]))

    with start_unit_of_work() as work:
        (kept,) = work.audit.list_about(target)
    assert kept.origin == Origin(
        ip="::1", user_agent="x" * 255, path="/a\ufffdb\ufffd", method="GET", correlation_id="\ufffd"
    )


def test_questions_about_text_that_cannot_be_stored_find_nothing(start_unit_of_work: StartUnitOfWork) -> None:
    with start_unit_of_work() as work:
        for text in ("a\x00b", "\ud800"):
            assert work.users.find_by_email(text) is None
            assert work.banks.find_by_code(text) is None
