"""Somebody who may administer is always left, over every storage and whoever races whom."""

from collections.abc import Callable
from functools import partial

import pytest
from tests.support.races import race, reasons
from tests.support.refusals import refused
from tests.support.scenes.service_world import Customer, ServiceWorld

from ledgerbank_domain.identity.actor import SYSTEM, Actor, Role
from ledgerbank_domain.users.user import User, UserChanges, UserStatus

DEMOTION = UserChanges(role=Role.SUPPORT)
ENDS = [
    UserChanges(role=Role.USER),
    DEMOTION,
    UserChanges(status=UserStatus.SUSPENDED),
    UserChanges(role=Role.USER, status=UserStatus.SUSPENDED),
]


def administrators(world: ServiceWorld, count: int) -> list[Customer]:
    return [world.user(f"admin{number}@example.com", role=Role.ADMIN) for number in range(count)]


def still_administer(world: ServiceWorld) -> int:
    with world.start_unit_of_work() as work:
        everybody = work.users.find_many_with_administrators_for_update([])
        return sum(user.is_administrator for user in everybody.values())


@pytest.mark.parametrize("end", ENDS)
def test_the_last_administrator_stays_one_by_their_own_profile_too(
    world: ServiceWorld, end: UserChanges
) -> None:
    ((user, admin),) = administrators(world, 1)
    world.user("support@example.com", role=Role.SUPPORT)
    for act in (
        lambda: world.users.update_profile(admin, end),
        lambda: world.users.update(admin, user_id=user.id, changes=end),
    ):
        assert refused(act) == "last_administrator"
    with world.start_unit_of_work() as work:
        assert work.users.get(user.id) == user
    assert world.users.update_profile(admin, UserChanges(full_name="Still Admin")).role is Role.ADMIN


@pytest.mark.parametrize("status", [UserStatus.SUSPENDED, UserStatus.DELETED])
def test_an_administrator_who_is_not_active_is_no_help(world: ServiceWorld, status: UserStatus) -> None:
    (_, admin), (other, _) = administrators(world, 2)
    world.users.update(admin, user_id=other.id, changes=UserChanges(status=status))
    assert refused(lambda: world.users.update_profile(admin, DEMOTION)) == "last_administrator"
    world.users.update(admin, user_id=other.id, changes=UserChanges(status=UserStatus.ACTIVE))
    assert world.users.update_profile(admin, DEMOTION).role is Role.SUPPORT


@pytest.mark.parametrize("deletes", ["by deleting", "by status"])
def test_of_two_administrators_who_delete_each_other_at_once_exactly_one_is_gone(
    world: ServiceWorld, deletes: str
) -> None:
    (first, first_actor), (second, second_actor) = administrators(world, 2)

    def delete(actor: Actor, user: User) -> Callable[[], object]:
        if deletes == "by deleting":
            return lambda: world.users.delete(actor, user_id=user.id)
        gone = UserChanges(status=UserStatus.DELETED)
        return lambda: world.users.update(actor, user_id=user.id, changes=gone)

    outcomes = race([delete(first_actor, second), delete(second_actor, first)])
    assert reasons(outcomes) == ["token_revoked"]
    assert still_administer(world) == 1


def test_of_many_who_demote_themselves_at_once_one_stays(world: ServiceWorld) -> None:
    admins = administrators(world, 6)
    outcomes = race([partial(world.users.update_profile, actor, DEMOTION) for _, actor in admins])
    assert reasons(outcomes) == ["last_administrator"]
    assert still_administer(world) == 1


def test_of_many_who_demote_one_another_in_a_ring_one_stays(world: ServiceWorld) -> None:
    admins = administrators(world, 6)
    ring = zip(admins, [*admins[1:], admins[0]], strict=True)
    race(
        [
            partial(world.users.update, actor, user_id=user.id, changes=UserChanges(role=Role.USER))
            for (_, actor), (user, _) in ring
        ]
    )
    assert still_administer(world) >= 1


def test_demotions_suspensions_and_promotions_in_a_crowd_leave_somebody(world: ServiceWorld) -> None:
    admins = administrators(world, 4)
    others = [world.user(f"user{number}@example.com")[0] for number in range(2)]
    suspended = UserChanges(status=UserStatus.SUSPENDED)
    calls: list[Callable[[], object]] = []
    for number, (_, actor) in enumerate(admins):
        target = admins[(number + 1) % len(admins)][0]
        calls += [
            partial(world.users.update_profile, actor, DEMOTION),
            partial(world.users.update, actor, user_id=target.id, changes=suspended),
            partial(world.users.delete, actor, user_id=target.id),
        ]
    calls += [
        partial(world.users.update, admins[0].actor, user_id=user.id, changes=UserChanges(role=Role.ADMIN))
        for user in others
    ]
    race(calls)
    assert still_administer(world) >= 1


def test_others_are_suspended_and_deleted_without_regard_to_who_administers(world: ServiceWorld) -> None:
    ((_, admin),) = administrators(world, 1)
    user, _ = world.user()
    world.users.update(admin, user_id=user.id, changes=UserChanges(status=UserStatus.SUSPENDED))
    world.users.delete(admin, user_id=user.id)
    assert still_administer(world) == 1


def test_the_system_too_leaves_somebody(world: ServiceWorld) -> None:
    ((user, _),) = administrators(world, 1)
    outcome = refused(lambda: world.users.update(SYSTEM, user_id=user.id, changes=DEMOTION))
    assert outcome in ("last_administrator", "insufficient_permissions")
    assert still_administer(world) == 1
