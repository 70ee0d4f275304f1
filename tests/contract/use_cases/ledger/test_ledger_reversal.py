"""What undoing a payment promises, over every storage and whoever races whom."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import partial

import pytest
from tests.support.races import race, reasons
from tests.support.refusals import refused
from tests.support.scenes.entity_builder import EntityBuilder
from tests.support.scenes.reversal_steps import WHY, entry_of, executed, known, transferred
from tests.support.scenes.service_world import Customer, ServiceWorld

from ledgerbank_domain.banking.account import AccountChanges, AccountStatus
from ledgerbank_domain.identity.actor import SYSTEM, Actor, Origin, Role
from ledgerbank_domain.identity.page import PageRequest
from ledgerbank_domain.ledger.journal import Direction, EntryKind
from ledgerbank_domain.payments.payment import PaymentFilter, PaymentStatus, PaymentType


def test_a_payment_is_undone_by_an_entry_with_its_lines_mirrored(
    world: ServiceWorld, alice: Customer, admin: Actor
) -> None:
    user, actor = alice
    account = world.account_of(user, "100")
    payment = executed(world, actor, account)
    world.clock.advance(timedelta(hours=1))
    undone = world.reversals.reverse_payment(admin, payment_id=payment.id, reason=f"  {WHY} ")
    assert (undone.status, undone.reversed_at) == (PaymentStatus.COMPLETED, world.clock.now())
    assert undone == replace(
        payment,
        reversed_at=world.clock.now(),
        reversal_entry_id=undone.reversal_entry_id,
        updated_at=world.clock.now(),
    )
    assert world.payments.get(actor, payment_id=payment.id) == undone
    page = world.payments.list_page(actor, PaymentFilter(user_id=user.id), request=PageRequest())
    assert page.items == (undone,)
    entry, undoing = entry_of(world, payment.journal_entry_id), entry_of(world, undone.reversal_entry_id)
    assert (undoing.kind, undoing.reverses_entry_id) == (EntryKind.REVERSAL, entry.id)
    assert (undoing.description, undoing.posted_at) == (WHY, world.clock.now())
    assert [(line.account, line.direction, line.amount) for line in undoing.postings] == [
        (line.account, line.direction.opposite, line.amount) for line in entry.postings
    ]
    assert world.balance(account) == 100
    assert "ledger.reversed" in world.audit_names(payment.id)
    assert world.ledger.verify() == []


def test_a_transfer_goes_back_to_whom_it_came_from(
    world: ServiceWorld, alice: Customer, admin: Actor
) -> None:
    user, actor = alice
    account, theirs = world.account_of(user, "100"), world.account_of(world.user("bob@example.com")[0])
    payment = transferred(world, actor, account, theirs, "40")
    world.reversals.reverse_payment(admin, payment_id=payment.id, reason=WHY)
    assert [world.balance(account), world.balance(theirs)] == [100, 0]
    assert world.ledger.verify() == []


def test_a_credit_is_taken_back(world: ServiceWorld, alice: Customer, admin: Actor) -> None:
    user, actor = alice
    account = world.account_of(user)
    payment = executed(world, actor, account, direction=Direction.CREDIT, payment_type=PaymentType.DEPOSIT)
    world.reversals.reverse_payment(admin, payment_id=payment.id, reason=WHY)
    assert world.balance(account) == 0
    assert world.ledger.verify() == []


def test_an_entry_is_reversed_by_its_id_and_its_payment_with_it(world: ServiceWorld, alice: Customer) -> None:
    user, actor = alice
    account = world.account_of(user, "100")
    payment = executed(world, actor, account)
    undoing = world.reversals.reverse_entry(SYSTEM, entry_id=known(payment.journal_entry_id), reason=WHY)
    stored = world.payments.get(actor, payment_id=payment.id)
    assert (stored.reversal_entry_id, stored.reversed_at) == (undoing.id, undoing.posted_at)
    assert entry_of(world, undoing.id) == undoing
    assert world.ledger.verify() == []


def test_an_entry_without_a_payment_is_reversed_too_and_once(
    world: ServiceWorld, given: EntityBuilder, alice: Customer
) -> None:
    account, entry, _ = given.a_movement(world.account_of(alice[0], "100"), Decimal(-30))
    undoing = world.reversals.reverse_entry(SYSTEM, entry_id=entry.id, reason=WHY)
    assert world.balance(account) == 100
    assert world.audit_names(entry.id) == ["ledger.reversed"]
    again = refused(lambda: world.reversals.reverse_entry(SYSTEM, entry_id=entry.id, reason=WHY))
    assert again == "already_reversed"
    with world.start_unit_of_work() as work:
        assert work.journal.find_reversal_of(entry.id) == undoing
        assert work.journal.find_reversal_of(undoing.id) is None
    assert world.ledger.verify() == []


def test_a_payment_is_reversed_once_by_whichever_way(
    world: ServiceWorld, alice: Customer, admin: Actor
) -> None:
    user, actor = alice
    payment = executed(world, actor, world.account_of(user, "100"))
    undone = world.reversals.reverse_payment(admin, payment_id=payment.id, reason=WHY)
    for again in (
        lambda: world.reversals.reverse_payment(admin, payment_id=payment.id, reason="Another reason"),
        lambda: world.reversals.reverse_entry(SYSTEM, entry_id=known(payment.journal_entry_id), reason=WHY),
    ):
        assert refused(again) == "already_reversed"
    assert world.payments.get(actor, payment_id=payment.id) == undone


@pytest.mark.parametrize("status", [AccountStatus.FROZEN, AccountStatus.SUSPENDED, AccountStatus.INACTIVE])
def test_a_mistake_is_put_right_on_an_account_that_is_only_stopped(
    world: ServiceWorld, alice: Customer, admin: Actor, status: AccountStatus
) -> None:
    user, actor = alice
    account = world.account_of(user, "100")
    payment = executed(world, actor, account)
    world.accounts.update(admin, account_id=account.id, changes=AccountChanges(status=status))
    world.reversals.reverse_payment(admin, payment_id=payment.id, reason=WHY)
    assert world.balance(account) == 100


def test_what_was_reversed_leaves_the_days_spending(
    world: ServiceWorld, alice: Customer, admin: Actor
) -> None:
    user, actor = alice
    account = world.account_of(user, "3000")
    payment = executed(world, actor, account, "900")
    assert refused(lambda: executed(world, actor, account, "100.01")) == "daily_limit_exceeded"
    world.reversals.reverse_payment(admin, payment_id=payment.id, reason=WHY)
    assert world.accounts.health(actor, account_id=account.id).daily_spent.is_zero
    executed(world, actor, account, "1000")
    assert world.accounts.health(actor, account_id=account.id).daily_spent.amount == 1000
    assert refused(lambda: executed(world, actor, account, "0.01")) == "daily_limit_exceeded"


def test_reversing_a_payment_of_another_day_gives_today_no_more_to_spend(
    world: ServiceWorld, alice: Customer, admin: Actor
) -> None:
    user, actor = alice
    account = world.account_of(user, "3000")
    payment = executed(world, actor, account, "900")
    world.clock.advance(timedelta(days=1))
    executed(world, actor, account, "1000")
    world.reversals.reverse_payment(admin, payment_id=payment.id, reason=WHY)
    assert refused(lambda: executed(world, actor, account, "0.01")) == "daily_limit_exceeded"


def test_what_was_reversed_is_no_twin_and_may_be_done_again(
    world: ServiceWorld, alice: Customer, admin: Actor
) -> None:
    user, actor = alice
    account = world.account_of(user, "100")
    payment = executed(world, actor, account, "10", "Rent")
    assert refused(lambda: executed(world, actor, account, "10", "Rent")) == "duplicate_transaction"
    world.reversals.reverse_payment(admin, payment_id=payment.id, reason=WHY)
    again = executed(world, actor, account, "10", "Rent")
    assert not world.payments.outlook(actor, payment_id=again.id).is_duplicate
    assert refused(lambda: executed(world, actor, account, "10", "Rent")) == "duplicate_transaction"


def test_of_many_reversals_at_once_exactly_one_is_booked(
    world: ServiceWorld, alice: Customer, admin: Actor
) -> None:
    user, actor = alice
    account, theirs = world.account_of(user, "100"), world.account_of(world.user("bob@example.com")[0])
    payment = transferred(world, actor, account, theirs)
    outcomes = race(
        [
            *[lambda: world.reversals.reverse_payment(admin, payment_id=payment.id, reason=WHY)] * 6,
            *[
                lambda: world.reversals.reverse_entry(
                    SYSTEM, entry_id=known(payment.journal_entry_id), reason=WHY
                )
            ]
            * 6,
        ]
    )
    assert reasons(outcomes) == ["already_reversed"] * 11
    assert [world.balance(account), world.balance(theirs)] == [100, 0]
    assert world.ledger.verify() == []


def test_spending_beside_a_reversal_spends_nothing_twice(
    world: ServiceWorld, alice: Customer, admin: Actor
) -> None:
    user, actor = alice
    bob, bob_actor = world.user("bob@example.com")
    account, theirs = world.account_of(user, "100"), world.account_of(bob)
    payments = [transferred(world, actor, account, theirs, "10") for _ in range(4)]
    spending = [world.pending(bob_actor, theirs, "10") for _ in range(4)]
    calls: list[Callable[[], object]] = []
    for sent, spent in zip(payments, spending, strict=True):
        calls += [
            partial(world.reversals.reverse_payment, admin, payment_id=sent.id, reason=WHY),
            partial(world.payment_processing.process, bob_actor, payment_id=spent.id),
        ]
    outcomes = race(calls)
    refusals = reasons(outcomes)
    assert set(refusals) <= {"negative_balance", "insufficient_funds"}
    assert len(refusals) == 4
    assert world.balance(theirs) == 0
    assert world.ledger.verify() == []


def test_a_reversal_is_recorded_with_who_did_it(world: ServiceWorld, alice: Customer, admin: Actor) -> None:
    user, actor = alice
    account = world.account_of(user, "100")
    payment = executed(world, actor, account)
    who = replace(admin, origin=Origin(correlation_id="why"))
    world.reversals.reverse_payment(who, payment_id=payment.id, reason=WHY)
    with world.start_unit_of_work() as work:
        (told,) = [
            event for event in work.audit.list_about(payment.id) if event.name.value == "ledger.reversed"
        ]
    assert (told.actor_user_id, told.actor_role) == (admin.user_id, Role.ADMIN)
    assert told.origin.correlation_id == "why"


def test_payments_are_reversed_in_their_own_order_and_the_lines_stay_in_order_of_booking(
    world: ServiceWorld, alice: Customer, admin: Actor
) -> None:
    user, actor = alice
    account = world.account_of(user, "100")
    payments = [executed(world, actor, account, "1") for _ in range(3)]
    for payment in payments:
        world.reversals.reverse_payment(admin, payment_id=payment.id, reason=WHY)
    assert world.balance(account) == 100
    assert world.ledger.verify() == []


def test_a_reversal_is_never_posted_before_the_last_line_of_an_account(
    world: ServiceWorld, alice: Customer, admin: Actor
) -> None:
    user, actor = alice
    account = world.account_of(user, "100")
    payment = executed(world, actor, account)
    posted_at = payment.posted_at
    world.clock.advance(timedelta(minutes=-6))
    undone = world.reversals.reverse_payment(admin, payment_id=payment.id, reason=WHY)
    undoing = entry_of(world, undone.reversal_entry_id)
    assert undone.reversed_at == undoing.posted_at == posted_at
    assert undoing.inserted_at > entry_of(world, payment.journal_entry_id).inserted_at
    assert world.ledger.verify() == []
