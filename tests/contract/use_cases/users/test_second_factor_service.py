"""A second factor over its life, over every storage."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from urllib.parse import parse_qs, urlsplit

import pytest
from pyotp import TOTP
from tests.support.races import race, race_between, reasons, results
from tests.support.refusals import refused
from tests.support.scenes.password_guesses import events, failures_on_record, mails
from tests.support.scenes.second_factor_steps import RECOVERY_CODE, an_app, factor_of
from tests.support.scenes.service_world import PASSWORD, Customer, ServiceWorld

from ledgerbank_domain.audit.audit_event import AuditName
from ledgerbank_domain.identity.actor import Actor, Role
from ledgerbank_domain.services.service_composition import compose_services
from ledgerbank_domain.services.users.second_factor_service import SecondFactorService
from ledgerbank_domain.users.second_factor import ENROLMENT_LIFETIME, MAX_ENROLMENT_TRIES
from ledgerbank_domain.users.user import User


@pytest.fixture
def alice(world: ServiceWorld) -> Customer:
    return world.user()


def proven(world: ServiceWorld, customer: Customer) -> User:
    return world.second_factor.prove_password(customer.actor, current_password=PASSWORD)


def enrolled_secret(world: ServiceWorld, customer: Customer, **code: str) -> str:
    return world.second_factor.enrol(customer.actor, proven(world, customer), **code).secret


def set_up(world: ServiceWorld, customer: Customer) -> tuple[str, tuple[str, ...]]:
    """Secret and recovery codes of a factor that was set up from beginning to end."""
    secret = enrolled_secret(world, customer)
    return secret, world.second_factor.confirm(customer.actor, code=TOTP(secret).at(world.clock.now()))


def wrong(world: ServiceWorld, secret: str) -> str:
    near = {TOTP(secret).at(world.clock.now(), counter_offset=drift) for drift in (-1, 0, 1)}
    return next(code for code in map("{:06}".format, range(4)) if code not in near)


def of_staff(world: ServiceWorld) -> SecondFactorService:
    """Where staff must have a second factor."""
    return compose_services(replace(world.services.ports, second_factor_for_staff=True)).second_factor


def test_a_factor_counts_from_its_first_code_on(world: ServiceWorld, alice: Customer) -> None:
    enrolment = world.second_factor.enrol(alice.actor, proven(world, alice))
    uri = urlsplit(enrolment.otpauth_uri)
    assert parse_qs(uri.query) == {"secret": [enrolment.secret], "issuer": ["LedgerBank"]}
    assert uri.path == "/LedgerBank:alice%40example.com"
    assert enrolment.expires_at == world.clock.now() + ENROLMENT_LIFETIME
    assert enrolment.secret not in repr(enrolment)
    assert world.second_factor.status(alice.actor).confirmed_at is None
    world.auth.log_in(alice.actor, email=alice.user.email, password=PASSWORD)

    codes = world.second_factor.confirm(alice.actor, code=TOTP(enrolment.secret).at(world.clock.now()))

    status = world.second_factor.status(alice.actor)
    assert (status.confirmed_at, status.recovery_codes_left) == (world.clock.now(), 10)
    assert len(set(codes)) == 10
    assert {len(code.replace("-", "")) for code in codes} == {24}
    assert (
        refused(lambda: world.auth.log_in(alice.actor, email=alice.user.email, password=PASSWORD))
        == "second_factor_required"
    )
    assert world.audit_names(alice.user.id).count("user.second_factor_added") == 1
    assert mails(world) == ["Your second factor was set up"]


def test_neither_secret_nor_recovery_codes_are_stored_in_clear(world: ServiceWorld, alice: Customer) -> None:
    secret, codes = set_up(world, alice)

    factor = factor_of(world, alice.user)

    assert secret.encode() not in factor.secret
    stored = " ".join(factor.recovery_hashes)
    assert not any(code in stored or code.replace("-", "") in stored for code in codes)


def test_whoever_has_the_session_alone_sets_up_nothing(world: ServiceWorld, alice: Customer) -> None:
    for _ in range(3):
        assert (
            refused(lambda: world.second_factor.prove_password(alice.actor, current_password="a guess"))
            == "invalid_credentials"
        )

    assert failures_on_record(world, alice.user.id) == (1, 3)


def test_a_password_that_changed_meanwhile_proves_nothing(world: ServiceWorld, alice: Customer) -> None:
    before = proven(world, alice)
    an_app(world, alice.user)
    world.services.passwords.change_password(
        alice.actor,
        current_password=PASSWORD,
        new_password="another good password",
        password_confirmation="another good password",
    )

    acts: list[Callable[[], object]] = [
        lambda: world.second_factor.enrol(alice.actor, before, code=RECOVERY_CODE),
        lambda: world.second_factor.remove(alice.actor, before, code=RECOVERY_CODE),
        lambda: world.second_factor.renew_recovery_codes(alice.actor, before, code=RECOVERY_CODE),
    ]

    assert [refused(act) for act in acts] == ["invalid_credentials"] * 3
    assert len(factor_of(world, alice.user).recovery_hashes) == 2


def test_what_one_user_has_proven_is_nothing_for_another(world: ServiceWorld, alice: Customer) -> None:
    bob = world.user("bob@example.com")

    assert (
        refused(lambda: world.second_factor.enrol(alice.actor, proven(world, bob))) == "invalid_credentials"
    )


def test_a_new_enrolment_replaces_one_that_waits(world: ServiceWorld, alice: Customer) -> None:
    first, second = enrolled_secret(world, alice), enrolled_secret(world, alice)
    now = world.clock.now()

    assert (
        refused(lambda: world.second_factor.confirm(alice.actor, code=TOTP(first).at(now)))
        == "invalid_second_factor"
    )
    world.second_factor.confirm(alice.actor, code=TOTP(second).at(now))


def test_a_secret_waits_ten_minutes(world: ServiceWorld, alice: Customer) -> None:
    secret = enrolled_secret(world, alice)
    world.clock.advance(ENROLMENT_LIFETIME - timedelta(microseconds=1))
    kept = enrolled_secret(world, world.user("bob@example.com"))
    world.clock.advance(timedelta(microseconds=1))

    assert (
        refused(lambda: world.second_factor.confirm(alice.actor, code=TOTP(secret).at(world.clock.now())))
        == "resource_not_found"
    )
    assert kept


def test_nobody_guesses_the_first_code(world: ServiceWorld, alice: Customer) -> None:
    secret = enrolled_secret(world, alice)

    for _ in range(MAX_ENROLMENT_TRIES):
        assert (
            refused(lambda: world.second_factor.confirm(alice.actor, code=wrong(world, secret)))
            == "invalid_second_factor"
        )
        world.clock.advance(timedelta(seconds=1))

    assert (
        refused(lambda: world.second_factor.confirm(alice.actor, code=TOTP(secret).at(world.clock.now())))
        == "resource_not_found"
    )
    assert failures_on_record(world, alice.user.id)[1] == MAX_ENROLMENT_TRIES


def test_the_first_code_counts_for_nothing_else(world: ServiceWorld, alice: Customer) -> None:
    secret, _ = set_up(world, alice)

    assert (
        refused(
            lambda: world.second_factor.remove(
                alice.actor, proven(world, alice), code=TOTP(secret).at(world.clock.now())
            )
        )
        == "invalid_second_factor"
    )


def test_a_factor_is_replaced_by_whoever_has_it(world: ServiceWorld, alice: Customer) -> None:
    old = an_app(world, alice.user)
    assert refused(lambda: enrolled_secret(world, alice)) == "missing_fields"
    assert refused(lambda: enrolled_secret(world, alice, code=old.wrong_code())) == "invalid_second_factor"

    secret = enrolled_secret(world, alice, code=old.code())
    assert factor_of(world, alice.user).last_step is not None
    world.second_factor.confirm(alice.actor, code=TOTP(secret).at(world.clock.now()))

    world.clock.advance(timedelta(seconds=30))
    with_old = refused(lambda: world.second_factor.remove(alice.actor, proven(world, alice), code=old.code()))
    assert with_old == "invalid_second_factor"
    added = events(world, AuditName.SECOND_FACTOR_ADDED)
    assert [event.metadata for event in added] == [{"replaced": True}]
    world.second_factor.remove(alice.actor, proven(world, alice), code=TOTP(secret).at(world.clock.now()))


@pytest.mark.parametrize("by_recovery", [False, True])
def test_a_factor_is_removed_by_password_and_code(
    world: ServiceWorld, alice: Customer, *, by_recovery: bool
) -> None:
    app = an_app(world, alice.user)
    assert (
        refused(lambda: world.second_factor.remove(alice.actor, proven(world, alice), code=app.wrong_code()))
        == "invalid_second_factor"
    )

    code = RECOVERY_CODE if by_recovery else app.code()
    world.second_factor.remove(alice.actor, proven(world, alice), code=code)

    world.auth.log_in(alice.actor, email=alice.user.email, password=PASSWORD)
    assert (
        refused(lambda: world.second_factor.remove(alice.actor, proven(world, alice), code=code))
        == "resource_not_found"
    )
    assert world.audit_names(alice.user.id).count("user.second_factor_removed") == 1
    assert "Your second factor was removed" in mails(world)


def test_new_recovery_codes_take_the_place_of_all_from_before(world: ServiceWorld, alice: Customer) -> None:
    app = an_app(world, alice.user)

    codes = world.second_factor.renew_recovery_codes(alice.actor, proven(world, alice), code=app.code())

    assert world.second_factor.status(alice.actor).recovery_codes_left == 10
    remove = world.second_factor.remove
    assert refused(lambda: remove(alice.actor, proven(world, alice), code=RECOVERY_CODE)) == (
        "invalid_second_factor"
    )
    assert mails(world) == ["You have new recovery codes"]
    remove(alice.actor, proven(world, alice), code=codes[9])


@pytest.mark.parametrize("role", [Role.ADMIN, Role.SUPPORT])
def test_staff_who_must_have_a_factor_replace_but_never_remove_it(world: ServiceWorld, role: Role) -> None:
    staff = world.user("staff@example.com", role=role)
    app = an_app(world, staff.user)
    strict = of_staff(world)

    refusal = refused(lambda: strict.remove(staff.actor, proven(world, staff), code=app.code()))

    assert refusal == "insufficient_permissions"
    secret = strict.enrol(staff.actor, proven(world, staff), code=app.code()).secret
    strict.confirm(staff.actor, code=TOTP(secret).at(world.clock.now()))


def test_customers_remove_theirs_wherever_staff_must_have_one(world: ServiceWorld, alice: Customer) -> None:
    app = an_app(world, alice.user)

    of_staff(world).remove(alice.actor, proven(world, alice), code=app.code())


def test_an_administrator_removes_what_somebody_lost_and_nobody_their_own_this_way(
    world: ServiceWorld, alice: Customer
) -> None:
    admin = world.user("admin@example.com", role=Role.ADMIN)
    for user in (alice.user, admin.user):
        an_app(world, user)
    remove_of = world.second_factor.remove_of
    support = world.user("support@example.com", role=Role.SUPPORT).actor
    others: list[Actor] = [support, alice.actor, world.user("bob@example.com").actor]
    assert [refused(partial(remove_of, who, user_id=alice.user.id)) for who in others] == [
        "insufficient_permissions"
    ] * 3
    assert refused(lambda: remove_of(admin.actor, user_id=admin.user.id)) == "insufficient_permissions"
    assert refused(lambda: remove_of(admin.actor, user_id=world.ids.new_id())) == "user_not_found"

    remove_of(admin.actor, user_id=alice.user.id)

    assert refused(lambda: remove_of(admin.actor, user_id=alice.user.id)) == "resource_not_found"
    told = events(world, AuditName.ADMIN_SECOND_FACTOR_REMOVED)
    assert [(event.actor_user_id, event.target_id) for event in told] == [(admin.user.id, alice.user.id)]
    assert mails(world) == ["Your second factor was removed"]
    world.auth.log_in(alice.actor, email=alice.user.email, password=PASSWORD)


def test_of_ten_confirmations_at_once_one_gets_recovery_codes(world: ServiceWorld, alice: Customer) -> None:
    code = TOTP(enrolled_secret(world, alice)).at(world.clock.now())

    outcomes = race([lambda: world.second_factor.confirm(alice.actor, code=code)] * 10)

    assert len(results(outcomes)) == 1
    assert reasons(outcomes) == ["resource_not_found"] * 9
    assert world.audit_names(alice.user.id).count("user.second_factor_added") == 1


def test_of_ten_removals_at_once_one_does_it(world: ServiceWorld, alice: Customer) -> None:
    app, before = an_app(world, alice.user), proven(world, alice)

    outcomes = race([lambda: world.second_factor.remove(alice.actor, before, code=app.code())] * 10)

    assert len(results(outcomes)) == 1
    assert reasons(outcomes) == ["resource_not_found"] * 9


def test_two_enrolments_at_once_leave_one_that_waits(world: ServiceWorld, alice: Customer) -> None:
    before = proven(world, alice)

    enrolments = results(race([lambda: world.second_factor.enrol(alice.actor, before)] * 4))

    now = world.clock.now()
    outcomes = race(
        [
            partial(world.second_factor.confirm, alice.actor, code=TOTP(one.secret).at(now))
            for one in enrolments
        ]
    )
    assert len(enrolments) == 4
    assert len(results(outcomes)) == 1


def test_an_administrators_removal_and_the_owners_do_it_once(world: ServiceWorld, alice: Customer) -> None:
    admin = world.user("admin@example.com", role=Role.ADMIN)
    app, before = an_app(world, alice.user), proven(world, alice)

    outcomes = race_between(
        lambda: world.second_factor.remove(alice.actor, before, code=app.code()),
        lambda: world.second_factor.remove_of(admin.actor, user_id=alice.user.id),
    )

    assert reasons(outcomes) == ["resource_not_found"]
    assert len(mails(world)) == 1
