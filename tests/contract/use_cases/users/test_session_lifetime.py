"""How long a session may live, however often it is continued, over every storage."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.support.races import race_between, reasons, results
from tests.support.refusals import refused
from tests.support.scenes.service_world import PASSWORD, ServiceWorld

from ledgerbank_domain.identity.actor import NOWHERE, Actor, Origin
from ledgerbank_domain.services.users.auth_service import AuthService
from ledgerbank_domain.services.users.session_service import SessionService
from ledgerbank_domain.services.users.session_tokens import TokenPair

LIFETIME = timedelta(days=90)
WEEK = timedelta(days=7)
MOMENT = timedelta(microseconds=1)


@pytest.fixture
def first(world: ServiceWorld) -> TokenPair:
    world.user()
    return world.auth.log_in(Actor(), email="alice@example.com", password=PASSWORD)[0]


def refreshed(world: ServiceWorld, pair: TokenPair, auth: AuthService | None = None) -> TokenPair:
    """By a request that arrives now."""
    actor = Actor(origin=Origin(received_at=world.clock.now()))
    return (auth or world.auth).refresh(actor, refresh_token=pair.refresh_token)


def whoami(world: ServiceWorld, pair: TokenPair) -> Actor:
    return world.auth.authenticate(pair.access_token, origin=NOWHERE).actor


def kept_until(world: ServiceWorld, pair: TokenPair, age: timedelta) -> TokenPair:
    """The pair after it was refreshed every six days, until the session has that age."""
    began = world.clock.now()
    while world.clock.now() < began + age:
        world.clock.advance(min(timedelta(days=6), began + age - world.clock.now()))
        pair = refreshed(world, pair)
    return pair


def test_a_session_that_is_refreshed_all_the_time_ends_ninety_days_after_its_login(
    world: ServiceWorld, first: TokenPair
) -> None:
    last = kept_until(world, first, LIFETIME - MOMENT)
    whoami(world, last)

    world.clock.advance(MOMENT)

    assert refused(lambda: whoami(world, last)) == "token_expired"
    assert refused(lambda: refreshed(world, last)) == "token_expired"
    whoami(world, world.auth.log_in(Actor(), email="alice@example.com", password=PASSWORD)[0])


def test_no_token_says_that_it_is_good_for_longer_than_its_session(
    world: ServiceWorld, first: TokenPair
) -> None:
    end = world.clock.now() + LIFETIME
    late = kept_until(world, first, LIFETIME - timedelta(minutes=5))

    access = world.auth.codec.decode_access(late.access_token, now=world.clock.now())
    refresh = world.auth.codec.decode_refresh(late.refresh_token, now=world.clock.now())

    assert (access.expires_at, refresh.expires_at) == (end, end)
    assert late.expires_in == 300


def test_before_that_tokens_live_as_long_as_ever(world: ServiceWorld, first: TokenPair) -> None:
    now = world.clock.now()

    access = world.auth.codec.decode_access(first.access_token, now=now)
    refresh = world.auth.codec.decode_refresh(first.refresh_token, now=now)

    assert (access.expires_at - now, refresh.expires_at - now) == (timedelta(seconds=900), WEEK)


def test_the_list_tells_when_a_session_ends_whatever_its_token_says(
    world: ServiceWorld, first: TokenPair
) -> None:
    began = world.clock.now()
    (young,) = world.sessions.list_own(whoami(world, first))
    assert young.expires_at == began + WEEK

    (old,) = world.sessions.list_own(whoami(world, kept_until(world, first, timedelta(days=86))))
    assert old.expires_at == began + LIFETIME

    (shortened,) = shorter(world, timedelta(days=87))[1].list_own(Actor(user_id=old.user_id))
    assert shortened.expires_at == began + timedelta(days=87)


def test_a_lowered_lifetime_ends_the_sessions_there_are(world: ServiceWorld, first: TokenPair) -> None:
    auth, sessions = shorter(world, timedelta(days=30))
    pair = kept_until(world, first, timedelta(days=30) - MOMENT)
    actor = auth.authenticate(pair.access_token, origin=NOWHERE).actor

    world.clock.advance(MOMENT)

    assert refused(lambda: auth.authenticate(pair.access_token, origin=NOWHERE)) == "token_revoked"
    assert refused(lambda: refreshed(world, pair, auth)) == "token_expired"
    assert refused(lambda: auth.log_out(Actor(), refresh_token=pair.refresh_token)) == "token_expired"
    assert sessions.list_own(actor) == []
    assert actor.session_id is not None
    ended = actor.session_id
    assert refused(lambda: sessions.revoke_own(actor, session_id=ended)) == "token_not_found"


def test_a_token_that_the_leeway_still_takes_continues_no_session_that_is_over(
    world: ServiceWorld, first: TokenPair
) -> None:
    last = kept_until(world, first, LIFETIME - MOMENT)
    claims = world.auth.codec.decode_refresh(last.refresh_token, now=world.clock.now())

    world.clock.advance(MOMENT)

    assert refused(lambda: world.auth.refresh_session(Actor(), claims)) == "token_expired"
    assert refused(lambda: world.auth.end_session(Actor(), claims)) == "token_expired"


def test_a_used_token_of_a_session_that_is_over_is_just_expired(
    world: ServiceWorld, first: TokenPair
) -> None:
    auth, _ = shorter(world, timedelta(days=1))
    refreshed(world, first)
    world.clock.advance(timedelta(days=1))

    assert refused(lambda: refreshed(world, first, auth)) == "token_expired"

    with world.start_unit_of_work() as work:
        owner = work.users.find_by_email("alice@example.com")
    assert owner is not None
    assert "auth.refresh_reused" not in world.audit_names(owner.id)


def test_refreshes_that_race_the_end_of_their_session_give_nothing_that_outlives_it(
    world: ServiceWorld, first: TokenPair
) -> None:
    last = kept_until(world, first, LIFETIME - MOMENT)
    claims = world.auth.codec.decode_refresh(last.refresh_token, now=world.clock.now())
    end = world.clock.now() + MOMENT
    arriving = Actor(origin=Origin(received_at=world.clock.now()))

    refreshes = [lambda: world.auth.refresh_session(arriving, claims)] * 8
    outcomes = race_between(*refreshes, lambda: world.clock.advance(MOMENT))

    assert set(reasons(outcomes)) <= {"token_expired", "token_revoked"}
    for pair in results(outcomes):
        if isinstance(pair, TokenPair):
            earlier = end - MOMENT
            assert world.auth.codec.decode_access(pair.access_token, now=earlier).expires_at <= end
            assert world.auth.codec.decode_refresh(pair.refresh_token, now=earlier).expires_at <= end
            assert refused(lambda given=pair: whoami(world, given)) == "token_expired"  # type: ignore[misc]


def shorter(world: ServiceWorld, lifetime: timedelta) -> tuple[AuthService, SessionService]:
    """The services after ``SESSION_MAX_AGE_DAYS`` was lowered."""
    lifetimes = replace(world.auth.tokens.lifetimes, session=lifetime)
    auth = replace(world.auth, tokens=replace(world.auth.tokens, lifetimes=lifetimes))
    return auth, replace(world.sessions, live=replace(world.sessions.live, lifetimes=lifetimes))
