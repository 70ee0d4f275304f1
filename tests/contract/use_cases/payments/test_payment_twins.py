"""What is taken for the same payment again, over every storage."""

from datetime import timedelta

import pytest
from tests.support.races import reasons
from tests.support.refusals import refusal
from tests.support.scenes.service_world import DraftFields, ServiceWorld

from ledgerbank_domain.banking.account import Account, AccountType
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ledger.journal import Direction
from ledgerbank_domain.payments.payment import Payment, PaymentStatus, PaymentType


def test_a_twin_within_the_window_is_refused_and_allowed_after_it(world: ServiceWorld) -> None:
    user, actor = world.user()
    account = world.account_of(user, "100")
    world.payment_processing.process(actor, payment_id=world.pending(actor, account, "5", "Coffee").id)
    twin = world.pending(actor, account, "5.00", "Coffee", payment_type=PaymentType.WITHDRAWAL)
    world.clock.advance(timedelta(minutes=5))
    assert (
        refusal(world.payment_processing.process_many([(actor, twin.id)])[0]) is Reason.DUPLICATE_TRANSACTION
    )
    assert world.payments.outlook(actor, payment_id=twin.id).is_duplicate
    world.clock.advance(timedelta(microseconds=1))
    assert not world.payments.outlook(actor, payment_id=twin.id).is_duplicate
    world.payment_processing.process(actor, payment_id=twin.id)


def test_payments_that_differ_in_amount_text_direction_account_or_user_are_no_twins(
    world: ServiceWorld,
) -> None:
    user, actor = world.user()
    stranger, stranger_actor = world.user("bob@example.com")
    account, foreign = world.account_of(user, "100"), world.account_of(stranger, "100")
    other = world.account_of(user, "100", account_type=AccountType.SAVINGS)
    world.payment_processing.process(actor, payment_id=world.pending(actor, account, "5", "Coffee").id)
    for who, where, amount, text, direction in [
        (actor, account, "5.01", "Coffee", Direction.DEBIT),
        (actor, account, "5", "coffee", Direction.DEBIT),
        (actor, account, "5", "Coffee", Direction.CREDIT),
        (actor, other, "5", "Coffee", Direction.DEBIT),
        (stranger_actor, foreign, "5", "Coffee", Direction.DEBIT),
    ]:
        payment = world.pending(who, where, amount, text, direction=direction)
        assert not world.payments.outlook(who, payment_id=payment.id).is_duplicate
        draft = world.draft(where, amount, text, direction=direction)
        assert world.payments.validate(who, draft).error is None
        world.payment_processing.process(who, payment_id=payment.id)


@pytest.mark.parametrize("at_once", [True, False])
def test_the_same_amount_for_the_same_thing_goes_to_each_of_several_people_once(
    world: ServiceWorld, at_once: bool
) -> None:
    user, actor = world.user()
    account = world.account_of(user, "100")
    people = [world.account_of(world.user(f"{name}@example.com")[0]) for name in ("bob", "carol", "dave")]

    def share(payee: Account | None) -> Payment:
        if payee is None:
            return world.pending(actor, account, "20", "Rent share")
        to: DraftFields = {"payment_type": PaymentType.TRANSFER, "counterparty_account_id": payee.id}
        return world.pending(actor, account, "20", "Rent share", **to)

    payments = [share(payee) for payee in (*people, None)]
    requests = [(actor, payment.id) for payment in payments]
    if at_once:
        outcomes = world.payment_processing.process_many(requests)
    else:
        outcomes = [world.payment_processing.process(actor, payment_id=payment.id) for payment in payments]

    assert reasons(outcomes) == []
    assert [world.balance(person) for person in people] == [20, 20, 20]
    for payee in (*people, None):
        again = share(payee)
        assert world.payments.outlook(actor, payment_id=again.id).is_duplicate
        refused = world.payment_processing.process_many([(actor, again.id)])[0]
        assert refusal(refused) is Reason.DUPLICATE_TRANSACTION


def test_scheduled_payments_to_several_people_are_all_processed_and_their_twins_are_not(
    world: ServiceWorld,
) -> None:
    user, actor = world.user()
    account = world.account_of(user, "100")
    people = [world.account_of(world.user(f"{name}@example.com")[0]) for name in ("bob", "carol")]
    payments = [
        world.pending(
            actor,
            account,
            "20",
            "Rent share",
            payment_type=PaymentType.TRANSFER,
            counterparty_account_id=people[number % 2].id,
        )
        for number in range(4)
    ]
    for payment in payments:
        world.payment_schedules.schedule(actor, payment_id=payment.id)
    world.services.due_jobs.run_due_jobs()

    statuses = [world.payments.get(actor, payment_id=payment.id).status for payment in payments]
    assert statuses.count(PaymentStatus.COMPLETED) == 2
    assert [world.balance(person) for person in people] == [20, 20]


def test_a_duplicate_window_of_zero_turns_the_rule_off(world: ServiceWorld) -> None:
    world = world.with_limits(duplicate_window=timedelta(0))
    user, actor = world.user()
    account = world.account_of(user, "100")
    for _ in range(2):
        world.payment_processing.process(actor, payment_id=world.pending(actor, account, "5", "Coffee").id)
