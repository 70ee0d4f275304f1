"""The parts that workers are made of, each by itself."""

import threading
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from ledgerbank_adapters.system import Uuid7IdGenerator
from ledgerbank_adapters.workers.job_actor import JobActor
from ledgerbank_adapters.workers.job_dispatcher import JobDispatcher
from ledgerbank_adapters.workers.outage_guard import OutageGuard
from ledgerbank_adapters.workers.polling_pace import PollingPace
from ledgerbank_adapters.workers.running_attempts import RunningAttempts
from ledgerbank_adapters.workers.storage_patience import StoragePatience
from ledgerbank_app.processes.worker_process import threads_for
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.jobs.job import Job, JobKind
from ledgerbank_domain.ports.job_transport import JobBatch, JobTransportError
from ledgerbank_domain.ports.unit_of_work import TransactionConflict
from ledgerbank_domain.services.jobs.job_running_service import UNEXPECTED
from ledgerbank_domain.services.jobs.job_work import AttemptEnd, Done

NOW = datetime(2030, 1, 15, 12, 0, tzinfo=UTC)
STORAGE_AWAY = DomainError(Reason.DATABASE_ERROR)


class Failing:
    """Raises what it was given, one after the other, and then gives its result."""

    def __init__(self, *errors: Exception, result: object = "done") -> None:
        self.errors = list(errors)
        self.result = result
        self.calls = 0

    def __call__(self) -> object:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return self.result


def test_waits_double_up_to_the_longest_and_start_again_when_there_was_something() -> None:
    pace = PollingPace(shortest=0.02, longest=0.1)

    assert [pace.slower() for _ in range(5)] == [0.02, 0.04, 0.08, 0.1, 0.1]
    pace.restart()
    assert pace.slower() == 0.02


def test_what_storage_could_not_do_is_repeated_until_it_is_done() -> None:
    waits: list[float] = []
    operation = Failing(STORAGE_AWAY, TransactionConflict("busy"), STORAGE_AWAY)

    assert StoragePatience(60, sleep=waits.append).until_done(operation) == "done"

    assert operation.calls == 4
    assert waits == [0.05, 0.1, 0.2]


def test_patience_ends_with_what_storage_raised_and_is_one_for_all_calls() -> None:
    waits: list[float] = []
    patience = StoragePatience(60, sleep=waits.append)

    for _ in range(2):
        with pytest.raises(DomainError, match="database_error"):
            patience.until_done(Failing(*[STORAGE_AWAY] * 1000))

    assert 60 <= sum(waits) <= 62


def must_not_wait(seconds: float) -> None:
    pytest.fail(f"waited {seconds} seconds")


@pytest.mark.parametrize("error", [DomainError(Reason.INSUFFICIENT_FUNDS), KeyError("bug")])
def test_what_is_no_fault_of_storage_is_not_repeated(error: Exception) -> None:
    operation = Failing(error)

    with pytest.raises(type(error)):
        StoragePatience(60, sleep=must_not_wait).until_done(operation)

    assert operation.calls == 1


def told(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    return [(record.levelname, record.getMessage()) for record in caplog.records]


def test_an_outage_is_told_when_it_begins_and_when_it_ends_and_not_between(
    caplog: pytest.LogCaptureFixture,
) -> None:
    guard = OutageGuard("Handing out jobs")
    operation = Failing(*[JobTransportError("connection refused")] * 5, result=7)

    assert [guard.attempt(operation) for _ in range(8)] == [None] * 5 + [7] * 3

    assert told(caplog) == [
        ("WARNING", "Handing out jobs does not work, and is tried again and again: connection refused"),
        ("WARNING", "Handing out jobs works again."),
    ]


def test_another_failure_during_an_outage_is_news_and_a_bug_comes_with_its_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    guard = OutageGuard("Handing out jobs")
    operation = Failing(STORAGE_AWAY, STORAGE_AWAY, KeyError("bug"), KeyError("bug"))

    for _ in range(4):
        assert guard.attempt(operation) is None

    assert [level for level, _ in told(caplog)] == ["WARNING", "ERROR"]
    assert caplog.records[1].exc_info is not None


def test_running_attempts_are_waited_for_as_long_as_told() -> None:
    attempts = RunningAttempts()
    may_end = threading.Event()

    def run() -> None:
        with attempts.one_more():
            may_end.wait(10)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert not attempts.wait_until_none(0.05)
    may_end.set()
    assert attempts.wait_until_none(10)
    for thread in threads:
        thread.join()


class Running:
    """A service whose runs of more than one job, or of the ``guilty`` ones, raise."""

    def __init__(
        self, jobs: list[Job], guilty: AbstractSet[UUID] = frozenset(), error: Exception | None = None
    ) -> None:
        self.jobs = jobs
        self.guilty = guilty
        self.error = error or KeyError("bug")
        self.ran: list[list[UUID]] = []
        self.failed: list[tuple[UUID, DomainError]] = []
        self.begin_errors: list[Exception] = []
        self.delivery_ids: list[UUID] = []
        self.record_errors: list[Exception] = []
        self.fail_errors: list[Exception] = []

    def begin(self, _batch: JobBatch, *, delivery_id: UUID, worker_id: UUID) -> list[Job]:
        self.delivery_ids.append(delivery_id)
        if self.begin_errors:
            raise self.begin_errors.pop(0)
        return self.jobs

    def attempt(self, begun: list[Job]) -> list[AttemptEnd]:
        self.ran.append([job.id for job in begun])
        if self.guilty & {job.id for job in begun}:
            raise self.error
        return [Done(job=job) for job in begun]

    def record(self, ends: list[AttemptEnd]) -> list[Job]:
        if self.record_errors:
            raise self.record_errors.pop(0)
        return [end.job for end in ends]

    def fail(self, begun: list[Job], error: DomainError) -> list[Job]:
        if self.fail_errors:
            raise self.fail_errors.pop(0)
        self.failed += [(job.id, error) for job in begun]
        return begun


class Noted:
    def __init__(self) -> None:
        self.jobs: list[UUID] = []

    def attempt_ended(self, job: Job) -> None:
        self.jobs.append(job.id)


def new_jobs(number: int) -> list[Job]:
    return [
        Job.new(JobKind.PAYMENT_PROCESS, job_id=uuid4(), args={"payment_id": str(uuid4())}, at=NOW)
        for _ in range(number)
    ]


def performed(running: Running, *, patience_seconds: float = 1.0) -> Noted:
    """Has an actor perform a batch of the service's jobs; gives the jobs that ended."""
    noted = Noted()
    ended: list[bool] = []
    actor = JobActor(
        running,  # type: ignore[arg-type]
        worker_id=uuid4(),
        ids=Uuid7IdGenerator(),
        observer=noted,
        ended=lambda: ended.append(True),
        patience_seconds=patience_seconds,
    )
    batch = JobBatch(
        kind=JobKind.PAYMENT_PROCESS, job_ids=tuple(job.id for job in running.jobs), lease_token=uuid4()
    )
    actor.perform(batch)
    assert ended == [True], "there is room for another batch, whatever came of this one"
    assert actor.attempts.wait_until_none(0)
    return noted


def test_a_batch_runs_together() -> None:
    jobs = new_jobs(3)
    running = Running(jobs)

    assert performed(running).jobs == [job.id for job in jobs]

    assert running.ran == [[job.id for job in jobs]]


def test_of_a_batch_that_raises_the_guilty_one_alone_fails(caplog: pytest.LogCaptureFixture) -> None:
    jobs = new_jobs(3)
    guilty = jobs[1].id
    running = Running(jobs, {guilty})

    assert performed(running).jobs == [job.id for job in jobs]

    assert running.failed == [(guilty, UNEXPECTED)]
    assert running.ran == [[job.id for job in jobs], *([job.id] for job in jobs)]
    (error,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert str(guilty) in error.getMessage()
    assert error.exc_info is not None


def test_an_end_that_storage_cannot_take_is_recorded_once_it_is_back_and_nothing_is_done_again() -> None:
    jobs = new_jobs(3)
    running = Running(jobs)
    running.record_errors = [STORAGE_AWAY, STORAGE_AWAY]

    assert performed(running).jobs == [job.id for job in jobs]

    assert running.failed == []
    assert len(running.ran) == 1


def test_the_beginning_waits_for_storage_as_well() -> None:
    running = Running(new_jobs(1))
    running.begin_errors = [STORAGE_AWAY]

    assert len(performed(running).jobs) == 1


def test_all_tries_to_begin_one_delivery_have_one_id_and_another_delivery_has_another() -> None:
    running = Running(new_jobs(1))
    running.begin_errors = [STORAGE_AWAY]

    performed(running)
    performed(running)

    first, repeated, other = running.delivery_ids
    assert first == repeated
    assert first != other


def test_what_cannot_be_recorded_is_left_to_be_taken_over(caplog: pytest.LogCaptureFixture) -> None:
    jobs = new_jobs(1)
    running = Running(jobs, {jobs[0].id})
    running.fail_errors = [STORAGE_AWAY] * 1000

    assert performed(running, patience_seconds=0.1).jobs == []

    assert "was not recorded" in caplog.records[-1].getMessage()


class BrokenConnection:
    """Of a client that raises what nobody expects of it."""

    def keep_alive(self) -> None:
        raise IndexError("pop from an empty deque")


class LivingConnection:
    def keep_alive(self) -> None:
        pass


class NothingToDo:
    """What the dispatcher asks the service to do, until it has done so often enough."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.asked: list[str] = []
        self.done = threading.Event()

    def dispatch(self, **_: object) -> int:
        self.asked.append("dispatch")
        if self.asked.count("dispatch") >= 3:
            self.done.set()
        if self.errors:
            raise self.errors.pop(0)
        return 0

    def give_back(self, *, owner_id: UUID) -> int:
        self.asked.append("give back")
        return 0


def dispatched_thrice(services: NothingToDo, connection: LivingConnection | BrokenConnection) -> list[str]:
    """What the services were asked by then."""
    dispatcher = JobDispatcher(
        owner_id=uuid4(),
        capacity={"payments": 1},
        job_dispatch=services,  # type: ignore[arg-type]
        transport=connection,  # type: ignore[arg-type]
    )
    dispatcher.start()
    try:
        assert services.done.wait(10)
    finally:
        dispatcher.stop(10)
    return services.asked


def test_what_may_have_been_leased_and_not_sent_when_storage_went_away_is_freed_once_it_is_back() -> None:
    asked = dispatched_thrice(NothingToDo(STORAGE_AWAY), LivingConnection())

    assert asked[:4] == ["dispatch", "give back", "dispatch", "dispatch"]


def test_a_dispatcher_goes_on_whatever_its_brokers_client_raises(caplog: pytest.LogCaptureFixture) -> None:
    dispatched_thrice(NothingToDo(), BrokenConnection())

    assert "Keeping the broker's connection" in caplog.text


WORKERS = {"payments": 2, "banking": 3, "notifications": 0, "default": 1}


def test_a_process_serves_all_queues_that_have_workers_or_those_it_is_told() -> None:
    assert threads_for("", WORKERS) == {"payments": 2, "banking": 3, "default": 1}
    assert threads_for("banking, payments", WORKERS) == {"banking": 3, "payments": 2}
    assert threads_for("notifications", WORKERS) == {}


@pytest.mark.parametrize("queues", ["payment", "payments,", "payments banking", ","])
def test_a_queue_that_does_not_exist_is_refused_by_its_name(queues: str) -> None:
    with pytest.raises(ValueError, match=r"there is no queue .*payments, banking, notifications, default"):
        threads_for(queues, WORKERS)
