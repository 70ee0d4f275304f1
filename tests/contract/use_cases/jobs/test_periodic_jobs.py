"""Work that comes round by itself, over every storage."""

from datetime import timedelta

from tests.support.races import race
from tests.support.scenes.service_world import Customer, ServiceWorld
from tests.support.scenes.worker_steps import (
    begin,
    hand_out,
    job_now,
    jobs_of_kinds,
    kinds_of_jobs,
    scheduled,
    status_of,
)

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Role
from ledgerbank_domain.jobs.job import JobKind, JobState
from ledgerbank_domain.payments.payment import PaymentStatus
from ledgerbank_domain.services.payments.payment_job_lookup import find_newest_payment_job


def test_a_periodic_job_that_was_cancelled_or_discarded_is_not_planned_again_in_its_period(
    world: ServiceWorld,
) -> None:
    admin = world.user("admin@example.com", role=Role.ADMIN)[1]
    world.services.job_dispatch.plan_periodic_jobs()
    [cancelled, failed] = jobs_of_kinds(world, JobKind.BANK_SCHEDULE_DUE, JobKind.MAINTENANCE_PRUNE)
    world.jobs.cancel(admin, job_id=cancelled.id)
    [batch] = hand_out(world, capacity={"default": 1})
    world.services.job_running.fail(begin(world, batch), DomainError(Reason.INSUFFICIENT_FUNDS))
    assert job_now(world, failed).state is JobState.DISCARDED

    assert world.services.job_dispatch.plan_periodic_jobs() == 0

    for job in (cancelled, failed):
        assert world.jobs.retry(admin, job_id=job.id).state is JobState.AVAILABLE


def test_periodic_jobs_exist_once_per_period_however_many_processes_plan_them(world: ServiceWorld) -> None:
    race([world.services.job_dispatch.plan_periodic_jobs] * 10)
    at_noon = kinds_of_jobs(world)
    world.clock.advance(timedelta(seconds=59))
    world.services.job_dispatch.plan_periodic_jobs()
    within_the_minute = kinds_of_jobs(world)
    world.services.due_jobs.run_due_jobs()
    world.clock.advance(timedelta(minutes=10))
    world.services.job_dispatch.plan_periodic_jobs()

    assert at_noon == within_the_minute == ["bank.schedule_due", "maintenance.prune"]
    assert kinds_of_jobs(world) == ["bank.schedule_due", "bank.schedule_due", "maintenance.prune"]


def test_runs_that_were_missed_while_no_worker_was_free_are_made_up_for_by_one(world: ServiceWorld) -> None:
    for _ in range(5):
        world.services.job_dispatch.plan_periodic_jobs()
        world.clock.advance(timedelta(minutes=1))
    assert kinds_of_jobs(world) == ["bank.schedule_due", "maintenance.prune"]
    [batch] = hand_out(world, capacity={"default": 1})
    begin(world, batch)

    world.services.job_dispatch.plan_periodic_jobs()

    assert kinds_of_jobs(world) == ["bank.schedule_due", "bank.schedule_due", "maintenance.prune"]


def test_what_nobody_needs_any_more_is_cleared_away_by_the_hourly_job(
    world: ServiceWorld, payer: Customer
) -> None:
    _, (payment,) = scheduled(world, payer, "10")
    world.services.due_jobs.run_due_jobs()
    world.clock.advance(timedelta(days=7, hours=1))

    world.services.due_jobs.run_due_jobs()

    with world.start_unit_of_work() as work:
        assert find_newest_payment_job(work, payment.id) is None
    assert status_of(world, payment) is PaymentStatus.COMPLETED
