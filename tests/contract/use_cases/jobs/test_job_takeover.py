"""Workers that die: noticed in seconds, no failure of what they did, and late whenever they come back."""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from tests.support.scenes.job_steps import last_reason
from tests.support.scenes.service_world import Customer, ServiceWorld
from tests.support.scenes.worker_steps import (
    ANOTHER_WORKER,
    PAYMENTS_ONLY,
    WORKER,
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
from ledgerbank_domain.identity.actor import Role
from ledgerbank_domain.jobs.job import MAX_LOSSES, RUNS_ALONE_AFTER_LOSSES, Job, JobKind, JobLease, JobState
from ledgerbank_domain.jobs.job_worker import JobWorker
from ledgerbank_domain.payments.payment import PaymentStatus

SILENCE = timedelta(seconds=20)
MOMENT = timedelta(microseconds=1)
MAILS_ONLY = {"notifications": 1}


def take_over(world: ServiceWorld) -> list[Job]:
    return world.services.job_takeover.take_over()


def begun_by(
    world: ServiceWorld, worker: UUID = WORKER, capacity: Mapping[str, int] = PAYMENTS_ONLY
) -> list[Job]:
    [batch] = hand_out(world, owner=worker, capacity=capacity)
    return begin(world, batch, worker=worker)


def silent_workers(world: ServiceWorld) -> list[UUID]:
    with world.start_unit_of_work() as work:
        return work.job_workers.list_silent(now=world.clock.now())


def lose_worker(world: ServiceWorld) -> list[Job]:
    """The worker that begins next dies, and that is noticed."""
    begun = [job for batch in hand_out(world) for job in begin(world, batch)]
    world.clock.advance(SILENCE)
    taken_over = take_over(world)
    assert sorted(job.id for job in taken_over) == sorted(job.id for job in begun)
    return taken_over


def test_the_attempts_of_a_worker_that_was_silent_for_twenty_seconds_wait_for_another_one(
    world: ServiceWorld, payer: Customer
) -> None:
    account, payments = scheduled(world, payer, "10", "20")
    begun_by(world)
    world.clock.advance(SILENCE - MOMENT)
    too_early = take_over(world)
    world.clock.advance(MOMENT)

    jobs = take_over(world)

    assert too_early == []
    assert [(job.state, job.attempt, job.losses, job.lease) for job in jobs] == [
        (JobState.AVAILABLE, 0, 1, None)
    ] * 2
    assert [error.reason for job in jobs for error in job.errors] == [Reason.WORKER_LOST] * 2
    assert {status_of(world, payment) for payment in payments} == {PaymentStatus.PENDING}
    world.services.due_jobs.run_due_jobs()
    assert {status_of(world, payment) for payment in payments} == {PaymentStatus.COMPLETED}
    assert world.balance(account) == 470
    assert {job_of(world, payment).attempt for payment in payments} == {1}


def test_a_worker_that_says_that_it_lives_keeps_all_its_attempts_up_to_their_limit(
    world: ServiceWorld, payer: Customer
) -> None:
    _, payments = scheduled(world, payer, "10", "20")
    begun_by(world)
    for _ in range(71):
        world.clock.advance(timedelta(seconds=5))
        world.services.job_takeover.renew(WORKER)
        assert take_over(world) == []
    world.clock.advance(timedelta(seconds=5))

    overdue = take_over(world)

    assert [last_reason(job) for job in overdue] == [Reason.TIMEOUT] * 2
    assert {job.state for job in overdue} == {JobState.RETRYABLE}
    assert {job.losses for job in overdue} == {0}
    assert {status_of(world, payment) for payment in payments} == {PaymentStatus.PENDING}


def test_one_worker_that_lives_does_not_keep_what_another_one_holds(
    world: ServiceWorld, payer: Customer
) -> None:
    scheduled(world, payer, "10")
    [lost] = begun_by(world)
    scheduled(world, payer, "20")
    [kept] = begun_by(world, ANOTHER_WORKER)
    world.clock.advance(SILENCE - MOMENT)
    world.services.job_takeover.renew(ANOTHER_WORKER)
    world.clock.advance(MOMENT)

    assert [job.id for job in take_over(world)] == [lost.id]

    assert job_now(world, kept).state is JobState.EXECUTING
    assert silent_workers(world) == []


def test_whoever_takes_over_is_not_dead_itself_whatever_it_has_said(
    world: ServiceWorld, payer: Customer
) -> None:
    scheduled(world, payer, "10")
    [mine] = begun_by(world)
    world.clock.advance(timedelta(minutes=1))

    assert world.services.job_takeover.take_over(by=WORKER) == []

    assert job_now(world, mine).state is JobState.EXECUTING


def test_a_late_worker_whose_attempts_were_taken_over_changes_nothing(
    world: ServiceWorld, payer: Customer
) -> None:
    account, payments = scheduled(world, payer, "10", "20")
    begun = begun_by(world)
    running = world.services.job_running
    world.clock.advance(SILENCE)
    take_over(world)

    world.services.job_takeover.renew(WORKER)

    assert running.run(begun) == []
    assert running.fail(begun) == []
    assert world.balance(account) == 500
    assert {status_of(world, payment) for payment in payments} == {PaymentStatus.PENDING}
    assert {len(job_of(world, payment).errors) for payment in payments} == {1}


def test_a_delivery_whose_attempt_was_taken_over_does_not_get_it_back(
    world: ServiceWorld, payer: Customer
) -> None:
    scheduled(world, payer, "10")
    [batch] = hand_out(world)
    running = world.services.job_running
    delivery_id = world.ids.new_id()
    running.begin(batch, delivery_id=delivery_id, worker_id=WORKER)
    world.clock.advance(SILENCE)
    [_] = take_over(world)
    [later] = hand_out(world, owner=ANOTHER_WORKER)
    begin(world, later, worker=ANOTHER_WORKER)

    assert running.begin(batch, delivery_id=delivery_id, worker_id=WORKER) == []


def test_a_worker_that_begins_something_lives(world: ServiceWorld, payer: Customer) -> None:
    scheduled(world, payer, "10")
    world.services.job_takeover.renew(WORKER)
    world.clock.advance(timedelta(minutes=5))
    begun_by(world)
    world.clock.advance(SILENCE - MOMENT)

    assert take_over(world) == []


def test_an_attempt_belongs_to_the_worker_that_begins_it_whoever_handed_it_out(
    world: ServiceWorld, payer: Customer
) -> None:
    scheduled(world, payer, "10")
    [batch] = hand_out(world, owner=WORKER)
    [job] = begin(world, batch, worker=ANOTHER_WORKER)
    world.services.job_takeover.renew(WORKER)
    for _ in range(4):
        world.clock.advance(timedelta(seconds=10))
        world.services.job_takeover.renew(ANOTHER_WORKER)

    assert take_over(world) == []

    assert job.lease is not None
    assert job.lease.owner_id == ANOTHER_WORKER
    assert len(hand_out(world, owner=WORKER)) == 0


def test_a_lost_worker_uses_up_no_retry(world: ServiceWorld, payer: Customer) -> None:
    user, _ = payer
    job = notification(world, user.id)
    running = world.services.job_running
    for _ in range(4):
        begun_by(world, capacity=MAILS_ONLY)
        world.clock.advance(SILENCE)
        take_over(world)
    delays = []
    while True:
        begun = begun_by(world, capacity=MAILS_ONLY)
        [failed] = running.fail(begun, DomainError(Reason.TIMEOUT))
        if failed.is_finished:
            break
        delays.append((failed.run_at - world.clock.now()).total_seconds())
        world.clock.set(failed.run_at)
        if len(delays) == 2:
            begun_by(world, capacity=MAILS_ONLY)
            world.clock.advance(SILENCE)
            take_over(world)

    last = job_now(world, job)
    assert [round(delay) // 1 >= 2**number for number, delay in enumerate(delays)] == [True] * 3
    assert (last.state, last.attempt, last.losses) == (JobState.DISCARDED, 4, 5)
    reasons = [error.reason for error in last.errors]
    assert (reasons.count(Reason.WORKER_LOST), reasons.count(Reason.TIMEOUT)) == (5, 4)


def test_what_lost_its_worker_ten_times_is_discarded_and_its_payer_told(
    world: ServiceWorld, payer: Customer
) -> None:
    account, (payment,) = scheduled(world, payer, "10")
    for _ in range(MAX_LOSSES - 1):
        lose_worker(world)
        assert status_of(world, payment) is PaymentStatus.PENDING

    lose_worker(world)

    job = job_of(world, payment)
    assert (job.state, job.losses, len(job.errors)) == (JobState.DISCARDED, MAX_LOSSES, MAX_LOSSES)
    failed = payment_now(world, payment)
    assert (failed.status, failed.failure_reason) == (PaymentStatus.FAILED, "worker_lost")
    assert "payment.failed" in world.audit_names(payment.id)
    world.services.due_jobs.run_due_jobs()
    assert any("ayment" in mail.mail.subject for mail in world.mailbox.list_newest(limit=10))
    assert world.balance(account) == 500


def test_an_administrator_who_tries_a_poisonous_job_again_gives_it_all_its_workers_anew(
    world: ServiceWorld, payer: Customer
) -> None:
    _, (payment,) = scheduled(world, payer, "10")
    for _ in range(MAX_LOSSES):
        lose_worker(world)
    admin = world.user("admin@example.com", role=Role.ADMIN)[1]

    retried = world.jobs.retry(admin, job_id=job_of(world, payment).id)
    [lost] = lose_worker(world)

    assert retried.losses == 0
    assert (lost.state, lost.losses, len(lost.errors)) == (JobState.AVAILABLE, 1, MAX_LOSSES + 1)


def test_what_may_be_poisonous_goes_by_itself_so_that_nothing_else_dies_with_it(
    world: ServiceWorld, payer: Customer
) -> None:
    _, (poison,) = scheduled(world, payer, "10")
    for _ in range(RUNS_ALONE_AFTER_LOSSES):
        lose_worker(world)
    _, innocents = scheduled(world, payer, "1", "2", "3")

    batches = hand_out(world)

    assert [set(batch.job_ids) for batch in batches] == [
        {job_of(world, payment).id for payment in innocents},
        {job_of(world, poison).id},
    ]
    assert hand_out(world) == [], "together they take one place"


def test_a_worker_that_leaves_is_not_waited_for_and_what_it_leaves_behind_is_taken_over(
    world: ServiceWorld, payer: Customer
) -> None:
    world.services.job_takeover.renew(ANOTHER_WORKER)
    world.services.job_takeover.leave(ANOTHER_WORKER)
    scheduled(world, payer, "10")
    [job] = begun_by(world)

    world.services.job_takeover.leave(WORKER)

    world.clock.advance(SILENCE)
    assert silent_workers(world) == [WORKER]
    assert [taken.id for taken in take_over(world)] == [job.id]
    assert silent_workers(world) == []


def test_more_attempts_than_go_in_one_transaction_are_all_taken_over_at_once(world: ServiceWorld) -> None:
    now = world.clock.now()
    jobs = [
        Job.new(JobKind.NOTIFICATION_SEND, job_id=world.ids.new_id(), args={}, at=now) for _ in range(1100)
    ]
    with world.start_unit_of_work() as work:
        work.jobs.add_many(jobs)
        work.commit()
    lease = JobLease(token=world.ids.new_id(), owner_id=WORKER, expires_at=now + timedelta(minutes=1))
    with world.start_unit_of_work() as work:
        leased = work.jobs.lease_due("notifications", lease=lease, now=now, limit=len(jobs))
        work.jobs.save_many(
            [
                job.begun(token=lease.token, worker_id=WORKER, lease_expires_at=lease.expires_at, at=now)
                for job in leased
            ]
        )
        work.job_workers.renew(JobWorker(id=WORKER, alive_until=now + SILENCE))
        work.commit()
    world.clock.advance(SILENCE)

    assert {job.id for job in take_over(world)} == {job.id for job in jobs}
