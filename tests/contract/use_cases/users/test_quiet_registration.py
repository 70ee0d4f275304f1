"""Registration where addresses are confirmed: nobody learns whether one is known, over every storage."""

from functools import partial

import pytest
from tests.support.races import race
from tests.support.refusals import refused
from tests.support.scenes.mail_steps import (
    A_PASSWORD,
    confirming,
    mails_to,
    newest_token,
    registration,
    user_with,
)
from tests.support.scenes.service_world import PASSWORD, ServiceWorld

from ledgerbank_domain.identity.actor import ANONYMOUS, Role
from ledgerbank_domain.services.service_composition import Services
from ledgerbank_domain.users.user import UserStatus

NEW, ALICE = "new@example.com", "alice@example.com"
TRIED, CONFIRM = "Somebody gave your e-mail address as theirs", "Confirm your e-mail address"


@pytest.fixture
def services(world: ServiceWorld) -> Services:
    return confirming(world)


def test_a_new_user_logs_in_once_they_confirmed_their_address(
    world: ServiceWorld, services: Services
) -> None:
    assert services.registration.apply(ANONYMOUS, registration()) is None
    log_in = partial(services.auth.log_in, ANONYMOUS, email=NEW)

    assert refused(partial(log_in, password=A_PASSWORD)) == "email_not_verified"
    assert refused(partial(log_in, password="wrong password")) == "invalid_credentials"
    services.email_confirmations.confirm(ANONYMOUS, token=newest_token(world, NEW))
    log_in(password=A_PASSWORD)


def test_a_known_address_is_answered_alike_and_its_owner_is_told(
    world: ServiceWorld, services: Services
) -> None:
    user, _ = world.user()

    assert services.registration.apply(ANONYMOUS, registration(ALICE)) is None

    assert [mail.subject for mail in mails_to(world, ALICE)] == [TRIED]
    kept = user_with(world, ALICE)
    assert kept == user
    services.auth.log_in(ANONYMOUS, email=ALICE, password=PASSWORD)


@pytest.mark.parametrize("status", [UserStatus.SUSPENDED, UserStatus.DELETED])
def test_the_address_of_who_may_not_log_in_is_answered_alike_and_nothing_is_mailed(
    world: ServiceWorld, services: Services, status: UserStatus
) -> None:
    user, _ = world.user()
    world.set_user_status(user, status)

    assert services.registration.apply(ANONYMOUS, registration(ALICE)) is None

    assert mails_to(world, ALICE) == []


def test_of_two_registrations_at_once_one_makes_a_user_and_all_are_answered_alike(
    world: ServiceWorld, services: Services
) -> None:
    answers = race([lambda: services.registration.apply(ANONYMOUS, registration())] * 6)

    assert answers == [None] * 6
    user = user_with(world, NEW)
    assert user is not None
    assert [mail.subject for mail in mails_to(world, NEW)].count(CONFIRM) <= 1
    assert world.audit_names(user.id).count("user.registered") == 6


def test_whoever_registered_before_and_never_confirmed_gets_in_by_the_mail_of_the_next_try(
    world: ServiceWorld, services: Services
) -> None:
    services.registration.apply(ANONYMOUS, registration())
    services.registration.apply(ANONYMOUS, registration(password="another good passphrase"))

    services.password_resets.reset(
        ANONYMOUS,
        token=newest_token(world, NEW),
        new_password="another good passphrase",
        password_confirmation="another good passphrase",
    )

    services.auth.log_in(ANONYMOUS, email=NEW, password="another good passphrase")


def test_a_user_whom_an_administrator_makes_confirms_as_well(world: ServiceWorld, services: Services) -> None:
    _, admin = world.user("admin@example.com", role=Role.ADMIN)
    services.registration.create_with_role(admin, registration())
    log_in = partial(services.auth.log_in, ANONYMOUS, email=NEW, password=A_PASSWORD)

    assert refused(log_in) == "email_not_verified"
    services.email_confirmations.confirm(ANONYMOUS, token=newest_token(world, NEW))
    log_in()


def test_without_confirmation_registration_is_as_it_was(world: ServiceWorld) -> None:
    user = world.services.registration.apply(ANONYMOUS, registration())

    assert user is not None
    assert mails_to(world, NEW) == []
    again = partial(world.services.registration.apply, ANONYMOUS, registration())
    assert refused(again) == "email_already_exists"
    world.auth.log_in(ANONYMOUS, email=NEW, password=A_PASSWORD)
