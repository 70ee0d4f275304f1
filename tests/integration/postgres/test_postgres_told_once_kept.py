"""What a unit of work tells to others in this process: once it is kept, and not before."""

from collections.abc import Sequence

import pytest
from sqlalchemy import Engine
from tests.support.scenes.entity_builder import EntityBuilder

from ledgerbank_adapters.memory import MemoryClock
from ledgerbank_adapters.postgres import PostgresStartUnitOfWork
from ledgerbank_adapters.postgres.statements.job_arrivals import JobArrivals
from ledgerbank_adapters.postgres.statements.postgres_observer import SilentPostgresObserver
from ledgerbank_adapters.system import Uuid7IdGenerator
from ledgerbank_domain.payments.payment import Payment, PaymentStatus
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork


class Listener(SilentPostgresObserver):
    def __init__(self) -> None:
        self.payments: list[Payment] = []
        self.arrivals = 0

    def payments_written(self, payments: Sequence[Payment]) -> None:
        self.payments += payments

    def jobs_arrived(self) -> None:
        self.arrivals += 1


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
def start_unit_of_work(postgres_engine: Engine, listener: Listener) -> StartUnitOfWork:
    arrivals = JobArrivals()
    arrivals.listen(listener.jobs_arrived)
    return PostgresStartUnitOfWork(postgres_engine, observer=listener, arrivals=arrivals)


@pytest.fixture
def given(start_unit_of_work: StartUnitOfWork) -> EntityBuilder:
    return EntityBuilder(start_unit_of_work=start_unit_of_work, clock=MemoryClock(), ids=Uuid7IdGenerator())


def test_each_state_of_a_payment_is_counted_once_it_is_kept(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, listener: Listener
) -> None:
    first, second = (given.new_payment(given.an_account()) for _ in range(2))

    with start_unit_of_work() as work:
        work.payments.add_many([first])
        work.payments.add_many([second])
        work.payments.save_many([first.cancelled(at=given.clock.now())])
        assert listener.payments == []
        work.commit()

    told = [(payment.id, payment.status) for payment in listener.payments]
    assert told == [
        (first.id, PaymentStatus.PENDING),
        (second.id, PaymentStatus.PENDING),
        (first.id, PaymentStatus.CANCELLED),
    ]


def test_workers_are_woken_once_by_a_unit_that_leaves_them_several_jobs(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, listener: Listener
) -> None:
    with start_unit_of_work() as work:
        work.jobs.add_many([given.new_job()])
        work.jobs.add_many([given.new_job(), given.new_job()])
        assert listener.arrivals == 0
        work.commit()

    assert listener.arrivals == 1


def test_what_is_undone_is_told_to_nobody(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, listener: Listener
) -> None:
    payment = given.new_payment(given.an_account())

    with start_unit_of_work() as work:
        work.payments.add_many([payment])
        work.jobs.add_many([given.new_job()])

    assert (listener.payments, listener.arrivals) == ([], 0)
