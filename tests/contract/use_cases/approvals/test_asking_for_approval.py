"""What takes two administrators is asked for, and not done, over every storage."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from tests.support.races import race, reasons, results
from tests.support.refusals import refusal_of, refused
from tests.support.scenes.approval_steps import (
    PROMOTION,
    WHY,
    account_now,
    asked,
    facts_about,
    listed,
    promotion_of,
    user_now,
)
from tests.support.scenes.reversal_steps import executed, known
from tests.support.scenes.service_world import PASSWORD, Customer, ServiceWorld

from ledgerbank_adapters.memory import MemoryClock
from ledgerbank_domain.approvals.approval import ApprovalStatus
from ledgerbank_domain.banking.account import AccountChanges, AccountStatus, AccountType
from ledgerbank_domain.identity.actor import SYSTEM, Actor, Role
from ledgerbank_domain.jobs.job import Job, JobKind, JobState
from ledgerbank_domain.services.approvals.money_acts import (
    account_update,
    entry_reversal,
    payment_reversal,
)
from ledgerbank_domain.services.approvals.user_acts import user_creation, user_update
from ledgerbank_domain.services.users.registration_service import NewUser
from ledgerbank_domain.users.user import UserChanges, UserStatus


def newcomer(role: Role, email: str = "new@example.com") -> NewUser:
    return NewUser(email=email, full_name="New", password=PASSWORD, password_confirmation=PASSWORD, role=role)


def test_a_promotion_waits_and_says_what_it_would_change(
    world: ServiceWorld, alice: Customer, asking: Actor
) -> None:
    approval = promotion_of(world, asking, alice.user)

    assert user_now(world, alice.user.id).role is Role.USER
    assert approval.status is ApprovalStatus.PENDING
    assert approval.changes == {"role": {"old": "user", "new": "admin"}}
    assert (approval.target_id, approval.reason) == (alice.user.id, WHY)
    assert approval.requested_by == asking.user_id
    assert approval.expires_at == world.clock.now() + timedelta(hours=72)
    assert world.approvals.get(asking, approval_id=approval.id) == approval
    assert listed(world, asking) == [approval]
    assert "admin.user_updated" not in world.audit_names(alice.user.id)
    ((name, actor_id, facts),) = facts_about(world, approval.id)
    assert (name, actor_id) == ("approval.requested", asking.user_id)
    assert facts["changes"] == {"role": {"old": "user", "new": "admin"}}
    assert (facts["act"], facts["target_id"], facts["reason"]) == ("user.update", str(alice.user.id), WHY)


@pytest.mark.parametrize("role", [Role.ADMIN, Role.SUPPORT])
def test_making_staff_waits_and_their_password_is_nowhere_to_be_seen(
    world: ServiceWorld, asking: Actor, role: Role
) -> None:
    prepared = world.services.registration.prepare(asking, newcomer(role))

    approval = asked(world, asking, user_creation(prepared))

    assert approval.target_id is None
    assert {name: change["new"] for name, change in approval.changes.items()} == {
        "email": "new@example.com",
        "full_name": "New",
        "role": role.value,
    }
    assert prepared.password_hash
    assert prepared.password_hash not in f"{approval!r}{approval.arguments}"
    assert prepared.password_hash not in repr(facts_about(world, approval.id))
    with world.start_unit_of_work() as work:
        assert work.users.find_by_email("new@example.com") is None
    assert (
        refused(lambda: world.services.registration.create_prepared(asking, prepared))
        == "insufficient_permissions"
    )


def test_ordinary_users_are_made_and_changed_by_one_alone(
    world: ServiceWorld, alice: Customer, asking: Actor
) -> None:
    prepared = world.services.registration.prepare(asking, newcomer(Role.USER))
    assert world.approvals.ask_if_needed(asking, user_creation(prepared), reason=None) is None
    assert world.services.registration.create_prepared(asking, prepared).role is Role.USER
    for changes in (
        UserChanges(full_name="Renamed"),
        UserChanges(role=Role.USER),
        UserChanges(status=UserStatus.SUSPENDED),
        UserChanges(status=UserStatus.ACTIVE),
        UserChanges(status=UserStatus.DELETED),
    ):
        act = user_update(alice.user.id, changes)
        assert world.approvals.ask_if_needed(asking, act, reason=None) is None
        world.users.update(asking, user_id=alice.user.id, changes=changes)


@pytest.mark.parametrize("role", [Role.ADMIN, Role.SUPPORT])
def test_staff_is_stopped_by_one_and_restored_by_two(
    world: ServiceWorld, asking: Actor, deciding: Actor, role: Role
) -> None:
    staff = world.user("staff@example.com", role=role).user
    stop, restore = UserChanges(status=UserStatus.SUSPENDED), UserChanges(status=UserStatus.ACTIVE)

    assert world.approvals.ask_if_needed(asking, user_update(staff.id, stop), reason=None) is None
    world.users.update(asking, user_id=staff.id, changes=stop)
    alone = refused(lambda: world.users.update(asking, user_id=staff.id, changes=restore))
    assert alone == "insufficient_permissions"
    world.approvals.approve(deciding, approval_id=asked(world, asking, user_update(staff.id, restore)).id)
    assert user_now(world, staff.id).is_active


@pytest.mark.parametrize("role", [Role.ADMIN, Role.SUPPORT, Role.USER])
def test_nobody_alone_has_the_mails_of_somebody_else_sent_elsewhere(
    world: ServiceWorld, asking: Actor, deciding: Actor, role: Role
) -> None:
    # Whoever reads them can choose the password, and be who they are not.
    staff = world.user("staff@example.com", role=role).user
    elsewhere = UserChanges(email="thief@example.com")
    same = UserChanges(email=staff.email, full_name="Renamed")

    alone = refused(lambda: world.users.update(asking, user_id=staff.id, changes=elsewhere))
    assert alone == "insufficient_permissions"
    assert user_now(world, staff.id).email == "staff@example.com"
    assert world.approvals.ask_if_needed(asking, user_update(staff.id, same), reason=None) is None

    approval = asked(world, asking, user_update(staff.id, elsewhere))
    assert approval.changes == {"email": {"old": "staff@example.com", "new": "thief@example.com"}}
    world.approvals.approve(deciding, approval_id=approval.id)
    assert user_now(world, staff.id).email == "thief@example.com"


def test_who_was_to_be_promoted_is_looked_at_again_when_they_are_mailed_elsewhere_since(
    world: ServiceWorld, alice: Customer, asking: Actor, deciding: Actor
) -> None:
    approval = promotion_of(world, asking, alice.user)
    world.users.update_profile(alice.actor, UserChanges(email="thief@example.com"))

    refusal = refusal_of(lambda: world.approvals.approve(deciding, approval_id=approval.id))

    assert (refusal.reason.code, refusal.details["field"]) == ("already_processed", "email")
    assert user_now(world, alice.user.id).role is Role.USER


def test_staff_change_their_own_address_alone(world: ServiceWorld, asking: Actor) -> None:
    user_id = asking.required_user_id()
    assert world.users.update_profile(asking, UserChanges(email="moved@example.com")).email == (
        "moved@example.com"
    )
    act = user_update(user_id, UserChanges(email="again@example.com"))
    assert world.approvals.ask_if_needed(asking, act, reason=None) is None
    world.users.update(asking, user_id=user_id, changes=UserChanges(email="again@example.com"))
    assert user_now(world, user_id).email == "again@example.com"


def test_a_credit_limit_waits(world: ServiceWorld, alice: Customer, asking: Actor) -> None:
    account = world.account_of(alice.user, account_type=AccountType.CREDIT, credit_limit="100")
    changes = AccountChanges(credit_limit=Decimal(5000))

    approval = asked(world, asking, account_update(account.id, changes))

    assert approval.changes["credit_limit"]["new"] == "5000"
    assert Decimal(approval.changes["credit_limit"]["old"]) == 100
    assert account_now(world, account) == account
    same = account_update(account.id, AccountChanges(credit_limit=Decimal("100.00")))
    assert world.approvals.ask_if_needed(asking, same, reason=None) is None
    alone = refused(lambda: world.accounts.update(asking, account_id=account.id, changes=changes))
    assert alone == "insufficient_permissions"


@pytest.mark.parametrize("stopped", [AccountStatus.FROZEN, AccountStatus.SUSPENDED])
@pytest.mark.parametrize("lifted", [AccountStatus.ACTIVE, AccountStatus.INACTIVE])
def test_what_staff_stopped_is_lifted_by_two_whichever_way_it_goes(
    world: ServiceWorld, alice: Customer, asking: Actor, stopped: AccountStatus, lifted: AccountStatus
) -> None:
    account = world.account_of(alice.user)
    stop = AccountChanges(status=stopped)
    assert world.approvals.ask_if_needed(asking, account_update(account.id, stop), reason=None) is None
    world.accounts.update(asking, account_id=account.id, changes=stop)

    asked(world, asking, account_update(account.id, AccountChanges(status=lifted)))

    assert account_now(world, account).status is stopped
    for still_stopped in (AccountStatus.FROZEN, AccountStatus.SUSPENDED, AccountStatus.CLOSED):
        act = account_update(account.id, AccountChanges(status=still_stopped))
        assert world.approvals.ask_if_needed(asking, act, reason=None) is None


def test_support_may_ask_for_what_support_may_do(
    world: ServiceWorld, alice: Customer, deciding: Actor
) -> None:
    support = world.user("support@example.com", role=Role.SUPPORT).actor
    account = world.account_of(alice.user, status=AccountStatus.FROZEN)
    unfreezing = asked(
        world, support, account_update(account.id, AccountChanges(status=AccountStatus.ACTIVE))
    )

    assert world.approvals.get(support, approval_id=unfreezing.id) == unfreezing
    world.approvals.approve(deciding, approval_id=unfreezing.id)

    assert account_now(world, account).is_active
    limit = account_update(account.id, AccountChanges(credit_limit=Decimal(5)))
    assert (
        refused(lambda: world.approvals.ask_if_needed(support, limit, reason=WHY))
        == "insufficient_permissions"
    )


def test_reversals_wait_those_of_payments_and_of_entries(
    world: ServiceWorld, alice: Customer, asking: Actor
) -> None:
    account = world.account_of(alice.user, "100")
    payment = executed(world, alice.actor, account, "40")
    entry_id = known(payment.journal_entry_id)

    asked(world, asking, payment_reversal(payment.id, WHY))
    asked(world, asking, entry_reversal(entry_id, WHY))

    assert world.balance(account) == 60
    for alone in (
        lambda: world.reversals.reverse_payment(asking, payment_id=payment.id, reason=WHY),
        lambda: world.reversals.reverse_entry(asking, entry_id=entry_id, reason=WHY),
    ):
        assert refused(alone) == "insufficient_permissions"
    # Whoever sits at the machine acts alone.
    world.reversals.reverse_entry(SYSTEM, entry_id=entry_id, reason=WHY)
    assert world.balance(account) == 100


def test_only_what_could_be_done_this_moment_is_asked_for(
    world: ServiceWorld, alice: Customer, asking: Actor, deciding: Actor
) -> None:
    pending = world.pending(alice.actor, world.account_of(alice.user, "100"))
    checking = world.account_of(alice.user)
    staff = world.services.registration.prepare(asking, newcomer(Role.SUPPORT, email=alice.user.email))

    def ask(act: object) -> Callable[[], object]:
        return lambda: world.approvals.ask_if_needed(asking, act, reason=WHY)  # type: ignore[arg-type]

    assert refused(ask(payment_reversal(pending.id, WHY))) == "not_reversible"
    assert refused(ask(payment_reversal(world.ids.new_id(), WHY))) == "payment_not_found"
    assert refused(ask(entry_reversal(world.ids.new_id(), WHY))) == "resource_not_found"
    assert refused(ask(user_creation(staff))) == "email_already_exists"
    limit = AccountChanges(credit_limit=Decimal(5))
    assert refused(ask(account_update(checking.id, limit))) == "negative_balance"
    world.set_user_status(user_now(world, deciding.required_user_id()), UserStatus.SUSPENDED)
    demotion = user_update(asking.required_user_id(), UserChanges(role=Role.USER))
    assert refused(ask(demotion)) == "last_administrator"
    nobody = user_update(world.ids.new_id(), PROMOTION)
    assert world.approvals.ask_if_needed(asking, nobody, reason=WHY) is None
    assert listed(world, asking) == []


@pytest.mark.parametrize(
    ("reason", "refusal"),
    [
        (None, "missing_fields"),
        ("", "invalid_field_format"),
        ("x" * 256, "invalid_field_format"),
        ("a\0", "invalid_field_format"),
    ],
)
def test_a_reason_must_be_told(
    world: ServiceWorld, alice: Customer, asking: Actor, reason: str | None, refusal: str
) -> None:
    act = user_update(alice.user.id, PROMOTION)
    error = refusal_of(lambda: world.approvals.ask_if_needed(asking, act, reason=reason))
    assert (error.reason.code, error.details["field"]) == (refusal, "reason")
    assert listed(world, asking) == []


def test_the_same_is_asked_for_once_at_a_time(
    world: ServiceWorld, clock: MemoryClock, alice: Customer, asking: Actor, deciding: Actor
) -> None:
    first = promotion_of(world, asking, alice.user)
    act = user_update(alice.user.id, UserChanges(role=Role.SUPPORT))
    error = refusal_of(lambda: world.approvals.ask_if_needed(deciding, act, reason=WHY))
    assert (error.reason.code, error.details["approval_id"]) == ("resource_already_exists", str(first.id))
    bob = world.user("bob@example.com").user
    promotion_of(world, asking, bob)
    # What nobody decided in time is in nobody's way.
    clock.advance(timedelta(hours=72))
    second = promotion_of(world, deciding, alice.user)
    assert [name for name, _, _ in facts_about(world, first.id)] == [
        "approval.requested",
        "approval.expired",
    ]
    assert world.approvals.get(asking, approval_id=first.id).status is ApprovalStatus.EXPIRED
    assert listed(world, asking, ApprovalStatus.PENDING) == [second]
    assert {each.status for each in listed(world, asking)} == {ApprovalStatus.PENDING, ApprovalStatus.EXPIRED}
    assert len(listed(world, asking, ApprovalStatus.EXPIRED)) == 2


def test_of_many_who_ask_for_the_same_at_once_one_does(world: ServiceWorld, alice: Customer) -> None:
    admins = [world.user(f"admin{number}@example.com", role=Role.ADMIN).actor for number in range(6)]

    outcomes = race(
        [lambda actor=actor: promotion_of(world, actor, alice.user) for actor in admins]  # type: ignore[misc]
    )

    assert len(results(outcomes)) == 1
    assert set(reasons(outcomes)) == {"resource_already_exists"}
    assert listed(world, admins[0]) == results(outcomes)


def test_nobody_sees_what_they_neither_asked_for_nor_decide(
    world: ServiceWorld, alice: Customer, asking: Actor
) -> None:
    approval = promotion_of(world, asking, alice.user)
    support = world.user("support@example.com", role=Role.SUPPORT).actor
    for nosy in (alice.actor, support, replace(alice.actor, role=Role.ADMIN)):
        assert refused(lambda: world.approvals.get(nosy, approval_id=approval.id)) == "resource_not_found"  # noqa: B023
        assert refused(lambda: listed(world, nosy)) == "insufficient_permissions"  # noqa: B023
        for decide in (
            lambda: world.approvals.approve(nosy, approval_id=approval.id),  # noqa: B023
            lambda: world.approvals.reject(nosy, approval_id=approval.id, reason="No"),  # noqa: B023
        ):
            assert refused(decide) == "insufficient_permissions"
        withdraw = refused(lambda: world.approvals.withdraw(nosy, approval_id=approval.id))  # noqa: B023
        assert withdraw == "resource_not_found"
    assert world.approvals.get(asking, approval_id=approval.id).is_pending


def test_without_four_eyes_nothing_is_asked_for(world: ServiceWorld, alice: Customer, asking: Actor) -> None:
    alone = ServiceWorld(start_unit_of_work=world.start_unit_of_work, clock=world.clock, ids=world.ids)
    act = user_update(alice.user.id, PROMOTION)
    assert alone.approvals.ask_if_needed(asking, act, reason=None) is None
    assert alone.users.update(asking, user_id=alice.user.id, changes=PROMOTION).role is Role.ADMIN


def test_what_nobody_decided_is_ended_and_what_was_decided_long_ago_removed_by_upkeep(
    world: ServiceWorld, clock: MemoryClock, alice: Customer, asking: Actor
) -> None:
    approval = promotion_of(world, asking, alice.user)
    clock.advance(timedelta(hours=73))
    prune(world)
    prune(world)
    with world.start_unit_of_work() as work:
        stored = work.approvals.find(approval.id)
    assert stored is not None
    assert (stored.status, stored.arguments) == (ApprovalStatus.EXPIRED, {})
    assert [name for name, _, _ in facts_about(world, approval.id)] == [
        "approval.requested",
        "approval.expired",
    ]
    clock.advance(timedelta(days=31))
    prune(world)
    assert listed(world, asking) == []
    assert len(facts_about(world, approval.id)) == 2


def prune(world: ServiceWorld) -> None:
    with world.start_unit_of_work() as work:
        now = work.now()
        job = Job(
            id=world.ids.new_id(),
            kind=JobKind.MAINTENANCE_PRUNE,
            args={},
            state=JobState.AVAILABLE,
            run_at=now,
            inserted_at=now,
            updated_at=now,
        )
        work.jobs.add_many([job])
        work.commit()
    world.services.due_jobs.run_due_jobs()
    assert world.jobs.get(SYSTEM, job_id=job.id).state is JobState.COMPLETED
