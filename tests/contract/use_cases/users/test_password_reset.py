"""A forgotten password is no longer final, and nobody learns by it who is known, over every storage."""

import json
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from tests.support.races import race_between, reasons
from tests.support.refusals import refused
from tests.support.scenes.mail_steps import (
    A_PASSWORD,
    delivered,
    mails_to,
    newest_token,
    registration,
    reset_token,
)
from tests.support.scenes.service_world import PASSWORD, ServiceWorld

from ledgerbank_domain.identity.actor import ANONYMOUS, NOWHERE, SYSTEM, Role
from ledgerbank_domain.identity.page import PageRequest
from ledgerbank_domain.jobs.job import JobFilter, JobKind
from ledgerbank_domain.users.user import UserChanges, UserStatus

ALICE = "alice@example.com"
HOUR = timedelta(hours=1)


def reset(world: ServiceWorld, token: str, password: str = A_PASSWORD) -> None:
    world.services.password_resets.reset(
        ANONYMOUS, token=token, new_password=password, password_confirmation=password
    )


def log_in(world: ServiceWorld, password: str, email: str = ALICE) -> str:
    return world.auth.log_in(ANONYMOUS, email=email, password=password)[0].access_token


def test_whoever_reads_the_mail_chooses_a_new_password_which_ends_every_session(world: ServiceWorld) -> None:
    user, _ = world.user()
    session = log_in(world, PASSWORD)
    world.clock.advance(timedelta(seconds=1))

    reset(world, reset_token(world, ALICE))

    assert refused(lambda: world.auth.authenticate(session, origin=NOWHERE)) == "token_revoked"
    assert refused(lambda: log_in(world, PASSWORD)) == "invalid_credentials"
    log_in(world, A_PASSWORD)
    assert mails_to(world, ALICE)[0].subject == "Your password was changed"
    assert "user.password_reset" in world.audit_names(user.id)


def test_a_token_is_good_once(world: ServiceWorld) -> None:
    world.user()
    token = reset_token(world, ALICE)
    reset(world, token)

    assert refused(lambda: reset(world, token, "yet another passphrase")) == "invalid_token"
    log_in(world, A_PASSWORD)


def test_of_two_who_show_one_token_at_once_one_sets_their_password(world: ServiceWorld) -> None:
    world.user()
    token = reset_token(world, ALICE)
    passwords = ["the first passphrase", "the second passphrase"]

    outcomes = race_between(*(partial(reset, world, token, password) for password in passwords))

    assert reasons(outcomes) == ["invalid_token"]
    works = [password for password in passwords if is_right(world, password)]
    assert len(works) == 1


def is_right(world: ServiceWorld, password: str) -> bool:
    with world.start_unit_of_work() as work:
        user = work.users.find_by_email(ALICE)
    assert user is not None
    return world.services.ports.hasher.matches(user.password_hash, password)


def test_of_two_tokens_the_newest_counts(world: ServiceWorld) -> None:
    world.user()
    older, newer = reset_token(world, ALICE), reset_token(world, ALICE)

    assert refused(lambda: reset(world, older)) == "invalid_token"
    reset(world, newer)


def test_a_token_against_a_newer_one_that_is_just_being_made_is_used_or_dead_and_never_both(
    world: ServiceWorld,
) -> None:
    user, _ = world.user()
    _, admin = world.user("admin@example.com", role=Role.ADMIN)
    token = reset_token(world, ALICE)

    used, _ = race_between(
        lambda: reset(world, token),
        lambda: world.services.password_resets.start_for(admin, user_id=user.id),
    )

    assert is_right(world, A_PASSWORD) is (used is None)
    if used is not None:
        reset(world, newest_token(world, ALICE))


@pytest.mark.parametrize(("after", "reason"), [(HOUR - timedelta(seconds=1), None), (HOUR, "token_expired")])
def test_a_token_is_good_for_an_hour(world: ServiceWorld, after: timedelta, reason: str | None) -> None:
    world.user()
    token = reset_token(world, ALICE)
    world.clock.advance(after)

    if reason is None:
        reset(world, token)
    else:
        assert refused(lambda: reset(world, token)) == reason


@pytest.mark.parametrize("token", ["", "x", "nobody's", "\ud800", "x" * 100_000, "\x00"])
def test_any_text_may_be_shown_as_a_token(world: ServiceWorld, token: str) -> None:
    assert refused(lambda: reset(world, token)) == "invalid_token"
    assert refused(lambda: world.services.email_confirmations.confirm(ANONYMOUS, token=token)) == (
        "invalid_token"
    )


def test_a_token_for_one_purpose_is_good_for_no_other(world: ServiceWorld) -> None:
    world.user()
    token = reset_token(world, ALICE)

    confirm = world.services.email_confirmations.confirm
    assert refused(lambda: confirm(ANONYMOUS, token=token)) == "invalid_token"
    reset(world, token)


def test_a_password_that_does_not_do_leaves_the_token_good(world: ServiceWorld) -> None:
    world.user()
    token = reset_token(world, ALICE)

    assert refused(lambda: reset(world, token, "short")) == "invalid_password_format"
    reset(world, token)


def nobody(world: ServiceWorld) -> None:
    pass


def somebody(world: ServiceWorld) -> None:
    world.user()


def suspended(world: ServiceWorld) -> None:
    world.set_user_status(world.user().user, UserStatus.SUSPENDED)


def deleted(world: ServiceWorld) -> None:
    user, _ = world.user()
    _, admin = world.user("admin@example.com", role=Role.ADMIN)
    world.users.delete(admin, user_id=user.id)


@pytest.mark.parametrize("someone", [nobody, somebody, suspended, deleted])
def test_asking_is_one_and_the_same_whoever_has_the_address(
    world: ServiceWorld, someone: Callable[[ServiceWorld], None]
) -> None:
    someone(world)
    delivered(world)
    before = len(mails_to(world, ALICE))
    _, admin = world.user("root@example.com", role=Role.ADMIN)

    world.services.mail_requests.ask_for_password_reset(ANONYMOUS, email=ALICE)

    asked = world.jobs.list_page(admin, JobFilter(kind=JobKind.MAIL_REQUEST), request=PageRequest()).items
    assert [job.args for job in asked] == [{"purpose": "PASSWORD_RESET", "email": ALICE}]
    assert len(mails_to(world, ALICE)) - before == (1 if someone is somebody else 0)


def test_the_mail_goes_to_the_address_as_its_owner_wrote_it(world: ServiceWorld) -> None:
    """Two addresses that fold to the same may be two mailboxes, of two people."""
    world.user("mike@straße.example")

    world.services.mail_requests.ask_for_password_reset(ANONYMOUS, email="mike@strasse.example")

    assert mails_to(world, "mike@strasse.example") == []
    assert len(mails_to(world, "mike@straße.example")) == 1


@pytest.mark.parametrize("status", [UserStatus.SUSPENDED, UserStatus.DELETED])
def test_a_token_dies_with_its_users_right_to_log_in(world: ServiceWorld, status: UserStatus) -> None:
    user, _ = world.user()
    _, admin = world.user("admin@example.com", role=Role.ADMIN)
    token = reset_token(world, ALICE)

    world.users.update(admin, user_id=user.id, changes=UserChanges(status=status))
    assert refused(lambda: reset(world, token)) == "invalid_token"
    world.users.update(admin, user_id=user.id, changes=UserChanges(status=UserStatus.ACTIVE))

    assert refused(lambda: reset(world, token)) == "invalid_token"


def test_a_token_dies_when_the_password_is_changed_or_the_address_is(world: ServiceWorld) -> None:
    user, actor = world.user()
    _, admin = world.user("admin@example.com", role=Role.ADMIN)
    before_the_password = reset_token(world, ALICE)
    world.services.passwords.change_password(
        actor, current_password=PASSWORD, new_password=A_PASSWORD, password_confirmation=A_PASSWORD
    )
    before_the_address = reset_token(world, ALICE)
    world.users.update(admin, user_id=user.id, changes=UserChanges(email="elsewhere@example.com"))

    assert refused(lambda: reset(world, before_the_password)) == "invalid_token"
    assert refused(lambda: reset(world, before_the_address)) == "invalid_token"


def test_a_mail_that_waited_too_long_is_not_sent(world: ServiceWorld) -> None:
    user, _ = world.user()
    _, admin = world.user("admin@example.com", role=Role.ADMIN)
    world.services.mail_requests.ask_for_password_reset(ANONYMOUS, email=ALICE)
    world.services.password_resets.start_for(admin, user_id=user.id)
    world.clock.advance(HOUR)

    assert mails_to(world, ALICE) == []


def test_no_token_stands_in_the_clear_in_jobs_audit_or_storage(world: ServiceWorld) -> None:
    user, _ = world.user()
    _, admin = world.user("admin@example.com", role=Role.ADMIN)
    world.services.password_resets.start_for(admin, user_id=user.id)
    with world.start_unit_of_work() as work:
        (waiting,) = work.mail_tokens.list_sealed(after=None, limit=10)
    token = newest_token(world, ALICE)
    reset(world, token)
    delivered(world)

    with world.start_unit_of_work() as work:
        events = [repr(event) for event in work.audit.list_about(user.id)]
        sent = work.mail_tokens.list_sealed(after=None, limit=10)
    jobs = world.jobs.list_page(admin, JobFilter(), request=PageRequest(page_size=100)).items
    assert token not in "".join(events)
    assert token not in json.dumps([dict(job.args) for job in jobs])
    assert waiting.sealed is not None
    assert token.encode() not in waiting.sealed
    assert token not in repr(waiting)
    assert sent == []


def test_an_administrator_starts_a_reset_and_only_the_user_sees_its_link(world: ServiceWorld) -> None:
    user, _ = world.user()
    _, admin = world.user("admin@example.com", role=Role.ADMIN)

    world.services.password_resets.start_for(admin, user_id=user.id)

    reset(world, newest_token(world, ALICE))
    log_in(world, A_PASSWORD)
    assert mails_to(world, "admin@example.com") == []
    assert "admin.password_reset_started" in world.audit_names(user.id)


@pytest.mark.parametrize(
    ("status", "reason"),
    [(UserStatus.SUSPENDED, "account_inactive"), (UserStatus.DELETED, "user_not_found")],
)
def test_no_reset_is_started_for_who_may_not_log_in(
    world: ServiceWorld, status: UserStatus, reason: str
) -> None:
    user, _ = world.user()
    _, admin = world.user("admin@example.com", role=Role.ADMIN)
    world.users.update(admin, user_id=user.id, changes=UserChanges(status=status))

    start = world.services.password_resets.start_for
    assert refused(lambda: start(admin, user_id=user.id)) == reason


def test_a_reset_settles_that_the_password_must_be_changed(world: ServiceWorld) -> None:
    short = "a short one"
    world.services.registration.register(ANONYMOUS, registration("short@example.com", short))
    _, admin = world.user("admin@example.com", role=Role.ADMIN)
    with world.start_unit_of_work() as work:
        user = work.users.find_by_email("short@example.com")
    assert user is not None
    world.users.update(admin, user_id=user.id, changes=UserChanges(role=Role.ADMIN))
    _, logged_in = world.auth.log_in(ANONYMOUS, email="short@example.com", password=short)
    assert logged_in.password_change_due

    token = reset_token(world, "short@example.com")
    assert refused(lambda: reset(world, token, "14 characters.")) == "invalid_password_format"
    reset(world, token, "long enough for an administrator")

    _, after = world.auth.log_in(
        ANONYMOUS, email="short@example.com", password="long enough for an administrator"
    )
    assert not after.password_change_due


def test_a_link_for_a_user_without_a_password_is_shown_once_or_mailed(world: ServiceWorld) -> None:
    create = world.services.registration.create_by_link
    link = create(SYSTEM, email="root@example.com", full_name="Root", role=Role.ADMIN, mailed=False)
    nothing = create(SYSTEM, email="second@example.com", full_name="Second", role=Role.ADMIN, mailed=True)

    assert link is not None
    assert nothing is None
    assert mails_to(world, "root@example.com") == []
    reset(world, link.partition("#token=")[2])
    reset(world, newest_token(world, "second@example.com"))
    log_in(world, A_PASSWORD, "root@example.com")
    log_in(world, A_PASSWORD, "second@example.com")
    _, admin = world.user("admin@example.com", role=Role.ADMIN)
    by_administrator = partial(
        create, admin, email="x@example.com", full_name="X", role=Role.USER, mailed=False
    )
    assert refused(by_administrator) == "insufficient_permissions"
