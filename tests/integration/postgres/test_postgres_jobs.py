"""How PostgreSQL finds jobs among very many, and passes over those that somebody holds."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import Engine, QueuePool
from tests.support.racing_threads import TIMEOUT_SECONDS
from tests.support.scenes.entity_builder import EntityBuilder
from tests.support.sent_statements import last_statement
from tests.support.servers.postgres_servers import PostgresTestServer

from ledgerbank_adapters.memory import MemoryClock
from ledgerbank_adapters.postgres import PostgresClock, PostgresStartUnitOfWork, create_postgres_engine
from ledgerbank_adapters.system import Uuid7IdGenerator
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.page import PageRequest
from ledgerbank_domain.jobs.job import Job, JobError, JobFilter, JobKind, JobLease, JobState
from ledgerbank_domain.jobs.job_timing import PERIODS
from ledgerbank_domain.payments.payment_job import payment_job_key
from ledgerbank_domain.ports.repositories.job_repository import JobRepository
from ledgerbank_domain.ports.unit_of_work import UnitOfWork

NOW = datetime(2025, 1, 15, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ROWS = 100_000
OWNER = UUID(int=7)
LOGIN = UUID(int=8)
PAYMENT = UUID(int=9)
# Of every ten: five finished, two waiting for their time, two handed out, one executing.
FILL = """
    INSERT INTO jobs (
        id, kind, queue, args, priority, state, attempt, max_attempts, losses, run_at, completed_at, errors,
        unique_key, lease_token, lease_owner_id, lease_expires_at, inserted_at, updated_at
    )
    SELECT gen_random_uuid(), kind, queue, args, n / 10 %% 5, state, 0, 5, 0,
        %(now)s + (CASE WHEN state IN ('scheduled', 'retryable') THEN age ELSE -age END),
        CASE WHEN n %% 10 < 5 THEN %(now)s - age END, '[]',
        kind || ':' || n, lease, ('00000000-0000-4000-8000-' || right(lease::text, 12))::uuid,
        CASE WHEN lease IS NOT NULL THEN %(now)s + age END,
        %(now)s - age, %(now)s
    FROM generate_series(0, %(rows)s - 1) AS n
    CROSS JOIN LATERAL (
        SELECT make_interval(secs => n),
            CASE WHEN n %% 10 >= 7 THEN gen_random_uuid() END,
            CASE n / 10 %% 3 WHEN 1 THEN jsonb_build_object('bank_login_id', gen_random_uuid()) ELSE '{}' END,
            (ARRAY['payment.process', 'bank.sync', 'notification.send'])[n / 10 %% 3 + 1],
            (ARRAY['payments', 'banking', 'notifications'])[n / 10 %% 3 + 1],
            (ARRAY['completed', 'completed', 'completed', 'cancelled', 'discarded',
                   'scheduled', 'retryable', 'available', 'available', 'executing'])[n %% 10 + 1]
    ) AS made (age, lease, args, kind, queue, state)
"""


@pytest.fixture
def given(postgres_engine: Engine) -> EntityBuilder:
    return EntityBuilder(
        start_unit_of_work=PostgresStartUnitOfWork(postgres_engine),
        clock=MemoryClock(NOW),
        ids=Uuid7IdGenerator(),
    )


@pytest.fixture(scope="module")
def many_jobs_url(postgres_server: PostgresTestServer, worker_name: str) -> str:
    """A database with very many jobs, for looking only."""
    url = postgres_server.create_migrated_database(f"many_jobs_{worker_name}")
    with psycopg.connect(url, autocommit=True) as connection:
        # Nothing is known about the table until a test asks for it.
        connection.execute("ALTER TABLE jobs SET (autovacuum_enabled = off)")
        connection.execute(FILL, {"now": NOW, "rows": ROWS})
    return url


@pytest.fixture(scope="module", params=["without statistics", "with statistics", "with generic plans"])
def plan_of(
    request: pytest.FixtureRequest, many_jobs_url: str
) -> Iterator[Callable[[Callable[[JobRepository], object]], str]]:
    """Tells the plan of the last statement of a call, as the server makes it for a prepared one."""
    engine = create_postgres_engine(many_jobs_url)
    with psycopg.connect(many_jobs_url, autocommit=True) as connection:
        if request.param != "without statistics":
            connection.execute("ANALYZE jobs")
        mode = "generic" if request.param == "with generic plans" else "custom"
        connection.execute(f"SET plan_cache_mode = force_{mode}_plan")

        def plan(ask: Callable[[JobRepository], object]) -> str:
            with last_statement(engine) as statements, PostgresStartUnitOfWork(engine)() as work:
                ask(work.jobs)
            statement, parameters = statements[0]
            return explained(connection, statement, parameters)

        yield plan
    engine.dispose()


def explained(connection: psycopg.Connection, statement: str, parameters: dict[str, Any]) -> str:
    names = list(parameters)
    numbered = re.sub(r"%\((\w+)\)s", lambda found: f"${names.index(found[1]) + 1}", statement)
    connection.execute(f"PREPARE asked AS {numbered}")
    given = sql.SQL(", ").join(sql.Literal(value) for value in parameters.values())
    execute = sql.SQL("EXPLAIN EXECUTE asked({})" if names else "EXPLAIN EXECUTE asked").format(given)
    lines = connection.execute(execute).fetchall()
    connection.execute("DEALLOCATE asked")
    return "\n".join(line for (line,) in lines)


def a_lease() -> JobLease:
    return JobLease(token=UUID(int=1), owner_id=OWNER, expires_at=NOW + SECOND)


ASKED: dict[str, tuple[Callable[[JobRepository], object], set[str]]] = {
    "find jobs": (lambda jobs: jobs.find_many([PAYMENT]), {"jobs_pkey"}),
    "newest of a payment": (
        lambda jobs: jobs.find_newest_with_key(JobKind.PAYMENT_PROCESS, payment_job_key(PAYMENT)),
        {"jobs_unique_key_idx"},
    ),
    "unfinished of payments": (
        lambda jobs: jobs.list_unfinished_with_keys_for_update(
            JobKind.PAYMENT_PROCESS, [payment_job_key(PAYMENT), payment_job_key(OWNER)]
        ),
        {"jobs_unfinished_payment_key"},
    ),
    "with a key": (
        lambda jobs: jobs.list_with_key_for_update(JobKind.BANK_SYNC, "bank.sync:1"),
        {"jobs_unique_key_idx"},
    ),
    "unfinished syncs": (
        lambda jobs: jobs.list_unfinished_syncs_for_update([LOGIN, OWNER]),
        {"jobs_unfinished_sync_idx"},
    ),
    "lease": (
        lambda jobs: jobs.lease_due("banking", lease=a_lease(), now=NOW, limit=20),
        {"jobs_waiting_idx", "jobs_pkey"},
    ),
    "count leases": (lambda jobs: jobs.count_leased(OWNER, now=NOW), {"jobs_lease_owner_idx"}),
    "give back": (
        lambda jobs: jobs.give_back_leases(OWNER, at=NOW),
        {"jobs_lease_owner_idx", "jobs_pkey"},
    ),
    "overdue": (lambda jobs: jobs.list_overdue_for_update(now=NOW, limit=10), {"jobs_executing_idx"}),
    "attempts of workers": (
        lambda jobs: jobs.list_attempts_for_update([OWNER, LOGIN], limit=10),
        {"jobs_lease_owner_idx"},
    ),
    "due kinds": (lambda jobs: jobs.list_due_kinds(PERIODS, now=NOW), {"jobs_waiting_idx"}),
    "delete finished": (
        lambda jobs: jobs.delete_finished_before(NOW, limit=100),
        {"jobs_finished_idx", "jobs_pkey"},
    ),
    "first page": (
        lambda jobs: jobs.list_page(JobFilter(), now=NOW, request=PageRequest()),
        {"jobs_inserted_at_idx"},
    ),
}
WALKS_IN_ORDER = ["lease", "delete finished"]


@pytest.mark.parametrize("name", ASKED)
def test_jobs_are_found_by_the_index_that_is_there_for_it(
    plan_of: Callable[[Callable[[JobRepository], object]], str], name: str
) -> None:
    ask, indexes = ASKED[name]

    plan = plan_of(ask)

    assert all(index in plan for index in indexes), plan
    assert name == "first page" or "Seq Scan" not in plan, plan


def test_the_first_due_jobs_are_found_at_the_beginning_of_each_priority(
    plan_of: Callable[[Callable[[JobRepository], object]], str],
) -> None:
    plan = plan_of(ASKED["lease"][0])

    assert re.search(r"Index Cond: \(\(queue = .+\) AND \(priority = .+\) AND \(run_at <= .+\)\)", plan), plan


def test_syncs_of_a_login_are_found_without_reading_those_of_others(
    plan_of: Callable[[Callable[[JobRepository], object]], str],
) -> None:
    plan = plan_of(ASKED["unfinished syncs"][0])

    assert "Index Cond: ((args ->> 'bank_login_id'::text) = ANY" in plan, plan


@pytest.mark.parametrize("name", WALKS_IN_ORDER)
def test_the_first_jobs_are_found_without_sorting_the_others(
    plan_of: Callable[[Callable[[JobRepository], object]], str], name: str
) -> None:
    plan = plan_of(ASKED[name][0])

    assert "Sort" not in plan, plan


@pytest.mark.parametrize(
    "take",
    [
        pytest.param(
            lambda work: len(work.jobs.lease_due("banking", lease=a_lease(), now=NOW, limit=2)), id="lease"
        ),
        pytest.param(
            lambda work: len(work.jobs.list_overdue_for_update(now=NOW + SECOND, limit=2)), id="overdue"
        ),
        pytest.param(
            lambda work: len(work.jobs.list_attempts_for_update([OWNER], limit=2)), id="attempts of workers"
        ),
        pytest.param(lambda work: work.jobs.delete_finished_before(NOW + SECOND, limit=2), id="delete"),
    ],
)
def test_rows_that_another_unit_of_work_holds_are_passed_over(
    given: EntityBuilder, take: Callable[[UnitOfWork], int]
) -> None:
    def three_jobs() -> list[Job]:
        return [
            given.a_job(),
            given.a_job(state=JobState.EXECUTING, lease=a_lease()),
            given.a_job(state=JobState.COMPLETED, completed_at=NOW),
        ]

    first = three_jobs()
    for _ in range(2):
        three_jobs()

    def take_in_another_unit() -> int:
        with given.start_unit_of_work() as work:
            return take(work)

    with given.start_unit_of_work() as work, ThreadPoolExecutor(1) as pool:
        work.jobs.find_many_for_update([job.id for job in first])
        assert pool.submit(take_in_another_unit).result(TIMEOUT_SECONDS) == 2


def test_never_more_jobs_are_handed_out_than_were_asked_for_on_a_table_that_changes(
    given: EntityBuilder, postgres_engine: Engine
) -> None:
    given.stored(lambda work: work.jobs.add_many([given.new_job() for _ in range(50)]))
    sizes = []

    for _ in range(12):
        with given.start_unit_of_work() as work:
            sizes.append(len(work.jobs.lease_due("banking", lease=a_lease(), now=NOW, limit=4)))
            work.commit()

    assert sizes == [4] * 12


def test_a_reason_that_is_not_known_any_more_is_an_internal_error(
    given: EntityBuilder, database_url: str
) -> None:
    error = JobError(at=NOW, reason=Reason.TIMEOUT, message="Request timeout")
    job = given.a_job(errors=(error,))
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("UPDATE jobs SET errors = jsonb_set(errors, '{0,reason}', '\"sunspots\"')")

    with given.start_unit_of_work() as work:
        assert work.jobs.find(job.id) == replace(
            job, errors=(replace(error, reason=Reason.INTERNAL_SERVER_ERROR),)
        )


def test_a_message_with_characters_that_cannot_be_stored_does_not_keep_a_failure_from_being_recorded(
    given: EntityBuilder,
) -> None:
    error = JobError(at=NOW, reason=Reason.BANK_API_ERROR, message="broken \x00\ud800 answer")
    job = given.a_job(errors=(error,), correlation_id="\x00")

    with given.start_unit_of_work() as work:
        found = work.jobs.find(job.id)

    assert found is not None
    assert found.errors[0].message == "broken \ufffd\ufffd answer"
    assert found.correlation_id == "\ufffd"


def lent_connections(engine: Engine) -> int:
    assert isinstance(engine.pool, QueuePool)
    return engine.pool.checkedout()


def test_the_databases_clock_tells_the_servers_time_in_utc(
    postgres_engine: Engine, database_url: str
) -> None:
    clock = PostgresClock(postgres_engine)
    with psycopg.connect(database_url, autocommit=True) as connection:
        (before,) = connection.execute("SELECT clock_timestamp()").fetchone() or ()
        first, second = clock.now(), clock.now()
        (after,) = connection.execute("SELECT clock_timestamp()").fetchone() or ()

    assert before <= first < second <= after
    assert first.tzinfo is UTC
    assert lent_connections(postgres_engine) == 0


def test_the_databases_clock_says_when_the_database_is_out_of_reach() -> None:
    engine = create_postgres_engine("postgresql://nobody@127.0.0.1:1/nothing")

    with pytest.raises(DomainError) as refusal:
        PostgresClock(engine).now()

    assert refusal.value.reason is Reason.DATABASE_ERROR


def test_looking_at_the_clock_leaves_no_connection_without_transactions(
    postgres_engine: Engine, given: EntityBuilder
) -> None:
    PostgresClock(postgres_engine).now()

    with given.start_unit_of_work() as work:
        work.jobs.add_many([given.new_job()])

    with given.start_unit_of_work() as work:
        assert work.jobs.list_page(JobFilter(), now=NOW, request=PageRequest()).total_count == 0


def test_a_unit_reads_the_databases_clock_in_its_own_transaction_and_after_its_waits(
    postgres_engine: Engine, database_url: str
) -> None:
    with PostgresStartUnitOfWork(postgres_engine)() as work:
        began = work.now()
        with psycopg.connect(database_url, autocommit=True) as connection:
            (between,) = connection.execute("SELECT clock_timestamp()").fetchone() or ()
        after = work.now()
        assert lent_connections(postgres_engine) == 1

    # What a transaction calls its now would be the same both times, and before what happened between them.
    assert began < between < after
    assert after.tzinfo is UTC
