"""What every broker promises the workers: one suite over delivery in the process, Redis and RabbitMQ."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

import pytest
from tests.support.scenes.job_workplace import PATIENCE_SECONDS, THREADS, Workplace, wait_until
from tests.support.servers.job_brokers import BROKERS, TestedBroker, broker_named

from ledgerbank_adapters.workers import WorkerPool
from ledgerbank_domain.jobs.job import JobKind, JobState
from ledgerbank_domain.ports.job_transport import JobBatch, JobTransport, JobTransportError
from ledgerbank_domain.services.jobs.job_dispatch_service import JobDispatchService

# The other broker lives in the process that uses it, and is away when that is.
SERVERS = ("redis", "rabbitmq")
# What a machine with other things to do may add to a wait.
ROOM_SECONDS = 2.0


@pytest.fixture(params=BROKERS)
def broker(request: pytest.FixtureRequest) -> TestedBroker:
    return broker_named(request.param)


@pytest.fixture
def workplace(broker: TestedBroker) -> Workplace:
    return Workplace(broker)


class DeliverTwice(JobTransport):
    """A broker at its worst."""

    def __init__(self, transport: JobTransport) -> None:
        self._transport = transport

    def send(self, batch: JobBatch) -> None:
        self._transport.send(batch)
        self._transport.send(batch)


class DispatchTwice(JobDispatchService):
    def dispatch(self, *, owner_id: UUID, capacity: Mapping[str, int], transport: JobTransport) -> int:
        return super().dispatch(owner_id=owner_id, capacity=capacity, transport=DeliverTwice(transport))


@dataclass(frozen=True, kw_only=True)
class GiveBackLate(JobDispatchService):
    """Storage that does not answer until it is let."""

    answers: threading.Event

    def give_back(self, *, owner_id: UUID) -> int:
        assert self.answers.wait(PATIENCE_SECONDS)
        return super().give_back(owner_id=owner_id)


def test_every_job_of_every_queue_is_delivered_and_runs_once(workplace: Workplace) -> None:
    jobs = [
        *workplace.add_jobs(20, JobKind.BANK_SYNC),
        *workplace.add_jobs(20, JobKind.NOTIFICATION_SEND),
        *workplace.add_jobs(5, JobKind.MAINTENANCE_PRUNE),
    ]

    with workplace.working(pools=2):
        wait_until(lambda: workplace.states(jobs)[JobState.COMPLETED] == len(jobs), "the end of all jobs")

    assert {workplace.ran[job_id] for job_id in jobs} == {1}
    ended = Counter(job.id for job in workplace.ended)
    assert {ended[job_id] for job_id in jobs} == {1}


def test_a_queue_without_workers_is_left_to_other_processes(workplace: Workplace) -> None:
    payments = workplace.add_jobs(1, JobKind.PAYMENT_PROCESS)
    others = workplace.add_jobs(3)

    with workplace.working():
        wait_until(lambda: workplace.states(others)[JobState.COMPLETED] == 3)

    assert workplace.states(payments) == {JobState.AVAILABLE: 1}


def test_a_batch_that_is_delivered_twice_runs_once(workplace: Workplace) -> None:
    jobs = workplace.add_jobs(20)
    pool = workplace.pool(DispatchTwice(**workplace.ports_of_dispatch()))

    pool.start()
    wait_until(lambda: workplace.states(jobs)[JobState.COMPLETED] == len(jobs))
    time.sleep(0.5)
    assert pool.stop(PATIENCE_SECONDS)

    assert {workplace.ran[job_id] for job_id in jobs} == {1}


def test_a_batch_whose_jobs_were_given_back_meanwhile_does_nothing_when_it_arrives(
    workplace: Workplace,
) -> None:
    (job,) = workplace.add_jobs(1)
    with workplace.transport() as transport:
        assert workplace.hand_out(transport, places=1) == 1
    assert workplace.services.job_dispatch.give_back(owner_id=workplace.owner_id) == 1

    with workplace.working():
        wait_until(lambda: workplace.states([job])[JobState.COMPLETED] == 1)
        time.sleep(0.5)

    assert workplace.ran[job] == 1


def test_jobs_whose_messages_died_with_the_broker_are_sent_again(workplace: Workplace) -> None:
    jobs = workplace.add_jobs(5)
    with workplace.transport() as transport:
        assert workplace.hand_out(transport, places=5) == 5
    if workplace.broker.name != "in-process":
        workplace.broker.stoppable.stop()
        workplace.broker.stoppable.start()

    with workplace.working():
        wait_until(lambda: workplace.states(jobs)[JobState.COMPLETED] == 5, "the end of all jobs")

    assert {workplace.ran[job_id] for job_id in jobs} == {1}


@pytest.mark.parametrize("broker", SERVERS, indirect=True)
def test_sending_while_the_broker_is_away_is_an_error_that_leaves_the_jobs_free(
    workplace: Workplace,
) -> None:
    jobs = workplace.add_jobs(3)
    with workplace.transport() as transport:
        assert workplace.hand_out(transport, places=1) == 1
        workplace.broker.stoppable.stop()
        with pytest.raises(JobTransportError):
            workplace.hand_out(transport, places=3)
        transport.keep_alive()
        with workplace.start_unit_of_work() as work:
            assert not work.jobs.count_leased(workplace.owner_id, now=workplace.clock.now())

        workplace.broker.stoppable.start()
        transport.keep_alive()
        assert workplace.hand_out(transport, places=3) == 3
    with workplace.working():
        wait_until(lambda: workplace.states(jobs)[JobState.COMPLETED] == 3)


@pytest.mark.parametrize("broker", SERVERS, indirect=True)
def test_workers_wait_for_a_broker_that_is_restarted_and_tell_it_once(
    workplace: Workplace, caplog: pytest.LogCaptureFixture
) -> None:
    server = workplace.broker.stoppable
    with caplog.at_level(logging.INFO, "ledgerbank_adapters"), workplace.working(pools=2):
        first = workplace.add_jobs(5)
        wait_until(lambda: workplace.states(first)[JobState.COMPLETED] == 5)
        server.kill()
        while_away = workplace.add_jobs(5)
        time.sleep(2)
        server.start()
        wait_until(lambda: workplace.states(while_away)[JobState.COMPLETED] == 5)

    told = [record.message for record in caplog.records if "Handing out jobs" in record.message]
    assert sum("does not work" in message for message in told) in (1, 2)
    assert {workplace.ran[job_id] for job_id in while_away} == {1}


def test_who_stops_lets_running_attempts_end_and_frees_the_rest(workplace: Workplace) -> None:
    workplace.may_end.clear()
    jobs = workplace.add_jobs(9)
    pool = workplace.pool()
    pool.start()
    wait_until(lambda: workplace.states(jobs)[JobState.EXECUTING] == THREADS["banking"])
    threading.Timer(0.5, workplace.may_end.set).start()

    assert pool.stop(PATIENCE_SECONDS)

    assert workplace.states(jobs) == {
        JobState.COMPLETED: THREADS["banking"],
        JobState.AVAILABLE: 9 - THREADS["banking"],
    }
    now = workplace.clock.now()
    with workplace.start_unit_of_work() as work:
        leases = [job.lease for job in work.jobs.find_many(jobs).values() if job.lease is not None]
    assert not [lease for lease in leases if lease.expires_at > now], "what was not begun is free at once"


def test_who_stops_waits_no_longer_than_told(workplace: Workplace) -> None:
    workplace.may_end.clear()
    (job,) = workplace.add_jobs(1)
    pool = workplace.pool()
    pool.start()
    # Its own state: the pool plans jobs of its own, and one of those may be the first to begin.
    wait_until(lambda: workplace.states([job])[JobState.EXECUTING] == 1)

    assert not stopped_in_time(pool, 0.1)

    workplace.may_end.set()
    wait_until(lambda: workplace.states([job])[JobState.COMPLETED] == 1)
    wait_until(lambda: not closing_threads(), "the end of what the stop left behind")


@pytest.mark.parametrize("broker", SERVERS, indirect=True)
def test_who_stops_waits_no_longer_for_a_broker_that_is_away(workplace: Workplace) -> None:
    (job,) = workplace.add_jobs(1)
    pool = workplace.pool()
    pool.start()
    wait_until(lambda: workplace.states([job])[JobState.COMPLETED] == 1)
    workplace.broker.stoppable.kill()
    time.sleep(0.5)

    stopped_in_time(pool, 0.5)


def test_who_stops_waits_no_longer_for_storage_that_hangs(workplace: Workplace) -> None:
    answers = threading.Event()
    pool = workplace.pool(GiveBackLate(**workplace.ports_of_dispatch(), answers=answers))
    pool.start()

    stopped_in_time(pool, 0.5)

    assert closing_threads(), "nothing hung"
    answers.set()
    wait_until(lambda: not closing_threads(), "the end of what the stop left behind")


def stopped_in_time(pool: WorkerPool, timeout: float) -> bool:
    """What the pool says of its end, which must not have taken longer than told."""
    began = time.monotonic()
    ended = pool.stop(timeout)
    assert time.monotonic() - began < timeout + ROOM_SECONDS
    return ended


def closing_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "job-closing"]
