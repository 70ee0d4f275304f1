"""How soon workers look for what arrives, in their own process and in others: one suite over the brokers."""

import gc
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pika  # type: ignore[import-untyped]  # its authors left it so
import pytest
from redis import Redis
from tests.support.scenes.job_workplace import Workplace, wait_until
from tests.support.servers.job_brokers import BROKERS, TestedBroker, broker_named

from ledgerbank_adapters.workers import NudgeSender, job_dispatcher
from ledgerbank_adapters.workers.brokers import rabbitmq_nudge_line
from ledgerbank_adapters.workers.brokers.nudge_line import PACE_SECONDS, NudgeLine, OpenNudgeLine
from ledgerbank_domain.jobs.job import JobState
from ledgerbank_domain.ports.job_transport import JobTransport, JobTransportError
from ledgerbank_domain.services.jobs.job_dispatch_service import JobDispatchService

# Over the other broker nobody in another process could hear.
SERVERS = ("redis", "rabbitmq")


@pytest.fixture(params=BROKERS)
def broker(request: pytest.FixtureRequest) -> TestedBroker:
    return broker_named(request.param)


class WatchedWorkplace(Workplace):
    """``looks`` is when its workers looked for jobs."""

    def __init__(self, broker: TestedBroker) -> None:
        super().__init__(broker)
        self.looks: list[float] = []


@pytest.fixture
def workplace(broker: TestedBroker) -> WatchedWorkplace:
    return WatchedWorkplace(broker)


@pytest.fixture
def drowsy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers that look by themselves too seldom for any test to see it."""
    monkeypatch.setattr(job_dispatcher, "IDLE_SECONDS", 600.0)


@dataclass(frozen=True, kw_only=True)
class WatchedDispatch(JobDispatchService):
    looks: list[float]

    def dispatch(self, *, owner_id: UUID, capacity: Mapping[str, int], transport: JobTransport) -> int:
        self.looks.append(time.monotonic())
        return super().dispatch(owner_id=owner_id, capacity=capacity, transport=transport)

    def plan_periodic_jobs(self) -> int:
        """None: the end of one would be a reason to look."""
        return 0


@contextmanager
def waking(workplace: WatchedWorkplace) -> Iterator[Callable[[], None]]:
    """A pool at work that has nothing to do; what wakes it from within its process."""
    pool = workplace.pool(WatchedDispatch(**workplace.ports_of_dispatch(), looks=workplace.looks))
    pool.start()
    try:
        wait_until(lambda: workplace.looks)
        yield pool.wake
    finally:
        assert pool.stop(20)


@contextmanager
def telling(workplace: WatchedWorkplace) -> Iterator[NudgeSender]:
    """What a process that runs no jobs has."""
    sender = NudgeSender(line_of(workplace.broker))
    sender.start()
    try:
        yield sender
    finally:
        sender.stop()


def line_of(broker: TestedBroker) -> OpenNudgeLine:
    open_line = broker.open().open_nudge_line
    assert open_line is not None
    return open_line


def wait_until_heard(workplace: WatchedWorkplace, sender: NudgeSender) -> None:
    """A nudge that nobody listens to yet, or no broker takes, is lost."""
    looks = len(workplace.looks)

    def is_heard() -> bool:
        sender.tell()
        return len(workplace.looks) > looks

    wait_until(is_heard, "a look after a nudge")


def wait_until_quiet(workplace: WatchedWorkplace) -> None:
    wait_until(lambda: time.monotonic() - workplace.looks[-1] > 10 * PACE_SECONDS, "an end of the looks")


def test_what_arrives_in_the_process_of_its_workers_is_begun_at_once(
    workplace: WatchedWorkplace, drowsy: None
) -> None:
    with waking(workplace) as wake:
        wait_until_quiet(workplace)
        jobs = workplace.add_jobs(3)
        time.sleep(0.5)
        assert workplace.states(jobs) == {JobState.AVAILABLE: 3}, "nobody has told the workers"

        wake()
        wait_until(lambda: workplace.states(jobs)[JobState.COMPLETED] == 3)


@pytest.mark.parametrize("broker", SERVERS, indirect=True)
def test_what_arrives_in_another_process_is_begun_at_once(workplace: WatchedWorkplace, drowsy: None) -> None:
    with waking(workplace), telling(workplace) as sender:
        wait_until_heard(workplace, sender)
        wait_until_quiet(workplace)
        jobs = workplace.add_jobs(3)

        sender.tell()
        wait_until(lambda: workplace.states(jobs)[JobState.COMPLETED] == 3)

    assert {workplace.ran[job_id] for job_id in jobs} == {1}


@pytest.mark.parametrize("broker", SERVERS, indirect=True)
def test_every_worker_process_hears_it(workplace: WatchedWorkplace, drowsy: None) -> None:
    with waking(workplace), waking(workplace), telling(workplace) as sender:
        wait_until(lambda: len(workplace.looks) >= 2)
        wait_until_heard(workplace, sender)
        time.sleep(1)
        wait_until_quiet(workplace)
        before = len(workplace.looks)

        sender.tell()
        wait_until(lambda: len(workplace.looks) >= before + 2)


def test_a_worker_that_was_not_told_looks_by_itself_once_a_second_and_no_more_often(
    workplace: WatchedWorkplace,
) -> None:
    with waking(workplace):
        (job,) = workplace.add_jobs(1)
        wait_until(lambda: workplace.states([job])[JobState.COMPLETED] == 1)
        wait_until_quiet(workplace)
        before = len(workplace.looks)
        time.sleep(3)

        assert 1 <= len(workplace.looks) - before <= 3


@pytest.mark.parametrize("broker", SERVERS, indirect=True)
def test_whoever_floods_the_line_makes_workers_look_no_more_than_twenty_times_a_second(
    workplace: WatchedWorkplace, drowsy: None
) -> None:
    with waking(workplace), telling(workplace) as sender:
        wait_until_heard(workplace, sender)
        wait_until_quiet(workplace)
        line = line_of(workplace.broker)()
        before, began = len(workplace.looks), time.monotonic()
        for _ in range(2000):
            line.send()
        line.close()
        wait_until_quiet(workplace)

        most = (workplace.looks[-1] - began) / PACE_SECONDS + 2
        assert 1 <= len(workplace.looks) - before <= most
        # And what was sent together was heard together, not one after the other for minutes.
        assert workplace.looks[-1] - began < 15


@dataclass
class CountedLine(NudgeLine):
    line: NudgeLine
    sent: list[float]

    def send(self) -> None:
        self.line.send()
        self.sent.append(time.monotonic())

    def keep_alive(self) -> None:
        self.line.keep_alive()

    def wait(self, seconds: float) -> bool:
        return self.line.wait(seconds)

    def close(self) -> None:
        self.line.close()


@pytest.mark.parametrize("broker", SERVERS, indirect=True)
def test_many_commits_become_few_nudges(workplace: WatchedWorkplace) -> None:
    open_line, sent = line_of(workplace.broker), list[float]()
    sender = NudgeSender(lambda: CountedLine(open_line(), sent))
    sender.start()
    began = time.monotonic()
    while (last := time.monotonic()) - began < 1:
        sender.tell()
        time.sleep(0.0005)
    wait_until(lambda: sent and sent[-1] >= last, "a nudge after the last commit")
    sender.stop()

    assert len(sent) <= (sent[-1] - sent[0]) / PACE_SECONDS + 1


@pytest.mark.parametrize("broker", SERVERS, indirect=True)
def test_what_others_send_over_the_line_does_no_harm(workplace: WatchedWorkplace, drowsy: None) -> None:
    with waking(workplace), telling(workplace) as sender:
        wait_until_heard(workplace, sender)
        for body in (b"", b"\x00\xff" * 500, b'{"job_ids": ["1"]}', b"x" * 1_000_000):
            send_strange(workplace.broker, body)
        wait_until_quiet(workplace)
        jobs = workplace.add_jobs(1)

        sender.tell()
        wait_until(lambda: workplace.states(jobs)[JobState.COMPLETED] == 1)


def send_strange(broker: TestedBroker, body: bytes) -> None:
    if broker.name == "redis":
        with Redis.from_url(broker.url) as redis:
            assert redis.publish("ledgerbank:jobs:nudge", body) >= 1
        return
    connection = pika.BlockingConnection(pika.URLParameters(broker.url))
    connection.channel().basic_publish("ledgerbank.nudges", "anything", body)
    connection.close()


@pytest.mark.parametrize("broker", SERVERS, indirect=True)
def test_a_broker_that_is_away_holds_nobody_up_and_is_found_again_by_both_sides(
    workplace: WatchedWorkplace, drowsy: None, caplog: pytest.LogCaptureFixture
) -> None:
    server = workplace.broker.stoppable
    with (
        caplog.at_level(logging.INFO, "ledgerbank_adapters"),
        waking(workplace),
        telling(workplace) as sender,
    ):
        wait_until_heard(workplace, sender)
        server.kill()
        began = time.monotonic()
        for _ in range(100):
            sender.tell()
        assert time.monotonic() - began < 0.5
        wait_until(lambda: told(caplog), "word of the outage")
        server.start()

        wait_until_heard(workplace, sender)
        wait_until_quiet(workplace)
        jobs = workplace.add_jobs(1)
        sender.tell()
        wait_until(lambda: workplace.states(jobs)[JobState.COMPLETED] == 1)

    assert told(caplog)


def told(caplog: pytest.LogCaptureFixture) -> bool:
    """That it is away: each side once."""
    lines = [record.message for record in caplog.records if "does not work" in record.message]
    return all(sum(line.startswith(side) for line in lines) == 1 for side in ("Telling", "Hearing"))


@pytest.mark.parametrize("broker", SERVERS, indirect=True)
def test_a_nudge_after_the_broker_was_restarted_unnoticed_is_not_lost(workplace: WatchedWorkplace) -> None:
    open_line, sent = line_of(workplace.broker), list[float]()
    sender = NudgeSender(lambda: CountedLine(open_line(), sent))
    sender.start()
    sender.tell()
    wait_until(lambda: sent)
    workplace.broker.stoppable.stop()
    workplace.broker.stoppable.start()
    before = len(sent)

    sender.tell()
    wait_until(lambda: len(sent) == before + 1)
    sender.stop()


@pytest.mark.parametrize("broker", ["rabbitmq"], indirect=True)
def test_a_line_that_the_broker_refuses_leaves_no_connection_behind(
    broker: TestedBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is tried again each second, for as long as nobody may declare the exchange."""
    # The server has it, and not as one that gives to all.
    monkeypatch.setattr(rabbitmq_nudge_line, "EXCHANGE", "amq.direct")
    open_line = line_of(broker)
    before = open_sockets()
    # What is lost may be found again some time: nobody should have to wait for that.
    gc.disable()
    try:
        for _ in range(5):
            with pytest.raises(JobTransportError, match=r"amq\.direct"):
                open_line()
        assert open_sockets() <= before
    finally:
        gc.enable()


def open_sockets() -> int:
    """Of this process."""
    return sum(each.is_socket() for each in Path("/proc/self/fd").iterdir())
