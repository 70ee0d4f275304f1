"""Machines' clocks may be wrong: what is decided about money goes by the storage's, over every storage."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.support.scenes.service_world import ServiceWorld

from ledgerbank_adapters.memory import MemoryClock
from ledgerbank_domain.banking.account import Account
from ledgerbank_domain.banking.transaction import Transaction, TransactionFilter
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.identity.page import KeysetRequest, Sort
from ledgerbank_domain.jobs.job_schedule import JobSchedule
from ledgerbank_domain.payments.payment import Payment, PaymentStatus
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork

SIX_MINUTES = timedelta(minutes=6)


class TwoHosts:
    """Alice's account with 5,000, and two hosts that serve her over one storage: one clock is three minutes
    ahead of the storage's, the other one three minutes behind."""

    def __init__(self, start_unit_of_work: StartUnitOfWork, clock: MemoryClock, ids: IdGenerator) -> None:
        self.clock = clock

        def host(ahead: timedelta) -> ServiceWorld:
            machine = MemoryClock(clock.now() + ahead)
            return ServiceWorld(start_unit_of_work=start_unit_of_work, clock=machine, ids=ids)

        self.early, self.late = host(SIX_MINUTES / 2), host(-SIX_MINUTES / 2)
        self.user, self.alice = self.early.user()
        self.account = self.early.account_of(self.user, "5000")

    @property
    def both(self) -> tuple[ServiceWorld, ServiceWorld]:
        return self.early, self.late

    def paid(self, host: ServiceWorld, amount: str = "10", description: str = "") -> Payment:
        payment = host.pending(self.alice, self.account, amount, description)
        return host.payment_processing.process(self.alice, payment_id=payment.id)

    def refusal_of(self, host: ServiceWorld, amount: str = "10", description: str = "") -> Reason:
        with pytest.raises(DomainError) as refusal:
            self.paid(host, amount, description)
        return refusal.value.reason


@pytest.fixture
def hosts(start_unit_of_work: StartUnitOfWork, clock: MemoryClock, ids: IdGenerator) -> TwoHosts:
    return TwoHosts(start_unit_of_work, clock, ids)


def lines_of(host: ServiceWorld, actor: Actor, account: Account) -> list[Transaction]:
    page = host.accounts.list_transactions(
        actor,
        account_id=account.id,
        wanted=TransactionFilter(),
        request=KeysetRequest(limit=100, sort=Sort(field="posted_at")),
    )
    return sorted(page.items, key=lambda line: line.line_number)


def test_a_payment_bears_the_storages_time_whichever_host_made_it(hosts: TwoHosts) -> None:
    for host in hosts.both:
        hosts.clock.advance(timedelta(seconds=1))
        payment = hosts.paid(host)

        now = hosts.clock.now()
        assert (payment.posted_at, payment.inserted_at, payment.updated_at) == (now, now, now)
        assert lines_of(host, hosts.alice, hosts.account)[-1].posted_at == now


def test_a_twin_is_seen_by_both_hosts_as_long_as_the_storage_says(hosts: TwoHosts) -> None:
    hosts.paid(hosts.early, description="Rent")

    hosts.clock.advance(timedelta(minutes=4, seconds=59))
    assert hosts.refusal_of(hosts.late, description="Rent") is Reason.DUPLICATE_TRANSACTION
    assert hosts.refusal_of(hosts.early, description="Rent") is Reason.DUPLICATE_TRANSACTION

    hosts.clock.advance(timedelta(seconds=2))
    assert hosts.paid(hosts.late, description="Rent").status is PaymentStatus.COMPLETED
    assert hosts.refusal_of(hosts.early, description="Rent") is Reason.DUPLICATE_TRANSACTION


def test_a_dry_run_and_a_look_see_the_twin_as_long_as_the_storage_says(hosts: TwoHosts) -> None:
    hosts.paid(hosts.late, description="Rent")
    waiting = hosts.late.pending(hosts.alice, hosts.account, "10", "Rent")

    for passed, is_twin in ((timedelta(minutes=4, seconds=59), True), (timedelta(seconds=2), False)):
        hosts.clock.advance(passed)
        for host in hosts.both:
            validation = host.payments.validate(hosts.alice, host.draft(hosts.account, "10", "Rent"))
            assert (validation.error is not None) is is_twin
            outlook = host.payments.outlook(hosts.alice, payment_id=waiting.id)
            assert outlook.is_duplicate is is_twin


@pytest.mark.parametrize("minutes_to_midnight", [2, -2])
def test_the_day_of_a_limit_is_the_storages_on_both_hosts(hosts: TwoHosts, minutes_to_midnight: int) -> None:
    """Around midnight one of the hosts believes in another day."""
    midnight = datetime(2025, 1, 16, tzinfo=UTC)
    hosts.clock.set(midnight - timedelta(minutes=minutes_to_midnight))
    first, second = hosts.both
    hosts.paid(first, "600")

    assert hosts.refusal_of(second, "600") is Reason.DAILY_LIMIT_EXCEEDED
    assert hosts.refusal_of(first, "600") is Reason.DAILY_LIMIT_EXCEEDED
    for host in hosts.both:
        health = host.accounts.health(hosts.alice, account_id=hosts.account.id)
        assert str(health.daily_spent.amount) == "600.00"

    hosts.clock.advance(timedelta(days=1))
    assert hosts.paid(second, "600").status is PaymentStatus.COMPLETED


def test_the_balance_now_is_the_balance_on_both_hosts(hosts: TwoHosts) -> None:
    for host in (*hosts.both, *hosts.both):
        hosts.paid(host)
        for asked in hosts.both:
            found = asked.accounts.balance_at(hosts.alice, account_id=hosts.account.id)
            assert found.balance == asked.accounts.get(hosts.alice, account_id=hosts.account.id).balance


def test_what_is_to_come_is_told_by_the_storage(hosts: TwoHosts) -> None:
    now = hosts.clock.now()

    for host in hosts.both:
        assert host.accounts.balance_at(hosts.alice, account_id=hosts.account.id, at=now).at == now
        with pytest.raises(DomainError) as refusal:
            host.accounts.balance_at(
                hosts.alice, account_id=hosts.account.id, at=now + timedelta(microseconds=1)
            )
        assert refusal.value.reason is Reason.INVALID_DATETIME_FORMAT


def test_a_scheduled_payment_is_due_by_the_storages_time_whichever_host_took_it(hosts: TwoHosts) -> None:
    now = hosts.clock.now()
    for host in hosts.both:
        payments = [host.pending(hosts.alice, hosts.account) for _ in range(3)]
        asked = (
            (JobSchedule(), now),
            (JobSchedule(delay=timedelta(seconds=90)), now + timedelta(seconds=90)),
            (JobSchedule(run_at=now + timedelta(seconds=1)), now + timedelta(seconds=1)),
        )
        for payment, (schedule, due) in zip(payments, asked, strict=True):
            scheduled = host.payment_schedules.schedule(hosts.alice, payment_id=payment.id, schedule=schedule)
            assert (scheduled.job.run_at, scheduled.job.inserted_at) == (due, now)

        with pytest.raises(DomainError) as refusal:
            host.payment_schedules.schedule(
                hosts.alice, payment_id=payments[0].id, schedule=JobSchedule(run_at=now)
            )
        assert refusal.value.reason is Reason.INVALID_SCHEDULE
