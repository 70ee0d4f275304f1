"""What is recorded and told of failed logins, over every storage."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

from tests.support.scenes.password_guesses import (
    ALICE,
    ELSEWHERE,
    NOBODY,
    attempt,
    events,
    fail,
    failures_on_record,
    mails,
)
from tests.support.scenes.service_world import PASSWORD, ServiceWorld

from ledgerbank_domain.audit.audit_event import AuditName


def test_switched_off_nobody_has_to_wait_but_it_is_noticed_all_the_same(world: ServiceWorld) -> None:
    world.user()
    guard = replace(world.auth.login_guard, backoff_after=0)
    world.auth = replace(world.auth, login_guard=guard)

    assert {attempt(world) for _ in range(15)} == {("invalid_credentials", None)}
    assert len(events(world, AuditName.SUSPICIOUS)) == 1
    assert mails(world) == ["Somebody failed to log in to your account"]


def test_the_owner_is_told_at_the_tenth_failure_once_a_day(world: ServiceWorld) -> None:
    world.user()
    fail(world, 9)
    assert mails(world) == []

    fail(world, 1)
    assert mails(world) == ["Somebody failed to log in to your account"]

    fail(world, 30)
    assert len(mails(world)) == 1
    world.clock.advance(timedelta(days=1))
    fail(world, 10)
    assert len(mails(world)) == 2


def test_nobody_is_told_of_failures_for_an_unknown_email(world: ServiceWorld) -> None:
    fail(world, 12, email=NOBODY)

    assert mails(world) == []


def test_the_email_and_the_address_are_counted_apart(world: ServiceWorld) -> None:
    """However many others fail in between, from wherever they do."""
    world.user()
    for number in range(8):
        fail(world, 1, ip=f"192.0.2.{number}")
        for other in range(12):
            fail(world, 1, email=f"nobody{number}.{other}@example.com", ip=f"198.51.{number}.{other}")

    suspicions = events(world, AuditName.SUSPICIOUS)

    pseudonym = world.auth.login_guard.pseudonymizer.pseudonym(ALICE)
    assert [event.metadata for event in suspicions] == [{"cause": "failed_logins", "email_hash": pseudonym}]


def test_an_address_that_fails_for_many_is_suspect_once_in_five_minutes(world: ServiceWorld) -> None:
    for number in range(55):
        fail(world, 1, email=f"nobody{number}@example.com")
    assert [event.metadata for event in events(world, AuditName.SUSPICIOUS)] == [
        {"cause": "failed_logins", "ip": ELSEWHERE}
    ]

    world.clock.advance(timedelta(minutes=5))
    for number in range(5):
        fail(world, 1, email=f"nobody{number}@example.com")

    assert len(events(world, AuditName.SUSPICIOUS)) == 2


def test_each_counted_failure_and_each_delay_is_on_record_once(world: ServiceWorld) -> None:
    user, _ = world.user()
    fail(world, 5)
    for _ in range(7):
        attempt(world)
    world.clock.advance(timedelta(seconds=1))
    attempt(world)
    for _ in range(7):
        attempt(world, password=PASSWORD)

    names = Counter(world.audit_names(user.id))

    assert failures_on_record(world, user.id) == (1, 6)
    assert names["rate_limit.exceeded"] == 2
    assert names["security.suspicious"] == 0
