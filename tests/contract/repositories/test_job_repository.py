"""What every store of jobs promises: how they are kept, found, listed and removed.

How they are handed out is in ``test_job_leases``, what is unique among them in ``test_unique_jobs``.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.support.racing_threads import order_of_getting_through
from tests.support.scenes.entity_builder import EntityBuilder

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Category, Reason
from ledgerbank_domain.identity.page import PageRequest
from ledgerbank_domain.jobs.job import Job, JobError, JobFilter, JobKind, JobLease, JobState
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork
from ledgerbank_domain.services.payments.payment_job_lookup import (
    find_newest_payment_job,
    lock_unfinished_payment_jobs,
)

SECOND = timedelta(seconds=1)
FINISHED = [JobState.COMPLETED, JobState.CANCELLED, JobState.DISCARDED]


def stored_job(start_unit_of_work: StartUnitOfWork, job_id: UUID) -> Job | None:
    with start_unit_of_work() as work:
        return work.jobs.find(job_id)


def every_field(given: EntityBuilder) -> Job:
    now = given.clock.now()
    return given.new_job(
        JobKind.NOTIFICATION_SEND,
        args={"template": "payment_failed", "params": {"amount": "12.50", "of": [1, None, "Zoë \U0001f600"]}},
        priority=9,
        state=JobState.EXECUTING,
        attempt=2,
        max_attempts=7,
        losses=3,
        run_at=now + SECOND,
        attempted_at=now + 2 * SECOND,
        errors=(
            JobError(at=now, reason=Reason.TIMEOUT, message='He said: "no" \\ {}'),
            JobError(at=now + SECOND, reason=Reason.BANK_API_ERROR, message="Bank API error"),
        ),
        unique_key="notification.send:cause",
        correlation_id="a request",
        lease=JobLease(
            token=given.ids.new_id(), owner_id=given.ids.new_id(), expires_at=now + timedelta(microseconds=1)
        ),
    )


def test_an_added_job_is_found_as_it_was(start_unit_of_work: StartUnitOfWork, given: EntityBuilder) -> None:
    job = every_field(given)

    given.stored(lambda work: work.jobs.add_many([job, given.new_job()]))

    found = stored_job(start_unit_of_work, job.id)
    assert found == job
    assert [error.category for error in found.errors] == [Category.EXTERNAL_DEPENDENCY] * 2
    assert found.lease == job.lease
    assert stored_job(start_unit_of_work, given.ids.new_id()) is None


def test_nothing_to_add_or_to_save_changes_nothing(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    with start_unit_of_work() as work:
        work.jobs.add_many([])
        work.jobs.save_many([])
        assert work.jobs.add_new([]) == 0
        assert work.jobs.find_many([]) == {}
        assert work.jobs.find_many_for_update([]) == {}
        assert work.jobs.list_unfinished_with_keys_for_update(JobKind.PAYMENT_PROCESS, []) == []
        assert work.jobs.list_unfinished_syncs_for_update([]) == []


def test_the_args_of_a_job_cannot_be_changed_by_anybody(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    params = {"name": "Zoë"}
    job = given.a_job(JobKind.NOTIFICATION_SEND, args={"template": "welcome", "params": params})

    params["name"] = "Eve"

    found = stored_job(start_unit_of_work, job.id)
    assert found is not None
    assert found.args == {"template": "welcome", "params": {"name": "Zoë"}}
    args: Any = found.args
    with pytest.raises(TypeError):
        args["template"] = "farewell"


def test_saving_changes_what_became_of_a_job_and_never_what_was_asked_for(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    before = given.a_job(JobKind.NOTIFICATION_SEND, args={"a": 1}, correlation_id="a request")
    after = replace(every_field(given), id=before.id, updated_at=before.updated_at + SECOND)

    given.stored(lambda work: work.jobs.save_many([after]))

    assert stored_job(start_unit_of_work, before.id) == replace(
        after,
        args=before.args,
        priority=before.priority,
        max_attempts=before.max_attempts,
        correlation_id=before.correlation_id,
        inserted_at=before.inserted_at,
    )


def test_the_kind_and_the_queue_of_a_job_stay_as_they_are(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    before = given.a_job(JobKind.BANK_SYNC)
    other_kind = replace(before, kind=JobKind.MAINTENANCE_PRUNE, inserted_at=before.inserted_at + SECOND)

    given.stored(lambda work: work.jobs.save_many([other_kind]))

    assert stored_job(start_unit_of_work, before.id) == before


def test_a_lease_is_given_up_by_saving_a_job_without_it(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    job = every_field(given)
    given.stored(lambda work: work.jobs.add_many([job]))
    completed = job.completed(at=job.updated_at + SECOND)

    given.stored(lambda work: work.jobs.save_many([completed]))

    assert stored_job(start_unit_of_work, job.id) == completed
    assert completed.lease is None


def test_a_job_that_was_never_added_cannot_be_saved(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    with start_unit_of_work() as work, pytest.raises((LookupError, RuntimeError)):
        work.jobs.save_many([given.new_job()])


def test_what_is_not_committed_is_undone(start_unit_of_work: StartUnitOfWork, given: EntityBuilder) -> None:
    now = given.clock.now()
    old, due = (
        given.a_job(state=JobState.COMPLETED, completed_at=now),
        given.a_job(state=JobState.SCHEDULED, run_at=now),
    )
    available = given.a_job()
    lease = JobLease(token=given.ids.new_id(), owner_id=given.ids.new_id(), expires_at=now + SECOND)

    with start_unit_of_work() as work:
        assert work.jobs.add_new([given.new_job()]) == 1
        assert len(work.jobs.lease_due("banking", lease=lease, now=now, limit=10)) == 3
        assert work.jobs.give_back_leases(lease.owner_id, at=now) == 3
        assert work.jobs.delete_finished_before(now + SECOND, limit=10) == 1

    with start_unit_of_work() as work:
        assert dict(work.jobs.find_many([old.id, due.id, available.id])) == {
            job.id: job for job in (old, due, available)
        }
        assert work.jobs.list_page(JobFilter(), now=given.clock.now(), request=PageRequest()).total_count == 3


def test_many_are_found_by_id_and_those_who_are_not_there_are_left_out(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    jobs = [given.a_job() for _ in range(3)]
    wanted = [jobs[2].id, given.ids.new_id(), jobs[0].id, jobs[0].id]

    with start_unit_of_work() as work:
        assert work.jobs.find_many(wanted) == {jobs[0].id: jobs[0], jobs[2].id: jobs[2]}
        assert list(work.jobs.find_many_for_update(wanted).items()) == [
            (jobs[0].id, jobs[0]),
            (jobs[2].id, jobs[2]),
        ]


def test_who_locks_a_job_waits_for_who_holds_it_and_sees_what_he_made_of_it(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    job = given.a_job()
    cancelled = job.cancelled(at=given.clock.now())

    def cancel(let_the_second_try: Callable[[], None]) -> None:
        with start_unit_of_work() as work:
            work.jobs.find_many_for_update([job.id])
            let_the_second_try()
            work.jobs.save_many([cancelled])
            work.commit()

    def look() -> None:
        with start_unit_of_work() as work:
            assert work.jobs.find_many_for_update([job.id]) == {job.id: cancelled}

    assert order_of_getting_through(cancel, look) == ["first", "second"]


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


def test_jobs_finished_before_then_are_removed_the_oldest_first_and_so_many_at_once(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    now = given.clock.now()
    gone = [
        given.a_job(state=state, completed_at=now - (3 - number) * SECOND)
        for number, state in enumerate(FINISHED)
    ]
    kept = [
        given.a_job(state=JobState.COMPLETED, completed_at=now),
        given.a_job(inserted_at=now - timedelta(days=30)),
    ]
    everything = [job.id for job in [*gone, *kept]]

    with start_unit_of_work() as work:
        assert work.jobs.delete_finished_before(now, limit=2) == 2
        assert set(work.jobs.find_many(everything)) == set(everything) - {gone[0].id, gone[1].id}
        assert work.jobs.delete_finished_before(now, limit=2) == 1
        assert work.jobs.delete_finished_before(now, limit=2) == 0
        work.commit()

    with start_unit_of_work() as work:
        assert work.jobs.find_many(everything) == {job.id: job for job in kept}


def test_a_removed_job_leaves_its_key_free(start_unit_of_work: StartUnitOfWork, given: EntityBuilder) -> None:
    now = given.clock.now()
    given.a_job(unique_key="bank.sync:1", state=JobState.COMPLETED, completed_at=now)
    newer = given.new_job(unique_key="bank.sync:1")

    with start_unit_of_work() as work:
        assert work.jobs.add_new([newer]) == 0
        assert work.jobs.delete_finished_before(now + SECOND, limit=1) == 1
        assert work.jobs.add_new([newer]) == 1
        work.commit()

    with start_unit_of_work() as work:
        assert work.jobs.list_with_key_for_update(JobKind.BANK_SYNC, "bank.sync:1") == [newer]


def test_a_job_is_added_once(start_unit_of_work: StartUnitOfWork, given: EntityBuilder) -> None:
    job = given.a_job()

    with start_unit_of_work() as work:
        assert work.jobs.add_new([job, given.new_job()]) == 1
        work.commit()
    with start_unit_of_work() as work, pytest.raises((DomainError, RuntimeError)):
        work.jobs.add_many([job])
