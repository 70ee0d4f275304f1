"""What registration, administration and profiles promise, over every storage."""

from datetime import timedelta
from functools import partial

import pytest
from tests.support.races import race, race_between, reasons
from tests.support.refusals import refused
from tests.support.scenes.service_world import PASSWORD, ServiceWorld

from ledgerbank_domain.identity.actor import ANONYMOUS, NOWHERE, Actor, Role
from ledgerbank_domain.payments.payment import PaymentStatus
from ledgerbank_domain.services.users.registration_service import NewUser
from ledgerbank_domain.users.user import UserChanges, UserStatus


@pytest.fixture
def admin(world: ServiceWorld) -> Actor:
    return world.user("admin@example.com", role=Role.ADMIN)[1]


def registration(
    email: str = "alice@example.com", password: str = PASSWORD, role: Role = Role.USER
) -> NewUser:
    return NewUser(
        email=email, full_name="Alice", password=password, password_confirmation=password, role=role
    )


def test_registration_makes_an_ordinary_user_whatever_role_is_asked_for(world: ServiceWorld) -> None:
    user = world.services.registration.register(ANONYMOUS, registration(role=Role.ADMIN))
    assert (user.role, user.status) == (Role.USER, UserStatus.ACTIVE)
    assert PASSWORD not in user.password_hash
    assert world.audit_names(user.id) == ["user.registered"]


def test_of_simultaneous_registrations_of_one_email_exactly_one_succeeds(world: ServiceWorld) -> None:
    outcomes = race([lambda: world.services.registration.register(ANONYMOUS, registration())] * 8)
    assert reasons(outcomes) == ["email_already_exists"] * 7


def test_the_email_of_a_deleted_user_stays_taken(world: ServiceWorld, admin: Actor) -> None:
    user, _ = world.user()
    world.users.delete(admin, user_id=user.id)
    assert (
        refused(lambda: world.services.registration.register(ANONYMOUS, registration()))
        == "email_already_exists"
    )


def test_the_shortest_password_depends_on_the_role(world: ServiceWorld, admin: Actor) -> None:
    assert (
        refused(lambda: world.services.registration.register(ANONYMOUS, registration(password="1234567")))
        == "invalid_password_format"
    )
    world.services.registration.register(ANONYMOUS, registration(password="8 otters"))
    staff = registration("s@example.com", password="fourteen chars", role=Role.SUPPORT)
    assert (
        refused(lambda: world.services.registration.create_with_role(admin, staff))
        == "invalid_password_format"
    )


def test_only_admins_administer_users(world: ServiceWorld) -> None:
    user, actor = world.user()
    _, support = world.user("support@example.com", role=Role.SUPPORT)
    for nobody in (actor, support):
        assert refused(partial(world.users.get, nobody, user_id=user.id)) == "insufficient_permissions"
        assert refused(partial(world.users.stats, nobody)) == "insufficient_permissions"
        new = registration("x@example.com")
        assert (
            refused(partial(world.services.registration.create_with_role, nobody, new))
            == "insufficient_permissions"
        )


def test_a_profile_update_changes_only_what_is_given(world: ServiceWorld) -> None:
    user, actor = world.user()
    world.clock.advance(timedelta(seconds=1))
    changed = world.users.update_profile(actor, UserChanges(full_name="New Name"))
    assert (changed.full_name, changed.email, changed.role) == ("New Name", user.email, user.role)
    assert changed.updated_at == world.clock.now()
    assert refused(lambda: world.users.update_profile(actor, UserChanges())) == "missing_fields"


def test_nobody_takes_anothers_email(world: ServiceWorld) -> None:
    world.user("bob@example.com")
    _, actor = world.user()
    taken = UserChanges(email="bob@example.com")
    assert refused(lambda: world.users.update_profile(actor, taken)) == "email_already_exists"


@pytest.mark.parametrize("changes", [UserChanges(role=Role.ADMIN), UserChanges(status=UserStatus.SUSPENDED)])
def test_users_change_neither_their_role_nor_their_status(world: ServiceWorld, changes: UserChanges) -> None:
    _, actor = world.user()
    assert refused(lambda: world.users.update_profile(actor, changes)) == "insufficient_permissions"


def test_admins_change_their_own_role_but_never_delete_themselves(world: ServiceWorld, admin: Actor) -> None:
    assert (
        refused(lambda: world.users.delete(admin, user_id=admin.required_user_id()))
        == "insufficient_permissions"
    )
    gone = UserChanges(status=UserStatus.DELETED)
    assert refused(lambda: world.users.update_profile(admin, gone)) == "insufficient_permissions"
    world.user("second@example.com", role=Role.ADMIN)
    assert world.users.update_profile(admin, UserChanges(role=Role.SUPPORT)).role is Role.SUPPORT


def test_deleting_a_user_cancels_his_pending_payments_and_keeps_his_ledger(
    world: ServiceWorld, admin: Actor
) -> None:
    user, actor = world.user()
    account = world.account_of(user, "100")
    done, pending = (world.pending(actor, account) for _ in range(2))
    world.payment_processing.process(actor, payment_id=done.id)
    world.users.delete(admin, user_id=user.id)
    statuses = [world.payments.get(admin, payment_id=payment.id).status for payment in (done, pending)]
    assert statuses == [PaymentStatus.COMPLETED, PaymentStatus.CANCELLED]
    assert world.users.get(admin, user_id=user.id).status is UserStatus.DELETED
    assert world.balance(account) == 90
    assert refused(lambda: world.users.delete(admin, user_id=user.id)) == "user_not_found"
    assert world.ledger.verify() == []


def test_a_payment_drafted_while_its_payer_is_deleted_never_stays_pending(
    world: ServiceWorld, admin: Actor
) -> None:
    for n in range(5):
        user, actor = world.user(f"user{n}@example.com")
        account = world.account_of(user, "100")
        race_between(
            partial(world.pending, actor, account),
            partial(world.users.delete, admin, user_id=user.id),
            partial(world.pending, actor, account),
        )
        with world.start_unit_of_work() as work:
            assert work.payments.list_pending_of_user_for_update(user.id) == []


def test_a_deleted_user_can_be_restored(world: ServiceWorld, admin: Actor) -> None:
    user, _ = world.user()
    world.users.delete(admin, user_id=user.id)
    restored = world.users.update(admin, user_id=user.id, changes=UserChanges(status=UserStatus.ACTIVE))
    assert restored.is_active


def test_status_deleted_by_update_acts_as_a_deletion(world: ServiceWorld, admin: Actor) -> None:
    user, actor = world.user()
    payment = world.pending(actor, world.account_of(user))
    gone = UserChanges(status=UserStatus.DELETED)
    assert world.users.update(admin, user_id=user.id, changes=gone).is_deleted
    assert world.payments.get(admin, payment_id=payment.id).status is PaymentStatus.CANCELLED
    assert refused(lambda: world.users.update(admin, user_id=user.id, changes=gone)) == "user_not_found"


def test_a_new_password_ends_every_session_and_replaces_the_old_one(world: ServiceWorld) -> None:
    user, _ = world.user()
    pair, _ = world.auth.log_in(ANONYMOUS, email=user.email, password=PASSWORD)
    actor = world.auth.authenticate(pair.access_token, origin=NOWHERE).actor
    world.clock.advance(timedelta(seconds=1))
    world.services.passwords.change_password(
        actor, current_password=PASSWORD, new_password="another one", password_confirmation="another one"
    )
    assert refused(lambda: world.auth.authenticate(pair.access_token, origin=NOWHERE)) == "token_revoked"
    old = refused(lambda: world.auth.log_in(ANONYMOUS, email=user.email, password=PASSWORD))
    assert old == "invalid_credentials"
    world.auth.log_in(ANONYMOUS, email=user.email, password="another one")


@pytest.mark.parametrize(
    ("current", "new", "confirmation", "reason"),
    [
        (PASSWORD, "short", "short", "invalid_password_format"),
        (PASSWORD, "long enough", "different", "invalid_password_format"),
        (PASSWORD, PASSWORD, PASSWORD, "invalid_password_format"),
        ("wrong one", "long enough", "long enough", "invalid_credentials"),
    ],
)
def test_a_password_change_is_refused_for_the_first_thing_wrong(
    world: ServiceWorld, current: str, new: str, confirmation: str, reason: str
) -> None:
    _, actor = world.user()
    change = {"current_password": current, "new_password": new, "password_confirmation": confirmation}
    assert refused(lambda: world.services.passwords.change_password(actor, **change)) == reason


def test_of_two_simultaneous_password_changes_exactly_one_wins(world: ServiceWorld) -> None:
    _, actor = world.user()

    def change(new: str) -> None:
        world.services.passwords.change_password(
            actor, current_password=PASSWORD, new_password=new, password_confirmation=new
        )

    outcomes = race([partial(change, f"new password {n}") for n in range(2)])
    assert reasons(outcomes) == ["invalid_credentials"]


def test_a_user_who_was_suspended_meanwhile_changes_nothing_about_himself(world: ServiceWorld) -> None:
    user, actor = world.user()
    world.set_user_status(user, UserStatus.SUSPENDED)
    assert refused(lambda: world.users.update_profile(actor, UserChanges(full_name="New"))) == "token_revoked"
    change = {"new_password": "another one", "password_confirmation": "another one"}
    changing = refused(
        lambda: world.services.passwords.change_password(actor, current_password=PASSWORD, **change)
    )
    assert changing == "token_revoked"


def test_stats_count_heads_and_leave_deleted_users_out(world: ServiceWorld, admin: Actor) -> None:
    before = world.users.stats(admin)
    world.user("a@example.com")
    suspended, _ = world.user("b@example.com")
    deleted, _ = world.user("c@example.com", role=Role.ADMIN)
    world.set_user_status(suspended, UserStatus.SUSPENDED)
    world.set_user_status(deleted, UserStatus.DELETED)
    after = world.users.stats(admin)
    assert after.total_users - before.total_users == 2
    assert after.active_users - before.active_users == 1
    assert after.suspended_users - before.suspended_users == 1
    assert after.admin_users == before.admin_users
    assert after.active_users + after.suspended_users == after.total_users
