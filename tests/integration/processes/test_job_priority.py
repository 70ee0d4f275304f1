"""Real priority: over everything that is due, not only among what a worker has fetched."""

from uuid import UUID

import pytest
from sqlalchemy import Engine
from tests.support.scenes.service_world import LiveWorld
from tests.support.servers.job_brokers import BROKERS, broker_named
from tests.support.waiting import wait_until

from ledgerbank_adapters.postgres import PostgresStartUnitOfWork
from ledgerbank_adapters.system import SystemClock, Uuid7IdGenerator
from ledgerbank_adapters.workers import SilentJobObserver, WorkerPool
from ledgerbank_domain.jobs.job import MAX_PRIORITY, Job, JobKind, JobState
from ledgerbank_domain.jobs.job_timing import DEFAULT_BATCH_SIZE
from ledgerbank_domain.payments.payment_job import payment_job_key
from ledgerbank_domain.services.conduct.outcome import result_of

ORDINARY = 5000
TIMEOUT_SECONDS = 60


@pytest.mark.parametrize("broker", BROKERS)
def test_an_urgent_job_behind_five_thousand_ordinary_ones_starts_within_two_batches(
    broker: str,
    postgres_engine: Engine,
) -> None:
    world = LiveWorld(
        start_unit_of_work=PostgresStartUnitOfWork(postgres_engine),
        clock=SystemClock(),
        ids=Uuid7IdGenerator(),
    )
    user, actor = world.user()
    account = world.account_of(user, "900")
    drafts = [(actor, world.draft(account, "0.01", f"Ordinary {number}")) for number in range(ORDINARY)]
    ordinary = world.payments.create_many(drafts)
    urgent = world.pending(actor, account, "1")
    add_jobs(world, [result_of(payment).id for payment in ordinary], priority=MAX_PRIORITY)

    pool = WorkerPool(
        ids=world.ids,
        threads={"payments": 2},
        open_broker=broker_named(broker).open,
        job_dispatch=world.services.job_dispatch,
        job_running=world.services.job_running,
        job_takeover=world.services.job_takeover,
        observer=SilentJobObserver(),
    )
    pool.start()
    try:
        wait_until(lambda: finished(world) > 0, seconds=TIMEOUT_SECONDS)
        [job] = add_jobs(world, [urgent.id], priority=0)
        wait_until(lambda: job_now(world, job).state is JobState.COMPLETED, seconds=TIMEOUT_SECONDS)
    finally:
        pool.stop(TIMEOUT_SECONDS)

    position = started_between(postgres_engine, job_now(world, job))
    print(f"{broker}: {position} jobs started before the urgent one, in batches of {DEFAULT_BATCH_SIZE}")
    assert position <= 2 * DEFAULT_BATCH_SIZE
    assert finished(world) < ORDINARY


def add_jobs(world: LiveWorld, payment_ids: list[UUID], *, priority: int) -> list[Job]:
    now = world.clock.now()
    jobs = [
        Job.new(
            JobKind.PAYMENT_PROCESS,
            job_id=world.ids.new_id(),
            args={"payment_id": str(payment_id)},
            at=now,
            priority=priority,
            unique_key=payment_job_key(payment_id),
        )
        for payment_id in payment_ids
    ]
    with world.start_unit_of_work() as work:
        work.jobs.add_many(jobs)
        work.commit()
    return jobs


def job_now(world: LiveWorld, job: Job) -> Job:
    with world.start_unit_of_work() as work:
        found = work.jobs.find(job.id)
    assert found is not None
    return found


def finished(world: LiveWorld) -> int:
    """How many of the ordinary jobs."""
    with world.start_unit_of_work() as work:
        waiting = work.jobs.count_by_state(now=work.now())
    return ORDINARY - sum(number for (queue, _), number in waiting.items() if queue == "payments")


def started_between(engine: Engine, urgent: Job) -> int:
    """How many jobs started after the urgent one was there and before it started."""
    with engine.connect() as connection:
        number = connection.exec_driver_sql(
            "SELECT count(*) FROM jobs WHERE attempted_at > %(there)s AND attempted_at < %(started)s",
            {"there": urgent.inserted_at, "started": urgent.attempted_at},
        ).scalar_one()
        return int(number)
