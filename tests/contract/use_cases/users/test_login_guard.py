"""What guessing passwords comes to, over every storage."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import NoReturn

import pytest
from tests.support.races import race, results
from tests.support.scenes.password_guesses import (
    ALICE,
    AT_HOME,
    ELSEWHERE,
    NOBODY,
    attempt,
    client,
    events,
    fail,
    failures_on_record,
)
from tests.support.scenes.service_world import PASSWORD, ServiceWorld

from ledgerbank_domain.audit.audit_event import AuditName
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Actor, Origin
from ledgerbank_domain.jobs.job import JobKind
from ledgerbank_domain.services.audit.audit_writer import AuditWriter
from ledgerbank_domain.users.login_failures import MAX_REMEMBERED
from ledgerbank_domain.users.user import UserStatus


@pytest.fixture(params=[ALICE, NOBODY])
def email(request: pytest.FixtureRequest, world: ServiceWorld) -> str:
    """Of a user, and of nobody: nothing tells them apart."""
    world.user()
    return str(request.param)


def test_after_five_failures_each_further_one_has_to_wait_twice_as_long(
    world: ServiceWorld, email: str
) -> None:
    answers = [attempt(world, email=email) for _ in range(5)]
    for _ in range(8):
        reason, wait = attempt(world, email=email)
        answers.append((reason, wait))
        assert wait is not None
        world.clock.advance(timedelta(seconds=wait) - timedelta(milliseconds=1))
        assert attempt(world, email=email) == ("rate_limit_exceeded", 1)
        world.clock.advance(timedelta(milliseconds=1))
        assert attempt(world, email=email) == ("invalid_credentials", None)

    waits = [1, 2, 4, 8, 16, 32, 60, 60]
    assert answers == [("invalid_credentials", None)] * 5 + [("rate_limit_exceeded", wait) for wait in waits]


def test_a_guess_that_has_to_wait_is_refused_alike_whether_right_or_wrong(world: ServiceWorld) -> None:
    world.user()
    fail(world, 5)

    assert attempt(world) == attempt(world, password=PASSWORD) == ("rate_limit_exceeded", 1)

    world.clock.advance(timedelta(seconds=1))
    assert attempt(world, password=PASSWORD) == ("in", None)


def test_refused_guesses_do_not_make_the_wait_longer(world: ServiceWorld, email: str) -> None:
    fail(world, 5, email=email)
    for _ in range(20):
        assert attempt(world, email=email) == ("rate_limit_exceeded", 1)

    world.clock.advance(timedelta(seconds=1))

    assert attempt(world, email=email) == ("invalid_credentials", None)
    assert attempt(world, email=email) == ("rate_limit_exceeded", 2)


def test_failures_of_fifteen_minutes_ago_are_forgotten(world: ServiceWorld, email: str) -> None:
    fail(world, 4, email=email)
    world.clock.advance(timedelta(minutes=15))
    fail(world, 4, email=email)

    assert attempt(world, email=email) == ("invalid_credentials", None)
    assert attempt(world, email=email) == ("rate_limit_exceeded", 1)


def test_a_right_password_from_where_its_user_logged_in_before_is_let_through_at_once(
    world: ServiceWorld,
) -> None:
    world.user()
    assert attempt(world, password=PASSWORD, ip=AT_HOME) == ("in", None)
    fail(world, 12)

    assert attempt(world, password=PASSWORD, ip=AT_HOME) == ("in", None)
    assert attempt(world, password=PASSWORD) == ("rate_limit_exceeded", 60)


@pytest.mark.parametrize(
    ("before", "now", "is_known"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:203.0.113.7", "203.0.113.7", True),
        ("203.0.113.7", "203.0.113.8", False),
        (None, None, False),
    ],
)
def test_a_known_client_is_an_address_or_of_ipv6_a_network(
    world: ServiceWorld, before: str | None, now: str | None, is_known: bool
) -> None:
    world.user()
    attempt(world, password=PASSWORD, ip=before)
    fail(world, 5)

    answer = attempt(world, password=PASSWORD, ip=now)

    assert answer == (("in", None) if is_known else ("rate_limit_exceeded", 1))


def test_a_known_client_is_known_for_its_own_user_only(world: ServiceWorld) -> None:
    world.user()
    world.user("mallory@example.com")
    attempt(world, email="mallory@example.com", password=PASSWORD, ip=ELSEWHERE)
    fail(world, 5)

    assert attempt(world, password=PASSWORD, ip=ELSEWHERE) == ("rate_limit_exceeded", 1)


def test_a_known_client_that_guesses_on_is_told_what_strangers_are_told(world: ServiceWorld) -> None:
    world.user()
    attempt(world, password=PASSWORD, ip=AT_HOME)
    fail(world, 5, ip=AT_HOME)
    fail(world, 5, email=NOBODY, ip=AT_HOME)

    for seconds in (1, 2, 4):
        for email in (ALICE, NOBODY):
            assert {attempt(world, email=email, ip=AT_HOME) for _ in range(3)} == {
                ("rate_limit_exceeded", seconds)
            }
        world.clock.advance(timedelta(seconds=seconds))
        for email in (ALICE, NOBODY):
            assert attempt(world, email=email, ip=AT_HOME) == ("invalid_credentials", None)


def test_a_known_client_that_guesses_on_is_trusted_no_more_in_the_end(world: ServiceWorld) -> None:
    world.user()
    attempt(world, password=PASSWORD, ip=AT_HOME)
    fail(world, 12)
    for _ in range(29):
        assert attempt(world, ip=AT_HOME) == ("rate_limit_exceeded", 60)
    assert attempt(world, password=PASSWORD, ip=AT_HOME) == ("in", None)

    assert attempt(world, ip=AT_HOME) == ("rate_limit_exceeded", 60)

    assert attempt(world, password=PASSWORD, ip=AT_HOME) == ("rate_limit_exceeded", 60)
    world.clock.advance(timedelta(seconds=60))
    assert attempt(world, password=PASSWORD, ip=AT_HOME) == ("in", None)


def test_strangers_alone_never_lock_a_known_client_out(world: ServiceWorld) -> None:
    world.user()
    attempt(world, password=PASSWORD, ip=AT_HOME)
    for _ in range(40):
        fail(world, 1)
        assert attempt(world, password=PASSWORD, ip=AT_HOME) == ("in", None)


def test_of_20_guesses_at_once_five_are_answered(world: ServiceWorld, email: str) -> None:
    outcomes = Counter(results(race([lambda: attempt(world, email=email)] * 20)))

    assert outcomes[("invalid_credentials", None)] == 5
    assert sum(outcomes.values()) == 20
    assert {reason for reason, _ in outcomes} == {"invalid_credentials", "rate_limit_exceeded"}


def test_20_right_passwords_at_once_are_all_let_in(world: ServiceWorld) -> None:
    world.user()

    assert race([lambda: attempt(world, password=PASSWORD)] * 20) == [("in", None)] * 20


def test_the_right_password_of_a_user_who_may_not_log_in_counts_as_a_failure(world: ServiceWorld) -> None:
    user, _ = world.user()
    world.set_user_status(user, UserStatus.SUSPENDED)

    answers = [attempt(world, password=PASSWORD) for _ in range(6)]

    assert answers == [("account_inactive", None)] * 5 + [("rate_limit_exceeded", 1)]


def change(world: ServiceWorld, actor: Actor, current: str, new: str = "another horse") -> str:
    try:
        world.services.passwords.change_password(
            actor, current_password=current, new_password=new, password_confirmation=new
        )
    except DomainError as error:
        return error.reason.code
    return "changed"


def test_a_wrong_current_password_counts_as_a_failed_login(world: ServiceWorld) -> None:
    user, owner = world.user()
    thief = replace(owner, origin=Origin(ip=ELSEWHERE))
    answers = [change(world, thief, "wrong") for _ in range(20)]

    assert answers == ["invalid_credentials"] * 5 + ["rate_limit_exceeded"] * 15
    assert change(world, thief, PASSWORD) == "rate_limit_exceeded"
    assert attempt(world) == ("rate_limit_exceeded", 1)
    assert failures_on_record(world, user.id) == (1, 5)
    assert len(events(world, AuditName.SUSPICIOUS)) == 1

    attempt(world, password=PASSWORD, ip=AT_HOME)
    world.clock.advance(timedelta(seconds=1))
    assert change(world, replace(owner, origin=Origin(ip=AT_HOME)), PASSWORD) == "changed"


def test_a_new_password_that_is_no_good_is_not_a_guess(world: ServiceWorld) -> None:
    _, actor = world.user()

    assert {change(world, actor, "wrong", new="x") for _ in range(8)} == {"invalid_password_format"}
    assert change(world, actor, PASSWORD) == "changed"


def test_a_refusal_that_cannot_be_counted_stays_a_refusal(world: ServiceWorld) -> None:
    world.user()

    class Unrecordable(AuditWriter):
        def record_failure(self, *_: object, **__: object) -> NoReturn:
            raise DomainError(Reason.DATABASE_ERROR)

    guard = replace(world.auth.login_guard, audit=Unrecordable(ids=world.ids))
    auth = replace(world.auth, login_guard=guard)

    with pytest.raises(DomainError) as refusal:
        auth.log_in(client(ELSEWHERE), email=ALICE, password="wrong")

    assert refusal.value.reason is Reason.INVALID_CREDENTIALS
    assert isinstance(refusal.value.__cause__, DomainError)


def test_what_is_remembered_is_bounded_and_then_cleared_away(
    world: ServiceWorld, prune: Callable[[], None]
) -> None:
    user, _ = world.user()
    attempt(world, password=PASSWORD, ip=AT_HOME)
    world.auth = replace(world.auth, login_guard=replace(world.auth.login_guard, backoff_after=0))
    for _ in range(MAX_REMEMBERED + 3):
        attempt(world)
    subject = f"ip:{ELSEWHERE}"
    with world.start_unit_of_work() as work:
        failures = work.login_attempts.find_for_update(subject)
        assert failures is not None
        assert len(failures.failed_at) == MAX_REMEMBERED

    world.clock.advance(timedelta(days=1, seconds=1))
    prune()
    with world.start_unit_of_work() as work:
        assert work.login_attempts.find_for_update(subject) is None
        assert work.login_attempts.knows_network(user.id, AT_HOME)

    world.clock.advance(timedelta(days=90))
    prune()
    with world.start_unit_of_work() as work:
        assert not work.login_attempts.knows_network(user.id, AT_HOME)


@pytest.fixture
def prune(world: ServiceWorld) -> Callable[[], None]:
    def run() -> None:
        kinds = {job.kind for job in world.services.due_jobs.run_due_jobs()}
        assert JobKind.MAINTENANCE_PRUNE in kinds

    return run
