"""What becomes of a key whose claim is left behind, over every storage."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.support.races import race
from tests.support.scenes.payment_desk import MINUTE, REFUSAL, Desk, answer_of

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.payments.payment import Payment
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork
from ledgerbank_domain.services.idempotency.idempotency_service import Performed


class _Death(BaseException):
    """Nothing is done any more after it, as after ``kill -9``."""


def die_with_a_claim(desk: Desk) -> None:
    def die(_: StartUnitOfWork) -> Performed[str]:
        raise _Death

    with pytest.raises(_Death):
        desk.service.perform_once(desk.request, die)


def test_a_claim_whose_process_died_blocks_its_key_for_60_seconds(desk: Desk) -> None:
    die_with_a_claim(desk)
    assert desk.reason_of_asking() is Reason.IDEMPOTENCY_IN_PROGRESS
    desk.world.clock.advance(MINUTE - timedelta(microseconds=1))
    assert desk.reason_of_asking() is Reason.IDEMPOTENCY_IN_PROGRESS
    desk.world.clock.advance(timedelta(microseconds=1))

    assert desk.ask() == "processed"
    assert desk.ask() == answer_of(desk.payment)


def test_an_abandoned_key_is_still_not_for_another_request(desk: Desk) -> None:
    die_with_a_claim(desk)
    desk.world.clock.advance(MINUTE)

    assert (
        desk.reason_of_asking(replace(desk.request, content="something else"))
        is Reason.IDEMPOTENCY_KEY_REUSED
    )


def test_of_twenty_that_find_an_abandoned_claim_one_takes_it_over(desk: Desk) -> None:
    die_with_a_claim(desk)
    desk.world.clock.advance(MINUTE)

    outcomes = race([desk.ask] * 20)

    assert outcomes.count("processed") == 1
    assert desk.executions == 1
    assert desk.balance() == 90


def test_one_who_is_too_late_finds_his_claim_gone_and_his_effect_undone(desk: Desk) -> None:
    def be_slow(start_unit_of_work: StartUnitOfWork) -> Performed[str]:
        desk.world.clock.advance(MINUTE)
        assert desk.ask() == "processed"
        late = replace(desk.world.payments, start_unit_of_work=start_unit_of_work)
        created = late.create(desk.actor, desk.world.draft(desk.account))
        late_payments.append(created)
        return Performed(result="late", answer=answer_of(created))

    late_payments: list[Payment] = []
    with pytest.raises(DomainError) as refusal:
        desk.service.perform_once(desk.request, be_slow)

    assert refusal.value.reason is Reason.IDEMPOTENCY_IN_PROGRESS
    with pytest.raises(DomainError):
        desk.world.payments.get(desk.actor, payment_id=late_payments[0].id)
    assert desk.ask() == answer_of(desk.payment)
    assert desk.balance() == 90


def test_an_expired_answer_is_as_good_as_none(desk: Desk) -> None:
    desk.ask()
    desk.world.clock.advance(timedelta(hours=24) - timedelta(microseconds=1))
    assert desk.ask() == answer_of(desk.payment)
    desk.world.clock.advance(timedelta(microseconds=1))

    other = replace(desk.request, content="something else")
    assert desk.service.perform_once(other, desk.process) == "already_processed"
    assert desk.service.perform_once(other, desk.process) == REFUSAL


def test_a_lifetime_can_be_chosen(desk: Desk) -> None:
    brief = replace(desk.service, key_lifetime=timedelta(hours=1))
    brief.perform_once(desk.request, desk.process)
    desk.world.clock.advance(timedelta(hours=1))

    assert brief.perform_once(desk.request, desk.process) == "already_processed"


def test_what_cannot_be_freed_is_told_as_it_happened(desk: Desk) -> None:
    def lose_the_database() -> None:
        raise ConnectionError("gone")

    class BrokenStart(StartUnitOfWork):
        """Works for the claim only."""

        calls = 0

        def __call__(self) -> UnitOfWork:
            self.calls += 1
            if self.calls > 2:
                raise DomainError(Reason.DATABASE_ERROR)
            return desk.world.start_unit_of_work()

    desk.before_answering = [lose_the_database]
    broken = replace(desk.service, start_unit_of_work=BrokenStart())
    with pytest.raises(ConnectionError):
        broken.perform_once(desk.request, desk.process)

    assert desk.balance() == 100
    assert desk.reason_of_asking() is Reason.IDEMPOTENCY_IN_PROGRESS
