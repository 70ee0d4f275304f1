"""What users see of their sessions: device, address, and when each was last used, over every storage."""

from datetime import timedelta

import pytest
from tests.support.refusals import refused
from tests.support.scenes.service_world import PASSWORD, ServiceWorld

from ledgerbank_domain.identity.actor import Actor, Origin
from ledgerbank_domain.services.users.session_tokens import TokenPair
from ledgerbank_domain.users.device import Device
from ledgerbank_domain.users.refresh_token import Session

PHONE = Origin(ip="203.0.113.7", user_agent="App/1.0 (Android)")
MINUTE = timedelta(minutes=1)


@pytest.fixture
def pair(world: ServiceWorld) -> TokenPair:
    world.user()
    return world.auth.log_in(Actor(origin=PHONE), email="alice@example.com", password=PASSWORD)[0]


def use(world: ServiceWorld, pair: TokenPair) -> Actor:
    return world.auth.authenticate(pair.access_token, origin=PHONE).actor


def the_session(world: ServiceWorld, pair: TokenPair) -> Session:
    """As it is listed, by somebody whose look is no use of it."""
    claims = world.auth.codec.decode_access(pair.access_token, now=world.clock.now())
    sessions = world.sessions.list_own(Actor(user_id=claims.user_id))
    return next(session for session in sessions if session.id == claims.session_id)


def test_a_session_shows_device_and_address(world: ServiceWorld, pair: TokenPair) -> None:
    session = the_session(world, pair)

    assert session.device == Device(program="App", system="Android")
    assert (session.ip, session.user_agent) == ("203.0.113.7", "App/1.0 (Android)")


def test_every_request_of_a_session_is_a_use_of_it_to_a_minute(world: ServiceWorld, pair: TokenPair) -> None:
    began = world.clock.now()
    world.clock.advance(MINUTE - timedelta(microseconds=1))
    use(world, pair)
    assert the_session(world, pair).last_used_at == began

    used = world.clock.advance(timedelta(microseconds=1))
    use(world, pair)
    assert the_session(world, pair).last_used_at == used

    world.clock.advance(timedelta(seconds=59))
    use(world, pair)
    assert the_session(world, pair).last_used_at == used


def test_what_is_refused_is_no_use(world: ServiceWorld, pair: TokenPair) -> None:
    began = world.clock.now()
    other = world.auth.log_in(Actor(origin=PHONE), email="alice@example.com", password=PASSWORD)[0]
    world.auth.log_out(Actor(), refresh_token=other.refresh_token)
    world.clock.advance(timedelta(minutes=5))

    assert refused(lambda: use(world, other)) == "token_revoked"

    assert the_session(world, pair).last_used_at == began


def test_a_refresh_is_a_use_and_later_ones_count_on(world: ServiceWorld, pair: TokenPair) -> None:
    world.clock.advance(timedelta(minutes=5))
    refreshed_at = world.clock.now()
    newer = world.auth.refresh(Actor(origin=PHONE), refresh_token=pair.refresh_token)
    assert the_session(world, newer).last_used_at == refreshed_at

    used = world.clock.advance(timedelta(minutes=2))
    # The access token from before is good for as long as it says.
    use(world, pair)
    assert the_session(world, newer).last_used_at == used


def test_only_the_session_that_was_used_was_used(world: ServiceWorld, pair: TokenPair) -> None:
    began = world.clock.now()
    other = world.auth.log_in(Actor(origin=PHONE), email="alice@example.com", password=PASSWORD)[0]
    world.clock.advance(timedelta(minutes=5))

    use(world, other)

    assert the_session(world, pair).last_used_at == began


def test_many_callers_at_once_are_each_put_down(world: ServiceWorld, pair: TokenPair) -> None:
    other = world.auth.log_in(Actor(origin=PHONE), email="alice@example.com", password=PASSWORD)[0]
    used = world.clock.advance(timedelta(minutes=5))
    claims = [world.auth.claims_of(each.access_token) for each in (pair, other, pair)]

    world.auth.authenticate_many([(each, PHONE) for each in claims])

    assert [the_session(world, each).last_used_at for each in (pair, other)] == [used, used]
