"""How leases of jobs are given back, run out and are asked for, over every storage."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from tests.support.racing_threads import order_of_getting_through
from tests.support.scenes.entity_builder import EntityBuilder
from tests.support.scenes.lease_steps import SECOND, lease_jobs, new_lease, stored_jobs

from ledgerbank_domain.jobs.job import Job, JobKind, JobState
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork


def test_only_jobs_that_no_worker_has_begun_are_given_back(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    later = given.clock.now() + SECOND
    lease = new_lease(given)
    unbegun = [given.a_job(lease=lease), given.a_job(JobKind.MAINTENANCE_PRUNE, lease=lease)]
    others = [
        given.a_job(lease=lease, state=JobState.EXECUTING),
        given.a_job(lease=new_lease(given)),
        given.a_job(),
    ]

    with start_unit_of_work() as work:
        assert work.jobs.give_back_leases(lease.owner_id, at=later) == 2
        assert work.jobs.give_back_leases(lease.owner_id, at=later) == 0
        work.commit()

    assert stored_jobs(start_unit_of_work, unbegun) == [
        replace(job, lease=None, updated_at=later) for job in unbegun
    ]
    assert stored_jobs(start_unit_of_work, others) == others
    assert {job.id for job in lease_jobs(start_unit_of_work, given)} == {unbegun[0].id, others[2].id}


def test_a_job_that_is_begun_in_this_moment_is_not_given_back(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    lease = new_lease(given)
    job = given.a_job(lease=lease)
    begun = job.begun(
        token=lease.token,
        worker_id=lease.owner_id,
        lease_expires_at=lease.expires_at,
        at=given.clock.now(),
    )

    def begin(let_the_second_try: Callable[[], None]) -> None:
        with start_unit_of_work() as work:
            work.jobs.find_many_for_update([job.id])
            work.jobs.save_many([begun])
            let_the_second_try()
            work.commit()

    def give_back() -> None:
        with start_unit_of_work() as work:
            assert work.jobs.give_back_leases(lease.owner_id, at=given.clock.now()) == 0
            work.commit()

    assert order_of_getting_through(begin, give_back) == ["first", "second"]
    assert stored_jobs(start_unit_of_work, [job]) == [begun]


def test_overdue_are_executing_jobs_whose_lease_has_expired_the_longest_ago_first(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    now = given.clock.now()

    def executing(expires_at: datetime) -> Job:
        return given.a_job(state=JobState.EXECUTING, lease=new_lease(given, expires_at=expires_at))

    overdue = [executing(now - number * SECOND) for number in range(3)]
    executing(now + timedelta(microseconds=1))
    given.a_job(lease=new_lease(given, expires_at=now - SECOND))
    given.a_job()

    with start_unit_of_work() as work:
        assert work.jobs.list_overdue_for_update(now=now, limit=10) == overdue[::-1]
        assert work.jobs.list_overdue_for_update(now=now, limit=2) == [overdue[2], overdue[1]]


def test_the_attempts_of_workers_are_the_executing_jobs_that_they_hold(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    first, second, third = (given.ids.new_id() for _ in range(3))

    def held(owner_id: UUID, state: JobState = JobState.AVAILABLE) -> Job:
        return given.a_job(lease=new_lease(given, owner_id=owner_id), state=state)

    attempts = [held(owner, state=JobState.EXECUTING) for owner in (first, first, second)]
    held(third, state=JobState.EXECUTING)
    held(first)

    with start_unit_of_work() as work:
        assert work.jobs.list_attempts_for_update([second, first], limit=10) == attempts
        assert work.jobs.list_attempts_for_update([first, second], limit=2) == attempts[:2]
        assert work.jobs.list_attempts_for_update([], limit=10) == []
