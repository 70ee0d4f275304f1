"""What changing and closing an account promises, over every storage."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import partial
from uuid import UUID

import pytest
from tests.support.races import race_between, reasons
from tests.support.refusals import refusal_of
from tests.support.scenes.entity_builder import EntityBuilder
from tests.support.scenes.service_world import Customer, ServiceWorld

from ledgerbank_domain.banking.account import (
    Account,
    AccountChanges,
    AccountStatus,
    AccountType,
)
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.money.currency import parse_currency
from ledgerbank_domain.money.money import Money
from ledgerbank_domain.payments.payment import PaymentType


def test_an_owner_changes_name_and_status_and_nothing_else(world: ServiceWorld, alice: Customer) -> None:
    account = world.account_of(alice[0], "10")
    world.clock.advance(timedelta(seconds=1))
    result = world.accounts.update(
        alice[1],
        account_id=account.id,
        changes=AccountChanges(account_name="New", status=AccountStatus.INACTIVE),
    )
    assert result == replace(
        account, account_name="New", status=AccountStatus.INACTIVE, updated_at=world.clock.now()
    )
    assert world.accounts.get(alice[1], account_id=account.id) == result
    assert world.audit_names(account.id) == ["account.updated"]


def test_staff_change_the_accounts_of_others_and_it_is_recorded_as_theirs(
    world: ServiceWorld, alice: Customer, support: Actor
) -> None:
    account = world.account_of(alice[0])
    world.accounts.update(support, account_id=account.id, changes=AccountChanges(account_name="New"))
    assert world.audit_names(account.id) == ["admin.account_updated"]


def test_first_comes_the_account_then_its_owner_then_the_fields_then_its_state(
    world: ServiceWorld, alice: Customer, bob: Customer, admin: Actor
) -> None:
    closed = world.account_of(alice[0], status=AccountStatus.CLOSED)
    forbidden = AccountChanges(immutable_fields=("balance",))

    def reason(actor: Actor, account_id: UUID, changes: AccountChanges) -> str:
        return refusal_of(
            lambda: world.accounts.update(actor, account_id=account_id, changes=changes)
        ).reason.code

    assert reason(bob[1], world.ids.new_id(), AccountChanges()) == "missing_fields"
    assert reason(bob[1], world.ids.new_id(), forbidden) == "account_not_found"
    assert reason(bob[1], closed.id, forbidden) == "unauthorized_access"
    for actor in (alice[1], admin):
        assert reason(actor, closed.id, forbidden) == "insufficient_permissions"
        for changes in (AccountChanges(account_name="New"), AccountChanges(status=AccountStatus.CLOSED)):
            assert reason(actor, closed.id, changes) == "already_processed"
    assert world.audit_names(closed.id) == []


@pytest.mark.parametrize("status", [AccountStatus.FROZEN, AccountStatus.SUSPENDED])
def test_only_staff_set_and_lift_what_stops_an_account(
    world: ServiceWorld, alice: Customer, support: Actor, status: AccountStatus
) -> None:
    account = world.account_of(alice[0])

    def set_status(actor: Actor, wanted: AccountStatus) -> AccountStatus:
        return world.accounts.update(
            actor, account_id=account.id, changes=AccountChanges(status=wanted)
        ).status

    error = refusal_of(lambda: set_status(alice[1], status))
    assert (error.reason.code, error.details) == ("insufficient_permissions", {"field": "status"})
    assert set_status(support, status) is status
    for lifted in (AccountStatus.ACTIVE, AccountStatus.INACTIVE, AccountStatus.CLOSED, status):
        assert refusal_of(partial(set_status, alice[1], lifted)).reason.code == "insufficient_permissions"
    world.accounts.update(alice[1], account_id=account.id, changes=AccountChanges(account_name="Still mine"))
    assert set_status(support, AccountStatus.ACTIVE) is AccountStatus.ACTIVE


def test_only_an_empty_account_is_closed_and_for_good(world: ServiceWorld, alice: Customer) -> None:
    full, empty = world.account_of(alice[0], "0.01"), world.account_of(alice[0])
    close = AccountChanges(status=AccountStatus.CLOSED)
    error = refusal_of(lambda: world.accounts.update(alice[1], account_id=full.id, changes=close))
    assert error.reason.code == "account_not_empty"
    world.accounts.update(alice[1], account_id=empty.id, changes=close)
    reopen = AccountChanges(status=AccountStatus.ACTIVE)
    error = refusal_of(lambda: world.accounts.update(alice[1], account_id=empty.id, changes=reopen))
    assert error.reason.code == "already_processed"


def test_a_credit_limit_is_for_administrators_and_covers_what_is_in_use(
    world: ServiceWorld, given: EntityBuilder, alice: Customer, support: Actor, admin: Actor
) -> None:
    user, actor = alice
    credit = given.an_account(
        user,
        account_type=AccountType.CREDIT,
        credit_limit=Money(Decimal(100), parse_currency("GBP")),
        balance="-60",
    )
    plain = world.account_of(user)

    def limit(who: Actor, account: Account, amount: str) -> Decimal:
        changes = AccountChanges(credit_limit=Decimal(amount))
        return world.accounts.update(who, account_id=account.id, changes=changes).credit_limit.amount

    for who in (actor, support):
        error = refusal_of(partial(limit, who, credit, "200"))
        assert (error.reason.code, error.details) == ("insufficient_permissions", {"field": "credit_limit"})
    for account, amount in ((credit, "59.99"), (plain, "1"), (plain, "0")):
        error = refusal_of(partial(limit, admin, account, amount))
        assert (error.reason.code, error.details["field"]) == ("negative_balance", "credit_limit")
    error = refusal_of(lambda: limit(admin, credit, "60.001"))
    assert (error.reason.code, error.details["field"]) == ("invalid_amount_format", "credit_limit")
    assert limit(admin, credit, "60") == Decimal(60)
    assert limit(admin, credit, "9999999999999.99") == Decimal("9999999999999.99")
    assert world.accounts.get(actor, account_id=credit.id).balance.amount == Decimal(-60)
    assert world.ledger.verify() == []


def test_storage_holds_the_rules_of_credit_limits_too(
    world: ServiceWorld, given: EntityBuilder, alice: Customer
) -> None:
    pounds = parse_currency("GBP")
    plain = world.account_of(alice[0])
    used = given.an_account(
        alice[0], account_type=AccountType.CREDIT, credit_limit=Money(Decimal(100), pounds), balance="-60"
    )
    for account, limit in ((plain, 1), (used, 59)):
        with world.start_unit_of_work() as work, pytest.raises(DomainError) as refusal:
            work.accounts.save(replace(account, credit_limit=Money(Decimal(limit), pounds)))
        assert refusal.value.reason.code == "negative_balance"
    with world.start_unit_of_work() as work, pytest.raises(LookupError):
        work.accounts.save(replace(plain, id=world.ids.new_id()))


def test_saving_an_account_never_writes_its_balance(world: ServiceWorld, alice: Customer) -> None:
    account = world.account_of(alice[0], "10")
    with world.start_unit_of_work() as work:
        work.accounts.save(replace(account, balance=Money(Decimal(99), account.currency), line_count=7))
        work.commit()
    assert world.accounts.get(alice[1], account_id=account.id) == account


def test_closing_an_account_races_a_payment_into_it_and_only_one_gets_through(
    world: ServiceWorld, alice: Customer, admin: Actor
) -> None:
    close = AccountChanges(status=AccountStatus.CLOSED)
    for _ in range(5):
        payer = world.account_of(alice[0], "100")
        receiver = world.account_of(alice[0])
        payment = world.pending(
            alice[1], payer, "10", counterparty_account_id=receiver.id, payment_type=PaymentType.TRANSFER
        )
        outcomes = race_between(
            partial(world.accounts.update, alice[1], account_id=receiver.id, changes=close),
            partial(world.payment_processing.process, alice[1], payment_id=payment.id),
        )
        assert reasons(outcomes) in (["account_not_empty"], ["account_inactive"])
