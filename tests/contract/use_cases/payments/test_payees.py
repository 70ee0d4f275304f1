"""Accounts of others that users name and trust, over every storage."""

from datetime import timedelta

import pytest
from tests.support.races import race, reasons, results
from tests.support.refusals import refused
from tests.support.scenes.service_world import Customer, ServiceWorld

from ledgerbank_domain.banking.account import Account
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.identity.actor import Role
from ledgerbank_domain.identity.page import PageRequest
from ledgerbank_domain.payments.payee import NewPayee, Payee
from ledgerbank_domain.services.payments.payee_service import PayeeService


@pytest.fixture
def payees(world: ServiceWorld) -> PayeeService:
    return world.services.payees


@pytest.fixture
def alice(world: ServiceWorld) -> Customer:
    return world.user()


@pytest.fixture
def theirs(world: ServiceWorld) -> Account:
    return world.account_of(world.user("bob@example.com").user)


def new(account: Account, name: str = "Bob") -> NewPayee:
    return NewPayee(counterparty_account_id=account.id, name=name)


def listed(payees: PayeeService, who: Customer, **request: int) -> tuple[Payee, ...]:
    return payees.list_page(who.actor, request=PageRequest(**request)).items


def test_payees_are_listed_newest_first_to_whom_they_belong(
    world: ServiceWorld, payees: PayeeService, alice: Customer, theirs: Account
) -> None:
    carol = world.user("carol@example.com")
    first = payees.add(alice.actor, new(theirs, " Bob "))
    world.clock.advance(timedelta(seconds=1))
    second = payees.add(alice.actor, new(world.account_of(carol.user), "Carol"))

    assert listed(payees, alice) == (second, first)
    assert listed(payees, alice, page=2, page_size=1) == (first,)
    assert listed(payees, carol) == ()
    assert (first.name, first.trusted_at, first.user_id) == (
        "Bob",
        first.inserted_at,
        alice.user.id,
    )


def test_an_account_is_among_ones_payees_once_under_whatever_name(
    world: ServiceWorld, payees: PayeeService, alice: Customer, theirs: Account
) -> None:
    carol = world.user("carol@example.com")
    payee = payees.add(alice.actor, new(theirs))

    assert refused(lambda: payees.add(alice.actor, new(theirs, "Robert"))) == "resource_already_exists"
    assert payees.add(carol.actor, new(theirs)).user_id == carol.user.id
    payees.remove(alice.actor, payee_id=payee.id)
    assert payees.add(alice.actor, new(theirs, "Robert")).name == "Robert"


def test_an_account_must_exist_and_be_somebody_elses(
    world: ServiceWorld, payees: PayeeService, alice: Customer
) -> None:
    own = world.account_of(alice.user)
    nobodys = NewPayee(counterparty_account_id=world.ids.new_id(), name="Nobody")

    assert refused(lambda: payees.add(alice.actor, new(own))) == "invalid_counterparty"
    assert refused(lambda: payees.add(alice.actor, nobodys)) == "account_not_found"


@pytest.mark.parametrize("role", Role)
def test_nobody_removes_a_payee_of_somebody_else_whatever_their_role(
    world: ServiceWorld, payees: PayeeService, alice: Customer, theirs: Account, role: Role
) -> None:
    payee = payees.add(alice.actor, new(theirs))
    other = world.user("other@example.com", role=role)

    assert refused(lambda: payees.remove(other.actor, payee_id=payee.id)) == "resource_not_found"
    assert refused(lambda: payees.remove(alice.actor, payee_id=theirs.id)) == "resource_not_found"
    assert listed(payees, alice) == (payee,)


@pytest.mark.parametrize("name", ["", " ", "x" * 101, "a\x00b"])
def test_a_name_has_one_to_a_hundred_characters(theirs: Account, name: str) -> None:
    with pytest.raises(DomainError) as caught:
        new(theirs, name)
    assert caught.value.reason.code == "invalid_name_format"


def test_of_simultaneous_additions_of_one_account_one_wins(
    world: ServiceWorld, payees: PayeeService, alice: Customer, theirs: Account
) -> None:
    outcomes = race([lambda: payees.add(alice.actor, new(theirs))] * 4)

    assert len(results(outcomes)) == 1
    assert reasons(outcomes) == ["resource_already_exists"] * 3
    assert len(listed(payees, alice)) == 1


def test_of_simultaneous_removals_one_removes(
    world: ServiceWorld, payees: PayeeService, alice: Customer, theirs: Account
) -> None:
    payee = payees.add(alice.actor, new(theirs))

    outcomes = race([lambda: payees.remove(alice.actor, payee_id=payee.id)] * 4)

    assert reasons(outcomes) == ["resource_not_found"] * 3
    assert world.audit_names(payee.id) == ["payee.added", "payee.removed"]
