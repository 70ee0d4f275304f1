"""What administrators may do with jobs, over every storage."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import TypeAlias

import pytest
from tests.support.races import race, reasons
from tests.support.refusals import refused
from tests.support.scenes.entity_builder import EntityBuilder
from tests.support.scenes.job_scene import JobScene
from tests.support.scenes.job_steps import last_reason
from tests.support.scenes.service_world import ServiceWorld

from ledgerbank_domain.banking.account import Account
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import SYSTEM, Role
from ledgerbank_domain.identity.page import PageRequest
from ledgerbank_domain.jobs.job import Job, JobFilter, JobKind, JobState
from ledgerbank_domain.ledger.journal import Direction
from ledgerbank_domain.payments.payment import PaymentStatus

MAY_BE_RETRIED = [JobState.RETRYABLE, JobState.CANCELLED, JobState.DISCARDED]
MAY_BE_CANCELLED = [JobState.SCHEDULED, JobState.AVAILABLE, JobState.RETRYABLE]
AN_ID = "0199d1f2-7c3a-7b6e-9f00-3a5b1c2d4e6f"

ActOnJob: TypeAlias = Callable[[Job], Job]


def all_but(states: list[JobState]) -> list[JobState]:
    return [state for state in JobState if state not in states]


@pytest.fixture
def scene(world: ServiceWorld, given: EntityBuilder) -> JobScene:
    return JobScene(world, given)


@pytest.fixture
def retry(scene: JobScene) -> ActOnJob:
    return lambda job: scene.world.jobs.retry(scene.admin, job_id=job.id)


@pytest.fixture
def cancel(scene: JobScene) -> ActOnJob:
    return lambda job: scene.world.jobs.cancel(scene.admin, job_id=job.id)


def test_jobs_are_listed_newest_first_and_narrowed_to_what_is_wanted(scene: JobScene) -> None:
    made = []
    of_kinds: list[tuple[JobKind, dict[str, str]]] = [
        (JobKind.MAINTENANCE_PRUNE, {}),
        (JobKind.BANK_SYNC, {"bank_login_id": AN_ID}),
        (JobKind.BANK_SCHEDULE_DUE, {}),
    ]
    for kind, args in of_kinds:
        for state in (JobState.AVAILABLE, JobState.CANCELLED):
            scene.world.clock.advance(timedelta(seconds=1))
            made.append(scene.job_of_kind(kind, state=state, args=args))
    pruning, no_pruning, syncing, no_syncing, due, not_due = made

    def listed(wanted: JobFilter) -> list[Job]:
        page = scene.world.jobs.list_page(scene.admin, wanted, request=PageRequest())
        assert page.total_count == len(page.items)
        return list(page.items)

    assert listed(JobFilter()) == made[::-1]
    assert listed(JobFilter(state=JobState.CANCELLED)) == [not_due, no_syncing, no_pruning]
    assert listed(JobFilter(queue="default")) == [not_due, due, no_pruning, pruning]
    assert listed(JobFilter(kind=JobKind.BANK_SYNC)) == [no_syncing, syncing]
    assert listed(JobFilter(kind=JobKind.MAINTENANCE_PRUNE, queue="default", state=JobState.AVAILABLE)) == [
        pruning
    ]
    assert listed(JobFilter(queue="payments")) == []


def test_only_administrators_and_the_system_look_after_jobs(scene: JobScene) -> None:
    job = scene.schedule()
    jobs = scene.world.jobs
    support = scene.world.user("support@example.com", role=Role.SUPPORT)[1]
    for stranger in (scene.payer, support):
        for call in (jobs.get, jobs.retry, jobs.cancel):
            assert refused(partial(call, stranger, job_id=job.id)) == "insufficient_permissions"
        listing = refused(partial(jobs.list_page, stranger, JobFilter(), request=PageRequest()))
        assert listing == "insufficient_permissions"
    assert jobs.get(SYSTEM, job_id=job.id) == job


def test_an_unknown_job_is_not_found(scene: JobScene) -> None:
    jobs = scene.world.jobs
    for call in (jobs.get, jobs.retry, jobs.cancel):
        assert refused(partial(call, scene.admin, job_id=scene.world.ids.new_id())) == "job_not_found"


@pytest.mark.parametrize("state", MAY_BE_RETRIED)
def test_a_retried_job_is_available_now_as_if_new_and_keeps_its_errors(
    scene: JobScene, retry: ActOnJob, state: JobState
) -> None:
    job = scene.job_in(state)
    scene.world.clock.advance(timedelta(minutes=1))
    retried = retry(job)
    assert (retried.state, retried.attempt, retried.errors) == (JobState.AVAILABLE, 0, job.errors)
    assert (retried.run_at, retried.completed_at) == (scene.world.clock.now(), None)
    assert retried.unique_key == job.unique_key
    assert scene.stored(job) == retried
    assert scene.status() is PaymentStatus.PENDING
    assert scene.world.audit_names(job.id) == ["admin.job_retried"]


def test_a_job_whose_time_has_come_is_shown_as_available_though_no_worker_has_come_for_it(
    scene: JobScene,
) -> None:
    job = scene.job_in(JobState.RETRYABLE)
    assert scene.stored(job).state is JobState.RETRYABLE

    scene.world.clock.set(job.run_at)

    assert scene.stored(job).state is JobState.AVAILABLE
    assert scene.newest_job().state is JobState.AVAILABLE
    jobs = scene.world.jobs
    available = jobs.list_page(scene.admin, JobFilter(state=JobState.AVAILABLE), request=PageRequest())
    assert [(listed.id, listed.state) for listed in available.items] == [(job.id, JobState.AVAILABLE)]
    retryable = jobs.list_page(scene.admin, JobFilter(state=JobState.RETRYABLE), request=PageRequest())
    assert retryable.total_count == 0


@pytest.mark.parametrize("state", all_but(MAY_BE_RETRIED))
def test_a_job_in_another_state_is_not_retried(scene: JobScene, retry: ActOnJob, state: JobState) -> None:
    job = scene.job_in(state)
    assert refused(lambda: retry(job)) == "already_processed"
    assert scene.stored(job) == job
    assert scene.world.audit_names(job.id) == []


def test_a_payment_that_failed_is_executed_when_its_job_is_retried_after_the_cause_is_gone(
    scene: JobScene, retry: ActOnJob
) -> None:
    world = scene.world
    payment = scene.new_payment("150")
    job = scene.schedule(payment)
    world.services.due_jobs.run_due_jobs()
    assert scene.status(payment) is PaymentStatus.FAILED
    assert last_reason(scene.stored(job)) is Reason.INSUFFICIENT_FUNDS
    topping_up = scene.new_payment("50", direction=Direction.CREDIT)
    world.payment_processing.process(scene.payer, payment_id=topping_up.id)

    retry(job)

    waiting = world.payments.get(scene.payer, payment_id=payment.id)
    assert (waiting.status, waiting.failure_reason) == (PaymentStatus.PENDING, None)
    world.services.due_jobs.run_due_jobs()
    assert scene.status(payment) is PaymentStatus.COMPLETED
    assert world.balance(scene.account) == 0
    assert world.ledger.verify() == []


def test_a_job_whose_payment_is_done_with_is_not_retried(scene: JobScene, retry: ActOnJob) -> None:
    executed, cancelled = scene.new_payment(), scene.new_payment()
    job_of_executed = scene.job_in(JobState.CANCELLED, executed)
    scene.world.payment_processing.process(scene.payer, payment_id=executed.id)
    job_of_cancelled = scene.schedule(cancelled)
    scene.world.payments.cancel(scene.payer, payment_id=cancelled.id)
    for job in (job_of_executed, job_of_cancelled):
        assert refused(partial(retry, job)) == "already_processed"
        assert scene.stored(job).state is JobState.CANCELLED
    assert scene.status(executed) is PaymentStatus.COMPLETED
    assert scene.status(cancelled) is PaymentStatus.CANCELLED


@pytest.mark.parametrize("state", [*MAY_BE_CANCELLED, JobState.EXECUTING])
def test_a_job_is_not_retried_while_another_one_has_its_payment(
    scene: JobScene, retry: ActOnJob, state: JobState
) -> None:
    job = scene.job_in(JobState.CANCELLED)
    other = scene.job_in(state)
    assert refused(lambda: retry(job)) == "already_processed"
    assert [scene.stored(job), scene.stored(other)] == [job, other]


@pytest.mark.parametrize(
    ("kind", "args"),
    [
        (JobKind.BANK_SYNC, {"bank_login_id": AN_ID}),
        (JobKind.NOTIFICATION_SEND, {"user_id": AN_ID, "template": "any", "params": {}}),
    ],
)
def test_a_job_of_another_kind_is_retried_unless_another_one_took_its_place(
    scene: JobScene, retry: ActOnJob, kind: JobKind, args: dict[str, object]
) -> None:
    job = scene.job_of_kind(kind, state=JobState.DISCARDED, key="cause", args=args)
    assert retry(job).state is JobState.AVAILABLE
    scene.world.jobs.cancel(scene.admin, job_id=job.id)
    scene.job_of_kind(kind, state=JobState.COMPLETED, key="cause", args=args)
    assert refused(lambda: retry(job)) == "already_processed"


@pytest.mark.parametrize("state", MAY_BE_CANCELLED)
def test_a_job_that_waits_is_cancelled_and_its_payment_stays_pending(
    scene: JobScene, cancel: ActOnJob, state: JobState
) -> None:
    job = scene.job_in(state)
    cancelled = cancel(job)
    assert (cancelled.state, cancelled.completed_at) == (JobState.CANCELLED, scene.world.clock.now())
    assert scene.stored(job) == cancelled
    assert scene.status() is PaymentStatus.PENDING
    assert scene.world.audit_names(job.id) == ["admin.job_cancelled"]


@pytest.mark.parametrize("state", all_but(MAY_BE_CANCELLED))
def test_a_job_in_another_state_is_not_cancelled(scene: JobScene, cancel: ActOnJob, state: JobState) -> None:
    job = scene.job_in(state)
    assert refused(lambda: cancel(job)) == "already_processed"
    assert scene.stored(job) == job


def test_of_10_simultaneous_retries_of_one_job_one_does_it(scene: JobScene, retry: ActOnJob) -> None:
    for job in (
        scene.job_in(JobState.DISCARDED),
        scene.job_of_kind(JobKind.MAINTENANCE_PRUNE, state=JobState.DISCARDED),
    ):
        outcomes = race([partial(retry, job)] * 10)
        assert reasons(outcomes) == ["already_processed"] * 9
        assert scene.world.audit_names(job.id) == ["admin.job_retried"]


def test_of_10_simultaneous_cancellations_of_one_job_one_does_it(scene: JobScene, cancel: ActOnJob) -> None:
    for job in (scene.schedule(), scene.job_of_kind(JobKind.MAINTENANCE_PRUNE)):
        outcomes = race([partial(cancel, job)] * 10)
        assert reasons(outcomes) == ["already_processed"] * 9
        assert scene.world.audit_names(job.id) == ["admin.job_cancelled"]


def test_of_simultaneous_retries_of_all_jobs_of_a_payment_one_brings_its_job_back(
    scene: JobScene, retry: ActOnJob
) -> None:
    for _ in range(5):
        payment = scene.new_payment()
        jobs = [scene.job_in(JobState.CANCELLED, payment) for _ in range(4)]
        outcomes = race([*(partial(retry, job) for job in jobs), partial(scene.schedule, payment)])
        # Wishes to schedule are answered with whatever job there is, so one at most is not refused.
        assert set(reasons(outcomes)) == {"already_processed"}
        assert len(scene.unfinished(payment)) == 1


def test_of_simultaneous_retries_of_two_syncs_for_one_cause_one_is_brought_back(
    scene: JobScene, retry: ActOnJob
) -> None:
    for n in range(5):
        args = {"bank_login_id": AN_ID}
        jobs = [
            scene.job_of_kind(JobKind.BANK_SYNC, state=JobState.CANCELLED, key=f"cause {n}", args=args)
            for _ in range(2)
        ]
        outcomes = race([partial(retry, job) for job in jobs])
        assert reasons(outcomes) == ["already_processed"]


def test_a_job_that_is_retried_while_it_is_cancelled_ends_in_one_of_both_states(
    scene: JobScene, retry: ActOnJob, cancel: ActOnJob
) -> None:
    for _ in range(10):
        job = scene.job_in(JobState.RETRYABLE, scene.new_payment())
        outcomes = race([partial(retry, job), partial(cancel, job)])
        # Either order works: what was cancelled may be retried, and what was retried cancelled.
        assert reasons(outcomes) == []
        assert scene.stored(job).state in (JobState.AVAILABLE, JobState.CANCELLED)


def test_deleting_a_user_cancels_what_was_to_be_done_for_him_and_for_nobody_else(scene: JobScene) -> None:
    world = scene.world
    neighbour = world.user("bob@example.com")[0]
    others = scene.schedule(world.pending(SYSTEM, world.account_of(neighbour)), actor=scene.admin)
    waiting = scene.schedule()
    running = scene.job_in(JobState.EXECUTING, scene.new_payment())

    logins = {user.id: scene.given.a_login(user) for user in (scene.user, neighbour)}

    def sync_of(account: Account, *, state: JobState = JobState.AVAILABLE, key: str | None = None) -> Job:
        args = {"bank_login_id": str(logins[account.user_id].id)}
        return scene.job_of_kind(JobKind.BANK_SYNC, state=state, key=key, args=args)

    first = sync_of(scene.account, key="a key")
    repeated = sync_of(scene.account)
    syncing = sync_of(scene.account, state=JobState.EXECUTING)
    others_sync = sync_of(world.account_of(neighbour))

    world.users.delete(scene.admin, user_id=scene.user.id)

    for job in (waiting, first, repeated):
        assert scene.stored(job).state is JobState.CANCELLED
    # What runs finds nothing to do and ends by itself.
    for job in (running, syncing, others, others_sync):
        assert scene.stored(job) == job
