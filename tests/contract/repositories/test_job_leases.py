"""How every store hands out the jobs that are due: to one at a time, in their order.

Units of work in memory run one after the other and never find a row that another one holds; how PostgreSQL
passes over such rows is in ``test_postgres_jobs``.
"""

import threading
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from hypothesis import HealthCheck, settings
from hypothesis import given as generated
from hypothesis import strategies as st
from tests.support.racing_threads import race
from tests.support.scenes.entity_builder import EntityBuilder
from tests.support.scenes.lease_steps import SECOND, lease_jobs, new_lease, stored_jobs

from ledgerbank_adapters.memory import MemoryClock
from ledgerbank_domain.jobs.job import Job, JobKind, JobState
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork


def test_jobs_are_handed_out_by_priority_then_by_when_they_are_due_then_by_age(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, clock: MemoryClock
) -> None:
    now = given.clock.now()
    in_order = [
        given.new_job(priority=0, run_at=now, inserted_at=now),
        given.new_job(priority=1, run_at=now - 3 * SECOND, inserted_at=now),
        given.new_job(priority=1, run_at=now - 2 * SECOND, inserted_at=now - SECOND),
        given.new_job(priority=1, run_at=now - 2 * SECOND, inserted_at=now),
        given.new_job(priority=1, run_at=now - 2 * SECOND, inserted_at=now),
        given.new_job(priority=9, run_at=now - 9 * SECOND, inserted_at=now - 9 * SECOND),
    ]
    given.stored(lambda work: work.jobs.add_many([in_order[number] for number in (3, 5, 0, 4, 2, 1)]))
    clock.advance(SECOND)
    lease = new_lease(given)

    first = lease_jobs(start_unit_of_work, given, limit=4, lease=lease)
    then = lease_jobs(start_unit_of_work, given, limit=4, lease=lease)

    expected = [replace(job, lease=lease, updated_at=given.clock.now()) for job in in_order]
    assert first == expected[:4]
    assert then == expected[4:]
    assert [job.lease for job in [*first, *then]] == [lease] * 6
    assert stored_jobs(start_unit_of_work, in_order) == expected
    assert lease_jobs(start_unit_of_work, given) == []


def test_only_jobs_of_the_queue_that_are_due_and_wait_are_handed_out(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    now = given.clock.now()
    for state in (JobState.SCHEDULED, JobState.RETRYABLE):
        given.a_job(state=state, run_at=now + timedelta(microseconds=1))
    for state in (JobState.COMPLETED, JobState.CANCELLED, JobState.DISCARDED):
        given.a_job(state=state, completed_at=now)
    given.a_job(state=JobState.EXECUTING, lease=new_lease(given, expires_at=now - SECOND))
    given.a_job(JobKind.NOTIFICATION_SEND)

    assert lease_jobs(start_unit_of_work, given) == []
    assert lease_jobs(start_unit_of_work, given, queue="payments") == []
    assert lease_jobs(start_unit_of_work, given, queue="notifications", limit=0) == []
    assert len(lease_jobs(start_unit_of_work, given, queue="notifications")) == 1


def test_a_leased_job_is_handed_out_again_in_the_moment_its_lease_expires(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, clock: MemoryClock
) -> None:
    job = given.a_job()
    expires_at = given.clock.now() + SECOND
    lease_jobs(start_unit_of_work, given, lease=new_lease(given, expires_at=expires_at))

    clock.set(expires_at - timedelta(microseconds=1))
    assert lease_jobs(start_unit_of_work, given) == []
    clock.set(expires_at)
    second = new_lease(given)
    leased = lease_jobs(start_unit_of_work, given, lease=second)

    assert [(again.id, again.lease) for again in leased] == [(job.id, second)]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@generated(
    drawn=st.lists(
        st.tuples(
            st.integers(0, 9),
            st.integers(-2, 2),
            st.integers(-2, 2),
            st.booleans(),
            st.sampled_from([JobState.SCHEDULED, JobState.AVAILABLE, JobState.RETRYABLE]),
        ),
        max_size=12,
    ),
    limit=st.integers(0, 13),
)
def test_whatever_there_is_the_first_free_jobs_are_handed_out(
    start_unit_of_work: StartUnitOfWork,
    given: EntityBuilder,
    drawn: list[tuple[int, int, int, bool, JobState]],
    limit: int,
) -> None:
    now = given.clock.now()
    jobs = [
        given.new_job(
            priority=priority,
            run_at=now + due * SECOND,
            inserted_at=now + age * SECOND,
            state=JobState.AVAILABLE if is_taken else state,
            lease=new_lease(given) if is_taken else None,
        )
        for priority, due, age, is_taken, state in drawn
    ]
    free = [job for job in jobs if job.lease is None and job.run_at <= now]
    free.sort(key=lambda job: (job.priority, job.run_at, job.inserted_at, job.id))
    with start_unit_of_work() as work:
        work.jobs.add_many(jobs)
        leased = work.jobs.lease_due("banking", lease=new_lease(given), now=now, limit=limit)
        # Not committed, so that the next example starts with nothing.

    assert [job.id for job in leased] == [job.id for job in free[:limit]]


def test_of_twenty_who_take_jobs_at_once_each_job_goes_to_one(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    jobs = [given.new_job(priority=number % 10) for number in range(100)]
    given.stored(lambda work: work.jobs.add_many(jobs))
    leases = [new_lease(given) for _ in range(20)]
    taken: list[list[list[Job]]] = [[] for _ in leases]

    def take(number: int) -> None:
        while batch := lease_jobs(start_unit_of_work, given, limit=3, lease=leases[number]):
            taken[number].append(batch)

    race(take, threads=20)

    owners = {job.id: number for number, batches in enumerate(taken) for batch in batches for job in batch}
    assert sum(len(batch) for batches in taken for batch in batches) == len(owners) == 100
    for batches in taken:
        assert all(
            [job.priority for job in batch] == sorted(job.priority for job in batch) for batch in batches
        )
    assert [job.lease for job in stored_jobs(start_unit_of_work, jobs)] == [
        leases[owners[job.id]] for job in jobs
    ]


def test_taken_one_by_one_in_a_race_jobs_still_go_in_their_order(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    jobs = [given.new_job(priority=number // 10) for number in range(60)]
    given.stored(lambda work: work.jobs.add_many(jobs))
    in_turn = threading.Lock()
    order: list[UUID] = []

    def take(_: int) -> None:
        for _ in range(3):
            with in_turn:
                order.extend(job.id for job in lease_jobs(start_unit_of_work, given, limit=1))

    race(take, threads=20)

    assert order == [job.id for job in jobs]


def test_jobs_whose_time_has_come_are_handed_out_in_that_moment_as_available(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    now = given.clock.now()
    due = [
        given.a_job(JobKind.BANK_SYNC, state=JobState.RETRYABLE, run_at=now - SECOND, attempt=2),
        given.a_job(state=JobState.SCHEDULED, run_at=now),
    ]
    others = [
        given.a_job(state=JobState.SCHEDULED, run_at=now + timedelta(microseconds=1), priority=0),
        given.a_job(JobKind.PAYMENT_PROCESS, state=JobState.RETRYABLE, run_at=now - SECOND),
        given.a_job(state=JobState.DISCARDED, completed_at=now, run_at=now - SECOND),
        given.a_job(state=JobState.EXECUTING, lease=new_lease(given), run_at=now - SECOND),
    ]
    lease = new_lease(given)

    leased = lease_jobs(start_unit_of_work, given, lease=lease)

    assert leased == [replace(job, state=JobState.AVAILABLE, lease=lease, updated_at=now) for job in due]
    assert stored_jobs(start_unit_of_work, due) == leased
    assert stored_jobs(start_unit_of_work, others) == others


def test_leases_are_counted_by_queue_and_not_the_jobs_they_cover(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    now = given.clock.now()
    owner_id = given.ids.new_id()
    batch, single, other_queue = (new_lease(given, owner_id=owner_id) for _ in range(3))
    given.a_job(lease=batch)
    given.a_job(lease=batch)
    given.a_job(lease=replace(batch, expires_at=now + SECOND), state=JobState.EXECUTING)
    given.a_job(lease=single)
    given.a_job(JobKind.MAINTENANCE_PRUNE, lease=other_queue)
    given.a_job(JobKind.NOTIFICATION_SEND, lease=new_lease(given, owner_id=owner_id, expires_at=now))
    given.a_job(lease=new_lease(given))
    given.a_job()

    with start_unit_of_work() as work:
        assert dict(work.jobs.count_leased(owner_id, now=now)) == {"banking": 2, "default": 1}
        assert dict(work.jobs.count_leased(given.ids.new_id(), now=now)) == {}


def test_the_due_kinds_are_those_of_which_a_job_waits_for_a_worker(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    given.a_job(JobKind.MAINTENANCE_PRUNE)
    given.a_job(JobKind.BANK_SYNC, lease=new_lease(given))
    given.a_job(JobKind.NOTIFICATION_SEND)
    given.a_job(JobKind.BANK_SCHEDULE_DUE, state=JobState.EXECUTING, lease=new_lease(given))
    now = given.clock.now()
    given.a_job(JobKind.PAYMENT_PROCESS, state=JobState.SCHEDULED, run_at=now + SECOND)
    asked = set(JobKind) - {JobKind.NOTIFICATION_SEND}

    with start_unit_of_work() as work:
        assert work.jobs.list_due_kinds(asked, now=now) == {JobKind.MAINTENANCE_PRUNE, JobKind.BANK_SYNC}
        assert work.jobs.list_due_kinds([], now=now) == set()
        assert JobKind.PAYMENT_PROCESS in work.jobs.list_due_kinds(asked, now=now + SECOND)
