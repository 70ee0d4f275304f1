"""How jobs are found by what they are for, and listed, over every storage."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.support.scenes.entity_builder import EntityBuilder

from ledgerbank_domain.identity.page import PageRequest
from ledgerbank_domain.jobs.job import JobFilter, JobKind, JobLease, JobState
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork
from ledgerbank_domain.services.payments.payment_job_lookup import (
    find_newest_payment_job,
    lock_unfinished_payment_jobs,
)

SECOND = timedelta(seconds=1)
FINISHED = [JobState.COMPLETED, JobState.CANCELLED, JobState.DISCARDED]


def test_the_newest_job_of_a_payment_is_found_whatever_became_of_it(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    now = given.clock.now()
    payment_id = given.ids.new_id()
    of_payment = {"args": {"payment_id": str(payment_id)}, "state": JobState.DISCARDED, "completed_at": now}
    newest = given.a_job(JobKind.PAYMENT_PROCESS, **of_payment, inserted_at=now + 2 * SECOND)
    given.a_job(JobKind.PAYMENT_PROCESS, **of_payment, inserted_at=now + SECOND)
    given.a_job(JobKind.PAYMENT_PROCESS, inserted_at=now + 3 * SECOND)

    with start_unit_of_work() as work:
        assert find_newest_payment_job(work, payment_id) == newest
        assert find_newest_payment_job(work, given.ids.new_id()) is None


def test_unfinished_jobs_of_payments_are_found_in_every_unfinished_state(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    now = given.clock.now()
    lease = JobLease(token=given.ids.new_id(), owner_id=given.ids.new_id(), expires_at=now)
    unfinished = [
        given.a_job(JobKind.PAYMENT_PROCESS, state=JobState.SCHEDULED),
        given.a_job(JobKind.PAYMENT_PROCESS, state=JobState.AVAILABLE),
        given.a_job(JobKind.PAYMENT_PROCESS, state=JobState.EXECUTING, lease=lease),
        given.a_job(JobKind.PAYMENT_PROCESS, state=JobState.RETRYABLE),
    ]
    finished = [given.a_job(JobKind.PAYMENT_PROCESS, state=state, completed_at=now) for state in FINISHED]
    given.a_job(JobKind.PAYMENT_PROCESS)
    payment_ids = {UUID(job.args["payment_id"]) for job in [*unfinished, *finished]}

    with start_unit_of_work() as work:
        found = lock_unfinished_payment_jobs(work, payment_ids | {given.ids.new_id()})

    assert found == unfinished


def test_jobs_that_hold_a_key_are_listed_newest_first(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    now = given.clock.now()
    key: dict[str, Any] = {"unique_key": "bank.sync:1", "completed_at": now}
    older = given.a_job(**key, state=JobState.DISCARDED, inserted_at=now)
    oldest = given.a_job(**key, state=JobState.COMPLETED, inserted_at=now - SECOND)
    newest = given.a_job(**key, state=JobState.CANCELLED, inserted_at=now + SECOND)
    given.a_job(JobKind.NOTIFICATION_SEND, **key, state=JobState.CANCELLED)
    given.a_job(unique_key="bank.sync:2")
    given.a_job()

    with start_unit_of_work() as work:
        assert work.jobs.list_with_key_for_update(JobKind.BANK_SYNC, "bank.sync:1") == [newest, older, oldest]
        assert work.jobs.list_with_key_for_update(JobKind.BANK_SYNC, "bank.sync:3") == []


def test_a_job_whose_key_was_taken_away_holds_it_no_longer(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    job = given.a_job(unique_key="bank.sync:1", state=JobState.COMPLETED, completed_at=given.clock.now())

    with start_unit_of_work() as work:
        work.jobs.save_many([job.without_unique_key(at=given.clock.now())])
        assert work.jobs.list_with_key_for_update(JobKind.BANK_SYNC, "bank.sync:1") == []
        work.jobs.add_many([given.new_job(unique_key="bank.sync:1")])
        work.commit()


def test_unfinished_syncs_of_logins_are_found_with_and_without_a_key(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    now = given.clock.now()
    login, other_login, third_login = (given.ids.new_id() for _ in range(3))
    args = {"bank_login_id": str(login)}
    found = [
        given.a_job(args=args, unique_key="bank.sync:1"),
        given.a_job(args=args, state=JobState.RETRYABLE),
        given.a_job(args={"bank_login_id": str(other_login)}, state=JobState.SCHEDULED),
    ]
    for state in FINISHED:
        given.a_job(args=args, state=state, completed_at=now)
    given.a_job(JobKind.NOTIFICATION_SEND, args=args)
    given.a_job(args={"bank_login_id": str(third_login)})

    with start_unit_of_work() as work:
        assert work.jobs.list_unfinished_syncs_for_update([other_login, login, login]) == found
        assert work.jobs.list_unfinished_syncs_for_update([given.ids.new_id()]) == []


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (JobFilter(), [4, 3, 2, 1, 0]),
        (JobFilter(state=JobState.AVAILABLE), [2, 1, 0]),
        (JobFilter(state=JobState.RETRYABLE), []),
        (JobFilter(state=JobState.SCHEDULED), [4, 3]),
        (JobFilter(queue="default"), [4, 3]),
        (JobFilter(kind=JobKind.MAINTENANCE_PRUNE), [4]),
        (JobFilter(queue="default", kind=JobKind.BANK_SCHEDULE_DUE, state=JobState.SCHEDULED), [3]),
        (JobFilter(queue="payments", kind=JobKind.BANK_SYNC), []),
    ],
)
def test_jobs_are_listed_newest_first_and_narrowed_by_every_filter_as_they_are_at_that_time(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, wanted: JobFilter, numbers: list[int]
) -> None:
    now = given.clock.now()
    kinds = [
        (JobKind.PAYMENT_PROCESS, JobState.AVAILABLE),
        (JobKind.PAYMENT_PROCESS, JobState.RETRYABLE),
        (JobKind.BANK_SYNC, JobState.AVAILABLE),
        (JobKind.BANK_SCHEDULE_DUE, JobState.SCHEDULED),
        (JobKind.MAINTENANCE_PRUNE, JobState.SCHEDULED),
    ]
    new_jobs = [
        given.new_job(kind, state=state, inserted_at=now + number * SECOND, run_at=now + number * SECOND)
        for number, (kind, state) in enumerate(kinds)
    ]
    given.stored(lambda work: work.jobs.add_many([new_jobs[number] for number in (3, 0, 4, 1, 2)]))

    with start_unit_of_work() as work:
        page = work.jobs.list_page(wanted, now=now + 2 * SECOND, request=PageRequest())

    assert list(page.items) == [new_jobs[number] for number in numbers]
    assert page.total_count == len(numbers)


def test_pages_follow_one_another_and_of_one_moment_the_greater_id_is_newer(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    jobs = [given.a_job() for _ in range(5)]

    with start_unit_of_work() as work:
        pages = [
            work.jobs.list_page(
                JobFilter(), now=given.clock.now(), request=PageRequest(page=number, page_size=2)
            )
            for number in (1, 2, 3, 4)
        ]

    assert [job for page in pages for job in page.items] == jobs[::-1]
    assert [(len(page.items), page.total_count) for page in pages] == [(2, 5), (2, 5), (1, 5), (0, 5)]


def test_jobs_are_counted_by_queue_and_state_without_the_completed_and_the_cancelled(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    now = given.clock.now()
    lease = JobLease(token=given.ids.new_id(), owner_id=given.ids.new_id(), expires_at=now)
    with start_unit_of_work() as work:
        assert dict(work.jobs.count_by_state(now=now)) == {}
    for kind in (JobKind.BANK_SYNC, JobKind.NOTIFICATION_SEND):
        for state in FINISHED:
            given.a_job(kind, state=state, completed_at=now)
    for state in (JobState.SCHEDULED, JobState.RETRYABLE):
        given.a_job(state=state, run_at=now + SECOND)
        given.a_job(JobKind.NOTIFICATION_SEND, state=state, run_at=now)
    for _ in range(2):
        given.a_job(state=JobState.AVAILABLE)
    given.a_job(state=JobState.AVAILABLE, lease=lease)
    given.a_job(JobKind.BANK_SCHEDULE_DUE, state=JobState.EXECUTING, lease=lease)
    given.a_job(JobKind.MAINTENANCE_PRUNE, state=JobState.EXECUTING, lease=lease)

    with start_unit_of_work() as work:
        assert dict(work.jobs.count_by_state(now=now)) == {
            ("banking", JobState.SCHEDULED): 1,
            ("banking", JobState.RETRYABLE): 1,
            ("banking", JobState.AVAILABLE): 3,
            ("banking", JobState.DISCARDED): 1,
            ("notifications", JobState.AVAILABLE): 2,
            ("notifications", JobState.DISCARDED): 1,
            ("default", JobState.EXECUTING): 2,
        }
