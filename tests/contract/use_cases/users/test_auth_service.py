"""What logging in, staying logged in and logging out promise, over every storage."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from tests.support.races import race, reasons, results
from tests.support.refusals import refused
from tests.support.scenes.service_world import PASSWORD, ServiceWorld

from ledgerbank_adapters.memory import MemoryPasswordHasher
from ledgerbank_domain.audit.audit_event import AuditEvent, AuditFilter, AuditName
from ledgerbank_domain.identity.actor import ANONYMOUS, NOWHERE, Actor, Origin, Role
from ledgerbank_domain.identity.page import KeysetRequest
from ledgerbank_domain.ports.audit_trail import LATEST_FIRST
from ledgerbank_domain.services.users.authentication import Authentication
from ledgerbank_domain.services.users.session_tokens import TokenPair
from ledgerbank_domain.users.user import UserChanges, UserStatus


def login(world: ServiceWorld, email: str = "alice@example.com") -> TokenPair:
    return world.auth.log_in(ANONYMOUS, email=email, password=PASSWORD)[0]


def whoami(world: ServiceWorld, pair: TokenPair) -> Authentication:
    return world.auth.authenticate(pair.access_token, origin=NOWHERE)


def arriving(world: ServiceWorld) -> Actor:
    """A caller whose request arrives now."""
    return Actor(origin=Origin(received_at=world.clock.now()))


def test_a_login_gives_an_access_token_that_names_the_user_and_his_role(world: ServiceWorld) -> None:
    user, _ = world.user()
    caller = whoami(world, login(world))
    assert caller.user == user
    assert (caller.actor.user_id, caller.actor.role) == (user.id, Role.USER)
    assert caller.expires_at == world.clock.now() + timedelta(seconds=900)


@pytest.mark.parametrize(
    ("email", "password"),
    [("alice@example.com", "wrong"), ("nobody@example.com", PASSWORD), ("alice@example.com", "")],
)
def test_a_wrong_password_and_an_unknown_email_are_refused_alike(
    world: ServiceWorld, email: str, password: str
) -> None:
    world.user()
    assert (
        refused(lambda: world.auth.log_in(ANONYMOUS, email=email, password=password)) == "invalid_credentials"
    )


def test_a_failed_login_is_audited_and_an_unknown_email_is_never_stored(world: ServiceWorld) -> None:
    user, _ = world.user()
    refused(lambda: world.auth.log_in(ANONYMOUS, email=user.email, password="wrong"))
    assert world.audit_names(user.id)[-1] == "auth.login_failed"


@pytest.mark.parametrize("status", [UserStatus.SUSPENDED, UserStatus.DELETED])
def test_the_right_password_of_a_user_who_is_not_active_says_so_and_a_wrong_one_does_not(
    world: ServiceWorld, status: UserStatus
) -> None:
    user, _ = world.user()
    world.set_user_status(user, status)
    assert refused(lambda: login(world)) == "account_inactive"
    wrong = refused(lambda: world.auth.log_in(ANONYMOUS, email=user.email, password="wrong"))
    assert wrong == "invalid_credentials"


def test_a_hash_with_outdated_parameters_is_renewed_at_login(world: ServiceWorld) -> None:
    user, _ = world.user()
    stronger = MemoryPasswordHasher(iterations=11)
    assert stronger.is_outdated(user.password_hash)
    auth = replace(world.auth, hasher=stronger)
    for _ in range(2):
        auth.log_in(ANONYMOUS, email=user.email, password=PASSWORD)
    with world.start_unit_of_work() as work:
        renewed = work.users.get(user.id).password_hash
    assert not stronger.is_outdated(renewed)


def test_a_login_is_the_same_work_for_nobody_and_for_hashes_of_before_and_of_now(
    world: ServiceWorld,
) -> None:
    world.user("before@example.com")
    user, _ = world.user("now@example.com")
    hasher = CountingHasher(iterations=11)
    auth = replace(world.auth, hasher=hasher)
    with world.start_unit_of_work() as work:
        now = work.users.get_for_update(user.id).with_password_hash(hasher.hash(PASSWORD), at=work.now())
        work.users.save(now)
        work.commit()
    for password in ("wrong", "wro\u00a0ng"):
        worked = []
        for email in ("nobody@example.com", "before@example.com", "now@example.com"):
            hasher.iterations_done.clear()
            refused(partial(auth.log_in, ANONYMOUS, email=email, password=password))
            worked.append(sorted(hasher.iterations_done))

        assert worked == [sorted([10, 11] * (1 if password.isascii() else 2))] * 3
    for email in ("now@example.com", "before@example.com"):
        hasher.iterations_done.clear()
        auth.log_in(ANONYMOUS, email=email, password=PASSWORD)

        assert sorted(hasher.iterations_done) == [10, 11]


class CountingHasher(MemoryPasswordHasher):
    """Remembers how many iterations it did each time."""

    def __init__(self, *, iterations: int) -> None:
        super().__init__(iterations=iterations)
        self.iterations_done: list[int] = []

    def hash(self, password: str) -> str:
        return self._counted(super().hash(password))

    def matches(self, password_hash: str, password: str) -> bool:
        self._counted(password_hash)
        return super().matches(password_hash, password)

    def _counted(self, password_hash: str) -> str:
        self.iterations_done.append(int(password_hash.split("$")[1]))
        return password_hash


def test_a_refresh_replaces_both_tokens_and_the_session_lives_on(world: ServiceWorld) -> None:
    world.user()
    first = login(world)
    world.clock.advance(timedelta(minutes=10))
    second = world.auth.refresh(arriving(world), refresh_token=first.refresh_token)
    assert second.refresh_token != first.refresh_token
    assert whoami(world, second).actor.session_id == whoami(world, first).actor.session_id


def test_a_used_refresh_token_presented_again_ends_the_whole_session(world: ServiceWorld) -> None:
    user, _ = world.user()
    stolen = login(world)
    world.clock.advance(timedelta(seconds=1))
    owner = world.auth.refresh(arriving(world), refresh_token=stolen.refresh_token)
    world.clock.advance(timedelta(seconds=1))
    assert (
        refused(lambda: world.auth.refresh(arriving(world), refresh_token=stolen.refresh_token))
        == "token_revoked"
    )
    assert (
        refused(lambda: world.auth.refresh(arriving(world), refresh_token=owner.refresh_token))
        == "token_revoked"
    )
    assert refused(lambda: whoami(world, owner)) == "token_revoked"
    assert "auth.refresh_reused" in world.audit_names(user.id)


def test_reuse_of_one_session_leaves_the_users_other_sessions_alone(world: ServiceWorld) -> None:
    world.user()
    stolen, other = login(world), login(world)
    world.auth.refresh(arriving(world), refresh_token=stolen.refresh_token)
    world.clock.advance(timedelta(seconds=1))
    refused(lambda: world.auth.refresh(arriving(world), refresh_token=stolen.refresh_token))
    whoami(world, other)


def test_a_request_that_arrived_before_the_rotation_and_lost_the_race_does_not_end_the_session(
    world: ServiceWorld,
) -> None:
    world.user()
    pair = login(world)
    early = arriving(world)
    world.clock.advance(timedelta(milliseconds=1))
    winner = world.auth.refresh(arriving(world), refresh_token=pair.refresh_token)
    assert refused(lambda: world.auth.refresh(early, refresh_token=pair.refresh_token)) == "token_revoked"
    whoami(world, winner)


def test_of_20_simultaneous_refreshes_with_one_token_exactly_one_wins_and_the_session_survives(
    world: ServiceWorld,
) -> None:
    world.user()
    pair = login(world)
    together = arriving(world)
    world.clock.advance(timedelta(milliseconds=1))
    outcomes = race([lambda: world.auth.refresh(together, refresh_token=pair.refresh_token)] * 20)
    assert reasons(outcomes) == ["token_revoked"] * 19
    (winner,) = results(outcomes)
    whoami(world, winner)


def test_an_expired_refresh_token_is_refused(world: ServiceWorld) -> None:
    world.user()
    pair = login(world)
    world.clock.advance(timedelta(days=7, seconds=1))
    assert (
        refused(lambda: world.auth.refresh(arriving(world), refresh_token=pair.refresh_token))
        == "token_expired"
    )


def test_tokens_are_not_exchangeable(world: ServiceWorld) -> None:
    world.user()
    pair = login(world)
    assert (
        refused(lambda: world.auth.refresh(ANONYMOUS, refresh_token=pair.access_token))
        == "invalid_token_type"
    )
    assert (
        refused(lambda: world.auth.authenticate(pair.refresh_token, origin=NOWHERE)) == "invalid_token_type"
    )


def test_logout_ends_the_session_at_once_and_only_once(world: ServiceWorld) -> None:
    world.user()
    pair, other = login(world), login(world)
    world.auth.log_out(ANONYMOUS, refresh_token=pair.refresh_token)
    assert refused(lambda: whoami(world, pair)) == "token_revoked"
    assert refused(lambda: world.auth.log_out(ANONYMOUS, refresh_token=pair.refresh_token)) == "token_revoked"
    whoami(world, other)


def test_logout_everywhere_ends_every_session_of_that_user_only(world: ServiceWorld) -> None:
    world.user()
    world.user("bob@example.com")
    pairs, bobs = [login(world) for _ in range(3)], login(world, "bob@example.com")
    world.sessions.log_out_everywhere(whoami(world, pairs[0]).actor)
    assert [refused(partial(whoami, world, pair)) for pair in pairs] == ["token_revoked"] * 3
    whoami(world, bobs)


def test_sessions_are_listed_newest_first_and_can_be_revoked_one_by_one(world: ServiceWorld) -> None:
    world.user()
    world.user("bob@example.com")
    first = login(world)
    world.clock.advance(timedelta(minutes=1))
    second = login(world)
    actor = whoami(world, second).actor
    sessions = world.sessions.list_own(actor)
    assert [session.id for session in sessions] == [actor.session_id, whoami(world, first).actor.session_id]
    world.sessions.revoke_own(actor, session_id=sessions[1].id)
    assert refused(lambda: whoami(world, first)) == "token_revoked"
    assert refused(lambda: world.sessions.revoke_own(actor, session_id=sessions[1].id)) == "token_not_found"
    foreign = whoami(world, login(world, "bob@example.com")).actor.session_id
    assert foreign is not None
    assert refused(lambda: world.sessions.revoke_own(actor, session_id=foreign)) == "token_not_found"


def test_a_session_remembers_when_it_began_and_when_it_was_last_used(world: ServiceWorld) -> None:
    world.user()
    began = world.clock.now()
    pair = login(world)
    used = world.clock.advance(timedelta(minutes=3))
    pair = world.auth.refresh(arriving(world), refresh_token=pair.refresh_token)
    (session,) = world.sessions.list_own(whoami(world, pair).actor)
    assert (session.created_at, session.last_used_at) == (began, used)


def test_a_role_change_applies_at_once_and_keeps_sessions(world: ServiceWorld) -> None:
    user, _ = world.user()
    pair = login(world)
    _, admin = world.user("admin@example.com", role=Role.ADMIN)
    world.users.update(admin, user_id=user.id, changes=UserChanges(role=Role.SUPPORT))
    assert whoami(world, pair).actor.role is Role.SUPPORT


@pytest.mark.parametrize("status", [UserStatus.SUSPENDED, UserStatus.DELETED])
def test_losing_active_ends_every_session_for_good(world: ServiceWorld, status: UserStatus) -> None:
    user, _ = world.user()
    pair = login(world)
    _, admin = world.user("admin@example.com", role=Role.ADMIN)
    world.clock.advance(timedelta(seconds=1))
    world.users.update(admin, user_id=user.id, changes=UserChanges(status=status))
    world.users.update(admin, user_id=user.id, changes=UserChanges(status=UserStatus.ACTIVE))
    assert refused(lambda: whoami(world, pair)) == "token_revoked"
    assert (
        refused(lambda: world.auth.refresh(arriving(world), refresh_token=pair.refresh_token))
        == "token_revoked"
    )
    whoami(world, login(world))


def suspicions(world: ServiceWorld) -> tuple[AuditEvent, ...]:
    with world.start_unit_of_work() as work:
        wanted = AuditFilter(name=AuditName.SUSPICIOUS)
        return work.audit.list_keyset(wanted, request=KeysetRequest(sort=LATEST_FIRST)).items


def test_five_failed_logins_raise_a_suspicion_also_when_all_fail_at_once(world: ServiceWorld) -> None:
    world.user()
    guest = Actor(origin=Origin(ip="192.0.2.1"))

    def guess() -> None:
        world.auth.log_in(guest, email="alice@example.com", password="wrong")

    for _ in range(4):
        assert refused(guess) == "invalid_credentials"
    assert suspicions(world) == ()
    assert sorted(reasons(race([guess] * 5))) == ["invalid_credentials"] + ["rate_limit_exceeded"] * 4
    assert len(suspicions(world)) == 1
    # It stays at that for as long as those five minutes last.
    world.clock.advance(timedelta(seconds=1))
    assert refused(guess) == "invalid_credentials"
    assert len(suspicions(world)) == 1


def test_a_login_refused_for_the_status_is_recorded_as_failed(world: ServiceWorld) -> None:
    user, _ = world.user()
    world.set_user_status(user, UserStatus.SUSPENDED)

    assert refused(lambda: login(world)) == "account_inactive"

    assert world.audit_names(user.id)[-1] == "auth.login_failed"
