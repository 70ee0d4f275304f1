"""Running jobs, over every storage: payments in batches, each job once, and late workers change nothing."""

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from tests.support.races import race, reasons, results
from tests.support.scenes.job_steps import last_reason
from tests.support.scenes.service_world import Customer, ServiceWorld
from tests.support.scenes.worker_steps import (
    PAYMENTS_ONLY,
    Outbox,
    begin,
    hand_out,
    job_now,
    job_of,
    notification,
    payment_now,
    scheduled,
    status_of,
)

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import SYSTEM
from ledgerbank_domain.jobs.job import QUEUES, Job, JobKind, JobState
from ledgerbank_domain.jobs.job_schedule import JobSchedule
from ledgerbank_domain.payments.payment import PaymentStatus
from ledgerbank_domain.ports.unit_of_work import TransactionConflict, UnitOfWork
from ledgerbank_domain.services.conduct.conflict_retry import retried_on_conflict
from ledgerbank_domain.services.jobs.job_work import JobPostponed, PlainWork
from ledgerbank_domain.services.payments.payment_jobs import PaymentJobs

LATER = datetime(2050, 1, 1, tzinfo=UTC)


def test_payments_whose_time_has_come_are_processed_and_their_payers_told(
    world: ServiceWorld, payer: Customer
) -> None:
    account, payments = scheduled(world, payer, "10", "20", "30")

    ran = world.services.due_jobs.run_due_jobs()

    assert {status_of(world, payment) for payment in payments} == {PaymentStatus.COMPLETED}
    assert world.balance(account) == 440
    assert {job_of(world, payment).state for payment in payments} == {JobState.COMPLETED}
    assert sum(job.kind is JobKind.PAYMENT_PROCESS for job in ran) == 3
    assert sum("ayment" in mail.mail.subject for mail in world.mailbox.list_newest(limit=10)) == 3
    assert world.ledger.verify() == []


def test_a_payment_scheduled_for_later_waits_for_its_time(world: ServiceWorld, payer: Customer) -> None:
    user, actor = payer
    payment = world.pending(actor, world.account_of(user, "100"))
    world.payment_schedules.schedule(
        actor, payment_id=payment.id, schedule=JobSchedule(delay=timedelta(hours=1))
    )
    early = world.services.due_jobs.run_due_jobs()
    world.clock.advance(timedelta(hours=1))

    world.services.due_jobs.run_due_jobs()

    assert JobKind.PAYMENT_PROCESS not in {job.kind for job in early}
    assert status_of(world, payment) is PaymentStatus.COMPLETED


def test_a_refused_payment_is_failed_at_once_with_its_reason_and_its_neighbours_are_not_touched(
    world: ServiceWorld, payer: Customer
) -> None:
    account, (first, too_much, last) = scheduled(world, payer, "10", "600", "20")

    world.services.due_jobs.run_due_jobs()

    failed = payment_now(world, too_much)
    assert (failed.status, failed.failure_reason) == (PaymentStatus.FAILED, "insufficient_funds")
    job = job_of(world, too_much)
    assert (job.state, job.attempt, len(job.errors)) == (JobState.DISCARDED, 1, 1)
    assert status_of(world, first) is status_of(world, last) is PaymentStatus.COMPLETED
    assert world.balance(account) == 470
    assert "payment.failed" in world.audit_names(too_much.id)


def test_a_payment_is_processing_while_its_job_runs_and_nobody_else_may_touch_it(
    world: ServiceWorld, payer: Customer
) -> None:
    _, (payment,) = scheduled(world, payer, "10")
    [batch] = hand_out(world)
    begin(world, batch)

    refusals: list[Callable[[], object]] = [
        lambda: world.payment_processing.process(SYSTEM, payment_id=payment.id),
        lambda: world.payments.cancel(SYSTEM, payment_id=payment.id),
        lambda: world.payment_schedules.schedule(SYSTEM, payment_id=payment.id),
    ]

    assert status_of(world, payment) is PaymentStatus.PROCESSING
    for refused in refusals:
        with pytest.raises(DomainError, match="already_processed"):
            refused()


def test_a_batch_that_lost_one_of_its_jobs_still_does_the_others(
    world: ServiceWorld, payer: Customer
) -> None:
    account, (lost, kept) = scheduled(world, payer, "10", "20")
    [batch] = hand_out(world)
    running = world.services.job_running
    begun = begin(world, batch)
    running.fail([job for job in begun if job.args["payment_id"] == str(lost.id)])

    ended = running.run(begun)

    assert [job.args["payment_id"] for job in ended] == [str(kept.id)]
    assert status_of(world, lost) is PaymentStatus.PENDING
    assert world.balance(account) == 480


@retried_on_conflict
def wait_for_it() -> None:
    raise TransactionConflict("canceling statement due to lock timeout")


class OneRowIsHeld(PaymentJobs):
    """As if somebody held on to a row that one of the payments needs, for longer than anyone waits."""

    def _process_those_held(self, begun: Sequence[Job]) -> list[Job]:
        if any(job.priority == 1 for job in begun):
            wait_for_it()
        return super()._process_those_held(begun)


def test_a_row_that_somebody_holds_on_to_fails_the_one_payment_that_needs_it(
    world: ServiceWorld, payer: Customer
) -> None:
    account, (first, last) = scheduled(world, payer, "10", "20")
    other_account, (held,) = scheduled(world, payer, "40", priority=1)
    [batch] = hand_out(world)
    payment_jobs = world.services.job_running.works[JobKind.PAYMENT_PROCESS]
    assert isinstance(payment_jobs, PaymentJobs)
    ports = {each.name: getattr(payment_jobs, each.name) for each in fields(payment_jobs)}
    running = replace(world.services.job_running, works={JobKind.PAYMENT_PROCESS: OneRowIsHeld(**ports)})

    ended = running.run(begin(world, batch))

    assert len(ended) == 3
    assert status_of(world, first) is status_of(world, last) is PaymentStatus.COMPLETED
    assert [world.balance(account), world.balance(other_account)] == [470, 500]
    waiting = job_of(world, held)
    assert (waiting.state, last_reason(waiting)) == (JobState.RETRYABLE, Reason.DATABASE_ERROR)


def test_a_payment_that_was_processed_meanwhile_leaves_its_job_nothing_to_do(
    world: ServiceWorld, payer: Customer
) -> None:
    account, (payment,) = scheduled(world, payer, "10")
    world.payment_processing.process(SYSTEM, payment_id=payment.id)

    world.services.due_jobs.run_due_jobs()

    assert job_of(world, payment).state is JobState.COMPLETED
    assert world.balance(account) == 490


def test_many_workers_that_race_process_every_payment_once(world: ServiceWorld, payer: Customer) -> None:
    account, payments = scheduled(world, payer, *["1"] * 40)
    dispatch = replace(
        world.services.job_dispatch, timing=replace(world.services.job_dispatch.timing, batch_size=3)
    )
    running = world.services.job_running

    def work_off() -> int:
        ran, owner = 0, world.ids.new_id()
        while True:
            outbox = Outbox()
            dispatch.dispatch(owner_id=owner, capacity=PAYMENTS_ONLY, transport=outbox)
            if not outbox.batches:
                return ran
            for batch in outbox.batches:
                ran += len(running.run(begin(world, batch)))

    ran = race([work_off] * 6)

    assert reasons(ran) == []
    assert sum(results(ran)) == 40
    assert world.balance(account) == 460
    assert {status_of(world, payment) for payment in payments} == {PaymentStatus.COMPLETED}
    assert world.ledger.verify() == []


def test_a_postponed_attempt_does_not_count(world: ServiceWorld) -> None:
    until = world.clock.now() + timedelta(seconds=30)

    def too_early(job: Job, deadline: datetime) -> None:
        raise JobPostponed(until)

    user, _ = world.user()
    job = notification(world, user.id)
    [batch] = hand_out(world, capacity={"notifications": 1})
    running = replace(world.services.job_running, works={JobKind.NOTIFICATION_SEND: PlainWork(too_early)})

    running.run(begin(world, batch))

    postponed = job_now(world, job)
    assert (postponed.state, postponed.attempt, postponed.errors) == (JobState.SCHEDULED, 0, ())
    assert postponed.run_at == until


def test_a_handler_is_told_until_when_it_may_take(world: ServiceWorld) -> None:
    deadlines: list[datetime] = []
    user, _ = world.user()
    notification(world, user.id)
    [batch] = hand_out(world, capacity={"notifications": 1})
    running = replace(
        world.services.job_running,
        works={JobKind.NOTIFICATION_SEND: PlainWork(lambda _, deadline: deadlines.append(deadline))},
    )

    running.run(begin(world, batch))

    assert deadlines == [world.clock.now() + timedelta(minutes=1)]


def test_a_mail_is_sent_once_though_storage_was_away_when_it_had_been_sent(world: ServiceWorld) -> None:
    sent: list[UUID] = []
    user, _ = world.user()
    job = notification(world, user.id)
    [batch] = hand_out(world, capacity={"notifications": 1})
    storage_is_away = [True]

    def start_unit_of_work() -> UnitOfWork:
        if storage_is_away:
            raise DomainError(Reason.DATABASE_ERROR)
        return world.start_unit_of_work()

    begun = begin(world, batch)
    running = replace(
        world.services.job_running,
        start_unit_of_work=start_unit_of_work,
        works={JobKind.NOTIFICATION_SEND: PlainWork(lambda job, _: sent.append(job.id))},
    )
    ends = running.attempt(begun)
    with pytest.raises(DomainError, match="database_error"):
        running.record(ends)
    storage_is_away.clear()

    [ended] = running.record(ends)

    assert (ended.state, ended.errors) == (JobState.COMPLETED, ())
    assert sent == [job.id]


@pytest.mark.parametrize("outcome", [None, DomainError(Reason.TIMEOUT), JobPostponed(LATER)])
def test_a_late_worker_of_any_kind_of_job_has_nothing_to_tell(
    world: ServiceWorld, outcome: DomainError | JobPostponed | None
) -> None:
    def late(job: Job, _deadline: datetime) -> None:
        world.services.job_running.fail([job])
        if outcome is not None:
            raise outcome

    user, _ = world.user()
    job = notification(world, user.id)
    [batch] = hand_out(world, capacity={"notifications": 1})
    running = replace(world.services.job_running, works={JobKind.NOTIFICATION_SEND: PlainWork(late)})

    assert running.run(begin(world, batch)) == []

    assert job_now(world, job).state is JobState.RETRYABLE


def test_every_kind_of_job_has_a_handler(world: ServiceWorld) -> None:
    assert set(world.services.job_running.works) == set(JobKind)
    assert set(QUEUES) == {"payments", "banking", "notifications", "default"}
