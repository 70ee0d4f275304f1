"""Administrators see and end other people's sessions, over every storage."""

from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from tests.support.races import race, reasons, results
from tests.support.refusals import refused
from tests.support.scenes.service_world import PASSWORD, ServiceWorld

from ledgerbank_domain.audit.audit_event import AuditEvent
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.identity.actor import NOWHERE, Actor, Origin, Role
from ledgerbank_domain.services.users.session_tokens import TokenPair
from ledgerbank_domain.users.device import Device
from ledgerbank_domain.users.user import UserStatus

PHONE = Origin(ip="203.0.113.7", user_agent="App/1.0 (Android)")


@pytest.fixture
def admin(world: ServiceWorld) -> Actor:
    return world.user("admin@example.com", role=Role.ADMIN).actor


@pytest.fixture
def alice(world: ServiceWorld) -> UUID:
    return world.user().user.id


def login(world: ServiceWorld, email: str = "alice@example.com") -> TokenPair:
    return world.auth.log_in(Actor(origin=PHONE), email=email, password=PASSWORD)[0]


def session_of(world: ServiceWorld, pair: TokenPair) -> UUID:
    session_id = world.auth.authenticate(pair.access_token, origin=NOWHERE).actor.session_id
    assert session_id is not None
    return session_id


def is_alive(world: ServiceWorld, pair: TokenPair) -> bool:
    try:
        session_of(world, pair)
    except DomainError:
        return False
    return True


def events(world: ServiceWorld, user_id: UUID, name: str) -> list[AuditEvent]:
    with world.start_unit_of_work() as work:
        return [event for event in work.audit.list_about(user_id) if event.name.value == name]


def subjects(world: ServiceWorld) -> list[str]:
    world.services.due_jobs.run_due_jobs()
    return [entry.mail.subject for entry in world.mailbox.list_newest(limit=10)]


def test_an_administrator_sees_where_somebody_is_logged_in_and_that_is_on_record(
    world: ServiceWorld, admin: Actor, alice: UUID
) -> None:
    first = login(world)
    world.clock.advance(timedelta(minutes=2))
    second = login(world)
    login(world, "admin@example.com")

    shown = world.session_administration.list_of_user(admin, user_id=alice)

    assert [session.id for session in shown] == [session_of(world, second), session_of(world, first)]
    assert {(session.ip, session.device) for session in shown} == {
        ("203.0.113.7", Device(program="App", system="Android"))
    }
    (event,) = events(world, alice, "staff.read")
    assert (event.actor_user_id, event.metadata) == (admin.user_id, {"what": "sessions"})


def test_all_sessions_end_at_once_and_the_user_may_log_in_again(
    world: ServiceWorld, admin: Actor, alice: UUID
) -> None:
    pairs, admins = [login(world) for _ in range(3)], login(world, "admin@example.com")

    world.session_administration.revoke_all_of_user(admin, user_id=alice, reason="  A stolen phone ")

    assert [is_alive(world, pair) for pair in pairs] == [False] * 3
    arriving = Actor(origin=PHONE)
    for pair in pairs:
        refresh = partial(world.auth.refresh, arriving, refresh_token=pair.refresh_token)
        assert refused(refresh) == "token_revoked"
    assert is_alive(world, admins)
    assert is_alive(world, login(world))
    assert world.users.get(admin, user_id=alice).status is UserStatus.ACTIVE
    (event,) = events(world, alice, "admin.sessions_revoked")
    assert event.actor_user_id == admin.user_id
    assert event.metadata == {"sessions": 3, "reason": "A stolen phone"}
    assert subjects(world) == ["You were logged out"]


def test_one_session_ends_and_the_others_go_on(world: ServiceWorld, admin: Actor, alice: UUID) -> None:
    stolen, other = login(world), login(world)
    session_id = session_of(world, stolen)

    world.session_administration.revoke_of_user(admin, user_id=alice, session_id=session_id)

    assert (is_alive(world, stolen), is_alive(world, other)) == (False, True)
    (event,) = events(world, alice, "admin.sessions_revoked")
    assert event.metadata == {"session_id": str(session_id)}
    assert subjects(world) == ["You were logged out"]
    again = partial(world.session_administration.revoke_of_user, admin, user_id=alice, session_id=session_id)
    assert refused(again) == "token_not_found"


def test_a_session_of_somebody_else_is_not_theirs(world: ServiceWorld, admin: Actor, alice: UUID) -> None:
    login(world)
    admins = login(world, "admin@example.com")
    session_id = session_of(world, admins)

    end = partial(world.session_administration.revoke_of_user, admin, user_id=alice, session_id=session_id)

    assert refused(end) == "token_not_found"
    assert is_alive(world, admins)


def test_who_has_no_session_gets_no_mail(world: ServiceWorld, admin: Actor, alice: UUID) -> None:
    world.session_administration.revoke_all_of_user(admin, user_id=alice)

    (event,) = events(world, alice, "admin.sessions_revoked")
    assert event.metadata == {"sessions": 0}
    assert subjects(world) == []


@pytest.mark.parametrize("role", [Role.USER, Role.SUPPORT])
def test_nobody_else_sees_or_ends_sessions_that_are_not_their_own(
    world: ServiceWorld, alice: UUID, role: Role
) -> None:
    pair = login(world)
    session_id = session_of(world, pair)
    somebody = world.user("bob@example.com", role=role).actor
    administration = world.session_administration
    acts: list[Any] = [
        partial(administration.list_of_user, somebody, user_id=alice),
        partial(administration.revoke_all_of_user, somebody, user_id=alice),
        partial(administration.revoke_of_user, somebody, user_id=alice, session_id=session_id),
        # Nor do they learn who there is.
        partial(administration.revoke_all_of_user, somebody, user_id=UUID(int=7)),
    ]

    assert [refused(act) for act in acts] == ["insufficient_permissions"] * 4
    assert is_alive(world, pair)


def test_what_is_asked_wrongly_ends_nothing(world: ServiceWorld, admin: Actor, alice: UUID) -> None:
    pair = login(world)
    administration = world.session_administration
    unknown = UUID(int=7)

    for reason in ("", "  ", "x" * 256, "\x00"):
        end = partial(administration.revoke_all_of_user, admin, user_id=alice, reason=reason)
        assert refused(end) == "invalid_field_format"
    assert refused(partial(administration.revoke_all_of_user, admin, user_id=unknown)) == "user_not_found"
    assert refused(partial(administration.list_of_user, admin, user_id=unknown)) == "user_not_found"
    one = partial(administration.revoke_of_user, admin, user_id=unknown, session_id=unknown)
    assert refused(one) == "user_not_found"
    assert is_alive(world, pair)


def test_of_two_administrators_who_end_one_session_at_once_one_does(
    world: ServiceWorld, admin: Actor, alice: UUID
) -> None:
    other = world.user("root@example.com", role=Role.ADMIN).actor
    session_id = session_of(world, login(world))

    outcomes = race(
        [
            partial(world.session_administration.revoke_of_user, who, user_id=alice, session_id=session_id)
            for who in (admin, other) * 4
        ]
    )

    assert reasons(outcomes) == ["token_not_found"] * 7
    assert len(events(world, alice, "admin.sessions_revoked")) == 1
    assert subjects(world) == ["You were logged out"]


def test_a_refresh_that_races_the_end_of_all_sessions_saves_none(
    world: ServiceWorld, admin: Actor, alice: UUID
) -> None:
    pair = login(world)
    arriving = Actor(origin=Origin(ip=PHONE.ip, user_agent=PHONE.user_agent, received_at=world.clock.now()))

    outcomes = race(
        [
            lambda: world.auth.refresh(arriving, refresh_token=pair.refresh_token),
            lambda: world.session_administration.revoke_all_of_user(admin, user_id=alice),
        ]
    )

    given = [outcome for outcome in results(outcomes) if outcome is not None]
    assert [is_alive(world, each) for each in (pair, *given)] == [False] * (1 + len(given))
    assert world.session_administration.list_of_user(admin, user_id=alice) == []


def test_two_administrators_who_log_each_other_out_at_once_both_do(world: ServiceWorld, admin: Actor) -> None:
    other = world.user("root@example.com", role=Role.ADMIN).actor
    login(world, "admin@example.com")
    login(world, "root@example.com")

    outcomes = race(
        [
            partial(world.session_administration.revoke_all_of_user, who, user_id=whom.required_user_id())
            for who, whom in ((admin, other), (other, admin))
        ]
    )

    assert reasons(outcomes) == []
