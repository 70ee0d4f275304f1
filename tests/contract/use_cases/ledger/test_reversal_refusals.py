"""What is not undone, and why, over every storage."""

from decimal import Decimal
from typing import Any

import pytest
from tests.support.refusals import refused
from tests.support.scenes.entity_builder import EntityBuilder
from tests.support.scenes.reversal_steps import WHY, entry_of_kind, executed, known, transferred
from tests.support.scenes.service_world import Customer, DraftFields, ServiceWorld

from ledgerbank_domain.banking.account import AccountChanges, AccountStatus, AccountType
from ledgerbank_domain.identity.actor import SYSTEM, Actor, Role
from ledgerbank_domain.ledger.journal import Direction, EntryKind
from ledgerbank_domain.payments.payment import PaymentType


@pytest.mark.parametrize("kind", [EntryKind.OPENING, EntryKind.IMPORT, EntryKind.RECONCILIATION])
def test_what_a_bank_said_is_not_reversed(
    world: ServiceWorld, given: EntityBuilder, alice: Customer, kind: EntryKind
) -> None:
    account = world.account_of(alice[0], "100")
    entry = entry_of_kind(given, account, kind)
    assert (
        refused(lambda: world.reversals.reverse_entry(SYSTEM, entry_id=entry.id, reason=WHY))
        == "not_reversible"
    )
    assert world.ledger.verify() == []


def test_a_reversal_is_not_reversed(world: ServiceWorld, alice: Customer, admin: Actor) -> None:
    user, actor = alice
    payment = executed(world, actor, world.account_of(user, "100"))
    undone = world.reversals.reverse_payment(admin, payment_id=payment.id, reason=WHY)
    assert (
        refused(
            lambda: world.reversals.reverse_entry(
                SYSTEM, entry_id=known(undone.reversal_entry_id), reason=WHY
            )
        )
        == "not_reversible"
    )


@pytest.mark.parametrize("ending", ["pending", "cancelled"])
def test_a_payment_that_moved_no_money_is_not_reversed(
    world: ServiceWorld, alice: Customer, admin: Actor, ending: str
) -> None:
    user, actor = alice
    payment = world.pending(actor, world.account_of(user, "100"))
    if ending == "cancelled":
        world.payments.cancel(actor, payment_id=payment.id)
    assert (
        refused(lambda: world.reversals.reverse_payment(admin, payment_id=payment.id, reason=WHY))
        == "not_reversible"
    )


def test_what_nobody_knows_is_not_found(world: ServiceWorld, admin: Actor) -> None:
    unknown = world.ids.new_id()
    assert (
        refused(lambda: world.reversals.reverse_payment(admin, payment_id=unknown, reason=WHY))
        == "payment_not_found"
    )
    assert (
        refused(lambda: world.reversals.reverse_entry(admin, entry_id=unknown, reason=WHY))
        == "resource_not_found"
    )


@pytest.mark.parametrize("role", [Role.USER, Role.SUPPORT])
def test_only_administrators_reverse(world: ServiceWorld, alice: Customer, role: Role) -> None:
    user, actor = alice
    payment = executed(world, actor, world.account_of(user, "100"))
    who = actor if role is Role.USER else world.user("support@example.com", role=role)[1]
    unknown = world.ids.new_id()
    for ask in (
        lambda: world.reversals.reverse_payment(who, payment_id=payment.id, reason=WHY),
        lambda: world.reversals.reverse_payment(who, payment_id=unknown, reason=WHY),
        lambda: world.reversals.reverse_entry(who, entry_id=known(payment.journal_entry_id), reason=WHY),
        lambda: world.reversals.reverse_entry(who, entry_id=unknown, reason=WHY),
    ):
        assert refused(ask) == "insufficient_permissions"


@pytest.mark.parametrize("reason", ["", "   ", "x" * 256, "a\x00b", "\ud800", None, 5])
def test_a_reason_is_needed_and_is_text(
    world: ServiceWorld, alice: Customer, admin: Actor, reason: Any
) -> None:
    user, actor = alice
    payment = executed(world, actor, world.account_of(user, "100"))
    assert (
        refused(lambda: world.reversals.reverse_payment(admin, payment_id=payment.id, reason=reason))
        == "invalid_field_format"
    )
    assert world.payments.get(actor, payment_id=payment.id).reversed_at is None
    world.reversals.reverse_payment(admin, payment_id=payment.id, reason="x" * 255)


def test_money_that_was_spent_since_cannot_be_taken_back(
    world: ServiceWorld, alice: Customer, admin: Actor
) -> None:
    user, actor = alice
    bob, bob_actor = world.user("bob@example.com")
    account, theirs = world.account_of(user, "100"), world.account_of(bob)
    payment = transferred(world, actor, account, theirs, "40")
    executed(world, bob_actor, theirs, "0.01")
    refusal = refused(lambda: world.reversals.reverse_payment(admin, payment_id=payment.id, reason=WHY))
    assert refusal == "negative_balance"
    assert world.payments.get(actor, payment_id=payment.id) == payment
    assert [world.balance(account), world.balance(theirs)] == [60, Decimal("39.99")]
    assert world.ledger.verify() == []


def test_a_credit_limit_counts_as_money(world: ServiceWorld, alice: Customer, admin: Actor) -> None:
    user, actor = alice
    account = world.account_of(user, account_type=AccountType.CREDIT, credit_limit="10")
    credit: DraftFields = {"direction": Direction.CREDIT, "payment_type": PaymentType.DEPOSIT}
    payment = executed(world, actor, account, "10", **credit)
    executed(world, actor, account, "20")
    assert world.balance(account) == -10
    refusal = refused(lambda: world.reversals.reverse_payment(admin, payment_id=payment.id, reason=WHY))
    assert refusal == "negative_balance"
    executed(world, actor, account, "10", "Paid back", **credit)
    world.reversals.reverse_payment(admin, payment_id=payment.id, reason=WHY)
    assert world.balance(account) == -10


@pytest.mark.parametrize("closed", ["payer's", "receiver's"])
def test_nothing_is_booked_on_a_closed_account(
    world: ServiceWorld, alice: Customer, admin: Actor, closed: str
) -> None:
    user, actor = alice
    bob, bob_actor = world.user("bob@example.com")
    account, theirs = world.account_of(user, "40"), world.account_of(bob)
    payment = transferred(world, actor, account, theirs, "40")
    if closed == "receiver's":
        executed(world, bob_actor, theirs, "40")
    close = AccountChanges(status=AccountStatus.CLOSED)
    on = account if closed == "payer's" else theirs
    world.accounts.update(admin, account_id=on.id, changes=close)
    refusal = refused(lambda: world.reversals.reverse_payment(admin, payment_id=payment.id, reason=WHY))
    assert refusal == "account_inactive"
