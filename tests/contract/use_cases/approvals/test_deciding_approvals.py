"""What was asked for is done once, by two, as it was asked and while it may be, over every storage."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.support.refusals import refusal_of, refused
from tests.support.scenes.approval_steps import (
    WHY,
    account_now,
    asked,
    facts_about,
    listed,
    promotion_of,
    user_now,
)
from tests.support.scenes.reversal_steps import executed, transferred
from tests.support.scenes.service_world import Customer, ServiceWorld

from ledgerbank_adapters.memory import MemoryClock
from ledgerbank_domain.approvals.approval import Approval, ApprovalStatus
from ledgerbank_domain.banking.account import AccountChanges, AccountStatus, AccountType
from ledgerbank_domain.identity.actor import Actor, Role
from ledgerbank_domain.services.approvals.money_acts import account_update, payment_reversal
from ledgerbank_domain.services.approvals.user_acts import user_update
from ledgerbank_domain.users.user import User, UserChanges, UserStatus

Decision = Callable[[], Approval]


def set_user(world: ServiceWorld, user_id: Any, **fields: Any) -> None:
    """What happens to somebody between the request and its approval."""
    with world.start_unit_of_work() as work:
        user: User = work.users.get_for_update(user_id)
        work.users.save(user.with_changes(UserChanges(**fields), at=world.clock.now()))
        work.commit()


def test_an_approved_promotion_is_done_and_both_people_are_on_record(
    world: ServiceWorld, alice: Customer, asking: Actor, deciding: Actor
) -> None:
    approval = promotion_of(world, asking, alice.user)

    decided = world.approvals.approve(deciding, approval_id=approval.id)

    assert user_now(world, alice.user.id).role is Role.ADMIN
    assert decided.status is ApprovalStatus.APPROVED
    assert (decided.requested_by, decided.decided_by) == (asking.user_id, deciding.user_id)
    assert world.approvals.get(asking, approval_id=approval.id) == decided
    assert listed(world, asking, ApprovalStatus.PENDING) == []
    requested, approved = facts_about(world, approval.id)
    assert requested[:2] == ("approval.requested", asking.user_id)
    assert approved[:2] == ("approval.approved", deciding.user_id)
    assert approved[2]["requested_by"] == str(asking.user_id)
    done = facts_about(world, alice.user.id)[-1]
    assert done[:2] == ("admin.user_updated", asking.user_id)
    assert done[2]["changes"]["role"] == {"old": "user", "new": "admin"}


def test_an_approved_credit_limit_and_an_approved_reversal_are_done(
    world: ServiceWorld, alice: Customer, asking: Actor, deciding: Actor
) -> None:
    account = world.account_of(alice.user, "100", account_type=AccountType.CREDIT)
    payment = executed(world, alice.actor, account, "40")
    limit = account_update(account.id, AccountChanges(credit_limit=Decimal("250.50")))
    for act in (limit, payment_reversal(payment.id, WHY)):
        world.approvals.approve(deciding, approval_id=asked(world, asking, act).id)
    now = account_now(world, account)
    assert (now.balance.amount, now.credit_limit.amount) == (Decimal(100), Decimal("250.50"))
    assert world.ledger.verify() == []


def test_who_asked_does_not_decide_and_who_decides_did_not_ask(
    world: ServiceWorld, alice: Customer, asking: Actor, deciding: Actor
) -> None:
    approval = promotion_of(world, asking, alice.user)
    approve = lambda: world.approvals.approve(asking, approval_id=approval.id)  # noqa: E731
    reject = lambda: world.approvals.reject(asking, approval_id=approval.id, reason="No")  # noqa: E731
    withdraw = lambda: world.approvals.withdraw(deciding, approval_id=approval.id)  # noqa: E731
    for decide in (approve, reject, withdraw):
        assert refused(decide) == "insufficient_permissions"
    assert world.approvals.get(asking, approval_id=approval.id).is_pending
    assert world.approvals.withdraw(asking, approval_id=approval.id).status is ApprovalStatus.WITHDRAWN


def test_nobody_approves_what_they_would_gain_by(
    world: ServiceWorld, alice: Customer, asking: Actor, deciding: Actor
) -> None:
    gaining = world.user("gaining@example.com", role=Role.ADMIN)
    account = world.account_of(gaining.user, account_type=AccountType.CREDIT)
    payer, receiver = world.account_of(alice.user, "50"), world.account_of(gaining.user)
    sent = transferred(world, alice.actor, payer, receiver)
    frozen = world.account_of(gaining.user, status=AccountStatus.FROZEN)
    acts = [
        account_update(account.id, AccountChanges(credit_limit=Decimal(1000))),
        account_update(frozen.id, AccountChanges(status=AccountStatus.ACTIVE)),
        payment_reversal(sent.id, WHY),
    ]
    for act in acts:
        approval = asked(world, asking, act)
        own = refused(lambda: world.approvals.approve(gaining.actor, approval_id=approval.id))  # noqa: B023
        assert own == "insufficient_permissions"
        world.approvals.approve(deciding, approval_id=approval.id)
    # To have fewer rights oneself is nothing to gain.
    demotion = asked(world, asking, user_update(gaining.user.id, UserChanges(role=Role.SUPPORT)))
    world.approvals.approve(gaining.actor, approval_id=demotion.id)
    assert user_now(world, gaining.user.id).role is Role.SUPPORT


def test_a_rejection_has_its_reason_and_nothing_is_done(
    world: ServiceWorld, alice: Customer, asking: Actor, deciding: Actor
) -> None:
    approval = promotion_of(world, asking, alice.user)
    for bad in ("", "x" * 256):
        error = refusal_of(lambda: world.approvals.reject(deciding, approval_id=approval.id, reason=bad))  # noqa: B023
        assert (error.reason.code, error.details["field"]) == ("invalid_field_format", "reason")
    rejected = world.approvals.reject(deciding, approval_id=approval.id, reason="Not needed")
    assert (rejected.status, rejected.decision_reason) == (ApprovalStatus.REJECTED, "Not needed")
    assert user_now(world, alice.user.id).role is Role.USER
    name, actor_id, facts = facts_about(world, approval.id)[-1]
    assert (name, actor_id, facts["decision_reason"]) == (
        "approval.rejected",
        deciding.user_id,
        "Not needed",
    )
    # It may be asked for again.
    promotion_of(world, asking, alice.user)


@pytest.mark.parametrize("end", ["approve", "reject", "withdraw", "expire"])
def test_what_is_decided_stays_so(
    world: ServiceWorld, clock: MemoryClock, alice: Customer, asking: Actor, deciding: Actor, *, end: str
) -> None:
    approval = promotion_of(world, asking, alice.user)
    decisions: dict[str, Decision] = {
        "approve": lambda: world.approvals.approve(deciding, approval_id=approval.id),
        "reject": lambda: world.approvals.reject(deciding, approval_id=approval.id, reason="No"),
        "withdraw": lambda: world.approvals.withdraw(asking, approval_id=approval.id),
    }
    if end == "expire":
        clock.advance(timedelta(hours=72))
    else:
        decisions[end]()
    for decide in decisions.values():
        assert refused(decide) == "already_processed"
    assert user_now(world, alice.user.id).role is (Role.ADMIN if end == "approve" else Role.USER)


def test_it_may_be_decided_until_the_very_last_moment(
    world: ServiceWorld, clock: MemoryClock, alice: Customer, asking: Actor, deciding: Actor
) -> None:
    approval = promotion_of(world, asking, alice.user)
    clock.advance(timedelta(hours=72) - timedelta(microseconds=1))
    assert world.approvals.approve(deciding, approval_id=approval.id).status is ApprovalStatus.APPROVED


@pytest.mark.parametrize(
    "meanwhile",
    [
        {"status": UserStatus.SUSPENDED},
        {"status": UserStatus.DELETED},
        {"role": Role.USER},
        {"role": Role.SUPPORT},
    ],
)
def test_who_asked_must_still_be_one_who_may_do_it(
    world: ServiceWorld, alice: Customer, asking: Actor, deciding: Actor, meanwhile: dict[str, Any]
) -> None:
    approval = promotion_of(world, asking, alice.user)
    set_user(world, asking.user_id, **meanwhile)
    error = refusal_of(lambda: world.approvals.approve(deciding, approval_id=approval.id))
    assert (error.reason.code, error.details["field"]) == ("already_processed", "requested_by")
    assert user_now(world, alice.user.id).role is Role.USER
    assert world.approvals.get(deciding, approval_id=approval.id).is_pending


@pytest.mark.parametrize(
    ("meanwhile", "reason"),
    [
        ({"role": Role.SUPPORT}, "insufficient_permissions"),
        ({"status": UserStatus.SUSPENDED}, "token_revoked"),
    ],
)
def test_who_decides_must_still_be_an_administrator(
    world: ServiceWorld,
    alice: Customer,
    asking: Actor,
    deciding: Actor,
    *,
    meanwhile: dict[str, Any],
    reason: str,
) -> None:
    approval = promotion_of(world, asking, alice.user)
    set_user(world, deciding.user_id, **meanwhile)
    outcome = refused(lambda: world.approvals.approve(deciding, approval_id=approval.id))
    assert outcome == reason
    assert user_now(world, alice.user.id).role is Role.USER


@pytest.mark.parametrize(
    ("meanwhile", "field"),
    [
        ({"role": Role.SUPPORT}, "role"),
        ({"status": UserStatus.SUSPENDED}, "status"),
        ({"status": UserStatus.DELETED}, "status"),
    ],
)
def test_what_changed_since_is_told_and_not_overwritten(
    world: ServiceWorld,
    alice: Customer,
    asking: Actor,
    deciding: Actor,
    *,
    meanwhile: dict[str, Any],
    field: str,
) -> None:
    approval = promotion_of(world, asking, alice.user)
    set_user(world, alice.user.id, **meanwhile)
    before = user_now(world, alice.user.id)
    error = refusal_of(lambda: world.approvals.approve(deciding, approval_id=approval.id))
    assert (error.reason.code, error.details["field"]) == ("already_processed", field)
    assert user_now(world, alice.user.id) == before


def test_a_change_of_something_else_is_in_nobodys_way(
    world: ServiceWorld, alice: Customer, asking: Actor, deciding: Actor
) -> None:
    approval = promotion_of(world, asking, alice.user)
    set_user(world, alice.user.id, full_name="Alice Married")
    world.approvals.approve(deciding, approval_id=approval.id)
    promoted = user_now(world, alice.user.id)
    assert (promoted.role, promoted.full_name) == (Role.ADMIN, "Alice Married")


def test_an_account_that_changed_since_keeps_what_it_has(
    world: ServiceWorld, alice: Customer, asking: Actor, deciding: Actor
) -> None:
    account = world.account_of(alice.user, "50", account_type=AccountType.CREDIT)
    approval = asked(world, asking, account_update(account.id, AccountChanges(credit_limit=Decimal(900))))
    executed(world, alice.actor, account, "10")
    world.accounts.update(asking, account_id=account.id, changes=AccountChanges(status=AccountStatus.FROZEN))
    error = refusal_of(lambda: world.approvals.approve(deciding, approval_id=approval.id))
    assert (error.reason.code, error.details["field"]) == ("already_processed", "status")
    assert account_now(world, account).credit_limit.is_zero


def test_what_can_no_longer_be_done_says_so_and_stays_where_it_was(
    world: ServiceWorld, alice: Customer, asking: Actor, deciding: Actor
) -> None:
    bob = world.user("bob@example.com")
    mine, theirs = world.account_of(alice.user, "50"), world.account_of(bob.user)
    sent = transferred(world, alice.actor, mine, theirs, "50")
    approval = asked(world, asking, payment_reversal(sent.id, WHY))
    executed(world, bob.actor, theirs, "50")
    approve = lambda: world.approvals.approve(deciding, approval_id=approval.id)  # noqa: E731
    assert refused(approve) == "negative_balance"
    assert world.approvals.get(deciding, approval_id=approval.id).is_pending
    demotion = asked(world, asking, user_update(asking.required_user_id(), UserChanges(role=Role.USER)))
    third = world.user("third@example.com", role=Role.ADMIN)
    for user_id in (third.user.id,):
        set_user(world, user_id, status=UserStatus.SUSPENDED)
    world.approvals.approve(deciding, approval_id=demotion.id)
    assert user_now(world, asking.required_user_id()).role is Role.USER
