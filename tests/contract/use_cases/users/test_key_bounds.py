"""What a program may ask of the services themselves, whoever lets it in: for every use-case there is."""

import inspect
from dataclasses import fields
from typing import Any
from uuid import uuid4

import pytest
from tests.support.refusals import refusal, refused
from tests.support.scenes.every_use_case import (
    BEFORE_ANYBODY_IS_KNOWN,
    PARTS_OF_OTHERS,
)
from tests.support.scenes.service_world import Customer, ServiceWorld

from ledgerbank_domain.banking.account import AccountType, NewAccount
from ledgerbank_domain.identity.actor import Actor, Role
from ledgerbank_domain.identity.scope import Scope
from ledgerbank_domain.money.currency import parse_currency
from ledgerbank_domain.services.conduct.scope_check import BOUNDS, bound_name
from ledgerbank_domain.services.service_composition import Services

# Whether somebody exists is looked up for lists of their affairs, which have bounds of their own.
SHOWS_NOTHING = {"users.check_known"}
IN_WORDS: dict[str, Scope | None] = {
    "accounts.balance_at": Scope.ACCOUNTS_READ,
    "statements.begin": Scope.ACCOUNTS_READ,
    "statements.pages": Scope.ACCOUNTS_READ,
    "statements.write": Scope.ACCOUNTS_READ,
    "accounts.get": Scope.ACCOUNTS_READ,
    "accounts.get_many": Scope.ACCOUNTS_READ,
    "accounts.health": Scope.ACCOUNTS_READ,
    "accounts.list_all_transactions": Scope.ACCOUNTS_READ,
    "accounts.list_page": Scope.ACCOUNTS_READ,
    "accounts.list_transactions": Scope.ACCOUNTS_READ,
    "account_sources.change": Scope.BANKS_WRITE,
    "audit_events.list_keyset": Scope.EVENTS_READ,
    "bank_connections.confirm": Scope.BANKS_WRITE,
    "bank_connections.start": Scope.BANKS_WRITE,
    "bank_logins.disconnect": Scope.BANKS_WRITE,
    "bank_logins.get": Scope.BANKS_READ,
    "bank_logins.list_page": Scope.BANKS_READ,
    "bank_logins.request_sync": Scope.BANKS_WRITE,
    "bank_logins.update": Scope.BANKS_WRITE,
    "statement_imports.confirm": Scope.BANKS_WRITE,
    "statement_imports.get": Scope.ACCOUNTS_READ,
    "statement_imports.list_keyset": Scope.ACCOUNTS_READ,
    "statement_imports.preview": Scope.BANKS_WRITE,
    "payment_processing.process": Scope.PAYMENTS_WRITE,
    "payment_processing.process_many": Scope.PAYMENTS_WRITE,
    "payment_schedules.cancel_job": Scope.PAYMENTS_WRITE,
    "payment_schedules.newest_job": Scope.PAYMENTS_READ,
    "payment_schedules.schedule": Scope.PAYMENTS_WRITE,
    "payees.list_page": Scope.PAYMENTS_READ,
    "payments.cancel": Scope.PAYMENTS_WRITE,
    "payments.create": Scope.PAYMENTS_WRITE,
    "payments.create_many": Scope.PAYMENTS_WRITE,
    "payments.get": Scope.PAYMENTS_READ,
    "payments.get_many": Scope.PAYMENTS_READ,
    "payments.list_page": Scope.PAYMENTS_READ,
    "payments.outlook": Scope.PAYMENTS_READ,
    "payments.stats": Scope.PAYMENTS_READ,
    "payments.validate": Scope.PAYMENTS_WRITE,
}
"""What keys open; nothing else does any key."""


def asked_by_somebody() -> dict[str, Any]:
    return {
        f"{field.name}.{name}": method
        for field in fields(Services)
        for name, method in inspect.getmembers(field.type, inspect.isfunction)
        if not name.startswith("_")
        and any("Actor" in str(each.annotation) for each in inspect.signature(method).parameters.values())
    }


def test_every_use_case_says_which_scope_it_takes_or_that_no_key_will_do() -> None:
    nobody_known = BEFORE_ANYBODY_IS_KNOWN | PARTS_OF_OTHERS | SHOWS_NOTHING
    asked = {name: bound_name(each) for name, each in asked_by_somebody().items() if name not in nobody_known}

    # A new one gets needs_scope or session_only, and a line above when a key opens it.
    assert {name for name, bound in asked.items() if bound not in BOUNDS} == set()
    assert {name: BOUNDS[bound] for name, bound in asked.items() if BOUNDS[bound] is not None} == IN_WORDS


def program_of(owner: Customer, *scopes: Scope) -> Actor:
    return Actor(user_id=owner.user.id, role=owner.user.role, api_key_id=uuid4(), scopes=frozenset(scopes))


def test_the_services_themselves_refuse_what_is_out_of_scope(world: ServiceWorld) -> None:
    alice = world.user()
    account = world.account_of(alice.user, "100")
    reader = program_of(alice, Scope.ACCOUNTS_READ)

    assert world.accounts.get(reader, account_id=account.id) == account
    assert refused(lambda: world.payments.create(reader, world.draft(account))) == "insufficient_permissions"
    assert refused(lambda: world.payments.stats(reader)) == "insufficient_permissions"
    assert refused(lambda: world.sessions.log_out_everywhere(reader)) == "insufficient_permissions"
    assert refused(lambda: world.accounts.create(reader, NEW_ACCOUNT)) == "insufficient_permissions"


def test_in_a_batch_a_program_is_refused_by_itself(world: ServiceWorld) -> None:
    alice = world.user()
    account = world.account_of(alice.user, "100")
    asking = [program_of(alice, Scope.PAYMENTS_READ), alice.actor, program_of(alice, Scope.PAYMENTS_WRITE)]

    outcomes = world.payments.create_many(
        [(who, world.draft(account, description=f"Payment {number}")) for number, who in enumerate(asking)]
    )

    assert refusal(outcomes[0]).code == "insufficient_permissions"
    assert [payment.description for payment in outcomes[1:] if not isinstance(payment, Exception)] == [
        "Payment 1",
        "Payment 2",
    ]


def test_a_scope_adds_nothing_to_what_its_owner_may_do(world: ServiceWorld) -> None:
    alice, bob = world.user(), world.user("bob@example.com")
    account = world.account_of(alice.user, "100")
    everything = program_of(bob, *Scope)

    assert refused(lambda: world.accounts.get(everything, account_id=account.id)) == "unauthorized_access"
    assert refused(lambda: world.payments.create(everything, world.draft(account))) == "unauthorized_access"


def test_staff_act_through_a_key_as_staff_and_within_its_scopes_only(world: ServiceWorld) -> None:
    admin = world.user("admin@example.com", role=Role.ADMIN)
    account = world.account_of(world.user().user, "100")

    assert world.accounts.get(program_of(admin, Scope.ACCOUNTS_READ), account_id=account.id) == account
    out_of_scope = program_of(admin, *set(Scope) - {Scope.ACCOUNTS_READ})
    denied = refused(lambda: world.accounts.get(out_of_scope, account_id=account.id))
    assert denied == "insufficient_permissions"
    assert refused(lambda: world.users.stats(program_of(admin, *Scope))) == "insufficient_permissions"


def test_no_key_makes_or_ends_a_key(world: ServiceWorld) -> None:
    alice = world.user()
    program = program_of(alice, *Scope)

    assert refused(lambda: world.services.api_keys.list_own(program)) == "insufficient_permissions"


def test_an_actor_with_a_key_has_bounds() -> None:
    assert refused(lambda: Actor(user_id=uuid4(), role=Role.USER, api_key_id=uuid4())) == "invalid_scope"


NEW_ACCOUNT = NewAccount(
    currency=parse_currency("GBP"), account_type=AccountType.SAVINGS, account_name="Savings"
)


@pytest.mark.parametrize("scopes", [{"accounts:read"}, frozenset({"accounts:read"}), [Scope.BANKS_READ]])
def test_an_actor_is_not_built_with_other_bounds_than_scopes(scopes: Any) -> None:
    assert refused(lambda: Actor(user_id=uuid4(), role=Role.USER, scopes=scopes)) == "invalid_scope"
