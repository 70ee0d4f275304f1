"""An address is confirmed by a link, and never changed behind its owner's back, over every storage."""

from datetime import timedelta
from functools import partial

import pytest
from tests.support.races import race_between, reasons
from tests.support.refusals import refused
from tests.support.scenes.mail_steps import (
    A_PASSWORD,
    confirming,
    mails_to,
    newest_token,
    registration,
    reset_token,
    user_with,
)
from tests.support.scenes.service_world import PASSWORD, ServiceWorld

from ledgerbank_domain.identity.actor import ANONYMOUS, Actor, Role
from ledgerbank_domain.services.service_composition import Services
from ledgerbank_domain.users.mail_token import MailPurpose
from ledgerbank_domain.users.user import UserChanges

ALICE, NEW = "alice@example.com", "alice@new.example"
TO_NEW = UserChanges(email=NEW)
CHANGED, ASKED = "Your e-mail address was changed", "Your e-mail address is about to be changed"


@pytest.fixture
def services(world: ServiceWorld) -> Services:
    return confirming(world)


def ask_to_change(services: Services, actor: Actor, changes: UserChanges = TO_NEW) -> None:
    proven = services.passwords.prove_current(actor, current_password=PASSWORD)
    services.users.update_profile(actor, changes, proven=proven)


def confirm(services: Services, token: str) -> None:
    services.email_confirmations.confirm(ANONYMOUS, token=token)


def subjects(world: ServiceWorld, address: str) -> list[str]:
    return [mail.subject for mail in mails_to(world, address)]


def test_an_address_is_changed_once_its_owner_followed_the_link(
    world: ServiceWorld, services: Services
) -> None:
    user, actor = world.user()

    ask_to_change(services, actor)
    assert world.users.get(actor_of_admin(world), user_id=user.id).email == ALICE
    assert subjects(world, ALICE) == [ASKED]
    confirm(services, newest_token(world, NEW))

    after = user_with(world, NEW)
    assert after is not None
    assert (after.id, after.verified) == (user.id, True)
    assert subjects(world, ALICE) == [CHANGED, ASKED]
    assert {"user.email_change_requested", "user.email_confirmed"} <= set(world.audit_names(user.id))


def actor_of_admin(world: ServiceWorld) -> Actor:
    return world.user("root@example.com", role=Role.ADMIN)[1]


def test_an_access_token_alone_asks_for_no_other_address(world: ServiceWorld, services: Services) -> None:
    _, actor = world.user()

    assert refused(lambda: services.users.update_profile(actor, TO_NEW)) == "missing_fields"
    wrong = partial(services.passwords.prove_current, actor, current_password="wrong password")
    assert refused(wrong) == "invalid_credentials"

    assert mails_to(world, NEW) == []
    assert user_with(world, ALICE) is not None


def test_the_same_password_proven_before_it_was_changed_asks_for_nothing(
    world: ServiceWorld, services: Services
) -> None:
    _, actor = world.user()
    proven = services.passwords.prove_current(actor, current_password=PASSWORD)
    services.passwords.change_password(
        actor, current_password=PASSWORD, new_password=A_PASSWORD, password_confirmation=A_PASSWORD
    )

    ask = partial(services.users.update_profile, actor, TO_NEW, proven=proven)
    assert refused(ask) == "invalid_credentials"


@pytest.mark.parametrize("own", [True, False], ids=["by its user", "by an administrator"])
def test_the_old_address_is_told_where_nothing_is_confirmed_too(world: ServiceWorld, *, own: bool) -> None:
    user, actor = world.user()

    if own:
        world.users.update_profile(actor, TO_NEW)
    else:
        world.users.update(actor_of_admin(world), user_id=user.id, changes=TO_NEW)

    assert subjects(world, ALICE) == [CHANGED]
    after = user_with(world, NEW)
    assert after is not None
    assert not after.verified


def test_an_administrator_changes_an_address_which_then_has_to_be_confirmed(
    world: ServiceWorld, services: Services
) -> None:
    user, _ = world.user()

    services.users.update(actor_of_admin(world), user_id=user.id, changes=TO_NEW)

    log_in = partial(services.auth.log_in, ANONYMOUS, email=NEW, password=PASSWORD)
    assert refused(log_in) == "email_not_verified"
    assert subjects(world, ALICE) == [CHANGED]
    confirm(services, newest_token(world, NEW))
    log_in()


def test_a_name_is_changed_at_once_whatever_waits(world: ServiceWorld, services: Services) -> None:
    user, actor = world.user()

    ask_to_change(services, actor, UserChanges(email=NEW, full_name="Alice Renamed"))

    after = user_with(world, ALICE)
    assert after is not None
    assert after.full_name == "Alice Renamed"
    services.users.update_profile(actor, UserChanges(email=ALICE, full_name="Alice"))
    assert world.audit_names(user.id).count("user.profile_updated") == 2


def test_another_spelling_of_the_same_address_is_another_mailbox_until_it_is_confirmed(
    world: ServiceWorld, services: Services
) -> None:
    _, actor = world.user("mike@strasse.example")

    ask_to_change(services, actor, UserChanges(email="mike@straße.example"))

    unchanged = user_with(world, "mike@strasse.example")
    assert unchanged is not None
    assert unchanged.email == "mike@strasse.example"
    confirm(services, newest_token(world, "mike@straße.example"))
    changed = user_with(world, "mike@strasse.example")
    assert changed is not None
    assert changed.email == "mike@straße.example"


def test_an_address_that_somebody_else_has_is_asked_for_alike_and_its_owner_learns_of_it(
    world: ServiceWorld, services: Services
) -> None:
    _, actor = world.user()
    world.user("bob@example.com")

    ask_to_change(services, actor, UserChanges(email="bob@example.com"))

    assert subjects(world, ALICE) == [ASKED]
    assert subjects(world, "bob@example.com") == ["Somebody gave your e-mail address as theirs"]
    token = newest_token(world, "bob@example.com")
    assert refused(lambda: confirm(services, token)) == "invalid_token"


@pytest.mark.parametrize("is_known", [True, False], ids=["somebody's", "nobody's"])
def test_what_waited_before_dies_alike_whether_or_not_somebody_has_the_next_address(
    world: ServiceWorld, services: Services, *, is_known: bool
) -> None:
    user, actor = world.user()
    if is_known:
        world.user("bob@example.com")
    ask_to_change(services, actor)
    earlier = newest_token(world, NEW)

    ask_to_change(services, actor, UserChanges(email="bob@example.com"))

    assert refused(lambda: confirm(services, earlier)) == "invalid_token"
    with world.start_unit_of_work() as work:
        waiting = work.mail_tokens.find(user.id, MailPurpose.EMAIL_CONFIRMATION)
    assert waiting is not None
    assert waiting.email == "bob@example.com"


def test_an_address_that_somebody_took_meanwhile_stays_theirs(
    world: ServiceWorld, services: Services
) -> None:
    _, actor = world.user()
    ask_to_change(services, actor)
    token = newest_token(world, NEW)
    other, _ = world.user(NEW)

    assert refused(lambda: confirm(services, token)) == "email_already_exists"

    kept = user_with(world, NEW)
    assert kept is not None
    assert kept.id == other.id
    assert user_with(world, ALICE) is not None


def test_of_two_who_confirm_one_address_at_once_one_gets_it(world: ServiceWorld, services: Services) -> None:
    _, alice = world.user()
    _, bob = world.user("bob@example.com")
    tokens = []
    for actor in (alice, bob):
        ask_to_change(services, actor)
        tokens.append(newest_token(world, NEW))

    outcomes = race_between(*(partial(confirm, services, token) for token in tokens))

    assert reasons(outcomes) == ["email_already_exists"]


def test_of_two_who_show_one_token_at_once_one_confirms(world: ServiceWorld, services: Services) -> None:
    _, actor = world.user()
    ask_to_change(services, actor)
    token = newest_token(world, NEW)

    outcomes = race_between(*[partial(confirm, services, token)] * 4)

    assert reasons(outcomes) == ["invalid_token"] * 3
    assert subjects(world, ALICE).count(CHANGED) == 1


def test_what_a_thief_asked_for_dies_with_the_password_that_they_knew(
    world: ServiceWorld, services: Services
) -> None:
    _, actor = world.user()
    ask_to_change(services, actor)
    by_the_thief = newest_token(world, NEW)
    token = reset_token(world, ALICE)
    services.password_resets.reset(
        ANONYMOUS, token=token, new_password=A_PASSWORD, password_confirmation=A_PASSWORD
    )

    assert refused(lambda: confirm(services, by_the_thief)) == "invalid_token"
    assert user_with(world, ALICE) is not None


def test_a_link_is_good_for_three_days_and_until_the_next_one(
    world: ServiceWorld, services: Services
) -> None:
    services.registration.apply(ANONYMOUS, registration())
    first = newest_token(world, "new@example.com")
    services.mail_requests.ask_for_confirmation(ANONYMOUS, email="NEW@example.com")
    second = newest_token(world, "new@example.com")

    assert refused(lambda: confirm(services, first)) == "invalid_token"
    world.clock.advance(timedelta(days=3))
    assert refused(lambda: confirm(services, second)) == "token_expired"
    services.mail_requests.ask_for_confirmation(ANONYMOUS, email="new@example.com")
    confirm(services, newest_token(world, "new@example.com"))
    services.auth.log_in(ANONYMOUS, email="new@example.com", password=A_PASSWORD)


def test_a_confirmed_address_is_not_mailed_again(world: ServiceWorld, services: Services) -> None:
    world.user()

    services.mail_requests.ask_for_confirmation(ANONYMOUS, email=ALICE)

    assert mails_to(world, ALICE) == []
