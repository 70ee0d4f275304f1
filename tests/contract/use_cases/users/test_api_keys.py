"""API keys over every storage: made once, used within their bounds, ended at once."""

from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from tests.support.races import race, race_between, reasons, results
from tests.support.refusals import refused
from tests.support.scenes.entity_builder import KEY_SECRET, EntityBuilder
from tests.support.scenes.service_world import PASSWORD, Customer, ServiceWorld

from ledgerbank_domain.audit.audit_event import AuditEvent, AuditFilter, AuditName
from ledgerbank_domain.identity.actor import ANONYMOUS, NOWHERE, Actor, Origin, Role
from ledgerbank_domain.identity.page import KeysetRequest, PageRequest
from ledgerbank_domain.identity.scope import Scope
from ledgerbank_domain.jobs.job import Job, JobFilter
from ledgerbank_domain.ports.audit_trail import LATEST_FIRST
from ledgerbank_domain.services.users.api_key_service import CreatedApiKey
from ledgerbank_domain.services.users.authentication import Authentication
from ledgerbank_domain.users.api_key import MAX_KEYS, ApiKey, NewApiKey, api_key_text, read_api_key
from ledgerbank_domain.users.user import UserChanges, UserStatus

OFFICE = Origin(ip="203.0.113.7")
ELSEWHERE = Origin(ip="198.51.100.1")
A_DAY = timedelta(days=1)


@pytest.fixture
def alice(world: ServiceWorld) -> Customer:
    return world.user()


def made(world: ServiceWorld, who: Actor, **fields: Any) -> CreatedApiKey:
    defaults = {"name": "Bookkeeping", "scopes": [Scope.ACCOUNTS_READ]}
    return world.services.api_keys.create(who, NewApiKey(**{**defaults, **fields}))


def let_in(world: ServiceWorld, text: str, origin: Origin = OFFICE) -> Authentication:
    return world.auth.authenticate(text, origin=origin)


def turned_away(world: ServiceWorld, text: str, origin: Origin = OFFICE) -> str:
    return refused(lambda: let_in(world, text, origin))


def revoked(world: ServiceWorld, owner: Customer, key_id: UUID) -> None:
    world.services.api_keys.revoke_own(owner.actor, key_id=key_id)


def queued(world: ServiceWorld) -> list[Job]:
    with world.start_unit_of_work() as work:
        return list(work.jobs.list_page(JobFilter(), request=PageRequest(), now=world.clock.now()).items)


def kept(world: ServiceWorld, key_id: UUID) -> ApiKey:
    with world.start_unit_of_work() as work:
        return work.api_keys.find_owners([key_id])[key_id].key


def events(world: ServiceWorld, name: AuditName) -> list[AuditEvent]:
    with world.start_unit_of_work() as work:
        wanted, request = AuditFilter(name=name), KeysetRequest(sort=LATEST_FIRST)
        return list(work.audit.list_keyset(wanted, request=request).items)


def test_a_key_lets_its_program_in_as_its_owner_within_its_scopes(
    world: ServiceWorld, alice: Customer
) -> None:
    created = made(world, alice.actor, scopes=[Scope.ACCOUNTS_READ, Scope.PAYMENTS_READ])

    caller = let_in(world, created.text)

    assert caller.user == alice.user
    assert caller.expires_at == created.key.expires_at
    assert caller.actor == Actor(
        user_id=alice.user.id,
        role=Role.USER,
        api_key_id=created.key.id,
        scopes=frozenset({Scope.ACCOUNTS_READ, Scope.PAYMENTS_READ}),
        shown_from=created.key.inserted_at,
        origin=OFFICE,
    )


def test_a_session_that_has_ended_since_makes_no_key(world: ServiceWorld, alice: Customer) -> None:
    pair, _ = world.auth.log_in(ANONYMOUS, email=alice.user.email, password=PASSWORD)
    in_session = let_in(world, pair.access_token).actor
    kept = made(world, in_session)
    world.sessions.log_out_everywhere(alice.actor)

    assert refused(lambda: made(world, in_session)) == "token_revoked"
    assert [key.id for key in world.services.api_keys.list_own(alice.actor)] == [kept.key.id]


def test_only_a_hash_of_the_secret_is_kept_and_the_text_is_shown_once(
    world: ServiceWorld, alice: Customer
) -> None:
    created = made(world, alice.actor)
    secret = created.text.rpartition(created.key.id.hex + "_")[2]

    told = repr([kept(world, created.key.id), created, events(world, AuditName.API_KEY_CREATED)])
    told += repr(queued(world))

    assert len(secret) == 43
    assert secret not in told
    assert kept(world, created.key.id).secret_hash == read_api_key(created.text).secret_hash
    assert world.services.api_keys.list_own(alice.actor) == [created.key]


def test_a_user_sees_their_own_keys_alone_and_nobody_ends_anothers(
    world: ServiceWorld, alice: Customer
) -> None:
    bob, admin = world.user("bob@example.com"), world.user("admin@example.com", role=Role.ADMIN)
    keys = world.services.api_keys
    key = made(world, alice.actor).key

    for other in (bob, admin):
        assert keys.list_own(other.actor) == []
        assert refused(partial(keys.get_own, other.actor, key_id=key.id)) == "resource_not_found"
        assert refused(partial(keys.revoke_own, other.actor, key_id=key.id)) == "resource_not_found"
    assert keys.get_own(alice.actor, key_id=key.id) == key


def test_the_newest_key_comes_first(world: ServiceWorld, alice: Customer) -> None:
    first = made(world, alice.actor, name="First").key
    world.clock.advance(timedelta(seconds=1))
    second = made(world, alice.actor, name="Second").key

    assert world.services.api_keys.list_own(alice.actor) == [second, first]


def test_a_revoked_key_is_refused_at_once_and_listed_no_more(world: ServiceWorld, alice: Customer) -> None:
    created = made(world, alice.actor)
    world.services.api_keys.revoke_own(alice.actor, key_id=created.key.id)

    assert turned_away(world, created.text) == "token_revoked"
    assert world.services.api_keys.list_own(alice.actor) == []
    again = refused(lambda: world.services.api_keys.revoke_own(alice.actor, key_id=created.key.id))
    assert again == "resource_not_found"


def test_a_key_expires(world: ServiceWorld, alice: Customer) -> None:
    created = made(world, alice.actor, expires_at=world.clock.now() + timedelta(hours=1))
    world.clock.advance(timedelta(hours=1) - timedelta(microseconds=1))
    let_in(world, created.text)
    world.clock.advance(timedelta(microseconds=1))

    assert turned_away(world, created.text) == "token_expired"
    assert world.services.api_keys.list_own(alice.actor) != []


def test_a_key_is_no_key_from_a_foreign_network(world: ServiceWorld, alice: Customer) -> None:
    created = made(world, alice.actor, allowed_networks=["203.0.113.0/24"])

    assert let_in(world, created.text).actor.api_key_id == created.key.id
    assert turned_away(world, created.text, ELSEWHERE) == "invalid_token"
    assert turned_away(world, created.text, NOWHERE) == "invalid_token"
    # Nothing else is told there, whatever became of it.
    world.services.api_keys.revoke_own(alice.actor, key_id=created.key.id)
    assert turned_away(world, created.text, ELSEWHERE) == "invalid_token"


def test_a_wrong_secret_is_told_the_same_whatever_the_key_is(
    world: ServiceWorld, alice: Customer, given: EntityBuilder
) -> None:
    revoked = given.a_key(alice.user, revoked_at=world.clock.now())
    expired = given.a_key(alice.user, expires_at=world.clock.now(), inserted_at=world.clock.now() - A_DAY)
    live = given.a_key(alice.user)

    for key_id in (revoked.id, expired.id, live.id, given.ids.new_id()):
        wrong = api_key_text(key_id, KEY_SECRET[:-1] + "x")
        assert turned_away(world, wrong) == "invalid_token"


@pytest.mark.parametrize("status", [UserStatus.SUSPENDED, UserStatus.DELETED])
def test_a_key_of_a_user_who_is_not_active_is_dead(
    world: ServiceWorld, alice: Customer, status: UserStatus
) -> None:
    admin = world.user("admin@example.com", role=Role.ADMIN)
    created = made(world, alice.actor)

    world.users.update(admin.actor, user_id=alice.user.id, changes=UserChanges(status=status))
    assert turned_away(world, created.text) == "token_revoked"

    # Who comes back begins anew: nobody knows what became of the key meanwhile.
    back = UserChanges(status=UserStatus.ACTIVE)
    world.users.update(admin.actor, user_id=alice.user.id, changes=back)
    assert turned_away(world, created.text) == "token_revoked"


def test_a_key_is_dead_with_its_owner_however_they_became_inactive(
    world: ServiceWorld, alice: Customer
) -> None:
    created = made(world, alice.actor)
    world.set_user_status(alice.user, UserStatus.SUSPENDED)

    assert turned_away(world, created.text) == "token_revoked"


@pytest.mark.parametrize("role", [Role.ADMIN, Role.SUPPORT])
def test_a_key_does_not_outlive_the_role_it_was_made_in(
    world: ServiceWorld, alice: Customer, role: Role
) -> None:
    admin = world.user("admin@example.com", role=Role.ADMIN)
    created = made(world, alice.actor)

    world.users.update(admin.actor, user_id=alice.user.id, changes=UserChanges(role=role))

    assert turned_away(world, created.text) == "token_revoked"


def test_another_password_ends_every_key_and_says_so(world: ServiceWorld, alice: Customer) -> None:
    keys = [made(world, alice.actor) for _ in range(2)]

    world.services.passwords.change_password(
        alice.actor,
        current_password=PASSWORD,
        new_password="another good password",
        password_confirmation="another good password",
    )

    for created in keys:
        assert turned_away(world, created.text) == "token_revoked"
        assert world.audit_names(created.key.id) == ["api_key.created", "api_key.revoked"]


def test_logging_out_everywhere_leaves_programs_be(world: ServiceWorld, alice: Customer) -> None:
    created = made(world, alice.actor)

    world.sessions.log_out_everywhere(alice.actor)

    assert let_in(world, created.text).user == alice.user


def test_other_changes_of_a_user_leave_their_keys_be(world: ServiceWorld, alice: Customer) -> None:
    admin = world.user("admin@example.com", role=Role.ADMIN)
    created = made(world, alice.actor)

    changes = UserChanges(full_name="Alice Else", role=Role.USER, status=UserStatus.ACTIVE)
    world.users.update(admin.actor, user_id=alice.user.id, changes=changes)

    assert let_in(world, created.text).user.full_name == "Alice Else"


def test_the_last_use_is_noted_at_most_once_a_minute(world: ServiceWorld, alice: Customer) -> None:
    created = made(world, alice.actor)
    first = world.clock.now()
    let_in(world, created.text)
    world.clock.advance(timedelta(seconds=59))
    let_in(world, created.text, ELSEWHERE)
    used = kept(world, created.key.id)
    assert (used.last_used_at, used.last_used_ip) == (first, "203.0.113.7")

    world.clock.advance(timedelta(seconds=1))
    let_in(world, created.text, ELSEWHERE)
    used = kept(world, created.key.id)
    assert (used.last_used_at, used.last_used_ip) == (world.clock.now(), "198.51.100.1")
    assert used.updated_at == created.key.updated_at


def test_what_is_refused_is_no_use(world: ServiceWorld, alice: Customer) -> None:
    created = made(world, alice.actor, allowed_networks=["203.0.113.0/24"])

    turned_away(world, created.text, ELSEWHERE)
    turned_away(world, api_key_text(created.key.id, KEY_SECRET))

    assert kept(world, created.key.id).last_used_at is None


def test_many_callers_are_told_apart_each_by_themselves(world: ServiceWorld, alice: Customer) -> None:
    session, _ = world.auth.log_in(ANONYMOUS, email=alice.user.email, password=PASSWORD)
    live, revoked = made(world, alice.actor), made(world, alice.actor)
    world.services.api_keys.revoke_own(alice.actor, key_id=revoked.key.id)
    shown = [live.text, session.access_token, revoked.text, live.text]

    callers = [(world.auth.claims_of(text), OFFICE) for text in shown]
    outcomes = world.auth.authenticate_many(callers)

    told = [each.actor.api_key_id if isinstance(each, Authentication) else str(each) for each in outcomes]
    assert told == [live.key.id, None, "token_revoked", live.key.id]


def test_making_and_revoking_a_key_is_on_record_and_its_owner_gets_a_mail(
    world: ServiceWorld, alice: Customer
) -> None:
    end = world.clock.now() + timedelta(days=3)
    key = made(world, alice.actor, allowed_networks=["203.0.113.0/24"], expires_at=end).key
    world.services.api_keys.revoke_own(alice.actor, key_id=key.id)

    creation = events(world, AuditName.API_KEY_CREATED)[0]
    assert (creation.actor_user_id, creation.target_type, creation.target_id) == (
        alice.user.id,
        "api_key",
        key.id,
    )
    assert creation.metadata == {
        "scopes": ["accounts:read"],
        "allowed_networks": ["203.0.113.0/24"],
        "expires_at": end.isoformat(),
    }
    assert world.audit_names(key.id) == ["api_key.created", "api_key.revoked"]
    mails = [job.args for job in queued(world)]
    assert [mail["template"] for mail in mails] == ["api_key_created"]
    assert mails[0]["user_id"] == str(alice.user.id)


def test_what_a_program_does_is_on_record_as_its_keys(world: ServiceWorld, alice: Customer) -> None:
    account = world.account_of(alice.user, "100")
    created = made(world, alice.actor, scopes=[Scope.PAYMENTS_WRITE])
    program = let_in(world, created.text).actor

    payment = world.payments.create(program, world.draft(account))

    with world.start_unit_of_work() as work:
        event = work.audit.list_about(payment.id)[0]
    assert (event.actor_user_id, event.actor_role) == (alice.user.id, Role.USER)
    assert event.metadata["api_key_id"] == str(created.key.id)


def test_a_user_has_twenty_keys_at_most(world: ServiceWorld, alice: Customer) -> None:
    keys = [made(world, alice.actor).key for _ in range(MAX_KEYS)]
    assert refused(lambda: made(world, alice.actor)) == "resource_already_exists"

    world.services.api_keys.revoke_own(alice.actor, key_id=keys[0].id)
    made(world, alice.actor)


def test_the_limit_holds_when_many_are_made_at_once(world: ServiceWorld, alice: Customer) -> None:
    for _ in range(MAX_KEYS - 1):
        made(world, alice.actor)

    outcomes = race([lambda: made(world, alice.actor)] * 6)

    assert len(results(outcomes)) == 1
    assert reasons(outcomes) == ["resource_already_exists"] * 5
    assert len(world.services.api_keys.list_own(alice.actor)) == MAX_KEYS


def test_of_many_revocations_at_once_one_ends_the_key(world: ServiceWorld, alice: Customer) -> None:
    key = made(world, alice.actor).key

    outcomes = race([lambda: world.services.api_keys.revoke_own(alice.actor, key_id=key.id)] * 6)

    assert reasons(outcomes) == ["resource_not_found"] * 5
    assert world.audit_names(key.id) == ["api_key.created", "api_key.revoked"]


def test_a_use_that_races_a_revocation_never_undoes_it(world: ServiceWorld, alice: Customer) -> None:
    for _ in range(5):
        created = made(world, alice.actor)

        race_between(
            partial(let_in, world, created.text),
            partial(revoked, world, alice, created.key.id),
            partial(let_in, world, created.text),
        )

        assert turned_away(world, created.text) == "token_revoked"
        assert kept(world, created.key.id).revoked_at == world.clock.now()


def test_a_key_that_is_made_while_its_owner_is_suspended_never_works(
    world: ServiceWorld, alice: Customer
) -> None:
    admin = world.user("admin@example.com", role=Role.ADMIN)
    suspension = UserChanges(status=UserStatus.SUSPENDED)

    outcomes = race_between(
        lambda: made(world, alice.actor),
        lambda: world.users.update(admin.actor, user_id=alice.user.id, changes=suspension),
    )

    for created in outcomes:
        if isinstance(created, CreatedApiKey):
            assert turned_away(world, created.text) == "token_revoked"
    assert world.services.api_keys.list_own(alice.actor) == []


def test_keys_that_expired_long_ago_are_cleared_away(
    world: ServiceWorld, alice: Customer, given: EntityBuilder
) -> None:
    long_ago = world.clock.now() - timedelta(days=90, microseconds=1)
    gone = given.a_key(alice.user, inserted_at=long_ago - A_DAY, expires_at=long_ago)
    there = given.a_key(
        alice.user, inserted_at=long_ago - A_DAY, expires_at=long_ago + timedelta(microseconds=1)
    )

    with world.start_unit_of_work() as work:
        removed = work.api_keys.delete_expired(world.clock.now() - timedelta(days=90), limit=10)
        work.commit()

    assert removed == 1
    assert [key.id for key in world.services.api_keys.list_own(alice.actor)] == [there.id]
    assert turned_away(world, api_key_text(gone.id, KEY_SECRET)) == "invalid_token"
    assert turned_away(world, api_key_text(there.id, KEY_SECRET)) == "token_expired"
