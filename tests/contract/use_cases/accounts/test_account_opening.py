"""What opening an account promises, over every storage."""

from dataclasses import replace
from functools import partial
from uuid import UUID

import pytest
from tests.support.races import race, reasons
from tests.support.refusals import refusal_of
from tests.support.scenes.entity_builder import EntityBuilder
from tests.support.scenes.service_world import Customer, ServiceWorld

from ledgerbank_domain.banking.account import (
    AccountChanges,
    AccountStatus,
    AccountType,
    NewAccount,
)
from ledgerbank_domain.banking.bank import BankChanges, BankStatus
from ledgerbank_domain.banking.bank_login import BankLogin
from ledgerbank_domain.banking.house_bank import HOUSE_BANK_ID
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.identity.actor import Actor, Role
from ledgerbank_domain.ledger.journal import Direction
from ledgerbank_domain.money.currency import parse_currency
from ledgerbank_domain.payments.payment import PaymentType
from ledgerbank_domain.users.user import UserStatus


def new_account(
    login: BankLogin,
    *,
    currency: str = "GBP",
    external_account_id: str | None = None,
    last_four: str | None = None,
    user_id: UUID | None = None,
) -> NewAccount:
    return NewAccount(
        user_bank_login_id=login.id,
        currency=parse_currency(currency),
        account_type=AccountType.SAVINGS,
        account_name="Rainy days",
        external_account_id=external_account_id,
        last_four=last_four,
        user_id=user_id,
    )


def test_an_account_is_opened_empty_at_the_bank_of_its_login(
    world: ServiceWorld, given: EntityBuilder, alice: Customer
) -> None:
    user, actor = alice
    branch = given.a_branch()
    login = given.a_login(user, branch)
    account = world.accounts.create(
        actor,
        new_account(login, last_four="1234", external_account_id="acc_1", currency="JPY"),
    )
    assert world.accounts.get(actor, account_id=account.id) == account
    assert (account.user_id, account.bank_id) == (user.id, branch.bank_id)
    assert (account.status, account.balance.is_zero, account.credit_limit.is_zero) == (
        AccountStatus.ACTIVE,
        True,
        True,
    )
    assert world.audit_names(account.id) == ["account.created"]
    with world.start_unit_of_work() as work:
        assert work.bank_logins.find_many([login.id, account.id]) == {login.id: login}
        assert work.bank_logins.find_many([]) == {}


def test_accounts_are_opened_at_ones_own_logins_only(
    world: ServiceWorld, given: EntityBuilder, alice: Customer, bob: Customer, admin: Actor
) -> None:
    login = given.a_login(alice[0])
    for stranger in (bob[1], admin):
        error = refusal_of(partial(world.accounts.create, stranger, new_account(login)))
        assert error.reason.code == "insufficient_permissions"
    unknown = replace(login, id=world.ids.new_id())
    error = refusal_of(lambda: world.accounts.create(alice[1], new_account(unknown)))
    assert (error.reason.code, error.details["field"]) == ("bank_login_not_found", "user_bank_login_id")


def test_an_account_at_the_house_bank_is_held_here(world: ServiceWorld, alice: Customer) -> None:
    asked = NewAccount(currency=parse_currency("GBP"), account_type=AccountType.CHECKING)
    account = world.accounts.create(alice[1], asked)
    assert world.accounts.get(alice[1], account_id=account.id) == account
    assert (account.user_id, account.bank_id) == (alice[0].id, HOUSE_BANK_ID)
    assert account.user_bank_login_id is None
    assert (account.fed, account.account_name) == (False, "Checking account")
    named = world.accounts.create(alice[1], replace(asked, account_name="Rainy days"))
    assert named.account_name == "Rainy days"


def test_administrators_open_accounts_for_others_and_nobody_else_does(
    world: ServiceWorld, alice: Customer, bob: Customer, admin: Actor, support: Actor
) -> None:
    asked = NewAccount(currency=parse_currency("GBP"), account_type=AccountType.CHECKING, user_id=alice[0].id)
    assert world.accounts.create(admin, asked).user_id == alice[0].id
    for stranger in (bob[1], support):
        error = refusal_of(partial(world.accounts.create, stranger, asked))
        assert error.reason.code == "insufficient_permissions"
    unknown = replace(asked, user_id=world.ids.new_id())
    assert (
        refusal_of(lambda: world.accounts.create(bob[1], unknown)).reason.code == "insufficient_permissions"
    )
    error = refusal_of(lambda: world.accounts.create(admin, unknown))
    assert (error.reason.code, error.details["field"]) == ("user_not_found", "user_id")
    world.set_user_status(alice[0], UserStatus.SUSPENDED)
    assert refusal_of(lambda: world.accounts.create(admin, asked)).reason.code == "account_inactive"


def test_no_account_is_opened_while_the_house_bank_is_inactive(
    world: ServiceWorld, alice: Customer, admin: Actor
) -> None:
    asked = NewAccount(currency=parse_currency("GBP"), account_type=AccountType.CHECKING)
    world.banks.update(admin, bank_id=HOUSE_BANK_ID, changes=BankChanges(status=BankStatus.INACTIVE))
    assert refusal_of(lambda: world.accounts.create(alice[1], asked)).reason.code == "bank_inactive"


def test_administrators_pay_in_and_out_with_the_customer_as_the_one_it_is_about(
    world: ServiceWorld, alice: Customer, admin: Actor
) -> None:
    user, actor = alice
    account = world.accounts.create(
        actor, NewAccount(currency=parse_currency("GBP"), account_type=AccountType.CHECKING)
    )
    deposit = world.with_limits(self_service_credits=False).pending(
        admin, account, "100", direction=Direction.CREDIT, payment_type=PaymentType.DEPOSIT
    )
    world.payment_processing.process(admin, payment_id=deposit.id)
    withdrawal = world.pending(admin, account, "30", payment_type=PaymentType.WITHDRAWAL)
    world.payment_processing.process(admin, payment_id=withdrawal.id)
    assert world.balance(account) == 70
    assert deposit.user_id == user.id
    told = world.audit_names(user.id)[-4:]
    assert told == ["payment.created", "payment.processed"] * 2
    with world.start_unit_of_work() as work:
        events = list(work.audit.list_about(user.id))[-4:]
    about = [event.metadata["payment_id"] for event in events]
    assert about == [str(deposit.id)] * 2 + [str(withdrawal.id)] * 2
    assert world.ledger.verify() == []


def test_a_bank_that_feeds_accounts_says_itself_which_is_which(
    world: ServiceWorld, given: EntityBuilder, alice: Customer, bob: Customer
) -> None:
    branch = given.a_branch(given.a_bank(integration_module="monzo"))
    login = given.a_login(alice[0], branch)
    error = refusal_of(
        lambda: world.accounts.create(alice[1], new_account(login, external_account_id="acc_1"))
    )
    assert (error.reason.code, error.details["field"]) == ("account_fed_by_bank", "external_account_id")
    assert world.accounts.create(alice[1], new_account(login)).fed


def test_nobody_sets_the_balance_of_an_account_that_its_bank_feeds(
    world: ServiceWorld, given: EntityBuilder, alice: Customer, admin: Actor
) -> None:
    login = given.a_login(alice[0], given.a_branch(given.a_bank(integration_module="monzo")))
    fed = world.accounts.create(alice[1], new_account(login))
    for actor in (alice[1], admin):
        for named in (("balance",), ("currency", "balance")):
            asked = AccountChanges(account_name="New", immutable_fields=named)
            error = refusal_of(partial(world.accounts.update, actor, account_id=fed.id, changes=asked))
            assert (error.reason.code, error.details["field"]) == ("account_fed_by_bank", "balance")
    other = AccountChanges(immutable_fields=("currency",))
    error = refusal_of(lambda: world.accounts.update(alice[1], account_id=fed.id, changes=other))
    assert (error.reason.code, error.details["field"]) == ("insufficient_permissions", "currency")


@pytest.mark.parametrize("role", [Role.USER, Role.ADMIN])
def test_an_account_at_a_login_is_its_owners_whoever_else_is_named(
    world: ServiceWorld, given: EntityBuilder, bob: Customer, role: Role
) -> None:
    user, actor = world.user("carol@example.com", role=role)
    login = given.a_login(user)
    for named in (bob[0].id, world.ids.new_id()):
        error = refusal_of(partial(world.accounts.create, actor, new_account(login, user_id=named)))
        assert (error.reason.code, error.details["field"]) == ("insufficient_permissions", "user_id")
    opened = world.accounts.create(actor, new_account(login, user_id=actor.user_id))
    assert opened.user_id == actor.user_id


def test_one_customers_external_ids_are_no_business_of_anothers(
    world: ServiceWorld, given: EntityBuilder, alice: Customer, bob: Customer
) -> None:
    branch = given.a_branch()
    for user, actor in (alice, bob):
        login = given.a_login(user, branch)
        opened = world.accounts.create(actor, new_account(login, external_account_id="acc_1"))
        assert opened.external_account_id == "acc_1"


def test_of_simultaneous_accounts_with_one_external_id_exactly_one_is_opened(
    world: ServiceWorld, given: EntityBuilder, alice: Customer
) -> None:
    asked = new_account(given.a_login(alice[0]), external_account_id="acc_1")
    outcomes = race([lambda: world.accounts.create(alice[1], asked)] * 6)
    assert reasons(outcomes) == ["resource_already_exists"] * 5
    refusals = [each for each in outcomes if isinstance(each, DomainError)]
    assert {refusal.details["field"] for refusal in refusals} == {"external_account_id"}


def test_a_user_who_lost_his_status_meanwhile_opens_no_account(
    world: ServiceWorld, given: EntityBuilder, alice: Customer
) -> None:
    login = given.a_login(alice[0])
    world.set_user_status(alice[0], UserStatus.SUSPENDED)
    assert (
        refusal_of(lambda: world.accounts.create(alice[1], new_account(login))).reason.code == "token_revoked"
    )
