"""What looking at accounts promises, over every storage."""

from datetime import timedelta
from decimal import Decimal
from functools import partial

from tests.support.refusals import refusal_of
from tests.support.scenes.entity_builder import EntityBuilder
from tests.support.scenes.service_world import Customer, ServiceWorld

from ledgerbank_domain.banking.transaction import TransactionFilter
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.identity.page import KeysetRequest, Sort

BY_TIME = KeysetRequest(sort=Sort(field="posted_at", descending=True))


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
