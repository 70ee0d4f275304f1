"""Who may do what to users, row by row."""

import pytest
from tests.support.scenes.domain_samples import OWNER, STRANGER, a_user, actor

from ledgerbank_domain.identity.actor import ANONYMOUS, SYSTEM, Actor, Role
from ledgerbank_domain.users.user import UserChanges, UserStatus
from ledgerbank_domain.users.user_policy import may_administer_users, may_delete_user, may_update_user

NAME = UserChanges(email="new@example.com", full_name="New")
ROLE = UserChanges(role=Role.ADMIN)
SUSPENDED = UserChanges(status=UserStatus.SUSPENDED)
DELETED = UserChanges(status=UserStatus.DELETED)
NAME_AND_ROLE = UserChanges(full_name="New", role=Role.USER)


@pytest.mark.parametrize(
    ("who", "allowed"),
    [
        (actor(Role.USER), False),
        (actor(Role.SUPPORT), False),
        (actor(Role.ADMIN), True),
        (SYSTEM, True),
        (ANONYMOUS, False),
    ],
)
def test_who_may_administer_users(who: Actor, allowed: bool) -> None:
    assert may_administer_users(who) is allowed


@pytest.mark.parametrize(
    ("role", "changes", "themselves", "another"),
    [
        (Role.USER, NAME, True, False),
        (Role.USER, ROLE, False, False),
        (Role.USER, SUSPENDED, False, False),
        (Role.USER, DELETED, False, False),
        (Role.USER, NAME_AND_ROLE, False, False),
        (Role.SUPPORT, NAME, True, True),
        (Role.SUPPORT, ROLE, False, False),
        (Role.SUPPORT, SUSPENDED, False, False),
        (Role.SUPPORT, NAME_AND_ROLE, False, False),
        (Role.ADMIN, NAME, True, True),
        (Role.ADMIN, ROLE, True, True),
        (Role.ADMIN, SUSPENDED, True, True),
        (Role.ADMIN, DELETED, False, True),
        (Role.ADMIN, NAME_AND_ROLE, True, True),
    ],
)
def test_who_may_update_whom(role: Role, changes: UserChanges, themselves: bool, another: bool) -> None:
    target = a_user()

    assert may_update_user(actor(role, OWNER), target, changes) is themselves
    assert may_update_user(actor(role, STRANGER), target, changes) is another


def test_nobody_without_a_name_updates_anybody() -> None:
    assert not may_update_user(ANONYMOUS, a_user(), NAME)


@pytest.mark.parametrize(("role", "another"), [(Role.USER, False), (Role.SUPPORT, False), (Role.ADMIN, True)])
def test_only_admins_delete_users_and_never_themselves(role: Role, another: bool) -> None:
    assert may_delete_user(actor(role, STRANGER), a_user()) is another
    assert not may_delete_user(actor(role, OWNER), a_user())
    assert not may_delete_user(ANONYMOUS, a_user())
