"""What every store of refresh tokens promises."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from tests.support.racing_threads import order_of_getting_through, race
from tests.support.scenes.entity_builder import EntityBuilder

from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork
from ledgerbank_domain.users.refresh_token import RefreshToken, session_of

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def stored_token(start_unit_of_work: StartUnitOfWork, jti: UUID) -> RefreshToken | None:
    with start_unit_of_work() as work:
        return work.refresh_tokens.find_by_jti_for_update(jti)


def test_an_added_token_is_found_by_its_jti_as_it_was(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    token = given.a_token(given.a_user(), ip="203.0.113.7", user_agent="A browser \U0001f600")

    assert stored_token(start_unit_of_work, token.jti) == token
    assert stored_token(start_unit_of_work, given.ids.new_id()) is None


def test_a_saved_token_replaces_the_old_one(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    token = given.a_token(given.a_user())
    rotated = token.rotated(at=given.clock.now() + timedelta(seconds=1))

    given.stored(lambda work: work.refresh_tokens.save(rotated))

    assert stored_token(start_unit_of_work, token.jti) == rotated


def test_of_twenty_that_rotate_one_token_one_sees_it_live(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    user = given.a_user()
    token = given.a_token(user)
    now = given.clock.now()
    successors = [given.new_token(user, session_id=token.session_id) for _ in range(20)]

    def rotate(number: int) -> bool:
        with start_unit_of_work() as work:
            found = work.refresh_tokens.find_by_jti_for_update(token.jti)
            if found is None or not found.is_live:
                return False
            work.refresh_tokens.save(found.rotated(at=now))
            work.refresh_tokens.add(successors[number])
            work.commit()
        return True

    outcomes = race(rotate, threads=20)

    assert sorted(map(str, outcomes)) == ["False"] * 19 + ["True"]
    with start_unit_of_work() as work:
        assert work.refresh_tokens.list_live_sessions(user.id, now=now, started_after=LONG_AGO) == [
            session_of(successors[outcomes.index(True)])
        ]


def test_a_token_that_somebody_looks_at_waits_for_nobody_else_to_use_it(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    token = given.a_token(given.a_user())
    seen: list[bool] = []

    def rotate(let_the_second_try: Callable[[], None]) -> None:
        with start_unit_of_work() as work:
            found = work.refresh_tokens.find_by_jti_for_update(token.jti)
            assert found is not None
            let_the_second_try()
            work.refresh_tokens.save(found.rotated(at=given.clock.now()))
            work.commit()

    def look() -> None:
        found = stored_token(start_unit_of_work, token.jti)
        seen.append(found is not None and found.is_live)

    assert order_of_getting_through(rotate, look) == ["first", "second"]
    assert seen == [False]


def test_revoking_a_session_ends_its_live_token_and_no_other(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    user = given.a_user()
    now = given.clock.now()
    used = given.a_token(user, revoked_at=now, rotated_at=now)
    live = given.a_token(user, session_id=used.session_id)
    other = given.a_token(user)
    later = now + timedelta(seconds=1)

    with start_unit_of_work() as work:
        assert work.refresh_tokens.revoke_session(used.session_id, at=later) == 1
        assert work.refresh_tokens.revoke_session(used.session_id, at=later) == 0
        assert work.refresh_tokens.revoke_session(given.ids.new_id(), at=later) == 0
        work.commit()

    assert stored_token(start_unit_of_work, used.jti) == used
    assert stored_token(start_unit_of_work, live.jti) == live.revoked(at=later)
    assert stored_token(start_unit_of_work, other.jti) == other


def test_revoking_all_of_a_user_leaves_other_users_alone(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    user, other = given.a_user(), given.a_user()
    tokens = [given.a_token(user) for _ in range(3)]
    untouched = given.a_token(other)
    later = given.clock.now() + timedelta(seconds=1)

    with start_unit_of_work() as work:
        assert work.refresh_tokens.revoke_all_of_user(user.id, at=later) == 3
        assert work.refresh_tokens.revoke_all_of_user(user.id, at=later) == 0
        assert work.refresh_tokens.list_live_sessions(user.id, now=later, started_after=LONG_AGO) == []
        others = work.refresh_tokens.list_live_sessions(other.id, now=later, started_after=LONG_AGO)
        assert others == [session_of(untouched)]
        work.commit()

    assert [stored_token(start_unit_of_work, token.jti) for token in tokens] == [
        token.revoked(at=later) for token in tokens
    ]


def test_all_sessions_of_a_user_may_end_but_one(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    user = given.a_user()
    spared, gone, untouched = given.a_token(user), given.a_token(user), given.a_token(given.a_user())
    later = given.clock.now() + timedelta(seconds=1)

    with start_unit_of_work() as work:
        sessions = work.refresh_tokens
        assert sessions.revoke_all_of_user(user.id, at=later, sparing=spared.session_id) == 1
        assert sessions.revoke_all_of_user(user.id, at=later, sparing=spared.session_id) == 0
        # A session of somebody else spares none of one's own.
        assert sessions.revoke_all_of_user(user.id, at=later, sparing=untouched.session_id) == 1
        work.commit()

    assert stored_token(start_unit_of_work, gone.jti) == gone.revoked(at=later)
    assert stored_token(start_unit_of_work, spared.jti) == spared.revoked(at=later)
    assert stored_token(start_unit_of_work, untouched.jti) == untouched


def test_live_sessions_are_neither_revoked_nor_expired_nor_too_old_and_the_newest_login_comes_first(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    user = given.a_user()
    now = given.clock.now()
    older = given.a_token(user, session_started_at=now - timedelta(hours=2), inserted_at=now)
    newer = given.a_token(user, session_started_at=now - timedelta(hours=1), ip="203.0.113.7", user_agent="x")
    given.a_token(user, session_id=newer.session_id, revoked_at=now, rotated_at=now)
    given.a_token(user, revoked_at=now)
    given.a_token(user, expires_at=now)
    given.a_token(user, session_started_at=now - timedelta(hours=3))
    given.a_token(given.a_user())

    with start_unit_of_work() as work:
        sessions = work.refresh_tokens.list_live_sessions(
            user.id, now=now, started_after=now - timedelta(hours=3)
        )

    assert sessions == [session_of(newer), session_of(older)]


def test_tokens_that_expired_before_then_are_removed_the_oldest_first_and_so_many_at_once(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    user = given.a_user()
    now = given.clock.now()
    first = given.a_token(user, expires_at=now - timedelta(seconds=3))
    second = given.a_token(user, expires_at=now - timedelta(seconds=2), revoked_at=now, rotated_at=now)
    third = given.a_token(given.a_user(), expires_at=now - timedelta(microseconds=1), revoked_at=now)
    kept = [
        given.a_token(user, expires_at=now),
        given.a_token(user, session_id=second.session_id),
        given.a_token(user, revoked_at=now, rotated_at=now),
    ]

    with start_unit_of_work() as work:
        assert work.refresh_tokens.delete_expired(now, limit=2) == 2
        assert work.refresh_tokens.find_by_jti_for_update(first.jti) is None
        assert work.refresh_tokens.find_by_jti_for_update(second.jti) is None
        assert work.refresh_tokens.find_by_jti_for_update(third.jti) == third
        assert work.refresh_tokens.delete_expired(now, limit=2) == 1
        assert work.refresh_tokens.delete_expired(now, limit=2) == 0
        work.commit()

    assert [stored_token(start_unit_of_work, token.jti) for token in [first, second, third]] == [None] * 3
    assert [stored_token(start_unit_of_work, token.jti) for token in kept] == kept


def test_what_was_removed_is_back_when_the_unit_of_work_is_undone(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    now = given.clock.now()
    token = given.a_token(given.a_user(), expires_at=now - timedelta(seconds=1))

    with start_unit_of_work() as work:
        assert work.refresh_tokens.delete_expired(now, limit=10) == 1

    assert stored_token(start_unit_of_work, token.jti) == token
