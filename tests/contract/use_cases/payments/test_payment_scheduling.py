"""What leaving payments to workers promises, over every storage."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from tests.support.races import race, race_between, reasons, results
from tests.support.refusals import refused
from tests.support.scenes.entity_builder import EntityBuilder
from tests.support.scenes.job_scene import JobScene
from tests.support.scenes.service_world import ServiceWorld

from ledgerbank_domain.identity.actor import Origin, Role
from ledgerbank_domain.jobs.job import Job, JobKind, JobLease, JobState
from ledgerbank_domain.jobs.job_schedule import JobSchedule
from ledgerbank_domain.ledger.journal import Direction
from ledgerbank_domain.payments.payment import PaymentStatus
from ledgerbank_domain.payments.payment_job import payment_job_key
from ledgerbank_domain.services.payments.payment_schedule_service import PaymentScheduleService

WAITING = [JobState.SCHEDULED, JobState.AVAILABLE, JobState.RETRYABLE]
FINISHED = [JobState.COMPLETED, JobState.CANCELLED, JobState.DISCARDED]


@pytest.fixture
def scene(world: ServiceWorld, given: EntityBuilder) -> JobScene:
    return JobScene(world, given)


@pytest.fixture
def schedules(scene: JobScene) -> PaymentScheduleService:
    return scene.world.payment_schedules


def test_a_scheduled_payment_has_a_job_that_is_due_at_once_and_stays_pending(
    scene: JobScene, schedules: PaymentScheduleService
) -> None:
    actor = replace(scene.payer, origin=Origin(correlation_id="from-the-request"))
    payment = scene.payment
    scheduled = schedules.schedule(actor, payment_id=payment.id)
    job = scheduled.job
    assert not scheduled.deduplicated
    assert (job.kind, job.state, job.priority) == (JobKind.PAYMENT_PROCESS, JobState.AVAILABLE, 0)
    assert job.args == {"payment_id": str(payment.id)}
    assert job.unique_key == payment_job_key(payment.id)
    assert job.correlation_id == "from-the-request"
    assert job.run_at == scene.world.clock.now()
    assert scene.newest_job() == job
    assert scene.status() is PaymentStatus.PENDING
    assert sorted(scene.world.audit_names(payment.id)) == ["payment.created", "payment.scheduled"]


def test_a_payment_may_be_scheduled_for_later_with_a_priority(scene: JobScene) -> None:
    job = scene.schedule(priority=9, delay=timedelta(seconds=90))
    assert (job.state, job.priority) == (JobState.SCHEDULED, 9)
    assert job.run_at == scene.world.clock.now() + timedelta(seconds=90)


def test_a_time_is_looked_at_before_the_payment_is(
    scene: JobScene, schedules: PaymentScheduleService
) -> None:
    now = scene.world.clock.now()
    for run_at in (now, now + timedelta(days=30, microseconds=1)):
        asked = refused(
            partial(
                schedules.schedule,
                scene.payer,
                payment_id=scene.world.ids.new_id(),
                schedule=JobSchedule(run_at=run_at),
            )
        )
        assert asked == "invalid_schedule"


def test_the_workers_execute_what_was_scheduled_when_its_time_has_come(scene: JobScene) -> None:
    scene.schedule(delay=timedelta(hours=1))
    scene.world.services.due_jobs.run_due_jobs()
    assert scene.status() is PaymentStatus.PENDING
    scene.world.clock.advance(timedelta(hours=1))
    scene.world.services.due_jobs.run_due_jobs()
    assert scene.status() is PaymentStatus.COMPLETED
    assert scene.newest_job().state is JobState.COMPLETED
    assert scene.world.balance(scene.account) == 90


@pytest.mark.parametrize("state", WAITING)
def test_while_a_job_waits_it_is_given_again_unchanged(
    scene: JobScene, schedules: PaymentScheduleService, state: JobState
) -> None:
    job = scene.job_in(state)
    scene.world.clock.advance(timedelta(milliseconds=100))
    again = schedules.schedule(
        scene.payer, payment_id=scene.payment.id, schedule=JobSchedule(priority=5, delay=timedelta(days=1))
    )
    assert (again.deduplicated, again.job) == (True, job)
    assert scene.newest_job() == job
    assert scene.world.audit_names(scene.payment.id).count("payment.scheduled") == 1


def test_after_a_cancelled_job_there_may_be_another(
    scene: JobScene, schedules: PaymentScheduleService
) -> None:
    first = scene.job_in(JobState.CANCELLED)
    scene.world.clock.advance(timedelta(seconds=1))
    second = schedules.schedule(scene.payer, payment_id=scene.payment.id)
    assert not second.deduplicated
    assert second.job.id != first.id
    assert scene.newest_job() == second.job


@pytest.mark.parametrize("state", [JobState.EXECUTING, JobState.DISCARDED])
def test_a_payment_that_is_processing_or_failed_is_not_scheduled(scene: JobScene, state: JobState) -> None:
    scene.job_in(state)
    assert refused(scene.schedule) == "already_processed"


def test_a_payment_that_was_executed_or_cancelled_is_not_scheduled_though_its_job_waits(
    scene: JobScene,
) -> None:
    scene.schedule()
    scene.world.payment_processing.process(scene.payer, payment_id=scene.payment.id)
    assert refused(scene.schedule) == "already_processed"
    other = scene.new_payment()
    scene.world.payments.cancel(scene.payer, payment_id=other.id)
    assert refused(lambda: scene.schedule(other)) == "already_processed"


def test_who_may_not_process_a_payment_may_not_schedule_it_nor_cancel_its_job(
    scene: JobScene, schedules: PaymentScheduleService
) -> None:
    support = scene.world.user("support@example.com", role=Role.SUPPORT)[1]
    bob = scene.world.user("bob@example.com")[1]
    for stranger in (support, bob):
        for call in (schedules.schedule, schedules.cancel_job):
            asked = refused(partial(call, stranger, payment_id=scene.payment.id))
            assert asked == "insufficient_permissions"
    job = scene.schedule(actor=scene.admin)
    assert schedules.newest_job(support, payment_id=scene.payment.id) == job
    looking = refused(lambda: schedules.newest_job(bob, payment_id=scene.payment.id))
    assert looking == "insufficient_permissions"


def test_where_users_may_not_credit_themselves_they_schedule_no_credit_but_may_cancel_its_job(
    scene: JobScene,
) -> None:
    credit = scene.new_payment(direction=Direction.CREDIT)
    strict = scene.world.with_limits(self_service_credits=False).payment_schedules
    asking = refused(lambda: strict.schedule(scene.payer, payment_id=credit.id))
    assert asking == "insufficient_permissions"
    strict.schedule(scene.admin, payment_id=credit.id)
    assert strict.cancel_job(scene.payer, payment_id=credit.id).state is JobState.CANCELLED


def test_an_unknown_payment_is_not_found(scene: JobScene, schedules: PaymentScheduleService) -> None:
    for call in (schedules.schedule, schedules.newest_job, schedules.cancel_job):
        asked = refused(partial(call, scene.payer, payment_id=scene.world.ids.new_id()))
        assert asked == "payment_not_found"


def test_a_payment_without_a_job_says_so(scene: JobScene, schedules: PaymentScheduleService) -> None:
    for call in (schedules.newest_job, schedules.cancel_job):
        assert refused(partial(call, scene.payer, payment_id=scene.payment.id)) == "job_not_found"


@pytest.mark.parametrize("state", WAITING)
def test_cancelling_its_job_leaves_the_payment_pending(
    scene: JobScene, schedules: PaymentScheduleService, state: JobState
) -> None:
    job = scene.job_in(state)
    cancelled = schedules.cancel_job(scene.payer, payment_id=scene.payment.id)
    assert (cancelled.id, cancelled.state) == (job.id, JobState.CANCELLED)
    assert cancelled.completed_at == scene.world.clock.now()
    assert scene.newest_job() == cancelled
    assert scene.status() is PaymentStatus.PENDING


@pytest.mark.parametrize("state", [JobState.EXECUTING, *FINISHED])
def test_a_job_that_runs_or_is_finished_is_not_cancelled(
    scene: JobScene, schedules: PaymentScheduleService, state: JobState
) -> None:
    job = scene.job_in(state)
    asked = refused(lambda: schedules.cancel_job(scene.payer, payment_id=scene.payment.id))
    assert asked == "already_processed"
    assert scene.newest_job() == job


def test_an_administrator_who_cancels_somebodys_job_is_recorded_and_its_owner_is_not(
    scene: JobScene, schedules: PaymentScheduleService
) -> None:
    for actor, recorded in ((scene.admin, ["admin.job_cancelled"]), (scene.payer, [])):
        job = scene.schedule()
        schedules.cancel_job(actor, payment_id=scene.payment.id)
        assert scene.world.audit_names(job.id) == recorded


def test_the_unfinished_job_is_cancelled_even_when_a_newer_one_is_finished(
    scene: JobScene, schedules: PaymentScheduleService
) -> None:
    older = scene.job_in(JobState.CANCELLED)
    scene.world.clock.advance(timedelta(seconds=1))
    newer = scene.job_in(JobState.CANCELLED)
    scene.world.jobs.retry(scene.admin, job_id=older.id)
    assert scene.newest_job() == newer
    assert schedules.cancel_job(scene.payer, payment_id=scene.payment.id).id == older.id


@pytest.mark.parametrize("state", WAITING)
def test_cancelling_a_payment_cancels_its_job_with_it(scene: JobScene, state: JobState) -> None:
    job = scene.job_in(state)
    scene.world.payments.cancel(scene.payer, payment_id=scene.payment.id)
    assert scene.stored(job).state is JobState.CANCELLED
    assert scene.unfinished() == []


def test_a_payment_whose_job_runs_is_not_cancelled(scene: JobScene) -> None:
    job = scene.job_in(JobState.EXECUTING)
    cancelling = refused(lambda: scene.world.payments.cancel(scene.payer, payment_id=scene.payment.id))
    assert cancelling == "already_processed"
    assert scene.unfinished() == [job]


def test_of_20_simultaneous_wishes_one_makes_the_job_and_all_get_it(
    scene: JobScene, schedules: PaymentScheduleService
) -> None:
    outcomes = race([lambda: schedules.schedule(scene.payer, payment_id=scene.payment.id)] * 20)
    assert reasons(outcomes) == []
    wishes = results(outcomes)
    assert sorted(scheduled.deduplicated for scheduled in wishes) == [False] + [True] * 19
    assert {scheduled.job.id for scheduled in wishes} == {scene.newest_job().id}
    assert len(scene.unfinished()) == 1


def test_a_payment_that_is_scheduled_while_it_is_cancelled_never_keeps_a_job(scene: JobScene) -> None:
    for _ in range(10):
        payment = scene.new_payment()
        outcomes = race_between(
            partial(scene.schedule, payment),
            partial(scene.world.payments.cancel, scene.payer, payment_id=payment.id),
            partial(scene.schedule, payment),
        )
        assert set(reasons(outcomes)) <= {"already_processed"}
        assert scene.status(payment) is PaymentStatus.CANCELLED
        assert scene.unfinished(payment) == []


def test_a_payment_that_is_scheduled_while_its_payer_is_deleted_never_keeps_a_job(scene: JobScene) -> None:
    world = scene.world
    for n in range(5):
        user, actor = world.user(f"user{n}@example.com")
        payment = world.pending(actor, world.account_of(user))
        race_between(
            partial(scene.schedule, payment, actor=actor),
            partial(world.users.delete, scene.admin, user_id=user.id),
        )
        assert scene.status(payment) is PaymentStatus.CANCELLED
        assert scene.unfinished(payment) == []


def begin_first(world: ServiceWorld) -> Job | None:
    """What a worker does: takes the first job it is handed out, and begins it unless it is gone."""
    now = world.clock.now()
    lease = JobLease(
        token=world.ids.new_id(), owner_id=world.ids.new_id(), expires_at=now + timedelta(minutes=6)
    )
    with world.start_unit_of_work() as work:
        leased = work.jobs.lease_due("payments", lease=lease, now=now, limit=1)
        work.commit()
    begun = None
    for job in leased:
        with world.start_unit_of_work() as work:
            found = work.jobs.find_many_for_update([job.id])[job.id]
            if found.is_handed_out_with(lease.token):
                begun = found.begun(
                    token=lease.token, worker_id=lease.owner_id, lease_expires_at=lease.expires_at, at=now
                )
                work.jobs.save_many([begun])
                work.commit()
    return begun


def test_of_a_worker_and_a_cancellation_exactly_one_gets_the_job(
    scene: JobScene, schedules: PaymentScheduleService
) -> None:
    for _ in range(10):
        payment = scene.new_payment()
        scene.schedule(payment)
        begun, cancelled = race_between(
            lambda: begin_first(scene.world),
            partial(schedules.cancel_job, scene.payer, payment_id=payment.id),
        )
        job = scene.newest_job(payment)
        if begun is None:
            assert (job.state, job.lease) == (JobState.CANCELLED, None)
            assert cancelled == job
        else:
            assert job.state is JobState.EXECUTING
            assert reasons([cancelled]) == ["already_processed"]
