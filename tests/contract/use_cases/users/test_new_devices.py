"""Users are told of a login with a client that they never logged in with, over every storage."""

from datetime import timedelta
from typing import Any

import pytest
from tests.support.races import race, results
from tests.support.refusals import refusal_of, refused
from tests.support.scenes.second_factor_steps import an_app
from tests.support.scenes.service_world import PASSWORD, ServiceWorld

from ledgerbank_domain.errors.domain_error import ForCaller
from ledgerbank_domain.identity.actor import NOWHERE, Actor, Origin
from ledgerbank_domain.identity.page import PageRequest
from ledgerbank_domain.jobs.job import JobFilter, JobKind
from ledgerbank_domain.users.user import UserChanges

LAPTOP = Origin(ip="203.0.113.7", user_agent="Browser/1.0 (Linux; x)")
UPDATED_LAPTOP = Origin(ip="203.0.113.7", user_agent="Browser/2.0 (Linux; y)")
PHONE = Origin(ip="203.0.113.7", user_agent="App/1.0 (Android)")
LAPTOP_ABROAD = Origin(ip="198.51.100.9", user_agent="Browser/1.0 (Linux; x)")
NEIGHBOURS = [Origin(ip=f"2001:db8::{number}", user_agent="App/1.0 (Android)") for number in range(1, 4)]


def login(world: ServiceWorld, origin: Origin, email: str = "alice@example.com") -> None:
    world.auth.log_in(Actor(origin=origin), email=email, password=PASSWORD)


def mails(world: ServiceWorld) -> list[dict[str, Any]]:
    """What users will be told of new devices, the oldest first."""
    with world.start_unit_of_work() as work:
        wanted = JobFilter(kind=JobKind.NOTIFICATION_SEND)
        page = work.jobs.list_page(wanted, now=work.now(), request=PageRequest())
    jobs = sorted(page.items, key=lambda job: (job.inserted_at, job.id))
    return [dict(job.args) for job in jobs if job.args["template"] == "login_from_new_device"]


@pytest.fixture(autouse=True)
def alice(world: ServiceWorld) -> Actor:
    return world.user().actor


def test_the_very_first_login_is_no_news(world: ServiceWorld) -> None:
    login(world, LAPTOP)

    assert mails(world) == []


@pytest.mark.parametrize("other", [PHONE, LAPTOP_ABROAD, *NEIGHBOURS[:1]])
def test_a_login_with_another_device_or_from_another_network_is_told_once(
    world: ServiceWorld, alice: Actor, other: Origin
) -> None:
    login(world, LAPTOP)
    at = world.clock.advance(timedelta(hours=3))

    for _ in range(3):
        login(world, other)
        login(world, LAPTOP)

    (mail,) = mails(world)
    device = "App on Android" if other.user_agent == PHONE.user_agent else "Browser on Linux"
    assert mail["user_id"] == str(alice.user_id)
    assert mail["params"] == {"device": device, "ip": other.ip, "logged_in_at": at.isoformat()}


def test_the_mail_names_device_address_and_time(world: ServiceWorld) -> None:
    login(world, LAPTOP)
    login(world, PHONE)

    world.services.due_jobs.run_due_jobs()

    mail = world.mailbox.list_newest(limit=1)[0].mail
    assert mail.to_address == "alice@example.com"
    told = f"{world.clock.now():%Y-%m-%d %H:%M:%S} UTC"
    for fact in ("App on Android", "203.0.113.7", told):
        assert fact in mail.text
        assert fact in mail.html


def test_an_update_of_the_browser_is_no_new_device(world: ServiceWorld) -> None:
    login(world, LAPTOP)
    login(world, UPDATED_LAPTOP)

    assert mails(world) == []


def test_the_addresses_that_one_client_has_in_its_ipv6_network_are_one_place(world: ServiceWorld) -> None:
    for origin in NEIGHBOURS:
        login(world, origin)

    assert mails(world) == []


def test_a_client_of_one_user_is_new_to_another(world: ServiceWorld) -> None:
    bob, _ = world.user("bob@example.com")
    login(world, LAPTOP)
    login(world, PHONE, "bob@example.com")
    login(world, LAPTOP, "bob@example.com")

    assert [mail["user_id"] for mail in mails(world)] == [str(bob.id)]


def test_a_login_that_fails_is_no_login(world: ServiceWorld) -> None:
    login(world, LAPTOP)

    def guess() -> None:
        world.auth.log_in(Actor(origin=PHONE), email="alice@example.com", password="wrong")

    assert refused(guess) == "invalid_credentials"
    assert mails(world) == []

    login(world, PHONE)
    assert len(mails(world)) == 1


def test_nothing_is_said_of_clients_whose_address_nobody_knows(world: ServiceWorld) -> None:
    login(world, LAPTOP)
    login(world, NOWHERE)
    login(world, Origin(user_agent="App/1.0 (Android)"))

    assert mails(world) == []


def test_who_was_away_for_so_long_that_no_client_is_remembered_is_told(world: ServiceWorld) -> None:
    login(world, LAPTOP)
    world.clock.advance(timedelta(days=91))
    with world.start_unit_of_work() as work:
        assert work.login_attempts.delete_clients_before(world.clock.now(), limit=10) == 1
        work.commit()

    login(world, LAPTOP)
    login(world, LAPTOP)

    assert len(mails(world)) == 1


def test_of_several_first_logins_with_one_new_device_at_once_one_is_told(world: ServiceWorld) -> None:
    login(world, LAPTOP)

    outcomes = race([lambda: login(world, PHONE)] * 8)

    assert len(results(outcomes)) == 8
    assert len(mails(world)) == 1


def test_of_several_very_first_logins_at_once_with_two_devices_one_is_the_first(world: ServiceWorld) -> None:
    outcomes = race([lambda: login(world, LAPTOP), lambda: login(world, PHONE)] * 4)

    assert len(results(outcomes)) == 8
    assert len(mails(world)) == 1


@pytest.mark.parametrize(
    "user_agent", ["x" * 10_240, "a\x00b\r\nc", "\ud800", "\u202e", "<script>", "(" * 10_240]
)
def test_whatever_a_client_calls_itself_a_login_is_possible_and_told(
    world: ServiceWorld, alice: Actor, user_agent: str
) -> None:
    login(world, LAPTOP)
    login(world, Origin(ip="203.0.113.7", user_agent=user_agent))

    (mail,) = mails(world)
    assert len(mail["params"]["device"]) <= 64
    shown = world.sessions.list_own(alice)
    assert all(len(session.user_agent or "") <= 255 for session in shown)
    assert all((session.user_agent or "x").isprintable() or "\u202e" in user_agent for session in shown)


def test_with_a_second_factor_a_login_is_told_once_it_is_complete(world: ServiceWorld, alice: Actor) -> None:
    login(world, LAPTOP)
    app = an_app(world, world.users.update_profile(alice, UserChanges(full_name="Alice")))

    refusal = refusal_of(lambda: login(world, PHONE))
    assert refusal.reason.code == "second_factor_required"
    assert mails(world) == []

    handed_over = refusal.details["challenge"]
    assert isinstance(handed_over, ForCaller)
    phone = Actor(origin=PHONE)
    world.second_factor_logins.finish(phone, challenge=handed_over.secret, code=app.code())
    (mail,) = mails(world)
    assert mail["params"]["device"] == "App on Android"
