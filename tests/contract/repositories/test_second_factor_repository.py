"""Second factors in storage."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.support.scenes.entity_builder import EntityBuilder

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork
from ledgerbank_domain.users.second_factor import SecondFactor
from ledgerbank_domain.users.user import User

HASHES = ("a" * 64, "b" * 64)


@pytest.fixture
def user(given: EntityBuilder) -> User:
    return given.a_user()


def a_factor(given: EntityBuilder, user: User, *, confirmed: bool = True, **fields: Any) -> SecondFactor:
    now = given.clock.now()
    factor = SecondFactor(
        **{
            "id": given.ids.new_id(),
            "user_id": user.id,
            "secret": b"\x00sealed\xff",
            "inserted_at": now,
            "updated_at": now,
            **fields,
        }
    )
    if confirmed:
        factor = factor.confirmed(step=57_000_000, recovery_hashes=HASHES, at=now)
    given.stored(lambda work: work.second_factors.add(factor))
    return factor


def test_a_factor_is_found_as_it_was(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, user: User
) -> None:
    waiting = a_factor(given, user, confirmed=False)
    confirmed = a_factor(given, user)
    other = given.a_user()

    with start_unit_of_work() as work:
        factors = work.second_factors
        assert factors.find(waiting.id) == waiting
        assert factors.find_confirmed(user.id) == confirmed
        assert factors.find_unconfirmed(user.id) == waiting
        assert factors.find_confirmed(other.id) is factors.find_unconfirmed(other.id) is None
        assert factors.find(other.id) is None


def test_a_factor_is_changed_and_removed(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, user: User
) -> None:
    waiting = a_factor(given, user, confirmed=False)
    confirmed = waiting.confirmed(step=7, recovery_hashes=HASHES, at=given.clock.now())
    used = confirmed.with_recovery_code_used(HASHES[0], at=given.clock.now()).with_wrong_code(
        at=given.clock.now()
    )

    for changed in (confirmed, used):
        with start_unit_of_work() as work:
            work.second_factors.save(changed)
            work.commit()
        with start_unit_of_work() as work:
            assert work.second_factors.find_confirmed(user.id) == changed
            assert work.second_factors.find_unconfirmed(user.id) is None

    given.stored(lambda work: work.second_factors.delete(used))
    with start_unit_of_work() as work:
        assert work.second_factors.find(used.id) is None


@pytest.mark.parametrize("confirmed", [True, False])
def test_a_user_has_one_of_each_standing_at_most(
    given: EntityBuilder, user: User, *, confirmed: bool
) -> None:
    a_factor(given, user, confirmed=confirmed)

    with pytest.raises(DomainError) as refusal:
        a_factor(given, user, confirmed=confirmed)

    assert refusal.value.reason is Reason.RESOURCE_ALREADY_EXISTS


def test_all_are_walked_through_by_id(start_unit_of_work: StartUnitOfWork, given: EntityBuilder) -> None:
    stored = [a_factor(given, given.a_user(), confirmed=number % 2 == 0) for number in range(5)]
    in_order = sorted(stored, key=lambda factor: factor.id)

    with start_unit_of_work() as work:
        assert work.second_factors.list_sealed(after=None, limit=2) == in_order[:2]
        assert work.second_factors.list_sealed(after=in_order[1].id, limit=9) == in_order[2:]


def test_those_that_were_never_confirmed_are_removed_a_few_at_a_time(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, user: User
) -> None:
    now = given.clock.now()
    old = now - timedelta(seconds=1)
    forgotten = [a_factor(given, given.a_user(), confirmed=False, inserted_at=old) for _ in range(3)]
    kept = [a_factor(given, user, inserted_at=old), a_factor(given, user, confirmed=False)]

    def remove() -> int:
        with start_unit_of_work() as work:
            removed = work.second_factors.delete_unconfirmed_before(now, limit=2)
            work.commit()
        return removed

    assert [remove(), remove(), remove()] == [2, 1, 0]
    with start_unit_of_work() as work:
        assert [work.second_factors.find(factor.id) for factor in kept] == kept
        assert [work.second_factors.find(factor.id) for factor in forgotten] == [None] * 3


def test_a_secret_that_was_sealed_anew_is_what_is_read(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, user: User
) -> None:
    factor = a_factor(given, user)

    given.stored(lambda work: work.second_factors.save(replace(factor, secret=b"anew")))

    with start_unit_of_work() as work:
        found = work.second_factors.find_confirmed(user.id)
    assert found is not None
    assert found.secret == b"anew"
    assert b"anew" not in repr(found).encode()
    assert HASHES[0] not in repr(found)
