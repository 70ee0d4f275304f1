"""What every user repository promises."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

import pytest
from tests.support.racing_threads import order_of_getting_through, race
from tests.support.scenes.entity_builder import EntityBuilder

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Role
from ledgerbank_domain.ports.repositories.user_repository import (
    SessionKey,
    SessionOwner,
)
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork
from ledgerbank_domain.users.user import PasswordCheck, UserChanges, UserStatus

START = datetime(2025, 3, 1, tzinfo=UTC)


def test_an_added_user_is_found_by_id_and_by_email(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    user = given.a_user(
        full_name="Zoë \U0001f600 O'Hara",
        role=Role.SUPPORT,
        status=UserStatus.SUSPENDED,
        verified=True,
        password_check=PasswordCheck.AT_LOGIN,
        sessions_valid_from=START + timedelta(microseconds=1),
    )

    with start_unit_of_work() as work:
        assert work.users.get(user.id) == user
        assert work.users.get_for_update(user.id) == user
        assert work.users.find_by_email(user.email) == user


def test_who_does_not_exist_is_user_not_found(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    unknown = given.ids.new_id()
    with start_unit_of_work() as work:
        for look in (work.users.get, work.users.get_for_update):
            with pytest.raises(DomainError) as refusal:
                look(unknown)
            assert refusal.value.reason is Reason.USER_NOT_FOUND
        assert work.users.find_by_email("nobody@example.com") is None
        assert work.users.find_many_for_update([unknown]) == {}
        assert work.users.find_many_for_share([]) == {}


def test_a_saved_user_replaces_the_old_one(start_unit_of_work: StartUnitOfWork, given: EntityBuilder) -> None:
    user = given.a_user()
    later = given.clock.now() + timedelta(seconds=1)
    changed = user.with_changes(
        UserChanges(email="new@example.com", full_name="New", role=Role.ADMIN, status=UserStatus.SUSPENDED),
        at=later,
    ).with_password_hash("new hash", at=later)

    given.stored(lambda work: work.users.save(changed))

    with start_unit_of_work() as work:
        assert work.users.get(user.id) == changed
        assert work.users.find_by_email(user.email) is None
        assert work.users.find_by_email("new@example.com") == changed


def test_a_deleted_user_is_still_there_and_keeps_his_email(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    user = given.a_user(status=UserStatus.DELETED)

    with start_unit_of_work() as work:
        assert work.users.get(user.id) == user
        assert work.users.find_by_email(user.email) == user
        with pytest.raises(DomainError) as refusal:
            work.users.add(given.new_user(email=user.email))
    assert refusal.value.reason is Reason.EMAIL_ALREADY_EXISTS


def test_saving_a_taken_email_is_refused(start_unit_of_work: StartUnitOfWork, given: EntityBuilder) -> None:
    first, second = given.a_user(), given.a_user()

    with start_unit_of_work() as work, pytest.raises(DomainError) as refusal:
        work.users.save(replace(second, email=first.email))

    assert refusal.value.reason is Reason.EMAIL_ALREADY_EXISTS
    with start_unit_of_work() as work:
        assert work.users.find_by_email(first.email) == first
        assert work.users.find_by_email(second.email) == second


@pytest.mark.parametrize("threads", [2, 8])
def test_of_several_that_race_for_one_email_exactly_one_gets_it(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, threads: int
) -> None:
    users = [given.new_user(email="wanted@example.com") for _ in range(threads)]

    def add(number: int) -> UUID:
        with start_unit_of_work() as work:
            work.users.add(users[number])
            work.commit()
        return users[number].id

    outcomes = race(add, threads=threads)

    winners = [outcome for outcome in outcomes if isinstance(outcome, UUID)]
    refusals = [outcome.reason for outcome in outcomes if isinstance(outcome, DomainError)]
    assert len(winners) == 1
    assert refusals == [Reason.EMAIL_ALREADY_EXISTS] * (threads - 1)
    with start_unit_of_work() as work:
        found = work.users.find_by_email("wanted@example.com")
        assert found is not None
        assert found.id == winners[0]


def test_an_email_is_free_again_when_the_first_one_to_take_it_gives_up(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    first, second = given.new_user(email="wanted@example.com"), given.new_user(email="wanted@example.com")

    def take_and_give_up(let_the_second_try: Callable[[], None]) -> None:
        with start_unit_of_work() as work:
            work.users.add(first)
            let_the_second_try()

    def take() -> None:
        with start_unit_of_work() as work:
            work.users.add(second)
            work.commit()

    assert order_of_getting_through(take_and_give_up, take) == ["first", "second"]
    with start_unit_of_work() as work:
        assert work.users.find_by_email("wanted@example.com") == second


def test_a_session_is_live_until_it_is_revoked_or_expires_or_is_too_old(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    user, other = given.a_user(), given.a_user()
    now = given.clock.now()
    live = given.a_token(user, expires_at=now + timedelta(microseconds=1))
    expired = given.a_token(user, expires_at=now)
    revoked = given.a_token(user, revoked_at=now)
    rotated = given.a_token(user, session_id=live.session_id, revoked_at=now, rotated_at=now)
    oldest = now - timedelta(days=90)
    young = given.a_token(user, session_started_at=oldest + timedelta(microseconds=1))
    too_old = given.a_token(user, session_started_at=oldest)
    unknown = given.ids.new_id()

    owner = partial(SessionOwner, has_second_factor=False)
    keys = {
        SessionKey(user.id, live.session_id): owner(user=user, session_is_live=True, last_used_at=now),
        SessionKey(user.id, expired.session_id): owner(user=user, session_is_live=False),
        SessionKey(user.id, revoked.session_id): owner(user=user, session_is_live=False),
        SessionKey(user.id, young.session_id): owner(user=user, session_is_live=True, last_used_at=now),
        SessionKey(user.id, too_old.session_id): owner(user=user, session_is_live=False),
        SessionKey(user.id, unknown): owner(user=user, session_is_live=False),
        SessionKey(other.id, live.session_id): owner(user=other, session_is_live=False),
    }
    with start_unit_of_work() as work:
        asked = [*keys, SessionKey(unknown, live.session_id)]
        assert work.users.find_session_owners(asked, now=now, started_after=oldest) == keys
        assert work.users.find_session_owners([], now=now, started_after=oldest) == {}
    assert rotated.session_id == live.session_id


def test_the_parameters_of_all_hashes_are_told_each_once(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    with start_unit_of_work() as work:
        assert list(work.users.list_password_parameters()) == []
    for password_hash in (
        "$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$ZGlnZXN0",
        "$argon2id$v=19$m=65536,t=3,p=4$b3RoZXJzYWx0$b3RoZXI",
        "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$ZGlnZXN0",
        "pbkdf2-sha256$10$00$11",
        "erased",
    ):
        given.a_user(password_hash=password_hash)

    with start_unit_of_work() as work:
        told = work.users.list_password_parameters()

    assert sorted(told) == [
        "$argon2id$v=19$m=19456,t=2,p=1",
        "$argon2id$v=19$m=65536,t=3,p=4",
        "erased",
        "pbkdf2-sha256$10",
    ]
