"""What a client whose answer was lost may do, and a thief may not, over every storage."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from tests.support.races import race, reasons, results
from tests.support.scenes.service_world import PASSWORD, ServiceWorld

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.identity.actor import NOWHERE, Actor, Origin
from ledgerbank_domain.ports.clock import Clock
from ledgerbank_domain.services.users.session_tokens import TokenPair

PHONE = Origin(ip="203.0.113.7", user_agent="Phone 1.0")
ELSEWHERE = Origin(ip="198.51.100.9", user_agent="Phone 1.0")
OTHER_PROGRAM = Origin(ip="203.0.113.7", user_agent="curl 8")
GRACE = timedelta(seconds=10)


@pytest.fixture
def first(world: ServiceWorld) -> TokenPair:
    """The pair of a session that began a while ago."""
    world.user()
    pair = world.auth.log_in(Actor(origin=PHONE), email="alice@example.com", password=PASSWORD)[0]
    world.clock.advance(timedelta(minutes=10))
    return pair


def refreshed(world: ServiceWorld, pair: TokenPair, origin: Origin = PHONE) -> TokenPair:
    return world.auth.refresh(_arriving(origin, world.clock), refresh_token=pair.refresh_token)


def is_refused(call: Callable[[], object]) -> bool:
    with pytest.raises(DomainError) as error:
        call()
    return error.value.reason.code == "token_revoked"


def is_alive(world: ServiceWorld, pair: TokenPair) -> bool:
    try:
        world.auth.authenticate(pair.access_token, origin=NOWHERE)
    except DomainError:
        return False
    return True


def owner_of(world: ServiceWorld) -> list[str]:
    with world.start_unit_of_work() as work:
        user = work.users.find_by_email("alice@example.com")
    assert user is not None
    return world.audit_names(user.id)


@pytest.mark.parametrize("later", [timedelta(0), timedelta(milliseconds=5), timedelta(seconds=1), GRACE])
def test_a_client_whose_answer_was_lost_gets_another_pair_and_keeps_its_session(
    world: ServiceWorld, first: TokenPair, later: timedelta
) -> None:
    lost = refreshed(world, first)
    world.clock.advance(later)

    again = refreshed(world, first)

    assert is_refused(lambda: refreshed(world, lost))
    assert is_alive(world, again)
    refreshed(world, again)
    assert "auth.refresh_reused" not in owner_of(world)


def test_an_answer_may_be_lost_several_times_but_the_time_is_counted_from_the_first_use(
    world: ServiceWorld, first: TokenPair
) -> None:
    pairs = []
    for _ in range(3):
        pairs.append(refreshed(world, first))
        world.clock.advance(timedelta(seconds=3))
    newest = pairs[-1]
    assert is_alive(world, newest)

    world.clock.advance(timedelta(seconds=2))

    assert is_refused(lambda: refreshed(world, first))
    assert not is_alive(world, newest)


@pytest.mark.parametrize(
    "origin", [ELSEWHERE, OTHER_PROGRAM, NOWHERE, Origin(ip="203.0.113.7"), Origin(user_agent="Phone 1.0")]
)
def test_a_used_token_from_another_client_ends_the_session_within_the_time_as_well(
    world: ServiceWorld, first: TokenPair, origin: Origin
) -> None:
    newest = refreshed(world, first)

    assert is_refused(lambda: refreshed(world, first, origin))

    assert not is_alive(world, newest)
    assert owner_of(world).count("auth.refresh_reused") == 1


def test_a_thief_who_was_first_is_found_out_by_the_owner_elsewhere(
    world: ServiceWorld, first: TokenPair
) -> None:
    stolen = refreshed(world, first, ELSEWHERE)

    assert is_refused(lambda: refreshed(world, first, PHONE))

    assert not is_alive(world, stolen)


def test_after_the_time_a_used_token_ends_the_session(world: ServiceWorld, first: TokenPair) -> None:
    newest = refreshed(world, first)
    world.clock.advance(GRACE + timedelta(milliseconds=1))

    assert is_refused(lambda: refreshed(world, first))

    assert not is_alive(world, newest)


def test_once_the_successor_was_used_a_used_token_ends_the_session(
    world: ServiceWorld, first: TokenPair
) -> None:
    newest = refreshed(world, refreshed(world, first))

    assert is_refused(lambda: refreshed(world, first))

    assert not is_alive(world, newest)


def test_a_token_that_made_room_ends_the_session_when_it_comes_from_elsewhere_or_late(
    world: ServiceWorld, first: TokenPair
) -> None:
    lost, newest = refreshed(world, first), refreshed(world, first)
    assert is_refused(lambda: refreshed(world, lost))
    assert is_alive(world, newest)

    assert is_refused(lambda: refreshed(world, lost, ELSEWHERE))

    assert not is_alive(world, newest)
    assert owner_of(world).count("auth.refresh_reused") == 1


def test_a_client_whose_address_nobody_knows_is_never_taken_for_the_same(world: ServiceWorld) -> None:
    world.user()
    first = world.auth.log_in(Actor(), email="alice@example.com", password=PASSWORD)[0]
    newest = refreshed(world, first, NOWHERE)

    assert is_refused(lambda: refreshed(world, first, NOWHERE))

    assert not is_alive(world, newest)


def test_switched_off_a_used_token_always_ends_the_session(world: ServiceWorld, first: TokenPair) -> None:
    world.auth = replace(world.auth, reuse_grace=timedelta(0))
    newest = refreshed(world, first)

    assert is_refused(lambda: refreshed(world, first))

    assert not is_alive(world, newest)


@pytest.mark.parametrize("end", ["logout", "everywhere"])
def test_nothing_brings_an_ended_session_back(world: ServiceWorld, first: TokenPair, end: str) -> None:
    pair = refreshed(world, first)
    if end == "logout":
        world.auth.log_out(Actor(), refresh_token=pair.refresh_token)
    else:
        world.sessions.log_out_everywhere(world.auth.authenticate(pair.access_token, origin=PHONE).actor)

    assert is_refused(lambda: refreshed(world, first))
    assert is_refused(lambda: refreshed(world, pair))
    assert not is_alive(world, pair)


def test_of_20_refreshes_at_once_by_one_client_each_is_answered_and_one_token_is_left(
    world: ServiceWorld, first: TokenPair
) -> None:
    outcomes = race([lambda: refreshed(world, first)] * 20)

    assert reasons(outcomes) == []
    pairs = results(outcomes)
    assert all(is_alive(world, pair) for pair in pairs)
    left = [pair for pair in pairs if not _is_spent(world, pair)]
    assert len(left) == 1
    assert is_alive(world, left[0])


def test_of_20_refreshes_at_once_of_which_half_come_from_elsewhere_the_session_goes_on_only_for_one_side(
    world: ServiceWorld, first: TokenPair
) -> None:
    together = world.clock.now()
    world.clock.advance(timedelta(milliseconds=1))

    def refresh(origin: Origin) -> Callable[[], TokenPair]:
        actor = Actor(origin=replace(origin, received_at=together))
        return lambda: world.auth.refresh(actor, refresh_token=first.refresh_token)

    outcomes = race([refresh(PHONE), refresh(ELSEWHERE)] * 10)

    pairs = results(outcomes)
    # Who lost the race against another client is refused, and has not ended the session.
    assert len(pairs) == 10
    assert all(is_alive(world, pair) for pair in pairs)
    assert "auth.refresh_reused" not in owner_of(world)


def test_the_machines_clock_does_not_decide_how_long_ago_a_token_was_used(
    world: ServiceWorld, first: TokenPair
) -> None:
    fast, slow = (_SkewedClock(world.clock, timedelta(minutes=minutes)) for minutes in (6, -6))
    ahead, behind = (replace(world.auth, clock=clock) for clock in (fast, slow))
    lost = refreshed(world, first)

    newest = ahead.refresh(_arriving(PHONE, fast), refresh_token=first.refresh_token)

    ahead.authenticate(newest.access_token, origin=PHONE)
    assert is_refused(lambda: refreshed(world, lost))
    world.clock.advance(timedelta(seconds=1))
    thief = _arriving(ELSEWHERE, slow)
    assert is_refused(lambda: behind.refresh(thief, refresh_token=first.refresh_token))
    assert is_refused(lambda: ahead.authenticate(newest.access_token, origin=PHONE))


def _arriving(origin: Origin, clock: Clock) -> Actor:
    return Actor(origin=replace(origin, received_at=clock.now()))


class _SkewedClock(Clock):
    def __init__(self, clock: Clock, ahead: timedelta) -> None:
        self._clock, self._ahead = clock, ahead

    def now(self) -> datetime:
        return self._clock.now() + self._ahead


def _is_spent(world: ServiceWorld, pair: TokenPair) -> bool:
    claims = world.auth.codec.decode_refresh(pair.refresh_token, now=world.clock.now())
    with world.start_unit_of_work() as work:
        token = work.refresh_tokens.find_by_jti_for_update(claims.jti)
    assert token is not None
    return not token.is_live
