"""What is left of a user some time after they were deleted, over every storage."""

from datetime import timedelta
from functools import partial

import pytest
from tests.support.races import race_between, reasons
from tests.support.refusals import refused
from tests.support.scenes.entity_builder import EntityBuilder
from tests.support.scenes.mail_steps import confirming, delivered, registration
from tests.support.scenes.service_world import PASSWORD, ServiceWorld

from ledgerbank_adapters.memory.memory_ports import memory_ports
from ledgerbank_domain.banking.bank_login import SealedTokens
from ledgerbank_domain.identity.actor import ANONYMOUS, SYSTEM, Actor, Origin, Role
from ledgerbank_domain.identity.page import PageRequest
from ledgerbank_domain.jobs.job import JobFilter, JobKind
from ledgerbank_domain.services.service_composition import compose_services
from ledgerbank_domain.services.users import user_erasure_service
from ledgerbank_domain.services.users.registration_service import NewUser
from ledgerbank_domain.services.users.user_erasure_service import UserErasureService
from ledgerbank_domain.users.mail_token import MailPurpose
from ledgerbank_domain.users.user import User, UserChanges, UserStatus

RESTORED = UserChanges(status=UserStatus.ACTIVE)
THIRTY_DAYS = timedelta(days=30)
PHONE = Origin(ip="203.0.113.7", user_agent="Phone 1.0")


@pytest.fixture
def admin(world: ServiceWorld) -> Actor:
    return world.user("admin@example.com", role=Role.ADMIN)[1]


def look_after(world: ServiceWorld, after: timedelta = THIRTY_DAYS) -> None:
    """What the hourly job does for erasure."""
    erasure(world, after).erase_due(world.clock.now() + timedelta(minutes=1))


def erasure(world: ServiceWorld, after: timedelta = THIRTY_DAYS) -> UserErasureService:
    ports = world.services.ports
    return UserErasureService(
        start_unit_of_work=world.start_unit_of_work,
        storage_clock=world.clock,
        ids=world.ids,
        pseudonymizer=ports.pseudonymizer,
        audit=world.users.audit,
        mailer=world.mailbox,
        after=after,
    )


def stored(world: ServiceWorld, user: User) -> User:
    return world.users.get(SYSTEM, user_id=user.id)


def test_what_somebody_asked_for_by_an_address_goes_with_it(world: ServiceWorld, admin: Actor) -> None:
    user, _ = world.user("Mike@Stra\u00dfe.example")
    asking = world.services.mail_requests
    for spelled in ("mike@strasse.example", "MIKE@STRASSE.example", "somebody.else@example.com"):
        asking.ask_for_password_reset(ANONYMOUS, email=spelled)
        asking.ask_for_confirmation(ANONYMOUS, email=spelled)
    delivered(world)
    world.users.delete(admin, user_id=user.id)
    waiting = "mike@strasse.example"
    asking.ask_for_password_reset(ANONYMOUS, email=waiting)

    world.clock.advance(timedelta(days=1))
    look_after(world, timedelta(days=1))

    asked = world.jobs.list_page(admin, JobFilter(kind=JobKind.MAIL_REQUEST), request=PageRequest()).items
    # What is to be done yet finds nobody; then it goes by its age.
    assert sorted(job.args["email"] for job in asked) == [waiting, *["somebody.else@example.com"] * 2]
    assert [job.is_finished for job in asked if job.args["email"] == waiting] == [False]


def test_thirty_days_after_their_deletion_nothing_tells_who_a_user_was(
    world: ServiceWorld, admin: Actor, given: EntityBuilder
) -> None:
    user, _ = world.user()
    world.auth.log_in(Actor(origin=PHONE), email=user.email, password=PASSWORD)
    key = given.a_key(user)
    numbered = given.an_account(user, number_hash="what stands for a number")
    world.users.delete(admin, user_id=user.id)
    # A row with their address once more, of somebody who wanted to register with it.
    confirming(world).registration.apply(ANONYMOUS, registration(user.email))
    deleted = stored(world, user)

    world.clock.advance(THIRTY_DAYS - timedelta(seconds=1))
    world.services.due_jobs.run_due_jobs()
    assert stored(world, user) == deleted

    world.clock.advance(timedelta(hours=1))
    world.services.due_jobs.run_due_jobs()

    erased = stored(world, user)
    assert erased.full_name == "Erased user"
    assert erased.email.startswith("erased-")
    assert user.id.hex not in erased.email
    assert not world.services.ports.hasher.matches(erased.password_hash, PASSWORD)
    assert (erased.status, erased.deleted_at) == (UserStatus.DELETED, deleted.deleted_at)
    assert erased.erased_at == world.clock.now()
    assert world.audit_names(user.id)[-1] == "user.erased"
    with world.start_unit_of_work() as work:
        event = work.audit.list_about(user.id)[-1]
        assert (event.metadata, event.actor_user_id) == ({}, None)
        assert not work.login_attempts.knows_network(user.id, "203.0.113.7")
        assert work.api_keys.find_owners([key.id]) == {}
        assert (numbered.number_hash, work.accounts.get(numbered.id).number_hash) == (
            "what stands for a number",
            None,
        )
        assert [work.mail_tokens.find(user.id, each) for each in MailPurpose] == [None, None]
    assert world.ledger.verify() == []


def test_being_changed_meanwhile_does_not_put_it_off(world: ServiceWorld, admin: Actor) -> None:
    user, _ = world.user()
    world.users.delete(admin, user_id=user.id)
    world.clock.advance(timedelta(days=29))
    world.users.update(admin, user_id=user.id, changes=UserChanges(full_name="Another Name"))
    world.clock.advance(timedelta(days=1))

    look_after(world)

    assert stored(world, user).is_erased


def test_being_restored_and_deleted_again_begins_the_time_anew(world: ServiceWorld, admin: Actor) -> None:
    user, _ = world.user()
    world.users.delete(admin, user_id=user.id)
    world.clock.advance(timedelta(days=29))
    world.users.update(admin, user_id=user.id, changes=RESTORED)
    world.users.delete(admin, user_id=user.id)
    world.clock.advance(timedelta(days=29))

    look_after(world)

    assert not stored(world, user).is_erased


@pytest.mark.parametrize("status", [UserStatus.ACTIVE, UserStatus.SUSPENDED])
def test_whoever_is_not_deleted_is_never_erased(world: ServiceWorld, status: UserStatus) -> None:
    user, _ = world.user()
    world.set_user_status(user, status)
    world.clock.advance(timedelta(days=4000))
    before = stored(world, user)

    look_after(world)

    assert stored(world, user) == before


def test_nobody_is_erased_where_that_is_turned_off(world: ServiceWorld, admin: Actor) -> None:
    user, _ = world.user()
    world.users.delete(admin, user_id=user.id)
    world.clock.advance(timedelta(days=4000))

    look_after(world, timedelta(0))

    assert stored(world, user).full_name == user.full_name


def test_the_email_of_an_erased_user_is_free_for_somebody_new(world: ServiceWorld, admin: Actor) -> None:
    user, _ = world.user()
    world.users.delete(admin, user_id=user.id)
    again = NewUser(
        email=user.email, full_name="Somebody Else", password=PASSWORD, password_confirmation=PASSWORD
    )
    assert refused(lambda: world.services.registration.register(ANONYMOUS, again)) == "email_already_exists"
    world.clock.advance(THIRTY_DAYS)
    look_after(world)

    registered = world.services.registration.register(ANONYMOUS, again)

    assert registered.id != user.id
    assert world.auth.log_in(ANONYMOUS, email=user.email, password=PASSWORD)[1].id == registered.id


@pytest.mark.parametrize(
    "changes",
    [
        RESTORED,
        UserChanges(full_name="Alice"),
        UserChanges(email="a@example.com"),
        UserChanges(role=Role.ADMIN),
    ],
)
def test_an_erased_user_can_be_neither_restored_nor_named_again(
    world: ServiceWorld, admin: Actor, changes: UserChanges
) -> None:
    user, _ = world.user()
    world.users.delete(admin, user_id=user.id)
    world.clock.advance(THIRTY_DAYS)
    look_after(world)
    erased = stored(world, user)

    assert refused(lambda: world.users.update(admin, user_id=user.id, changes=changes)) == "already_processed"
    assert stored(world, user) == erased


def test_erasing_again_changes_nothing(world: ServiceWorld, admin: Actor) -> None:
    user, _ = world.user()
    world.users.delete(admin, user_id=user.id)
    world.clock.advance(THIRTY_DAYS)
    look_after(world)
    erased, events = stored(world, user), world.audit_names(user.id)

    world.clock.advance(timedelta(days=1))
    look_after(world)

    assert stored(world, user) == erased
    assert world.audit_names(user.id) == events


def test_many_are_erased_in_several_transactions_each_under_a_mark_of_their_own(
    world: ServiceWorld, given: EntityBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(user_erasure_service, "USERS_AT_ONCE", 3)
    users = [given.a_user(status=UserStatus.DELETED) for _ in range(8)]
    world.clock.advance(THIRTY_DAYS)

    look_after(world)

    erased = [stored(world, user) for user in users]
    assert all(user.is_erased for user in erased)
    assert len({user.email for user in erased}) == 8


def test_bank_logins_keep_neither_username_nor_identity_nor_tokens(
    world: ServiceWorld, given: EntityBuilder
) -> None:
    user = given.a_user(status=UserStatus.DELETED)
    branch = given.a_branch()
    logins = [
        given.a_login(
            user,
            branch,
            username=f"alice{number}",
            provider_user_id="user_0001",
            scope=("accounts",),
            tokens=SealedTokens(access=b"sealed"),
        )
        for number in (1, 2)
    ]
    other = given.a_login(given.a_user(), branch, username="alice1", provider_user_id="user_0002")
    world.clock.advance(THIRTY_DAYS)

    look_after(world)

    with world.start_unit_of_work() as work:
        found = work.bank_logins.find_many([login.id for login in logins])
        assert work.bank_logins.get(other.id) == other
    assert len({login.username for login in found.values()}) == 2
    for login in found.values():
        assert not login.username.startswith("alice")
        assert (login.provider_user_id, login.scope, login.tokens) == (None, (), None)


def test_mails_to_an_erased_user_go_with_their_jobs_and_those_to_others_stay(
    world: ServiceWorld, admin: Actor
) -> None:
    user, actor = world.user()
    _, bob = world.user("bob@example.com")
    for who in (actor, bob):
        world.services.passwords.change_password(
            who,
            current_password=PASSWORD,
            new_password="another staple of horses",
            password_confirmation="another staple of horses",
        )
    world.services.due_jobs.run_due_jobs()
    world.users.delete(admin, user_id=user.id)
    world.clock.advance(timedelta(days=1))

    look_after(world, timedelta(days=1))

    assert {entry.mail.to_address for entry in world.mailbox.list_newest(limit=10)} == {"bob@example.com"}
    with world.start_unit_of_work() as work:
        kept = work.jobs.list_page(JobFilter(), now=world.clock.now(), request=PageRequest()).items
    mailed = [job.args["user_id"] for job in kept if job.kind is JobKind.NOTIFICATION_SEND]
    assert mailed == [str(bob.user_id)]


def test_failed_logins_are_forgotten_with_the_email(world: ServiceWorld, admin: Actor) -> None:
    user, _ = world.user()
    for _ in range(4):
        refused(lambda: world.auth.log_in(Actor(origin=PHONE), email=user.email, password="wrong horse"))
    world.users.delete(admin, user_id=user.id)
    world.clock.advance(timedelta(days=1))
    subject = f"email_hash:{world.services.ports.pseudonymizer.pseudonym(user.email_identity)}"
    with world.start_unit_of_work() as work:
        assert work.login_attempts.find_for_update(subject) is not None

    look_after(world, timedelta(days=1))

    with world.start_unit_of_work() as work:
        assert work.login_attempts.find_for_update(subject) is None


def test_of_erasing_and_restoring_at_once_one_wins_whole(world: ServiceWorld, admin: Actor) -> None:
    for number in range(8):
        user, _ = world.user(f"user{number}@example.com")
        world.users.delete(admin, user_id=user.id)
        world.clock.advance(THIRTY_DAYS)
        restore = partial(world.users.update, admin, user_id=user.id, changes=RESTORED)

        outcomes = race_between(lambda: look_after(world), restore, lambda: look_after(world))

        after = stored(world, user)
        if after.is_erased:
            assert reasons(outcomes) == ["already_processed"]
            assert world.audit_names(user.id).count("user.erased") == 1
        else:
            assert reasons(outcomes) == []
            assert (after.status, after.email) == (UserStatus.ACTIVE, user.email)
            assert "user.erased" not in world.audit_names(user.id)


def test_whoever_was_restored_since_they_were_looked_for_keeps_everything(
    world: ServiceWorld, admin: Actor
) -> None:
    user, _ = world.user()
    world.users.delete(admin, user_id=user.id)
    world.clock.advance(THIRTY_DAYS)

    class RestoringMailbox(type(world.mailbox)):  # type: ignore[misc]
        """Is asked between the look and the erasure."""

        def forget(self, address: str) -> None:
            world.users.update(admin, user_id=user.id, changes=RESTORED)

    service = erasure(world)
    object.__setattr__(service, "mailer", RestoringMailbox(world.clock))
    service.erase_due(world.clock.now() + timedelta(minutes=1))

    assert (stored(world, user).email, stored(world, user).status) == (user.email, UserStatus.ACTIVE)


def test_an_embedder_says_how_long_after_deletion_users_are_erased(world: ServiceWorld, admin: Actor) -> None:
    user, _ = world.user()
    world.users.delete(admin, user_id=user.id)
    world.clock.advance(timedelta(days=2))
    services = compose_services(
        memory_ports(
            clock=world.clock,
            start_unit_of_work=world.start_unit_of_work,
            ids=world.ids,
            erasure_after=timedelta(days=2),
        )
    )

    services.due_jobs.run_due_jobs()

    assert stored(world, user).is_erased


def test_what_two_of_staff_agreed_on_about_somebody_goes_with_them_and_what_others_did_stays(
    world: ServiceWorld, admin: Actor, given: EntityBuilder
) -> None:
    user, other = world.user()[0], world.user("other@example.com")[0]
    asking = world.user("asking@example.com", role=Role.ADMIN)[0]
    about = given.an_approval(asking, user)
    theirs = given.an_approval(user, other)
    world.users.delete(admin, user_id=user.id)

    world.clock.advance(timedelta(days=1))
    look_after(world, timedelta(days=1))

    with world.start_unit_of_work() as work:
        assert work.approvals.find(about.id) is None
        assert work.approvals.find(theirs.id) == theirs
