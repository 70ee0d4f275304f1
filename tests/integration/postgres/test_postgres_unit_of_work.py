"""A unit of work before a real server: lost connections, waits for locks, and what comes back as it was."""

import threading
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine
from tests.support.scenes.entity_builder import EntityBuilder

from ledgerbank_adapters.postgres import PostgresDatabase, PostgresStartUnitOfWork, create_postgres_engine
from ledgerbank_adapters.postgres.statements.postgres_session import PostgresSession
from ledgerbank_domain.audit.audit_event import AuditEvent, AuditName
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Origin
from ledgerbank_domain.payments.payment import PaymentStatus
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, TransactionConflict, UnitOfWork

WAIT_SECONDS = 30
END_ALL_OTHERS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = 'ledgerbank'
"""


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
