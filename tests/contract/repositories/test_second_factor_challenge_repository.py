"""Challenges to second factors, in storage."""

from datetime import timedelta
from typing import Any

import pytest
from tests.support.scenes.entity_builder import EntityBuilder

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork
from ledgerbank_domain.users.second_factor_challenge import (
    ChallengePurpose,
    SecondFactorChallenge,
    challenge_hash,
)
from ledgerbank_domain.users.user import User


@pytest.fixture
def user(given: EntityBuilder) -> User:
    return given.a_user()


def a_challenge(
    given: EntityBuilder, user: User, secret: str = "a secret", **fields: Any
) -> SecondFactorChallenge:
    now = given.clock.now()
    challenge = SecondFactorChallenge(
        **{
            "id": given.ids.new_id(),
            "user_id": user.id,
            "purpose": ChallengePurpose.LOGIN,
            "secret_hash": challenge_hash(secret),
            "expires_at": now,
            "inserted_at": now,
            "updated_at": now,
            **fields,
        }
    )
    given.stored(lambda work: work.second_factor_challenges.add(challenge))
    return challenge


def found(start_unit_of_work: StartUnitOfWork, secret: str) -> SecondFactorChallenge | None:
    with start_unit_of_work() as work:
        return work.second_factor_challenges.find_by_hash(challenge_hash(secret))


def test_a_challenge_is_found_by_its_hash_as_it_was(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, user: User
) -> None:
    login = a_challenge(given, user)
    step_up = a_challenge(
        given, user, "another", purpose=ChallengePurpose.STEP_UP, subject="GB99|10.00 GBP", tries=2
    )

    assert found(start_unit_of_work, "a secret") == login
    assert found(start_unit_of_work, "another") == step_up
    assert found(start_unit_of_work, "nobody's") is found(start_unit_of_work, "\ud800") is None
    assert login.secret_hash not in repr(login)


def test_tries_and_use_are_kept(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, user: User
) -> None:
    later = given.clock.now() + timedelta(seconds=1)
    used = a_challenge(given, user).tried(at=later).used(at=later)

    given.stored(lambda work: work.second_factor_challenges.save(used))

    assert found(start_unit_of_work, "a secret") == used


def test_two_challenges_never_share_a_hash(given: EntityBuilder, user: User) -> None:
    a_challenge(given, user)

    with pytest.raises(DomainError) as refusal:
        a_challenge(given, user)

    assert refusal.value.reason is Reason.RESOURCE_ALREADY_EXISTS


def test_expired_challenges_are_removed_a_few_at_a_time_used_or_not(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, user: User
) -> None:
    now = given.clock.now()
    for number in range(3):
        a_challenge(given, user, f"old {number}", expires_at=now - timedelta(seconds=1), used_at=now)
    kept = a_challenge(given, user)

    def remove() -> int:
        with start_unit_of_work() as work:
            removed = work.second_factor_challenges.delete_expired(now, limit=2)
            work.commit()
        return removed

    assert [remove(), remove(), remove()] == [2, 1, 0]
    assert found(start_unit_of_work, "a secret") == kept
    assert found(start_unit_of_work, "old 0") is None
