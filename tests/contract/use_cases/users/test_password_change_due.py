"""A role that asks for a longer password: what its user owes from the next login on, over every storage."""

from functools import partial
from typing import Any

import pytest
from tests.support.races import race_between, reasons
from tests.support.refusals import refused
from tests.support.scenes.service_world import PASSWORD, ServiceWorld

from ledgerbank_domain.identity.actor import ANONYMOUS, NOWHERE, Actor, Role
from ledgerbank_domain.services.users.authentication import Authentication
from ledgerbank_domain.services.users.registration_service import NewUser
from ledgerbank_domain.services.users.session_tokens import TokenPair
from ledgerbank_domain.users.duty import Duty
from ledgerbank_domain.users.user import PasswordCheck, User, UserChanges

ALICE = "alice@example.com"
SHORT = "otter 14 chars"
LONG = "otters with fifteen"
FOR_STAFF = UserChanges(role=Role.SUPPORT)


@pytest.fixture
def admin(world: ServiceWorld) -> Actor:
    return world.user("admin@example.com", role=Role.ADMIN)[1]


def registered(world: ServiceWorld, password: str) -> User:
    return world.services.registration.register(
        ANONYMOUS,
        NewUser(email=ALICE, full_name="Alice", password=password, password_confirmation=password),
    )


def log_in(world: ServiceWorld, password: str) -> TokenPair:
    return world.auth.log_in(ANONYMOUS, email=ALICE, password=password)[0]


def let_in(world: ServiceWorld, pair: TokenPair, **how: Any) -> Authentication:
    return world.auth.authenticate(pair.access_token, origin=NOWHERE, **how)


def change(world: ServiceWorld, actor: Actor, current: str, new: str) -> None:
    world.services.passwords.change_password(
        actor, current_password=current, new_password=new, password_confirmation=new
    )


def known_of(world: ServiceWorld, user: User) -> PasswordCheck:
    with world.start_unit_of_work() as work:
        return work.users.get(user.id).password_check


def test_a_short_password_must_be_changed_after_the_next_login(world: ServiceWorld, admin: Actor) -> None:
    user = registered(world, SHORT)
    world.users.update(admin, user_id=user.id, changes=FOR_STAFF)

    pair = log_in(world, SHORT)

    assert refused(lambda: let_in(world, pair)) == "password_change_required"
    caller = let_in(world, pair, open_to=frozenset({Duty.PASSWORD_CHANGE}))
    assert caller.duty is Duty.PASSWORD_CHANGE
    assert refused(lambda: change(world, caller.actor, SHORT, "otter 14 words")) == "invalid_password_format"
    change(world, caller.actor, SHORT, LONG)
    assert let_in(world, log_in(world, LONG)).duty is None


def test_the_duty_stays_until_it_is_done_however_often_they_log_in(world: ServiceWorld, admin: Actor) -> None:
    user = registered(world, SHORT)
    world.users.update(admin, user_id=user.id, changes=FOR_STAFF)

    log_in(world, SHORT)
    pair = log_in(world, SHORT)
    refreshed = world.auth.refresh(ANONYMOUS, refresh_token=pair.refresh_token)

    assert refused(lambda: let_in(world, refreshed)) == "password_change_required"


def test_a_password_that_is_long_enough_is_no_duty(world: ServiceWorld, admin: Actor) -> None:
    user = registered(world, LONG)
    world.users.update(admin, user_id=user.id, changes=FOR_STAFF)
    assert known_of(world, user) is PasswordCheck.AT_LOGIN

    assert let_in(world, log_in(world, LONG)).duty is None
    assert known_of(world, user) is PasswordCheck.SETTLED


def test_sessions_of_before_go_on_until_somebody_logs_in_with_the_short_password(
    world: ServiceWorld, admin: Actor
) -> None:
    user = registered(world, SHORT)
    before = log_in(world, SHORT)
    world.users.update(admin, user_id=user.id, changes=FOR_STAFF)
    assert let_in(world, before).actor.role is Role.SUPPORT

    log_in(world, SHORT)

    assert refused(lambda: let_in(world, before)) == "password_change_required"


def test_who_falls_back_to_a_customer_owes_nothing(world: ServiceWorld, admin: Actor) -> None:
    user = registered(world, SHORT)
    world.users.update(admin, user_id=user.id, changes=FOR_STAFF)
    pair = log_in(world, SHORT)

    world.users.update(admin, user_id=user.id, changes=UserChanges(role=Role.USER))

    assert let_in(world, pair).duty is None


def test_each_of_a_batch_of_callers_is_refused_for_their_own_duty(world: ServiceWorld, admin: Actor) -> None:
    user = registered(world, SHORT)
    free = world.auth.log_in(ANONYMOUS, email="admin@example.com", password=PASSWORD)[0]
    world.users.update(admin, user_id=user.id, changes=FOR_STAFF)
    pairs = [log_in(world, SHORT), free]

    callers = [(world.auth.claims_of(pair.access_token), NOWHERE) for pair in pairs]
    bound, other = world.auth.authenticate_many(callers)

    assert reasons([bound]) == ["password_change_required"]
    assert isinstance(other, Authentication)


def test_a_role_that_rises_while_a_password_is_being_changed_still_asks_for_a_longer_one(
    world: ServiceWorld, admin: Actor
) -> None:
    user = registered(world, LONG)
    actor = Actor(user_id=user.id, role=Role.USER)
    proven = world.services.passwords.prove_password_change(
        actor, current_password=LONG, new_password=SHORT, password_confirmation=SHORT
    )
    world.users.update(admin, user_id=user.id, changes=FOR_STAFF)

    assert (
        refused(lambda: world.services.passwords.save_new_password(actor, proven))
        == "invalid_password_format"
    )
    assert let_in(world, log_in(world, LONG)).duty is None


def test_a_rise_and_a_change_at_once_never_leave_a_short_password_unseen(
    world: ServiceWorld, admin: Actor
) -> None:
    for number in range(8):
        user, actor = world.user(f"u{number}@example.com")
        proven = world.services.passwords.prove_password_change(
            actor, current_password=PASSWORD, new_password=SHORT, password_confirmation=SHORT
        )

        race_between(
            partial(world.services.passwords.save_new_password, actor, proven),
            partial(world.users.update, admin, user_id=user.id, changes=FOR_STAFF),
        )

        with world.start_unit_of_work() as work:
            now = work.users.get(user.id)
        assert now.role is Role.SUPPORT
        assert now.password_check is PasswordCheck.AT_LOGIN


def test_a_rise_and_a_login_at_once_never_leave_a_short_password_unseen(
    world: ServiceWorld, admin: Actor
) -> None:
    user = registered(world, SHORT)
    for _ in range(8):
        race_between(
            partial(world.users.update, admin, user_id=user.id, changes=FOR_STAFF),
            partial(log_in, world, SHORT),
        )
        assert known_of(world, user) in (PasswordCheck.AT_LOGIN, PasswordCheck.TOO_SHORT)
        world.users.update(admin, user_id=user.id, changes=UserChanges(role=Role.USER))
