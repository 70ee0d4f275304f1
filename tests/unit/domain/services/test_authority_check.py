"""What an actor may still claim once they are read again."""

from uuid import UUID

import pytest
from tests.support.scenes.domain_samples import OWNER, STRANGER, a_user

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.identity.actor import ANONYMOUS, SYSTEM, Actor, Role
from ledgerbank_domain.services.conduct.authority_check import actor_among, actor_ids
from ledgerbank_domain.users.user import User, UserStatus


def standing(role: Role, status: UserStatus = UserStatus.ACTIVE) -> dict[UUID, User]:
    return {OWNER: a_user(id=OWNER, role=role, status=status)}


@pytest.mark.parametrize("claimed", list(Role))
@pytest.mark.parametrize("stored", list(Role))
def test_an_actor_has_the_lesser_of_the_role_they_came_with_and_the_one_they_have_now(
    claimed: Role, stored: Role
) -> None:
    ranks = [Role.USER, Role.SUPPORT, Role.ADMIN]
    now = actor_among(standing(stored), Actor(user_id=OWNER, role=claimed))
    assert now == Actor(user_id=OWNER, role=ranks[min(ranks.index(claimed), ranks.index(stored))])


def test_an_actor_who_came_without_a_role_gains_none() -> None:
    assert actor_among(standing(Role.ADMIN), Actor(user_id=OWNER)).role is None


@pytest.mark.parametrize("status", [UserStatus.SUSPENDED, UserStatus.DELETED])
@pytest.mark.parametrize("role", list(Role))
def test_whoever_is_not_active_any_more_may_nothing(role: Role, status: UserStatus) -> None:
    with pytest.raises(DomainError, match="token_revoked"):
        actor_among(standing(role, status), Actor(user_id=OWNER, role=role))


def test_whoever_does_not_exist_is_nobody() -> None:
    with pytest.raises(DomainError, match="invalid_token"):
        actor_among(standing(Role.ADMIN), Actor(user_id=STRANGER, role=Role.ADMIN))


def test_the_system_and_nobody_have_no_row_to_be_read() -> None:
    assert actor_among({}, SYSTEM) is SYSTEM
    assert actor_among({}, ANONYMOUS) is ANONYMOUS
    assert actor_ids([SYSTEM, ANONYMOUS, Actor(user_id=OWNER)]) == {OWNER}
