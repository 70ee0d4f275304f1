"""What users are told of themselves, over every storage."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from tests.support.races import race, reasons, results
from tests.support.refusals import refused
from tests.support.scenes.approval_steps import PROMOTION
from tests.support.scenes.entity_builder import EntityBuilder
from tests.support.scenes.reversal_steps import executed
from tests.support.scenes.service_world import PASSWORD, Customer, ServiceWorld

from ledgerbank_adapters.memory import MemoryClock
from ledgerbank_domain.banking.bank_login import LoginError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import ANONYMOUS, Actor, Role
from ledgerbank_domain.identity.scope import Scope
from ledgerbank_domain.services.users import personal_data_service
from ledgerbank_domain.users.api_key import NewApiKey
from ledgerbank_domain.users.personal_data import PERSONAL_TABLES
from ledgerbank_domain.users.user import UserStatus


def told(world: ServiceWorld, actor: Actor) -> Mapping[str, list[Mapping[str, Any]]]:
    """Everything, by section."""
    service = world.services.personal_data
    sections: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for table, rows in service.sections(actor, service.start(actor)):
        sections[table.section].extend(rows)
    return sections


@pytest.fixture
def alice(world: ServiceWorld) -> Customer:
    return world.user()


def test_every_section_is_told_and_only_of_whom_it_is(
    world: ServiceWorld, given: EntityBuilder, clock: MemoryClock, alice: Customer
) -> None:
    bob = world.user("bob@example.com")
    staff = world.user("staff@example.com", role=Role.ADMIN)
    for customer in (alice, bob):
        account = world.account_of(customer.user, "100")
        executed(world, customer.actor, account, "40")
        given.a_login(
            customer.user,
            last_error=LoginError(reason=Reason.BANK_API_ERROR, message="It broke", at=clock.now()),
        )
        world.auth.log_in(ANONYMOUS, email=customer.user.email, password=PASSWORD)
        key = NewApiKey(
            name="Bookkeeping",
            scopes=[Scope.PAYMENTS_READ, Scope.ACCOUNTS_READ],
            allowed_networks=["192.0.2.0/24"],
        )
        world.services.api_keys.create(customer.actor, key)
        given.an_approval(customer.user, staff.user, subject=f"by {customer.user.id}")
        given.an_approval(staff.user, customer.user)
    clock.advance(timedelta(seconds=1))
    world.users.get(staff.actor, user_id=alice.user.id)

    of_alice, of_bob = told(world, alice.actor), told(world, bob.actor)

    assert [table.section for table in PERSONAL_TABLES] == list(of_alice)
    (user,) = of_alice["user"]
    assert (user["id"], user["email"], user["role"], user["status"]) == (
        alice.user.id,
        "alice@example.com",
        "user",
        "ACTIVE",
    )
    (account_told,) = of_alice["accounts"]
    assert str(account_told["balance"]) == "60.00"
    assert [str(line["balance_after"]) for line in of_alice["transactions"]] == ["100.00", "60.00"]
    (key_told,) = of_alice["api_keys"]
    assert key_told["scopes"] == "accounts:read payments:read"
    assert key_told["allowed_networks"] == "192.0.2.0/24"
    (login_told,) = of_alice["bank_logins"]
    assert login_told["last_error"]["reason"] == "bank_api_error"
    assert [event["event"] for event in of_alice["events_about_you"]][-2:] == ["staff.read", "user.exported"]
    ids = {name: {row["id"] for row in rows if "id" in row} for name, rows in of_alice.items()}
    for name, rows in of_bob.items():
        assert not ids[name] & {row["id"] for row in rows if "id" in row}, name
    for section in ("sessions", "bank_logins", "payments", "approvals_requested", "approvals_about_you"):
        assert len(of_alice[section]) == len(of_bob[section]) == 1, section
    for table in PERSONAL_TABLES:
        for row in of_alice[table.section]:
            assert tuple(row) == table.fields


def test_pages_lose_and_repeat_nothing(
    world: ServiceWorld,
    given: EntityBuilder,
    clock: MemoryClock,
    alice: Customer,
    *,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    account = world.account_of(alice.user, "1000")
    # All at one instant: only the id tells them apart.
    payments = [executed(world, alice.actor, account, "1") for _ in range(7)]
    for _ in range(7):
        given.a_login(alice.user)
    clock.advance(timedelta(seconds=1))
    whole = told(world, alice.actor)
    monkeypatch.setattr(personal_data_service, "ROWS_AT_ONCE", 2)
    in_pages = told(world, alice.actor)
    for section in ("transactions", "payments", "bank_logins", "accounts"):
        assert in_pages[section] == whole[section]
    assert {row["id"] for row in whole["payments"]} == {payment.id for payment in payments}
    assert len(whole["transactions"]) == 8


def test_what_comes_after_the_beginning_is_no_part_of_it(
    world: ServiceWorld, clock: MemoryClock, alice: Customer
) -> None:
    account = world.account_of(alice.user, "100")
    executed(world, alice.actor, account, "1")
    clock.advance(timedelta(seconds=1))
    service = world.services.personal_data
    sections = service.sections(alice.actor, service.start(alice.actor))
    next(sections)
    clock.advance(timedelta(microseconds=1))
    executed(world, alice.actor, account, "1")
    rows = {table.section: told_rows for table, told_rows in sections}
    assert (len(rows["transactions"]), len(rows["payments"])) == (2, 1)


def test_who_is_suspended_meanwhile_is_told_no_more(world: ServiceWorld, alice: Customer) -> None:
    service = world.services.personal_data
    sections = service.sections(alice.actor, service.start(alice.actor))
    next(sections)
    world.set_user_status(alice.user, UserStatus.SUSPENDED)
    assert refused(lambda: next(sections)) == "token_revoked"
    assert refused(lambda: service.start(alice.actor)) == "token_revoked"


def test_three_are_let_in_within_an_hour_however_many_ask_at_once(
    world: ServiceWorld, clock: MemoryClock, alice: Customer
) -> None:
    outcomes = race([lambda: world.services.personal_data.start(alice.actor) for _ in range(6)])
    assert len(results(outcomes)) == 3
    assert reasons(outcomes) == ["rate_limit_exceeded"] * 3
    assert world.audit_names(alice.user.id).count("user.exported") == 3
    clock.advance(timedelta(hours=1))
    world.services.personal_data.start(alice.actor)


def test_nothing_is_held_between_two_pages(world: ServiceWorld, alice: Customer) -> None:
    """A client that stops reading holds up nobody, not even who changes their own row."""
    service = world.services.personal_data
    sections = service.sections(alice.actor, service.start(alice.actor))
    next(sections)
    admin = world.user("admin@example.com", role=Role.ADMIN).actor
    world.users.update(admin, user_id=alice.user.id, changes=PROMOTION)
    next(sections)
