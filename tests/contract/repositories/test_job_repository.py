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
