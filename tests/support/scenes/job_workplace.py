"""Workers over a table of jobs whose handlers only take note, for tests of what brings the jobs to them."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from tests.support import waiting
from tests.support.scenes.entity_builder import EntityBuilder
from tests.support.servers.job_brokers import TestedBroker

from ledgerbank_adapters.memory import MemoryDatabase, MemoryStartUnitOfWork
from ledgerbank_adapters.system import SystemChance, SystemClock, Uuid7IdGenerator
from ledgerbank_adapters.workers import WorkerPool
from ledgerbank_adapters.workers.dramatiq_job_transport import DramatiqJobTransport
from ledgerbank_domain.jobs.job import QUEUES, Job, JobKind, JobState
from ledgerbank_domain.jobs.job_timing import JobTiming
from ledgerbank_domain.ports.job_transport import JobTransport
from ledgerbank_domain.services.jobs.job_dispatch_service import JobDispatchService
from ledgerbank_domain.services.jobs.job_engine import compose_job_engine
from ledgerbank_domain.services.jobs.job_outcomes import JobOutcomes
from ledgerbank_domain.services.jobs.job_work import PlainWork

PATIENCE_SECONDS = 20
wait_until = partial(waiting.wait_until, seconds=PATIENCE_SECONDS)
HANDED_OUT_FOR = timedelta(seconds=1)
THREADS = {"banking": 3, "notifications": 2, "default": 1, "payments": 0}


class Workplace:
    """Jobs in a table, and handlers that only take note, and then wait while ``may_end`` is not set."""

    def __init__(self, broker: TestedBroker) -> None:
        self.broker = broker
        self.clock, self.ids = SystemClock(), Uuid7IdGenerator()
        self.start_unit_of_work = MemoryStartUnitOfWork(MemoryDatabase(self.clock))
        self.given = EntityBuilder(start_unit_of_work=self.start_unit_of_work, clock=self.clock, ids=self.ids)
        self.ran: Counter[UUID] = Counter()
        self.ended: list[Job] = []
        self.may_end = threading.Event()
        self.may_end.set()
        self.services = compose_job_engine(
            start_unit_of_work=self.start_unit_of_work,
            ids=self.ids,
            outcomes=JobOutcomes(chance=SystemChance()),
            timing=JobTiming(handed_out_for=HANDED_OUT_FOR),
            works=dict.fromkeys(JobKind, PlainWork(self._handle)),
        )
        self.owner_id = self.ids.new_id()

    def _handle(self, job: Job, deadline: datetime) -> None:
        self.ran[job.id] += 1
        assert self.may_end.wait(PATIENCE_SECONDS)

    def attempt_ended(self, job: Job) -> None:
        self.ended.append(job)

    def add_jobs(self, number: int, kind: JobKind = JobKind.BANK_SYNC) -> list[UUID]:
        return [self.given.a_job(kind).id for _ in range(number)]

    def states(self, job_ids: list[UUID]) -> Counter[JobState]:
        with self.start_unit_of_work() as work:
            return Counter(job.state for job in work.jobs.find_many(job_ids).values())

    def pool(self, job_dispatch: JobDispatchService | None = None) -> WorkerPool:
        return WorkerPool(
            ids=self.ids,
            threads=THREADS,
            open_broker=self.broker.open,
            job_dispatch=job_dispatch or self.services.job_dispatch,
            job_running=self.services.job_running,
            job_takeover=self.services.job_takeover,
            observer=self,
        )

    def ports_of_dispatch(self) -> dict[str, Any]:
        job_dispatch = self.services.job_dispatch
        return {field.name: getattr(job_dispatch, field.name) for field in fields(job_dispatch)}

    @contextmanager
    def working(self, pools: int = 1) -> Iterator[None]:
        opened = [self.pool() for _ in range(pools)]
        for pool in opened:
            pool.start()
        try:
            yield
        finally:
            stopped = [pool.stop(PATIENCE_SECONDS) for pool in opened]
        assert all(stopped)

    @contextmanager
    def transport(self) -> Iterator[DramatiqJobTransport]:
        """What a worker process sends by, without its workers."""
        brokers = {queue: self.broker.open() for queue in QUEUES}
        yield DramatiqJobTransport(brokers)
        for opened in brokers.values():
            opened.broker.close()

    def hand_out(self, transport: JobTransport, places: int) -> int:
        return self.services.job_dispatch.dispatch(
            owner_id=self.owner_id, capacity={"banking": places}, transport=transport
        )
