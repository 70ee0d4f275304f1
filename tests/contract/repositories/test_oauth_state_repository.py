"""OAuth states in storage."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.support.racing_threads import race
from tests.support.scenes.connection_records import a_state, found, new_state
from tests.support.scenes.entity_builder import EntityBuilder

from ledgerbank_domain.banking.bank_login import BankLogin
from ledgerbank_domain.banking.oauth_state import KeptCode, OAuthState
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork


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


def test_a_kept_code_is_found_by_its_login_until_it_is_gone(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, login: BankLogin
) -> None:
    now = given.clock.now()
    other = given.a_login(given.a_user())
    kept = KeptCode(code=b"\x00sealed\xff", confirmation_hash="a" * 64)
    first, second = (a_state(given, login, f"state {n}", return_url="https://a.example/") for n in range(2))
    elsewhere, waiting = a_state(given, other, "of another login"), a_state(given, login, "not back yet")

    def keep(work: UnitOfWork) -> None:
        for state in (first, second, elsewhere):
            work.oauth_states.save(state.keeping(kept, at=now))

    given.stored(keep)

    def found_kept() -> list[OAuthState]:
        with start_unit_of_work() as work:
            return work.oauth_states.list_kept_for_update(login.id)

    assert found_kept() == sorted(
        (each.keeping(kept, at=now) for each in (first, second)), key=lambda state: state.id
    )
    tried = first.keeping(kept, at=now).tried_wrongly(at=now)
    given.stored(lambda work: work.oauth_states.save(tried))
    given.stored(lambda work: work.oauth_states.save(second.keeping(kept, at=now).consumed(at=now)))
    assert found_kept() == [tried]
    with start_unit_of_work() as work:
        assert {state.id for state in work.oauth_states.list_sealed(after=None, limit=9)} == {
            first.id,
            elsewhere.id,
        }
    assert found(start_unit_of_work, waiting) == waiting


def test_the_visits_of_logins_are_removed_and_no_others(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, login: BankLogin
) -> None:
    others = [given.a_login(given.a_user()) for _ in range(2)]
    states = [a_state(given, each, f"state {n}") for n, each in enumerate([login, login, *others])]

    given.stored(lambda work: work.oauth_states.delete_of_logins([]))
    given.stored(lambda work: work.oauth_states.delete_of_logins([login.id, others[0].id]))

    assert [found(start_unit_of_work, state) for state in states] == [None, None, None, states[3]]


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
