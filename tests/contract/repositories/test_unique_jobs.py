"""Which jobs every store allows beside each other."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as generated
from hypothesis import strategies as st
from tests.support.racing_threads import order_of_getting_through, race
from tests.support.scenes.entity_builder import EntityBuilder

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.page import PageRequest
from ledgerbank_domain.jobs.job import UNFINISHED_STATES, Job, JobFilter, JobKind, JobLease, JobState
from ledgerbank_domain.jobs.job_timing import PERIODS
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork

KEEPS_ITS_KEY = UNFINISHED_STATES | {JobState.COMPLETED}
PAYMENT_ID = "0194f6b2-0000-7000-8000-000000000001"
KEYS = {
    JobKind.PAYMENT_PROCESS: f"payment.process:{PAYMENT_ID}",
    JobKind.BANK_SYNC: "the key",
    JobKind.BANK_DISCONNECT: "the key",
    JobKind.NOTIFICATION_SEND: "the key",
    JobKind.BANK_SCHEDULE_DUE: "the key",
    JobKind.MAINTENANCE_PRUNE: "the key",
}


def new_keyed_job(
    given: EntityBuilder, kind: JobKind, state: JobState = JobState.AVAILABLE, **fields: Any
) -> Job:
    now = given.clock.now()
    if kind is JobKind.PAYMENT_PROCESS:
        fields["args"] = {"payment_id": PAYMENT_ID}
    if state is JobState.EXECUTING:
        fields["lease"] = JobLease(token=given.ids.new_id(), owner_id=given.ids.new_id(), expires_at=now)
    completed_at = None if state in UNFINISHED_STATES else now
    return given.new_job(
        kind, **{"state": state, "completed_at": completed_at, "unique_key": KEYS[kind], **fields}
    )


def blocks(kind: JobKind, state: JobState) -> bool:
    """Whether a job of this kind keeps its key from others."""
    if kind in PERIODS:
        return True
    return state in (UNFINISHED_STATES if kind is JobKind.PAYMENT_PROCESS else KEEPS_ITS_KEY)


def all_jobs(start_unit_of_work: StartUnitOfWork) -> list[Job]:
    with start_unit_of_work() as work:
        return list(
            work.jobs.list_page(JobFilter(), now=work.now(), request=PageRequest(page_size=100)).items
        )


def assert_refused(refusal: pytest.ExceptionInfo[DomainError]) -> None:
    assert refusal.value.reason is Reason.RESOURCE_ALREADY_EXISTS
    assert refusal.value.details == {"field": "unique_key"}


@pytest.mark.parametrize(
    "kind", [JobKind.PAYMENT_PROCESS, JobKind.BANK_SYNC, JobKind.BANK_SCHEDULE_DUE, JobKind.MAINTENANCE_PRUNE]
)
@pytest.mark.parametrize("state", JobState)
def test_a_job_keeps_its_key_for_itself_as_long_as_its_kind_says(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, kind: JobKind, state: JobState
) -> None:
    first = new_keyed_job(given, kind, state)
    second = new_keyed_job(given, kind)
    given.stored(lambda work: work.jobs.add_many([first]))

    with start_unit_of_work() as work:
        assert work.jobs.add_new([second]) == (0 if blocks(kind, state) else 1)

    if blocks(kind, state):
        with start_unit_of_work() as work, pytest.raises(DomainError) as refusal:
            work.jobs.add_many([second])
        assert_refused(refusal)
    else:
        given.stored(lambda work: work.jobs.add_many([second]))


def test_a_key_is_shared_by_all_kinds_but_payment_process(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    given.stored(lambda work: work.jobs.add_many([new_keyed_job(given, JobKind.BANK_SYNC)]))
    payment_job = new_keyed_job(given, JobKind.PAYMENT_PROCESS, unique_key="the key")

    with start_unit_of_work() as work:
        assert work.jobs.add_new([new_keyed_job(given, JobKind.NOTIFICATION_SEND), payment_job]) == 1
        assert work.jobs.find(payment_job.id) == payment_job


def test_jobs_without_a_key_are_never_in_each_others_way(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    new_jobs = [given.new_job(JobKind.BANK_SCHEDULE_DUE) for _ in range(3)]

    with start_unit_of_work() as work:
        assert work.jobs.add_new(new_jobs) == 3


def test_of_jobs_with_one_key_in_one_batch_the_first_is_added(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    first, second = new_keyed_job(given, JobKind.BANK_SYNC), new_keyed_job(given, JobKind.BANK_SYNC)
    other = given.new_job()

    with start_unit_of_work() as work:
        assert work.jobs.add_new([first, other, second]) == 2
        assert set(work.jobs.find_many([first.id, second.id, other.id])) == {first.id, other.id}


def test_a_unit_of_work_goes_on_after_a_job_was_left_out(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    given.stored(lambda work: work.jobs.add_many([new_keyed_job(given, JobKind.BANK_SYNC)]))
    other = given.new_job()

    with start_unit_of_work() as work:
        assert work.jobs.add_new([new_keyed_job(given, JobKind.BANK_SYNC)]) == 0
        work.jobs.add_many([other])
        work.commit()

    assert other in all_jobs(start_unit_of_work)


@pytest.mark.parametrize("kind", [JobKind.PAYMENT_PROCESS, JobKind.BANK_SYNC])
def test_a_job_that_gave_up_its_key_cannot_come_back_beside_its_successor(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, kind: JobKind
) -> None:
    discarded, successor = new_keyed_job(given, kind, JobState.DISCARDED), new_keyed_job(given, kind)
    given.stored(lambda work: work.jobs.add_many([discarded, successor]))

    with start_unit_of_work() as work, pytest.raises(DomainError) as refusal:
        work.jobs.save_many([discarded.retried(at=given.clock.now())])

    assert_refused(refusal)
    assert all_jobs(start_unit_of_work) == [successor, discarded]


@pytest.mark.parametrize("kind", [JobKind.PAYMENT_PROCESS, JobKind.BANK_SYNC])
def test_of_twenty_that_add_one_key_at_once_one_adds_it(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, kind: JobKind
) -> None:
    contenders = [new_keyed_job(given, kind) for _ in range(20)]

    def add(number: int) -> int:
        with start_unit_of_work() as work:
            added = work.jobs.add_new([contenders[number]])
            work.commit()
        return added

    outcomes = race(add, threads=20)

    assert sorted(map(str, outcomes)) == ["0"] * 19 + ["1"]
    assert all_jobs(start_unit_of_work) == [contenders[outcomes.index(1)]]


def test_of_twenty_that_insist_on_one_key_at_once_all_but_one_are_refused(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    contenders = [new_keyed_job(given, JobKind.PAYMENT_PROCESS) for _ in range(20)]

    def add(number: int) -> int:
        with start_unit_of_work() as work:
            work.jobs.add_many([contenders[number]])
            work.commit()
        return number

    outcomes = race(add, threads=20)

    refusals = [outcome for outcome in outcomes if isinstance(outcome, DomainError)]
    assert [refusal.reason for refusal in refusals] == [Reason.RESOURCE_ALREADY_EXISTS] * 19
    assert len(all_jobs(start_unit_of_work)) == 1


def test_batches_that_share_their_keys_in_any_order_are_added_once_each(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    def batch(number: int) -> Iterable[Job]:
        keys = [f"key {(number + step) % 10}" for step in range(10)]
        return [given.new_job(unique_key=key) for key in (reversed(keys) if number % 2 else keys)]

    batches = [batch(number) for number in range(20)]
    conflicts = []

    def add(number: int) -> int:
        conflicts.append(number)
        with start_unit_of_work() as work:
            added = work.jobs.add_new(list(batches[number]))
            work.commit()
        return added

    outcomes = race(add, threads=20)

    assert sum(outcome for outcome in outcomes if isinstance(outcome, int)) == 10
    assert len(conflicts) == 20, "a batch was run again after a deadlock"
    assert sorted(str(job.unique_key) for job in all_jobs(start_unit_of_work)) == [
        f"key {n}" for n in range(10)
    ]


def test_who_adds_a_key_waits_for_who_is_adding_it_and_gets_it_when_that_is_undone(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    first, second = new_keyed_job(given, JobKind.BANK_SYNC), new_keyed_job(given, JobKind.BANK_SYNC)

    def add_and_leave(let_the_second_try: Callable[[], None]) -> None:
        with start_unit_of_work() as work:
            assert work.jobs.add_new([first]) == 1
            let_the_second_try()

    def add_too() -> None:
        with start_unit_of_work() as work:
            assert work.jobs.add_new([second]) == 1
            work.commit()

    assert order_of_getting_through(add_and_leave, add_too) == ["first", "second"]
    assert all_jobs(start_unit_of_work) == [second]


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@generated(
    steps=st.lists(
        st.tuples(st.sampled_from(list(KEYS)), st.sampled_from(JobState), st.booleans()), max_size=12
    )
)
def test_whatever_is_tried_no_two_jobs_stand_in_each_others_way(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, steps: list[tuple[JobKind, JobState, bool]]
) -> None:
    kept: list[Job] = []
    with start_unit_of_work() as work:
        for kind, state, moves_an_older_one in steps:
            older = next((job for job in kept if job.kind is kind), None)
            job = new_keyed_job(given, kind, state)
            if moves_an_older_one and older is not None:
                job = replace(job, id=older.id, args=older.args)
            others = [other for other in kept if other.id != job.id]
            in_the_way = blocks(kind, state) and any(
                KEYS[other.kind] == KEYS[kind] and blocks(other.kind, other.state) for other in others
            )
            if job.id not in {other.id for other in kept}:
                assert work.jobs.add_new([job]) == (0 if in_the_way else 1)
                kept += [] if in_the_way else [job]
            elif not in_the_way:
                work.jobs.save_many([job])
                kept = [*others, job]
        # None of it is committed, so that the next example starts with nothing.
        assert dict(work.jobs.find_many([job.id for job in kept])) == {job.id: job for job in kept}
