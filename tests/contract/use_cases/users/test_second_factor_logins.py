"""Logging in with a second factor, over every storage."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from pyotp import TOTP
from tests.support.races import race, race_between, reasons, results
from tests.support.refusals import refusal_of, refused
from tests.support.scenes.password_guesses import AT_HOME, ELSEWHERE, client, events, failures_on_record
from tests.support.scenes.second_factor_steps import (
    RECOVERY_CODE,
    AuthenticatorApp,
    an_app,
    factor_of,
    second_factors_of,
)
from tests.support.scenes.service_world import PASSWORD, Customer, ServiceWorld

from ledgerbank_domain.audit.audit_event import AuditName
from ledgerbank_domain.errors.domain_error import ForCaller
from ledgerbank_domain.identity.actor import NOWHERE, Actor, Role
from ledgerbank_domain.identity.scope import Scope
from ledgerbank_domain.services.service_composition import Services, compose_services
from ledgerbank_domain.services.users.session_tokens import TokenPair
from ledgerbank_domain.users.api_key import NewApiKey
from ledgerbank_domain.users.duty import Duty
from ledgerbank_domain.users.second_factor_challenge import CHALLENGE_LIFETIME, ChallengePurpose
from ledgerbank_domain.users.user import UserChanges, UserStatus

HERE = client(ELSEWHERE)


@pytest.fixture
def alice(world: ServiceWorld) -> Customer:
    return world.user()


@pytest.fixture
def app(world: ServiceWorld, alice: Customer) -> AuthenticatorApp:
    return an_app(world, alice.user)


def challenge(world: ServiceWorld, customer: Customer, *, actor: Actor = HERE) -> str:
    """What a login with the password alone is answered with."""
    refusal = refusal_of(lambda: world.auth.log_in(actor, email=customer.user.email, password=PASSWORD))
    assert refusal.reason.code == "second_factor_required"
    assert refusal.details["expires_in"] == 300
    handed_over = refusal.details["challenge"]
    assert isinstance(handed_over, ForCaller)
    assert handed_over.secret not in f"{refusal} {refusal!r}"
    return handed_over.secret


def finish(world: ServiceWorld, challenge: str, code: str, *, actor: Actor = HERE) -> TokenPair:
    return world.second_factor_logins.finish(actor, challenge=challenge, code=code)[0]


def test_a_login_is_complete_once_the_code_is_right(
    world: ServiceWorld, alice: Customer, app: AuthenticatorApp
) -> None:
    given = challenge(world, alice)
    assert world.services.sessions.list_own(alice.actor) == []
    assert events(world, AuditName.LOGIN_SUCCEEDED) == []

    pair = finish(world, given, app.code())

    assert world.auth.authenticate(pair.access_token, origin=NOWHERE).user.id == alice.user.id
    assert len(world.services.sessions.list_own(alice.actor)) == 1
    assert len(events(world, AuditName.LOGIN_SUCCEEDED)) == 1
    assert [event.count for event in events(world, AuditName.LOGIN_CHALLENGED)] == [1]


def test_a_client_is_known_once_its_login_is_complete(
    world: ServiceWorld, alice: Customer, app: AuthenticatorApp
) -> None:
    given = challenge(world, alice)
    assert not knows(world, alice)

    finish(world, given, app.code())

    assert knows(world, alice)


def knows(world: ServiceWorld, customer: Customer) -> bool:
    with world.start_unit_of_work() as work:
        return work.login_attempts.knows_network(customer.user.id, ELSEWHERE)


def test_a_recovery_code_logs_in_as_well(world: ServiceWorld, alice: Customer, app: AuthenticatorApp) -> None:
    finish(world, challenge(world, alice), RECOVERY_CODE)
    assert refused(lambda: finish(world, challenge(world, alice), RECOVERY_CODE)) == "invalid_second_factor"


def test_a_challenge_is_good_once(world: ServiceWorld, alice: Customer, app: AuthenticatorApp) -> None:
    given = challenge(world, alice)
    finish(world, given, app.code())

    assert refused(lambda: finish(world, given, app.next_code())) == "invalid_token"


def test_a_code_is_good_for_one_of_several_challenges(
    world: ServiceWorld, alice: Customer, app: AuthenticatorApp
) -> None:
    first, second = challenge(world, alice), challenge(world, alice)
    finish(world, first, app.code())

    assert refused(lambda: finish(world, second, app.code())) == "invalid_second_factor"
    finish(world, second, app.next_code())


@pytest.mark.parametrize("given", ["", "unknown", "\ud800", "x" * 10_000, "\x00"])
def test_any_text_may_be_sent_as_a_challenge(
    world: ServiceWorld, alice: Customer, app: AuthenticatorApp, given: str
) -> None:
    assert refused(lambda: finish(world, given, app.code())) == "invalid_token"


def test_a_challenge_has_five_tries(world: ServiceWorld, alice: Customer, app: AuthenticatorApp) -> None:
    given = challenge(world, alice)
    for _ in range(5):
        assert refused(lambda: finish(world, given, app.wrong_code())) == "invalid_second_factor"

    world.clock.advance(timedelta(minutes=1))

    assert refused(lambda: finish(world, given, app.code())) == "invalid_token"
    finish(world, challenge(world, alice), app.code())


def test_new_challenges_give_no_new_tries(
    world: ServiceWorld, alice: Customer, app: AuthenticatorApp
) -> None:
    challenges = [challenge(world, alice) for _ in range(10)]

    answers = [refused(partial(finish, world, given, app.wrong_code())) for given in challenges]

    assert answers == ["invalid_second_factor"] * 5 + ["rate_limit_exceeded"] * 5
    assert failures_on_record(world, alice.user.id)[1] == 5
    assert refused(lambda: finish(world, challenges[9], app.code())) == "rate_limit_exceeded"


def test_a_wrong_code_delays_the_next_password_too(
    world: ServiceWorld, alice: Customer, app: AuthenticatorApp
) -> None:
    given = challenge(world, alice)
    for _ in range(5):
        refused(lambda: finish(world, given, app.wrong_code()))

    assert refused(lambda: world.auth.log_in(HERE, email=alice.user.email, password=PASSWORD)) == (
        "rate_limit_exceeded"
    )


def test_tries_that_had_to_wait_use_up_no_try(
    world: ServiceWorld, alice: Customer, app: AuthenticatorApp
) -> None:
    first, second = challenge(world, alice), challenge(world, alice)
    for _ in range(5):
        refused(lambda: finish(world, first, app.wrong_code()))
    for _ in range(9):
        assert refused(lambda: finish(world, second, app.wrong_code())) == "rate_limit_exceeded"

    world.clock.advance(timedelta(seconds=1))

    finish(world, second, app.code())


def test_a_challenge_lasts_five_minutes(world: ServiceWorld, alice: Customer, app: AuthenticatorApp) -> None:
    first, second = challenge(world, alice), challenge(world, alice)
    world.clock.advance(CHALLENGE_LIFETIME - timedelta(microseconds=1))
    finish(world, first, app.code())

    world.clock.advance(timedelta(microseconds=1))

    assert refused(lambda: finish(world, second, app.next_code())) == "token_expired"


def change_password(world: ServiceWorld, alice: Customer) -> None:
    world.services.passwords.change_password(
        alice.actor,
        current_password=PASSWORD,
        new_password="another good password",
        password_confirmation="another good password",
    )


def suspend_and_restore(world: ServiceWorld, alice: Customer) -> None:
    for status in (UserStatus.SUSPENDED, UserStatus.ACTIVE):
        world.clock.advance(timedelta(microseconds=1))
        world.set_user_status(alice.user, status)


def replace_the_factor(world: ServiceWorld, alice: Customer) -> None:
    before = factor_of(world, alice.user)
    with world.start_unit_of_work() as work:
        work.second_factors.delete(before)
        work.commit()
    an_app(world, alice.user)


def remove_the_factor(world: ServiceWorld, alice: Customer) -> None:
    admin = world.user("admin@example.com", role=Role.ADMIN).actor
    world.second_factor.remove_of(admin, user_id=alice.user.id)


CHANGES: dict[str, Callable[[ServiceWorld, Customer], None]] = {
    "another password": change_password,
    "a suspension": lambda world, alice: world.set_user_status(alice.user, UserStatus.SUSPENDED),
    "a suspension that is over": suspend_and_restore,
    "a deletion": lambda world, alice: world.set_user_status(alice.user, UserStatus.DELETED),
    "another factor": replace_the_factor,
    "no factor": remove_the_factor,
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_challenge_dies_with_what_it_was_given_for(
    world: ServiceWorld, alice: Customer, app: AuthenticatorApp, change: str
) -> None:
    given = challenge(world, alice)

    CHANGES[change](world, alice)

    assert refused(lambda: finish(world, given, app.next_code())) == "invalid_token"
    assert refused(lambda: finish(world, given, RECOVERY_CODE)) == "invalid_token"


def test_a_challenge_for_another_purpose_is_none_here(
    world: ServiceWorld, alice: Customer, app: AuthenticatorApp
) -> None:
    with world.start_unit_of_work() as work:
        user = work.users.get_for_update(alice.user.id)
        given = second_factors_of(world).challenge_in(
            work, user, ChallengePurpose.STEP_UP, subject="10.00 GBP", at=work.now()
        )
        work.commit()

    assert refused(lambda: finish(world, given, app.code())) == "invalid_token"


def test_a_challenge_is_finished_from_wherever_its_client_is_now(
    world: ServiceWorld, alice: Customer, app: AuthenticatorApp
) -> None:
    given = challenge(world, alice, actor=client(AT_HOME))

    finish(world, given, app.code(), actor=client(ELSEWHERE))


def test_a_wrong_password_is_answered_alike_with_a_second_factor(
    world: ServiceWorld, alice: Customer, app: AuthenticatorApp
) -> None:
    assert refused(lambda: world.auth.log_in(HERE, email=alice.user.email, password="wrong")) == (
        "invalid_credentials"
    )


def test_of_twenty_uses_of_one_challenge_and_code_at_once_one_starts_a_session(
    world: ServiceWorld, alice: Customer, app: AuthenticatorApp
) -> None:
    given, code = challenge(world, alice), app.code()

    outcomes = race([lambda: finish(world, given, code)] * 20)

    assert len(results(outcomes)) == 1
    assert len(world.services.sessions.list_own(alice.actor)) == 1


def test_of_twenty_challenges_with_one_code_at_once_one_starts_a_session(
    world: ServiceWorld, alice: Customer, app: AuthenticatorApp
) -> None:
    challenges, code = [challenge(world, alice) for _ in range(20)], app.code()

    outcomes = race([partial(finish, world, given, code) for given in challenges])

    assert len(results(outcomes)) == 1
    assert set(reasons(outcomes)) <= {"invalid_second_factor", "rate_limit_exceeded"}


def test_of_twenty_guesses_at_one_challenge_at_once_five_are_answered(
    world: ServiceWorld, alice: Customer, app: AuthenticatorApp
) -> None:
    given, code = challenge(world, alice), app.wrong_code()

    answers = Counter(reasons(race([lambda: finish(world, given, code)] * 20)))

    assert answers["invalid_second_factor"] == 5
    assert set(answers) <= {"invalid_second_factor", "invalid_token", "rate_limit_exceeded"}


def test_a_code_against_the_removal_of_its_factor_is_used_for_one_of_both(
    world: ServiceWorld, alice: Customer, app: AuthenticatorApp
) -> None:
    given, code = challenge(world, alice), app.code()
    before = world.second_factor.prove_password(alice.actor, current_password=PASSWORD)

    outcomes = race_between(
        lambda: finish(world, given, code),
        lambda: world.second_factor.remove(alice.actor, before, code=code),
    )

    assert reasons(outcomes) in (["invalid_second_factor"], ["invalid_token"])
    sessions, status = world.services.sessions.list_own(alice.actor), world.second_factor.status(alice.actor)
    assert len(sessions) == (0 if status.confirmed_at is None else 1)


def staff_services(world: ServiceWorld) -> Services:
    """Where staff must have a second factor."""
    return compose_services(replace(world.services.ports, second_factor_for_staff=True))


@pytest.mark.parametrize("role", [Role.ADMIN, Role.SUPPORT])
def test_staff_without_a_factor_may_set_one_up_before_anything_else(world: ServiceWorld, role: Role) -> None:
    staff, strict = world.user("staff@example.com", role=role), staff_services(world)
    pair, user = strict.auth.log_in(HERE, email=staff.user.email, password=PASSWORD)
    assert strict.auth.duty_of(user, has_second_factor=False) is Duty.SECOND_FACTOR_ENROLMENT

    refusal = refusal_of(lambda: strict.auth.authenticate(pair.access_token, origin=NOWHERE))
    assert refusal.reason.code == "second_factor_required"
    assert "challenge" not in refusal.details
    enrolling = frozenset({Duty.SECOND_FACTOR_ENROLMENT})
    let_in = strict.auth.authenticate(pair.access_token, origin=NOWHERE, open_to=enrolling)
    assert let_in.duty is Duty.SECOND_FACTOR_ENROLMENT

    an_app(world, staff.user)

    assert strict.auth.authenticate(pair.access_token, origin=NOWHERE).duty is None


def test_a_session_keeps_its_duty_however_often_it_is_refreshed(world: ServiceWorld) -> None:
    staff, strict = world.user("staff@example.com", role=Role.ADMIN), staff_services(world)
    pair, _ = strict.auth.log_in(HERE, email=staff.user.email, password=PASSWORD)

    for _ in range(3):
        pair = strict.auth.refresh(HERE, refresh_token=pair.refresh_token)

    assert refused(lambda: strict.auth.authenticate(pair.access_token, origin=NOWHERE)) == (
        "second_factor_required"
    )


def test_whoever_becomes_staff_owes_a_factor_from_then_on(world: ServiceWorld, alice: Customer) -> None:
    strict = staff_services(world)
    admin = world.user("admin@example.com", role=Role.ADMIN).actor
    pair, _ = strict.auth.log_in(HERE, email=alice.user.email, password=PASSWORD)
    assert strict.auth.authenticate(pair.access_token, origin=NOWHERE).duty is None

    strict.users.update(admin, user_id=alice.user.id, changes=UserChanges(role=Role.SUPPORT))

    assert refused(lambda: strict.auth.authenticate(pair.access_token, origin=NOWHERE)) == (
        "second_factor_required"
    )


def test_staff_whose_factor_was_removed_set_up_another_before_anything_else(world: ServiceWorld) -> None:
    staff, strict = world.user("staff@example.com", role=Role.SUPPORT), staff_services(world)
    app = an_app(world, staff.user)
    pair = finish(world, challenge(world, staff), app.code())
    admin = world.user("admin@example.com", role=Role.ADMIN).actor

    strict.second_factor.remove_of(admin, user_id=staff.user.id)

    assert refused(lambda: strict.auth.authenticate(pair.access_token, origin=NOWHERE)) == (
        "second_factor_required"
    )


def set_up_in(services: Services, world: ServiceWorld, pair: TokenPair) -> None:
    """A first factor, set up in the session of that pair from beginning to end."""
    enrolling = frozenset({Duty.SECOND_FACTOR_ENROLMENT})
    actor = services.auth.authenticate(pair.access_token, origin=NOWHERE, open_to=enrolling).actor
    proven = services.second_factor.prove_password(actor, current_password=PASSWORD)
    secret = services.second_factor.enrol(actor, proven).secret
    services.second_factor.confirm(actor, code=TOTP(secret).at(world.clock.now()))


def test_who_logged_in_by_the_password_alone_gains_nothing_by_the_owners_first_factor(
    world: ServiceWorld,
) -> None:
    staff, strict = world.user("staff@example.com", role=Role.ADMIN), staff_services(world)
    thief, _ = strict.auth.log_in(client(AT_HOME), email=staff.user.email, password=PASSWORD)
    owner, _ = strict.auth.log_in(HERE, email=staff.user.email, password=PASSWORD)
    assert refused(lambda: strict.auth.authenticate(thief.access_token, origin=NOWHERE)) == (
        "second_factor_required"
    )

    set_up_in(strict, world, owner)

    assert refused(lambda: strict.auth.authenticate(thief.access_token, origin=NOWHERE)) == "token_revoked"
    assert refused(lambda: strict.auth.refresh(HERE, refresh_token=thief.refresh_token)) == "token_revoked"
    assert strict.auth.authenticate(owner.access_token, origin=NOWHERE).duty is None
    renewed = strict.auth.refresh(HERE, refresh_token=owner.refresh_token)
    assert strict.auth.authenticate(renewed.access_token, origin=NOWHERE).duty is None


@pytest.mark.parametrize(("role", "lives"), [(Role.ADMIN, False), (Role.USER, True)])
def test_keys_that_waited_for_a_factor_of_staff_end_with_it_and_those_of_customers_live_on(
    world: ServiceWorld, role: Role, lives: bool
) -> None:
    owner, strict = world.user("owner@example.com", role=role), staff_services(world)
    new_key = NewApiKey(name="Made by whom?", scopes=[Scope.ACCOUNTS_READ])
    key = world.services.api_keys.create(owner.actor, new_key).text
    pair, _ = strict.auth.log_in(HERE, email=owner.user.email, password=PASSWORD)

    set_up_in(strict, world, pair)

    if lives:
        assert strict.auth.authenticate(key, origin=NOWHERE).duty is None
    else:
        assert refused(lambda: strict.auth.authenticate(key, origin=NOWHERE)) == "token_revoked"


def test_sessions_that_began_with_a_factor_outlive_its_replacement(
    world: ServiceWorld, alice: Customer, app: AuthenticatorApp
) -> None:
    phone = finish(world, challenge(world, alice), app.code())
    proven = world.second_factor.prove_password(alice.actor, current_password=PASSWORD)
    secret = world.second_factor.enrol(alice.actor, proven, code=app.next_code()).secret

    world.second_factor.confirm(alice.actor, code=TOTP(secret).at(world.clock.now()))

    assert world.auth.authenticate(phone.access_token, origin=NOWHERE).actor.user_id == alice.user.id
