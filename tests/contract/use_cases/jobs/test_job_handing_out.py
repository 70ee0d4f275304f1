"""Which jobs are handed out to workers, when and how many, over every storage."""

from datetime import timedelta

import pytest
from tests.support.scenes.service_world import Customer, ServiceWorld
from tests.support.scenes.worker_steps import (
    ANOTHER_WORKER,
    PAYMENTS_ONLY,
    WORKER,
    Outbox,
    begin,
    hand_out,
    job_of,
    notification,
    scheduled,
    status_of,
)

from ledgerbank_domain.identity.actor import SYSTEM
from ledgerbank_domain.jobs.job import Job, JobKind, JobState
from ledgerbank_domain.payments.payment import PaymentStatus
from ledgerbank_domain.ports.job_transport import JobTransportError


def test_the_most_urgent_of_thousands_that_are_due_at_once_goes_first(world: ServiceWorld) -> None:
    now = world.clock.now()
    jobs = [
        Job.new(
            JobKind.NOTIFICATION_SEND,
            job_id=world.ids.new_id(),
            args={},
            at=now,
            run_at=now + timedelta(seconds=1, microseconds=number),
            priority=0 if number == 2500 else 9,
        )
        for number in range(2501)
    ]
    with world.start_unit_of_work() as work:
        work.jobs.add_many(jobs)
        work.commit()
    world.clock.advance(timedelta(seconds=2))

    [batch] = hand_out(world, capacity={"notifications": 1})

    assert batch.job_ids == (jobs[2500].id,)


def test_a_batch_that_is_delivered_twice_is_run_once(world: ServiceWorld, payer: Customer) -> None:
    account, _ = scheduled(world, payer, "10", "20")
    [batch] = hand_out(world)
    running = world.services.job_running
    running.run(begin(world, batch))

    again = begin(world, batch)

    assert again == []
    assert world.balance(account) == 470


def test_a_delivery_whose_beginning_got_no_answer_may_ask_again_and_no_other_may(
    world: ServiceWorld, payer: Customer
) -> None:
    account, payments = scheduled(world, payer, "10", "20")
    [batch] = hand_out(world)
    running = world.services.job_running
    delivery_id = world.ids.new_id()
    begun = running.begin(batch, delivery_id=delivery_id, worker_id=WORKER)
    world.clock.advance(timedelta(seconds=10))

    again = running.begin(batch, delivery_id=delivery_id, worker_id=WORKER)

    assert [job.args["payment_id"] for job in again] == [str(payment.id) for payment in payments]
    assert again == begun
    assert begin(world, batch) == []
    assert {job.attempt for job in running.run(again)} == {1}
    assert running.begin(batch, delivery_id=delivery_id, worker_id=WORKER) == []
    assert world.balance(account) == 470


def test_what_was_handed_out_and_not_begun_is_handed_out_again_and_counts_no_attempt(
    world: ServiceWorld, payer: Customer
) -> None:
    _, (payment,) = scheduled(world, payer, "10")
    [lost] = hand_out(world)
    too_early = hand_out(world, owner=ANOTHER_WORKER)
    world.clock.advance(timedelta(seconds=20))
    [batch] = hand_out(world, owner=ANOTHER_WORKER)
    running = world.services.job_running

    late = begin(world, lost)
    running.run(begin(world, batch))

    assert too_early == []
    assert late == []
    assert status_of(world, payment) is PaymentStatus.COMPLETED
    assert job_of(world, payment).attempt == 1


def test_a_job_cancelled_after_it_was_handed_out_does_not_run(world: ServiceWorld, payer: Customer) -> None:
    _, (payment,) = scheduled(world, payer, "10")
    [batch] = hand_out(world)
    world.payment_schedules.cancel_job(SYSTEM, payment_id=payment.id)

    begun = begin(world, batch)

    assert begun == []
    assert job_of(world, payment).state is JobState.CANCELLED
    assert status_of(world, payment) is PaymentStatus.PENDING


def test_the_most_urgent_go_first_whenever_they_came(world: ServiceWorld, payer: Customer) -> None:
    _, ordinary = scheduled(world, payer, *["1"] * 5, priority=9)
    _, urgent = scheduled(world, payer, *["2"] * 2, priority=0)

    [batch] = hand_out(world)

    first_two = {job_of(world, payment).id for payment in urgent}
    assert set(batch.job_ids[:2]) == first_two
    assert len(batch.job_ids) == len(ordinary) + len(urgent)


def test_no_more_is_handed_out_than_there_are_places(world: ServiceWorld, payer: Customer) -> None:
    user, _ = payer
    for _ in range(5):
        notification(world, user.id)
    first = hand_out(world, capacity={"notifications": 2})
    nothing = hand_out(world, capacity={"notifications": 2})
    world.services.job_running.run(begin(world, first[0]))

    next_one = hand_out(world, capacity={"notifications": 2})

    assert len(first) == 2
    assert nothing == []
    assert len(next_one) == 1
    assert len(hand_out(world, owner=ANOTHER_WORKER, capacity={"notifications": 9})) == 2


def test_what_the_broker_does_not_take_is_free_again(world: ServiceWorld, payer: Customer) -> None:
    scheduled(world, payer, "10")
    with pytest.raises(JobTransportError):
        world.services.job_dispatch.dispatch(
            owner_id=WORKER, capacity=PAYMENTS_ONLY, transport=Outbox(is_open=False)
        )

    assert len(hand_out(world)) == 1


def test_a_worker_that_stops_gives_back_what_it_has_not_begun(world: ServiceWorld, payer: Customer) -> None:
    user, _ = payer
    notification(world, user.id)
    scheduled(world, payer, "10")
    [payments, mail] = hand_out(world, capacity={"payments": 1, "notifications": 1})
    begin(world, payments)

    freed = world.services.job_dispatch.give_back(owner_id=WORKER)

    assert freed == 1
    assert begin(world, mail) == []
    assert len(hand_out(world, owner=ANOTHER_WORKER, capacity={"notifications": 1})) == 1
