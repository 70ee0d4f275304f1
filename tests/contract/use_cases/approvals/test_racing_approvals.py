"""Several who decide at once, and approvals among everything else that is done, over every storage."""

from collections.abc import Callable
from functools import partial

import pytest
from tests.support.races import race_between, reasons, results
from tests.support.scenes.approval_steps import WHY, asked, promotion_of
from tests.support.scenes.reversal_steps import executed, transferred
from tests.support.scenes.service_world import Customer, ServiceWorld

from ledgerbank_domain.approvals.approval import Approval, ApprovalStatus
from ledgerbank_domain.identity.actor import Actor, Role
from ledgerbank_domain.services.approvals.money_acts import payment_reversal
from ledgerbank_domain.services.approvals.user_acts import user_update
from ledgerbank_domain.users.user import UserChanges


@pytest.mark.parametrize(
    "contenders",
    [
        ("approve", "approve"),
        ("approve", "reject"),
        ("approve", "withdraw"),
        ("reject", "withdraw"),
        ("approve", "approve", "reject", "withdraw"),
    ],
    ids=" against ".join,
)
def test_of_several_who_decide_at_once_one_does(
    world: ServiceWorld, alice: Customer, asking: Actor, deciding: Actor, contenders: tuple[str, ...]
) -> None:
    payment = executed(world, alice.actor, world.account_of(alice.user, "40"), "40")
    approval = asked(world, asking, payment_reversal(payment.id, WHY))
    deciders = [deciding, world.user("third@example.com", role=Role.ADMIN).actor]
    approvals, by_id = world.approvals, {"approval_id": approval.id}
    ways: dict[str, Callable[[Actor], Approval]] = {
        "approve": lambda who: approvals.approve(who, **by_id),
        "reject": lambda who: approvals.reject(who, **by_id, reason="No"),
        "withdraw": lambda _: approvals.withdraw(asking, **by_id),
    }
    decisions = [partial(ways[way], deciders[number % 2]) for number, way in enumerate(contenders)]

    outcomes = race_between(*decisions)

    (winner,) = results(outcomes)
    assert isinstance(winner, Approval)
    assert set(reasons(outcomes)) == {"already_processed"}
    assert world.approvals.get(asking, approval_id=approval.id) == winner
    with world.start_unit_of_work() as work:
        was_reversed = work.payments.get(payment.id).reversed_at is not None
    assert was_reversed == (winner.status is ApprovalStatus.APPROVED)
    assert world.ledger.verify() == []


def test_two_who_approve_one_anothers_demotion_at_once_leave_an_administrator(world: ServiceWorld) -> None:
    first, second = (world.user(f"admin{number}@example.com", role=Role.ADMIN) for number in range(2))
    demote = UserChanges(role=Role.USER)
    of_second = asked(world, first.actor, user_update(second.user.id, demote))
    of_first = asked(world, second.actor, user_update(first.user.id, demote))

    outcomes = race_between(
        lambda: world.approvals.approve(second.actor, approval_id=of_second.id),
        lambda: world.approvals.approve(first.actor, approval_id=of_first.id),
    )

    assert len(results(outcomes)) == 1
    with world.start_unit_of_work() as work:
        left = work.users.find_many([first.user.id, second.user.id])
    assert sum(user.is_administrator for user in left.values()) == 1


def test_approvals_payments_and_changes_of_the_same_people_at_once_all_end(
    world: ServiceWorld, alice: Customer, asking: Actor, deciding: Actor
) -> None:
    bob = world.user("bob@example.com")
    mine, theirs = world.account_of(alice.user, "500"), world.account_of(bob.user, "500")
    there = [transferred(world, alice.actor, mine, theirs, "5") for _ in range(2)]
    back = [transferred(world, bob.actor, theirs, mine, "7") for _ in range(2)]
    approvals = [asked(world, asking, payment_reversal(each.id, WHY)) for each in (*there, *back)]
    approvals.append(promotion_of(world, asking, bob.user))
    calls: list[Callable[[], object]] = [
        lambda each=each: world.approvals.approve(deciding, approval_id=each.id)  # type: ignore[misc]
        for each in approvals
    ]
    calls += [
        lambda: transferred(world, alice.actor, mine, theirs, "1"),
        lambda: transferred(world, bob.actor, theirs, mine, "1"),
        lambda: world.users.update(asking, user_id=alice.user.id, changes=UserChanges(full_name="Alice A")),
    ]

    outcomes = race_between(*calls)

    assert reasons(outcomes) == []
    assert world.balance(mine) + world.balance(theirs) == 1000
    assert world.ledger.verify() == []
