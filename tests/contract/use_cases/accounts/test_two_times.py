"""When money counts and when it was booked: neither runs backwards, and answers about the past stay."""

import threading
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Unpack
from uuid import UUID

import pytest
from tests.support.scenes.entity_builder import EntityBuilder
from tests.support.scenes.service_world import DraftFields, ServiceWorld

from ledgerbank_domain.banking.account import Account
from ledgerbank_domain.banking.transaction import Transaction, TransactionFilter
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.identity.page import KeysetRequest, Sort
from ledgerbank_domain.ledger.journal import EntryKind
from ledgerbank_domain.payments.payment import Payment, PaymentType
from ledgerbank_domain.services.accounts.account_service import BalanceAt

MINUTE = timedelta(minutes=1)
TICK = timedelta(microseconds=1)
PATIENCE_SECONDS = 30


class Payer:
    """Alice, with 1,000 on one account and nothing on another."""

    def __init__(self, world: ServiceWorld) -> None:
        self.world = world
        user, self.actor = world.user()
        self.account = world.account_of(user, "1000")
        self.savings = world.account_of(user)

    def pays(self, amount: str = "10", **fields: Unpack[DraftFields]) -> Payment:
        payment = self.world.pending(self.actor, self.account, amount, **fields)
        return self.world.payment_processing.process(self.actor, payment_id=payment.id)

    def saves(self, amount: str = "10") -> Payment:
        return self.pays(amount, payment_type=PaymentType.TRANSFER, counterparty_account_id=self.savings.id)

    def balance(self, *, at: datetime | None = None, known_at: datetime | None = None) -> BalanceAt:
        return self.world.accounts.balance_at(
            self.actor, account_id=self.account.id, at=at, known_at=known_at
        )

    def lines(self, account: Account | None = None) -> list[Transaction]:
        return lines_of(self.world, self.actor, account or self.account)


def lines_of(world: ServiceWorld, actor: Actor, account: Account) -> list[Transaction]:
    """In the order of booking."""
    page = world.accounts.list_transactions(
        actor,
        account_id=account.id,
        wanted=TransactionFilter(),
        request=KeysetRequest(limit=100, sort=Sort(field="posted_at")),
    )
    return sorted(page.items, key=lambda line: line.line_number)


@pytest.fixture
def payer(world: ServiceWorld) -> Payer:
    return Payer(world)


def test_lines_are_booked_one_after_the_other_though_the_clock_stands_still(payer: Payer) -> None:
    now = payer.world.clock.now()
    for _ in range(3):
        payer.pays()
    payer.world.payment_processing.process_many(
        [(payer.actor, payer.world.pending(payer.actor, payer.account).id) for _ in range(3)]
    )

    lines = payer.lines()
    assert [line.line_number for line in lines] == [1, 2, 3, 4, 5, 6, 7]
    assert [line.posted_at for line in lines] == [now] * 7
    assert [line.inserted_at for line in lines] == [now + number * TICK for number in range(7)]
    assert payer.world.ledger.verify() == []


@pytest.mark.parametrize("set_back_by", [TICK, MINUTE, timedelta(days=2)])
def test_neither_time_runs_backwards_when_the_clock_is_set_back(payer: Payer, set_back_by: timedelta) -> None:
    payer.world.clock.advance(timedelta(hours=1))
    before = payer.pays()
    payer.world.clock.set(payer.world.clock.now() - set_back_by)
    transferred = payer.saves()
    payer.world.clock.advance(timedelta(days=3))
    after = payer.pays()

    assert before.posted_at == transferred.posted_at
    assert after.posted_at == payer.world.clock.now()
    for lines in (payer.lines(), payer.lines(payer.savings)):
        assert sorted(lines, key=lambda line: line.posted_at) == lines
        assert len({line.inserted_at for line in lines}) == len(lines)
        assert sorted(lines, key=lambda line: line.inserted_at) == lines
    assert payer.lines(payer.savings)[0].posted_at == transferred.posted_at
    assert (
        payer.balance().balance == payer.world.accounts.get(payer.actor, account_id=payer.account.id).balance
    )
    assert payer.world.ledger.verify() == []


def test_the_balance_now_is_the_balance_while_the_clock_is_behind_the_last_line(payer: Payer) -> None:
    payer.world.clock.advance(MINUTE)
    payer.pays()
    posted = payer.world.clock.now()
    payer.world.clock.set(posted - MINUTE / 2)

    told = payer.balance()

    assert told.balance.amount == Decimal(990)
    assert told.at >= posted
    assert payer.balance(at=told.at, known_at=told.known_at) == told


def test_the_same_question_has_the_same_answer_for_ever(payer: Payer) -> None:
    """While time stands still, passes, and is set back."""
    asked: list[BalanceAt] = []
    for step in (timedelta(0), MINUTE, timedelta(0), -MINUTE / 2, TICK, timedelta(days=1)):
        payer.world.clock.set(payer.world.clock.now() + step)
        now = payer.world.clock.now()
        asked += [payer.balance(at=at) for at in (None, now - MINUTE, now)]
        payer.pays()
        asked.append(payer.balance())
        payer.saves()

    assert [payer.balance(at=told.at, known_at=told.known_at) for told in asked] == asked


def test_an_import_changes_the_past_but_not_what_was_known_of_it(
    payer: Payer, given: EntityBuilder, world: ServiceWorld
) -> None:
    start = world.clock.now()
    world.clock.advance(10 * MINUTE)
    before = payer.balance(at=start + MINUTE)
    world.clock.advance(10 * MINUTE)
    with world.start_unit_of_work() as work:
        account = work.accounts.find_many([payer.account.id])[payer.account.id]
    given.a_movement(account, Decimal(7), kind=EntryKind.IMPORT, at=start + MINUTE / 2)

    def known(at: datetime, known_at: datetime | None = None) -> Decimal:
        return payer.balance(at=at, known_at=known_at).balance.amount

    assert payer.balance(at=start + MINUTE, known_at=before.known_at) == before
    assert before.balance.amount == Decimal(1000)
    assert known(start + MINUTE) == Decimal(1007)
    assert known(start + MINUTE / 2) == Decimal(1007)
    assert known(start + MINUTE / 2 - TICK) == Decimal(1000)
    booked = world.clock.now()
    assert [known(start + MINUTE, k) for k in (booked - TICK, booked)] == [Decimal(1000), Decimal(1007)]
    assert known(start, start - TICK) == Decimal(0)


def test_every_prefix_of_the_lines_can_be_asked_for(payer: Payer) -> None:
    """However many lines there are, and wherever among them the instant lies."""
    for number in range(1, 14):
        payer.world.clock.advance(MINUTE)
        payer.pays(str(number))
        lines = payer.lines()
        expected = Decimal(0)
        for line in lines:
            asked = payer.balance(known_at=line.inserted_at - TICK)
            assert asked.balance.amount == expected
            expected = line.balance_after.amount
            assert payer.balance(known_at=line.inserted_at).balance.amount == expected
            assert payer.balance(at=line.posted_at).balance.amount == expected


def test_what_is_known_in_this_very_instant_stays_known_though_more_is_booked_in_it(payer: Payer) -> None:
    payer.world.clock.advance(MINUTE)
    now = payer.world.clock.now()
    told = payer.balance(at=now, known_at=now)
    payer.pays()
    assert payer.balance(at=told.at, known_at=told.known_at) == told
    assert payer.balance().balance.amount == told.balance.amount - 10


@pytest.mark.parametrize("field", ["at", "known_at"])
@pytest.mark.parametrize("value", [datetime(2026, 1, 1), "2026-01-01T00:00:00Z", 5], ids=str)  # noqa: DTZ001
def test_what_is_no_instant_of_some_zone_is_no_question(payer: Payer, field: str, value: Any) -> None:
    with pytest.raises(DomainError) as refusal:
        payer.balance(**{field: value})
    assert refusal.value.reason is Reason.INVALID_DATETIME_FORMAT
    assert refusal.value.details["field"] == field


@pytest.mark.parametrize("field", ["at", "known_at"])
def test_what_is_to_come_cannot_be_asked_for(payer: Payer, field: str) -> None:
    now = payer.world.clock.advance(MINUTE)

    assert payer.balance(**{field: now}).balance.amount == Decimal(1000)
    with pytest.raises(DomainError) as refusal:
        payer.balance(**{field: now + TICK})

    assert refusal.value.reason is Reason.INVALID_DATETIME_FORMAT
    assert refusal.value.details["field"] == field


def test_strangers_learn_nothing_of_an_account_by_asking_about_times_to_come(payer: Payer) -> None:
    _, bob = payer.world.user("bob@example.com")
    booked = payer.lines()[-1].inserted_at
    payer.world.clock.set(booked - MINUTE)

    def reason_of(account_id: UUID, known_at: datetime) -> Reason:
        with pytest.raises(DomainError) as refusal:
            payer.world.accounts.balance_at(bob, account_id=account_id, known_at=known_at)
        return refusal.value.reason

    assert payer.balance(known_at=booked).balance.amount == Decimal(1000)
    for account_id in (payer.account.id, payer.world.ids.new_id()):
        assert reason_of(account_id, booked) is Reason.INVALID_DATETIME_FORMAT
    assert reason_of(payer.account.id, booked - MINUTE) is Reason.UNAUTHORIZED_ACCESS


def test_an_answer_waits_for_a_booking_that_is_under_way(payer: Payer) -> None:
    """What is being booked is posted before now already, though nobody else sees it yet."""
    payment = payer.world.pending(payer.actor, payer.account, "30")
    told: list[BalanceAt] = []
    asking = threading.Thread(target=lambda: told.append(payer.balance()))

    with payer.world.start_unit_of_work() as work:
        payer.world.payment_processing.process_in(work, [(payer.actor, payment.id)])
        asking.start()
        asking.join(0.5)
        assert told == []
        payer.world.clock.advance(MINUTE)
        work.commit()
    asking.join(PATIENCE_SECONDS)

    assert [(each.balance.amount, each.at) for each in told] == [(Decimal(970), payer.world.clock.now())]
