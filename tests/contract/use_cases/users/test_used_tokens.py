"""What a used refresh token means at a logout, and for who tells nobody when it came, over every storage."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.support.races import race, reasons, results
from tests.support.refusals import refused
from tests.support.scenes.service_world import PASSWORD, ServiceWorld

from ledgerbank_domain.identity.actor import ANONYMOUS, NOWHERE, Actor, Origin
from ledgerbank_domain.services.users.session_tokens import TokenPair

PHONE = Origin(ip="203.0.113.7", user_agent="Phone 1.0")
ELSEWHERE = Origin(ip="198.51.100.9", user_agent="Phone 1.0")
# Of one household; the contract asks for the same address, and this is another.
NEIGHBOUR = Origin(ip="2001:db8::1", user_agent="Phone 1.0")
OTHER_NEIGHBOUR = Origin(ip="2001:db8::2", user_agent="Phone 1.0")
NAMELESS = Origin(ip="203.0.113.7")
GRACE = timedelta(seconds=10)


@pytest.fixture
def first(world: ServiceWorld) -> TokenPair:
    world.user()
    return world.auth.log_in(Actor(origin=PHONE), email="alice@example.com", password=PASSWORD)[0]


def arriving(world: ServiceWorld, origin: Origin = PHONE) -> Actor:
    return Actor(origin=replace(origin, received_at=world.clock.now()))


def refreshed(world: ServiceWorld, pair: TokenPair, origin: Origin = PHONE) -> TokenPair:
    return world.auth.refresh(arriving(world, origin), refresh_token=pair.refresh_token)


def logged_out(world: ServiceWorld, pair: TokenPair, origin: Origin = PHONE) -> None:
    world.auth.log_out(arriving(world, origin), refresh_token=pair.refresh_token)


def is_alive(world: ServiceWorld, pair: TokenPair) -> bool:
    access = world.auth.claims_of(pair.access_token)
    (outcome,) = world.auth.authenticate_many([(access, NOWHERE)])
    return not isinstance(outcome, Exception)


def reuses(world: ServiceWorld) -> int:
    with world.start_unit_of_work() as work:
        user = work.users.find_by_email("alice@example.com")
    assert user is not None
    return world.audit_names(user.id).count("auth.refresh_reused")


def test_a_logout_with_a_stolen_token_is_refused_and_ends_the_session(
    world: ServiceWorld, first: TokenPair
) -> None:
    newest = refreshed(world, first)
    world.clock.advance(timedelta(seconds=1))

    assert refused(lambda: logged_out(world, first, ELSEWHERE)) == "token_revoked"

    assert not is_alive(world, newest)
    assert reuses(world) == 1


def test_a_logout_by_a_client_that_lost_the_answer_ends_the_session(
    world: ServiceWorld, first: TokenPair
) -> None:
    lost = refreshed(world, first)
    world.clock.advance(timedelta(seconds=1))

    logged_out(world, first)

    assert not is_alive(world, lost)
    assert reuses(world) == 0


def test_a_logout_in_the_tab_whose_token_made_room_ends_the_session_of_the_other_tab_too(
    world: ServiceWorld, first: TokenPair
) -> None:
    made_room, newest = refreshed(world, first), refreshed(world, first)

    logged_out(world, made_room)

    assert not is_alive(world, newest)
    assert reuses(world) == 0


def test_a_logout_that_lost_a_race_against_a_refresh_elsewhere_ends_nothing(
    world: ServiceWorld, first: TokenPair
) -> None:
    early = arriving(world, ELSEWHERE)
    world.clock.advance(timedelta(milliseconds=1))
    newest = refreshed(world, first)

    assert refused(lambda: world.auth.log_out(early, refresh_token=first.refresh_token)) == "token_revoked"

    assert is_alive(world, newest)
    assert reuses(world) == 0


def test_who_says_nothing_of_when_the_token_came_has_it_come_with_the_call(world: ServiceWorld) -> None:
    world.user()
    pair = world.auth.log_in(ANONYMOUS, email="alice@example.com", password=PASSWORD)[0]
    newest = world.auth.refresh(ANONYMOUS, refresh_token=pair.refresh_token)
    world.clock.advance(timedelta(milliseconds=1))

    assert refused(lambda: world.auth.refresh(ANONYMOUS, refresh_token=pair.refresh_token)) == "token_revoked"

    assert not is_alive(world, newest)


@pytest.mark.parametrize(
    ("origin", "other"),
    [(PHONE, NAMELESS), (NAMELESS, PHONE), (NEIGHBOUR, OTHER_NEIGHBOUR), (NEIGHBOUR, PHONE)],
)
def test_another_address_or_program_is_another_client(
    world: ServiceWorld, first: TokenPair, origin: Origin, other: Origin
) -> None:
    newest = refreshed(world, first, origin)

    assert refused(lambda: refreshed(world, first, other)) == "token_revoked"

    assert not is_alive(world, newest)


@pytest.mark.parametrize("origin", [NAMELESS, NEIGHBOUR])
def test_a_client_that_names_no_program_is_the_same_at_the_same_address(
    world: ServiceWorld, first: TokenPair, origin: Origin
) -> None:
    refreshed(world, first, origin)

    assert is_alive(world, refreshed(world, first, origin))
    assert reuses(world) == 0


@pytest.mark.parametrize("round_", range(20))
def test_two_tabs_at_once_are_both_answered(world: ServiceWorld, first: TokenPair, round_: int) -> None:
    apart = timedelta(milliseconds=round_ * 3)
    one = arriving(world)
    world.clock.advance(apart)
    two = arriving(world)

    outcomes = race(
        [lambda who=who: world.auth.refresh(who, refresh_token=first.refresh_token) for who in (one, two)]  # type: ignore[misc]
    )

    assert reasons(outcomes) == []
    assert all(is_alive(world, pair) for pair in results(outcomes))
    assert reuses(world) == 0


def test_of_a_refresh_and_an_end_of_the_session_at_once_the_session_is_over_whoever_was_first(
    world: ServiceWorld, first: TokenPair
) -> None:
    actor = world.auth.authenticate(first.access_token, origin=PHONE).actor
    assert actor.session_id is not None
    session_id = actor.session_id
    arrived = arriving(world)

    def refresh() -> TokenPair:
        return world.auth.refresh(arrived, refresh_token=first.refresh_token)

    outcomes = race([refresh, lambda: world.sessions.revoke_own(actor, session_id=session_id)])

    assert not is_alive(world, first)
    assert world.sessions.list_own(actor) == []
    for pair in results(outcomes):
        if pair is not None:
            assert not is_alive(world, pair)
            assert refused(lambda given=pair: refreshed(world, given)) == "token_revoked"  # type: ignore[misc]
    assert reuses(world) == 0


def test_of_several_that_end_one_session_at_once_one_does_it(world: ServiceWorld, first: TokenPair) -> None:
    actor = world.auth.authenticate(first.access_token, origin=PHONE).actor
    assert actor.session_id is not None
    session_id = actor.session_id

    outcomes = race([lambda: world.sessions.revoke_own(actor, session_id=session_id)] * 8)

    assert reasons(outcomes) == ["token_not_found"] * 7
    assert world.audit_names(session_id).count("auth.session_revoked") == 1
