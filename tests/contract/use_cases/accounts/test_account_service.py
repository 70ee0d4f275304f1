"""What opening, changing and looking at accounts promises, over every storage."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import partial
from uuid import UUID

import pytest
from tests.support.races import race, race_between, reasons
from tests.support.refusals import refusal_of
from tests.support.scenes.entity_builder import EntityBuilder
from tests.support.scenes.service_world import Customer, ServiceWorld

from ledgerbank_domain.banking.account import (
    Account,
    AccountChanges,
    AccountStatus,
    AccountType,
    NewAccount,
)
from ledgerbank_domain.banking.bank import BankChanges, BankStatus
from ledgerbank_domain.banking.bank_login import BankLogin
from ledgerbank_domain.banking.house_bank import HOUSE_BANK_ID
from ledgerbank_domain.banking.transaction import TransactionFilter
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.identity.actor import Actor, Role
from ledgerbank_domain.identity.page import KeysetRequest, Sort
from ledgerbank_domain.ledger.journal import Direction
from ledgerbank_domain.money.currency import parse_currency
from ledgerbank_domain.money.money import Money
from ledgerbank_domain.payments.payment import PaymentType
from ledgerbank_domain.users.user import UserStatus

BY_TIME = KeysetRequest(sort=Sort(field="posted_at", descending=True))


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


def test_a_balance_is_the_sum_of_what_was_posted_by_then(
    world: ServiceWorld, given: EntityBuilder, alice: Customer, bob: Customer, support: Actor
) -> None:
    user, actor = alice
    start = world.clock.now()
    account = given.an_account(user, balance="100")
    for amount in (-30, 5):
        world.clock.advance(timedelta(minutes=1))
        account, _, _ = given.a_movement(account, Decimal(amount))
    # Imports are posted earlier than they are booked.
    account, _, _ = given.a_movement(account, Decimal(1), at=start + timedelta(seconds=30))

    def at(minutes: float) -> Decimal:
        found = world.accounts.balance_at(actor, account_id=account.id, at=start + timedelta(minutes=minutes))
        return found.balance.amount

    assert [at(m) for m in (-1, 0, 0.4, 0.5, 1, 1.5, 2)] == [0, 100, 100, 101, 71, 71, 76]
    now = world.accounts.balance_at(support, account_id=account.id)
    assert (now.at, now.balance, now.account_id) == (world.clock.now(), account.balance, account.id)
    error = refusal_of(lambda: at(2.001))
    assert (error.reason.code, error.details["field"]) == ("invalid_datetime_format", "at")
    assert refusal_of(lambda: world.accounts.balance_at(bob[1], account_id=account.id)).reason.code == (
        "unauthorized_access"
    )
    assert refusal_of(lambda: world.accounts.balance_at(actor, account_id=user.id)).reason.code == (
        "account_not_found"
    )
    with world.start_unit_of_work() as work:
        assert work.transactions.balance_at(user.id, now.at, known_at=now.at) == 0


def test_health_tells_what_may_still_be_spent_today(
    world: ServiceWorld, alice: Customer, bob: Customer, support: Actor
) -> None:
    account = world.account_of(alice[0], "2000")
    payment = world.pending(alice[1], account, "333.33")
    world.payment_processing.process(alice[1], payment_id=payment.id)
    health = world.accounts.health(support, account_id=account.id)
    assert (health.daily_limit.amount, health.daily_spent.amount, health.daily_remaining.amount) == (
        Decimal("1000.00"),
        Decimal("333.33"),
        Decimal("666.67"),
    )
    assert health.daily_utilization_percent == Decimal("33.33")
    assert (health.is_healthy, health.can_make_payments) == (True, True)
    assert refusal_of(lambda: world.accounts.health(bob[1], account_id=account.id)).reason.code == (
        "unauthorized_access"
    )
    world.clock.advance(timedelta(days=1))
    assert world.accounts.health(alice[1], account_id=account.id).daily_spent.is_zero


def test_transactions_are_those_of_the_caller_unless_an_account_or_a_user_is_named(
    world: ServiceWorld, given: EntityBuilder, alice: Customer, bob: Customer, support: Actor
) -> None:
    first, second = (given.an_account(alice[0], balance=str(n)) for n in (1, 2))
    foreign = given.an_account(bob[0], balance="3")

    def amounts(actor: Actor, wanted: TransactionFilter) -> list[int]:
        page = world.accounts.list_all_transactions(actor, wanted=wanted, request=BY_TIME)
        return sorted(int(line.amount.amount) for line in page.items)

    assert amounts(alice[1], TransactionFilter()) == [1, 2]
    assert amounts(alice[1], TransactionFilter(account_id=second.id)) == [2]
    assert amounts(alice[1], TransactionFilter(account_id=second.id, user_id=alice[0].id)) == [2]
    assert amounts(support, TransactionFilter()) == []
    assert amounts(support, TransactionFilter(user_id=bob[0].id)) == [3]
    assert amounts(support, TransactionFilter(account_id=first.id)) == [1]
    assert amounts(support, TransactionFilter(account_id=foreign.id, user_id=alice[0].id)) == []
    for wanted, reason in (
        (TransactionFilter(account_id=world.ids.new_id(), user_id=bob[0].id), "account_not_found"),
        (TransactionFilter(account_id=foreign.id, user_id=bob[0].id), "unauthorized_access"),
        (TransactionFilter(user_id=bob[0].id), "insufficient_permissions"),
        (TransactionFilter(user_id=world.ids.new_id()), "insufficient_permissions"),
    ):
        assert refusal_of(partial(amounts, alice[1], wanted)).reason.code == reason
