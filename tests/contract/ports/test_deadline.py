"""Work that has a deadline ends by it, and then nothing of it has happened."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tests.support.racing_threads import TIMEOUT_SECONDS
from tests.support.scenes.entity_builder import EntityBuilder
from tests.support.scenes.service_world import ServiceWorld

from ledgerbank_adapters.system import MonotonicDeadline
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.payments.payment import PaymentStatus
from ledgerbank_domain.ports.deadline import current_deadline, time_to_clean_up, working_until
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork
from ledgerbank_domain.users.user import User


@contextmanager
def locked_by_another(start_unit_of_work: StartUnitOfWork, user: User) -> Iterator[None]:
    is_locked, may_end = threading.Event(), threading.Event()

    def hold() -> None:
        with start_unit_of_work() as work:
            work.users.get_for_update(user.id)
            is_locked.set()
            may_end.wait(TIMEOUT_SECONDS)

    holder = threading.Thread(target=hold)
    holder.start()
    assert is_locked.wait(TIMEOUT_SECONDS)
    try:
        yield
    finally:
        may_end.set()
        holder.join()


def test_a_lock_is_waited_for_until_the_deadline_and_no_longer(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    user = given.a_user()
    began = time.monotonic()
    with (
        locked_by_another(start_unit_of_work, user),
        working_until(MonotonicDeadline.after(0.8)),
        pytest.raises(DomainError) as refused,
        start_unit_of_work() as work,
    ):
        work.users.get_for_update(user.id)

    assert refused.value.reason is Reason.TIMEOUT
    assert refused.value.details["retry_after_seconds"] >= 1
    assert 0.7 < time.monotonic() - began < 3


def test_a_payment_that_waited_in_vain_has_not_happened_and_is_not_tried_again(
    world: ServiceWorld, given: EntityBuilder
) -> None:
    owner = given.a_user()
    account = given.an_account(owner, balance="100.00")
    payment = given.a_payment(account, amount="10.00")
    began = time.monotonic()
    with (
        locked_by_another(world.start_unit_of_work, owner),
        working_until(MonotonicDeadline.after(0.8)),
        pytest.raises(DomainError, match="timeout"),
    ):
        world.payment_processing.process(Actor(user_id=owner.id), payment_id=payment.id)

    assert time.monotonic() - began < 3
    with world.start_unit_of_work() as work:
        assert work.payments.find_many([payment.id])[payment.id].status is PaymentStatus.PENDING
        assert work.accounts.find_many([account.id])[account.id].balance == account.balance


def test_what_is_not_committed_by_the_deadline_is_undone(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    user = given.new_user()
    with working_until(MonotonicDeadline.after(0.3)), start_unit_of_work() as work:
        work.users.add(user)
        time.sleep(0.4)
        with pytest.raises(DomainError, match="timeout"):
            work.commit()

    with start_unit_of_work() as work:
        assert work.users.find_by_email(user.email) is None


def test_work_whose_time_is_up_does_not_even_begin(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    user = given.a_user()

    def lock() -> None:
        with start_unit_of_work() as work:
            work.users.get_for_update(user.id)

    with working_until(MonotonicDeadline.after(-1)), pytest.raises(DomainError, match="timeout"):
        lock()


def test_within_its_time_work_is_done_as_ever(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    user = given.new_user()
    with working_until(MonotonicDeadline.after(5)), start_unit_of_work() as work:
        work.users.add(user)
        work.commit()

    with start_unit_of_work() as work:
        assert work.users.get(user.id) == user


def test_after_the_deadline_there_is_a_little_time_to_clean_up(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    user = given.new_user()
    with working_until(MonotonicDeadline.after(-0.1)):
        with time_to_clean_up(), start_unit_of_work() as work:
            work.users.add(user)
            work.commit()
        deadline = current_deadline()
        assert deadline is not None
        assert deadline.remaining_seconds() < 0

    assert current_deadline() is None
    with start_unit_of_work() as work:
        assert work.users.get(user.id) == user
