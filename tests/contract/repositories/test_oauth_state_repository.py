"""OAuth states in storage."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.support.racing_threads import race
from tests.support.scenes.connection_records import a_state, found, new_state
from tests.support.scenes.entity_builder import EntityBuilder

from ledgerbank_domain.banking.bank_login import BankLogin
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork


@pytest.fixture
def login(given: EntityBuilder) -> BankLogin:
    return given.a_login(given.a_user())


def test_a_state_is_found_by_its_hash_as_it_was(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, login: BankLogin
) -> None:
    with_verifier = a_state(given, login, code_verifier=b"\x00sealed\xff")
    without = a_state(given, login, "another state")

    assert found(start_unit_of_work, with_verifier) == with_verifier
    assert found(start_unit_of_work, without) == without
    assert found(start_unit_of_work, new_state(given, login, "nobody's")) is None


def test_a_used_state_stays_to_be_recognised(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, login: BankLogin
) -> None:
    state = a_state(given, login, code_verifier=b"sealed")
    used = state.consumed(at=given.clock.now() + timedelta(seconds=1))

    given.stored(lambda work: work.oauth_states.save(used))

    assert found(start_unit_of_work, state) == used
    assert not used.is_usable_at(used.updated_at)


def test_of_twenty_that_use_one_state_at_once_one_finds_it_unused(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, login: BankLogin
) -> None:
    state = a_state(given, login)
    now = given.clock.now()

    def use(_: int) -> bool:
        with start_unit_of_work() as work:
            locked = work.oauth_states.find_by_hash_for_update(state.state_hash)
            if locked is None or not locked.is_usable_at(now):
                return False
            work.oauth_states.save(locked.consumed(at=now))
            work.commit()
        return True

    assert sorted(map(str, race(use, threads=20))) == ["False"] * 19 + ["True"]


def test_two_states_never_share_a_hash(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, login: BankLogin
) -> None:
    a_state(given, login)

    with start_unit_of_work() as work, pytest.raises(DomainError) as refusal:
        work.oauth_states.add(new_state(given, login))

    assert refusal.value.reason is Reason.RESOURCE_ALREADY_EXISTS


def test_states_with_a_verifier_are_walked_through_by_id(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, login: BankLogin
) -> None:
    sealed = [a_state(given, login, f"state {n}", code_verifier=b"sealed") for n in range(3)]
    a_state(given, login, "without")
    in_order = sorted(sealed, key=lambda state: state.id)
    resealed = replace(in_order[1], code_verifier=b"sealed anew")

    with start_unit_of_work() as work:
        assert work.oauth_states.find_for_update(in_order[1].id) == in_order[1]
        work.oauth_states.save(resealed)
        work.commit()

    with start_unit_of_work() as work:
        assert work.oauth_states.list_sealed(after=None, limit=2) == [in_order[0], resealed]
        assert work.oauth_states.list_sealed(after=in_order[1].id, limit=2) == in_order[2:]
        assert work.oauth_states.find_for_update(given.ids.new_id()) is None


def test_expired_states_are_removed_a_few_at_a_time_used_or_not(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, login: BankLogin
) -> None:
    now = given.clock.now()
    expired = [a_state(given, login, f"old {n}", expires_at=now - timedelta(seconds=1)) for n in range(3)]
    given.stored(lambda work: work.oauth_states.save(expired[0].consumed(at=now)))
    kept = a_state(given, login, expires_at=now)

    def remove() -> int:
        with start_unit_of_work() as work:
            removed = work.oauth_states.delete_expired(now, limit=2)
            work.commit()
        return removed

    assert [remove(), remove(), remove()] == [2, 1, 0]
    assert found(start_unit_of_work, kept) == kept
    assert [found(start_unit_of_work, state) for state in expired] == [None] * 3
