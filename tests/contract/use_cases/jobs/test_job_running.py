"""Running jobs: payments in batches, retries by category, leases that fence, periodic work."""

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from tests.support.races import race
from tests.support.scenes.service_world import ServiceWorld

from ledgerbank_adapters.memory import MemoryClock
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Category, Reason
from ledgerbank_domain.identity.actor import SYSTEM, Role
from ledgerbank_domain.identity.page import PageRequest
from ledgerbank_domain.jobs.job import QUEUES, Job, JobFilter, JobKind, JobState
from ledgerbank_domain.jobs.job_schedule import JobSchedule
from ledgerbank_domain.payments.payment import PaymentStatus
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.job_transport import JobBatch, JobTransport, JobTransportError
from ledgerbank_domain.ports.mailer import Mail, Mailer
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, TransactionConflict
from ledgerbank_domain.services.conduct.conflict_retry import retried_on_conflict
from ledgerbank_domain.services.jobs.job_work import JobPostponed, PlainWork
from ledgerbank_domain.services.payments.payment_job_lookup import find_newest_payment_job
from ledgerbank_domain.services.payments.payment_jobs import PaymentJobs

WORKER = UUID("00000000-0000-0000-0000-0000000000aa")
ANOTHER_WORKER = UUID("00000000-0000-0000-0000-0000000000bb")
PAYMENTS_ONLY = {"payments": 1}
LATER = datetime(2050, 1, 1, tzinfo=UTC)


class Outbox(JobTransport):
    """Keeps what is sent; refuses when it is closed."""

    def __init__(self, *, is_open: bool = True) -> None:
        self.batches: list[JobBatch] = []
        self.is_open = is_open

    def send(self, batch: JobBatch) -> None:
        if not self.is_open:
            raise JobTransportError("closed")
        self.batches.append(batch)


class FailingMailer(Mailer):
    """Raises what it is given, and notes when it was asked."""

    def __init__(self, error: Exception, clock: MemoryClock) -> None:
        self.error = error
        self.clock = clock
        self.asked_at: list[datetime] = []

    def send(self, mail: Mail) -> None:
        self.asked_at.append(self.clock.now())
        raise self.error


@pytest.fixture
def payer(world: ServiceWorld):
    return world.user()


def scheduled(world: ServiceWorld, payer, *amounts: str, balance: str = "500", priority: int = 0):
    user, actor = payer
    account = world.account_of(user, balance)
    payments = [world.pending(actor, account, amount) for amount in amounts]
    for payment in payments:
        world.payment_schedules.schedule(
            actor, payment_id=payment.id, schedule=JobSchedule(priority=priority)
        )
    return account, payments


def status_of(world: ServiceWorld, payment) -> PaymentStatus:
    return payment_now(world, payment).status


def payment_now(world: ServiceWorld, payment):
    with world.start_unit_of_work() as work:
        return work.payments.find_many([payment.id])[payment.id]


def job_of(world: ServiceWorld, payment) -> Job:
    with world.start_unit_of_work() as work:
        return find_newest_payment_job(work, payment.id)


def job_now(world: ServiceWorld, job: Job) -> Job:
    with world.start_unit_of_work() as work:
        return work.jobs.find(job.id)


def jobs_of_kinds(world: ServiceWorld, *kinds: JobKind) -> list[Job]:
    """The newest of each."""
    with world.start_unit_of_work() as work:
        newest = PageRequest(page_size=1)
        return [
            work.jobs.list_page(JobFilter(kind=kind), now=work.now(), request=newest).items[0]
            for kind in kinds
        ]


def hand_out(world: ServiceWorld, *, owner: UUID = WORKER, capacity=PAYMENTS_ONLY) -> list[JobBatch]:
    outbox = Outbox()
    world.services.job_dispatch.dispatch(owner_id=owner, capacity=capacity, transport=outbox)
    return outbox.batches


def begin(world: ServiceWorld, batch: JobBatch, *, worker: UUID = WORKER) -> list[Job]:
    """As a worker that was sent the batch does."""
    return world.services.job_running.begin(batch, delivery_id=world.ids.new_id(), worker_id=worker)


def notification(world: ServiceWorld, user_id: UUID) -> Job:
    """The job of a mail, due now."""
    job = Job.new(
        JobKind.NOTIFICATION_SEND,
        job_id=world.ids.new_id(),
        args={
            "user_id": str(user_id),
            "template": "password_changed",
            "params": {"changed_at": world.clock.now().isoformat()},
        },
        at=world.clock.now(),
    )
    with world.start_unit_of_work() as work:
        work.jobs.add_many([job])
        work.commit()
    return job


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


def test_payments_whose_time_has_come_are_processed_and_their_payers_told(world: ServiceWorld, payer) -> None:
    account, payments = scheduled(world, payer, "10", "20", "30")

    ran = world.services.due_jobs.run_due_jobs()

    assert {status_of(world, payment) for payment in payments} == {PaymentStatus.COMPLETED}
    assert world.balance(account) == 440
    assert {job_of(world, payment).state for payment in payments} == {JobState.COMPLETED}
    assert sum(job.kind is JobKind.PAYMENT_PROCESS for job in ran) == 3
    assert sum("ayment" in mail.mail.subject for mail in world.mailbox.list_newest(limit=10)) == 3
    assert world.ledger.verify() == []


def test_a_payment_scheduled_for_later_waits_for_its_time(world: ServiceWorld, payer) -> None:
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
    world: ServiceWorld, payer
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


def test_a_payment_is_processing_while_its_job_runs_and_nobody_else_may_touch_it(
    world: ServiceWorld, payer
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


def test_a_payment_is_pending_again_while_it_waits_for_a_retry(world: ServiceWorld, payer) -> None:
    _, (payment,) = scheduled(world, payer, "10")
    [batch] = hand_out(world)
    begun = begin(world, batch)

    [retryable] = world.services.job_running.fail(begun, DomainError(Reason.DATABASE_ERROR))

    assert retryable.state is JobState.RETRYABLE
    assert status_of(world, payment) is PaymentStatus.PENDING


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


def test_a_batch_that_is_delivered_twice_is_run_once(world: ServiceWorld, payer) -> None:
    account, _ = scheduled(world, payer, "10", "20")
    [batch] = hand_out(world)
    running = world.services.job_running
    running.run(begin(world, batch))

    again = begin(world, batch)

    assert again == []
    assert world.balance(account) == 470


def test_a_delivery_whose_beginning_got_no_answer_may_ask_again_and_no_other_may(
    world: ServiceWorld, payer
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
    world: ServiceWorld, payer
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


def test_a_batch_that_lost_one_of_its_jobs_still_does_the_others(world: ServiceWorld, payer) -> None:
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

    def _processed(self, begun: Sequence[Job]) -> list[Job]:
        if any(job.priority == 1 for job in begun):
            wait_for_it()
        return super()._processed(begun)


def test_a_row_that_somebody_holds_on_to_fails_the_one_payment_that_needs_it(
    world: ServiceWorld, payer
) -> None:
    account, (first, last) = scheduled(world, payer, "10", "20")
    other_account, (held,) = scheduled(world, payer, "40", priority=1)
    [batch] = hand_out(world)
    payment_jobs = world.services.job_running.works[JobKind.PAYMENT_PROCESS]
    ports = {each.name: getattr(payment_jobs, each.name) for each in fields(payment_jobs)}
    running = replace(world.services.job_running, works={JobKind.PAYMENT_PROCESS: OneRowIsHeld(**ports)})

    ended = running.run(begin(world, batch))

    assert len(ended) == 3
    assert status_of(world, first) is status_of(world, last) is PaymentStatus.COMPLETED
    assert (world.balance(account), world.balance(other_account)) == (470, 500)
    waiting = job_of(world, held)
    assert (waiting.state, waiting.last_error.reason) == (JobState.RETRYABLE, Reason.DATABASE_ERROR)


def test_a_payment_that_was_processed_meanwhile_leaves_its_job_nothing_to_do(
    world: ServiceWorld, payer
) -> None:
    account, (payment,) = scheduled(world, payer, "10")
    world.payment_processing.process(SYSTEM, payment_id=payment.id)

    world.services.due_jobs.run_due_jobs()

    assert job_of(world, payment).state is JobState.COMPLETED
    assert world.balance(account) == 490


def test_a_job_cancelled_after_it_was_handed_out_does_not_run(world: ServiceWorld, payer) -> None:
    _, (payment,) = scheduled(world, payer, "10")
    [batch] = hand_out(world)
    world.payment_schedules.cancel_job(SYSTEM, payment_id=payment.id)

    begun = begin(world, batch)

    assert begun == []
    assert job_of(world, payment).state is JobState.CANCELLED
    assert status_of(world, payment) is PaymentStatus.PENDING


def test_the_most_urgent_go_first_whenever_they_came(world: ServiceWorld, payer) -> None:
    _, ordinary = scheduled(world, payer, *["1"] * 5, priority=9)
    _, urgent = scheduled(world, payer, *["2"] * 2, priority=0)

    [batch] = hand_out(world)

    first_two = {job_of(world, payment).id for payment in urgent}
    assert set(batch.job_ids[:2]) == first_two
    assert len(batch.job_ids) == len(ordinary) + len(urgent)


def test_no_more_is_handed_out_than_there_are_places(world: ServiceWorld, payer) -> None:
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


def test_what_the_broker_does_not_take_is_free_again(world: ServiceWorld, payer) -> None:
    scheduled(world, payer, "10")
    with pytest.raises(JobTransportError):
        world.services.job_dispatch.dispatch(
            owner_id=WORKER, capacity=PAYMENTS_ONLY, transport=Outbox(is_open=False)
        )

    assert len(hand_out(world)) == 1


def test_a_worker_that_stops_gives_back_what_it_has_not_begun(world: ServiceWorld, payer) -> None:
    user, _ = payer
    notification(world, user.id)
    scheduled(world, payer, "10")
    [payments, mail] = hand_out(world, capacity={"payments": 1, "notifications": 1})
    begin(world, payments)

    freed = world.services.job_dispatch.give_back(owner_id=WORKER)

    assert freed == 1
    assert begin(world, mail) == []
    assert len(hand_out(world, owner=ANOTHER_WORKER, capacity={"notifications": 1})) == 1


def test_many_workers_that_race_process_every_payment_once(world: ServiceWorld, payer) -> None:
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

    assert sum(ran) == 40
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


def test_a_mail_is_sent_once_though_storage_was_away_when_it_had_been_sent(world: ServiceWorld) -> None:
    sent: list[UUID] = []
    user, _ = world.user()
    job = notification(world, user.id)
    [batch] = hand_out(world, capacity={"notifications": 1})
    storage_is_away = [True]

    def start_unit_of_work():
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
def test_a_late_worker_of_any_kind_of_job_has_nothing_to_tell(world: ServiceWorld, outcome) -> None:
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


def test_what_nobody_needs_any_more_is_cleared_away_by_the_hourly_job(world: ServiceWorld, payer) -> None:
    _, (payment,) = scheduled(world, payer, "10")
    world.services.due_jobs.run_due_jobs()
    world.clock.advance(timedelta(days=7, hours=1))

    world.services.due_jobs.run_due_jobs()

    assert job_of(world, payment) is None
    assert status_of(world, payment) is PaymentStatus.COMPLETED


def test_only_failures_outside_of_ourselves_are_ever_retried() -> None:
    retried = {category for category in Category if category.retry_policy.max_retries}

    assert retried == {Category.EXTERNAL_DEPENDENCY, Category.SYSTEM}


def test_every_kind_of_job_has_a_handler(world: ServiceWorld) -> None:
    assert set(world.services.job_running.works) == set(JobKind)
    assert set(QUEUES) == {"payments", "banking", "notifications", "default"}


def kinds_of_jobs(world: ServiceWorld) -> list[str]:
    with world.start_unit_of_work() as work:
        jobs = work.jobs.list_page(
            JobFilter(), now=work.now(), request=PageRequest(page=1, page_size=100)
        ).items
    return sorted(job.kind.value for job in jobs)
