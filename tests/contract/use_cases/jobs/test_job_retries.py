"""How often and how late a job that failed is tried again, over every storage."""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from tests.support.scenes.service_world import Customer, ServiceWorld
from tests.support.scenes.worker_steps import (
    begin,
    hand_out,
    job_now,
    notification,
    scheduled,
    status_of,
)

from ledgerbank_adapters.memory import MemoryClock
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Category, Reason
from ledgerbank_domain.jobs.job import Job, JobState
from ledgerbank_domain.payments.payment import PaymentStatus
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.mailer import Mail, Mailer
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork


class FailingMailer(Mailer):
    """Raises what it is given, and notes when it was asked."""

    def __init__(self, error: Exception, clock: MemoryClock) -> None:
        self.error = error
        self.clock = clock
        self.asked_at: list[datetime] = []

    def send(self, mail: Mail) -> None:
        self.asked_at.append(self.clock.now())
        raise self.error


def run_until_finished(world: ServiceWorld, job: Job, *, expected: type[Exception] | None = None) -> Job:
    """Lets time pass from one due moment to the next until the job is finished."""
    for _ in range(10):
        try:
            world.services.due_jobs.run_due_jobs()
        except RuntimeError as error:
            assert expected is type(error)  # noqa: PT017 - it may come each time, or never
        job = job_now(world, job)
        if job.is_finished:
            return job
        world.clock.set(job.run_at)
    raise AssertionError(f"still {job.state} after ten attempts")


@pytest.mark.parametrize(
    ("error", "delays"),
    [
        (DomainError(Reason.TIMEOUT), [1, 2, 4]),
        (DomainError(Reason.SERVICE_UNAVAILABLE), [1, 2, 4]),
        (DomainError(Reason.DATABASE_ERROR), [0.5, 1]),
        (RuntimeError("a bug"), [0.5, 1]),
        (DomainError(Reason.INSUFFICIENT_FUNDS), []),
        (DomainError(Reason.INVALID_EMAIL_FORMAT), []),
        (DomainError(Reason.RATE_LIMIT_EXCEEDED), []),
    ],
    ids=str,
)
def test_a_failure_is_retried_as_often_and_as_late_as_its_category_says(
    start_unit_of_work: StartUnitOfWork,
    clock: MemoryClock,
    ids: IdGenerator,
    error: Exception,
    delays: list[float],
) -> None:
    mailer = FailingMailer(error, clock)
    world = ServiceWorld(start_unit_of_work=start_unit_of_work, clock=clock, ids=ids, mailer=mailer)
    user, _ = world.user()

    job = run_until_finished(world, notification(world, user.id), expected=type(error))

    waited = [(later - earlier).total_seconds() for earlier, later in pairwise(mailer.asked_at)]
    assert job.state is JobState.DISCARDED
    assert len(waited) == len(delays)
    assert all(delay <= wait <= delay * 1.5 for delay, wait in zip(delays, waited, strict=True))
    assert [error.at for error in job.errors] == mailer.asked_at


def test_a_retry_waits_at_least_as_long_as_the_other_side_asked_and_an_hour_at_most(
    start_unit_of_work: StartUnitOfWork, clock: MemoryClock, ids: IdGenerator
) -> None:
    mailer = FailingMailer(DomainError(Reason.SERVICE_UNAVAILABLE, retry_after_seconds=120), clock)
    world = ServiceWorld(start_unit_of_work=start_unit_of_work, clock=clock, ids=ids, mailer=mailer)
    user, _ = world.user()
    patient = notification(world, user.id)
    began = clock.now()

    world.services.due_jobs.run_due_jobs()
    mailer.error = DomainError(Reason.SERVICE_UNAVAILABLE, retry_after_seconds=86400)
    endless = notification(world, user.id)
    world.services.due_jobs.run_due_jobs()

    assert job_now(world, patient).run_at == began + timedelta(seconds=120)
    assert job_now(world, endless).run_at == began + timedelta(hours=1)


def test_retries_are_counted_by_category_and_end_after_five_attempts_of_all(
    start_unit_of_work: StartUnitOfWork, clock: MemoryClock, ids: IdGenerator
) -> None:
    mailer = FailingMailer(DomainError(Reason.TIMEOUT), clock)
    world = ServiceWorld(start_unit_of_work=start_unit_of_work, clock=clock, ids=ids, mailer=mailer)
    user, _ = world.user()
    job = notification(world, user.id)
    for reason in [Reason.TIMEOUT, Reason.DATABASE_ERROR, Reason.TIMEOUT, Reason.DATABASE_ERROR]:
        mailer.error = DomainError(reason)
        world.services.due_jobs.run_due_jobs()
        clock.set(job_now(world, job).run_at)
    before_the_last = job_now(world, job)
    mailer.error = DomainError(Reason.TIMEOUT)

    world.services.due_jobs.run_due_jobs()

    assert before_the_last.state is JobState.RETRYABLE
    last = job_now(world, job)
    assert (last.state, last.attempt) == (JobState.DISCARDED, 5)


def test_a_payment_is_pending_again_while_it_waits_for_a_retry(world: ServiceWorld, payer: Customer) -> None:
    _, (payment,) = scheduled(world, payer, "10")
    [batch] = hand_out(world)
    begun = begin(world, batch)

    [retryable] = world.services.job_running.fail(begun, DomainError(Reason.DATABASE_ERROR))

    assert retryable.state is JobState.RETRYABLE
    assert status_of(world, payment) is PaymentStatus.PENDING


def test_only_failures_outside_of_ourselves_are_ever_retried() -> None:
    retried = {category for category in Category if category.retry_policy.max_retries}

    assert retried == {Category.EXTERNAL_DEPENDENCY, Category.SYSTEM}
