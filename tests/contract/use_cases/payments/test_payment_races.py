"""What processing promises when much is asked for at once, over every storage."""

from decimal import Decimal
from functools import partial

from tests.support.races import race, reasons, results
from tests.support.scenes.service_world import ServiceWorld

from ledgerbank_domain.banking.account import AccountType
from ledgerbank_domain.payments.payment import PaymentStatus, PaymentType


def test_of_20_simultaneous_process_calls_on_one_payment_exactly_one_succeeds(world: ServiceWorld) -> None:
    user, actor = world.user()
    account = world.account_of(user, "100")
    payment = world.pending(actor, account)
    outcomes = race([lambda: world.payment_processing.process(actor, payment_id=payment.id)] * 20)
    assert reasons(outcomes) == ["already_processed"] * 19
    assert world.balance(account) == Decimal(90)
    assert world.ledger.verify() == []


def test_processing_and_cancelling_at_once_never_both_happen(world: ServiceWorld) -> None:
    user, actor = world.user()
    account = world.account_of(user, "1000")
    for _ in range(5):
        payment = world.pending(actor, account)
        before = world.balance(account)
        outcomes = race(
            [
                partial(world.payment_processing.process, actor, payment_id=payment.id),
                partial(world.payments.cancel, actor, payment_id=payment.id),
            ]
        )
        assert reasons(outcomes) == ["already_processed"]
        completed = world.payments.get(actor, payment_id=payment.id).status is PaymentStatus.COMPLETED
        assert world.balance(account) == before - (10 if completed else 0)


def test_simultaneous_payments_never_overdraw_an_account(world: ServiceWorld) -> None:
    user, actor = world.user()
    account = world.account_of(user, "100", account_type=AccountType.INVESTMENT)
    payments = [world.pending(actor, account, "9") for _ in range(30)]
    outcomes = race([partial(world.payment_processing.process, actor, payment_id=p.id) for p in payments])
    assert reasons(outcomes) == ["insufficient_funds"] * 19
    assert world.balance(account) == Decimal(1)
    assert world.ledger.verify() == []


def test_simultaneous_payments_never_exceed_the_daily_limit(world: ServiceWorld) -> None:
    user, actor = world.user()
    account = world.account_of(user, "5000")
    payments = [world.pending(actor, account, "90") for _ in range(20)]
    outcomes = race([partial(world.payment_processing.process, actor, payment_id=p.id) for p in payments])
    assert reasons(outcomes) == ["daily_limit_exceeded"] * 9
    assert world.balance(account) == Decimal(5000 - 11 * 90)


def test_simultaneous_twins_are_executed_once_for_each_account(world: ServiceWorld) -> None:
    user, actor = world.user()
    accounts = [world.account_of(user, "100") for _ in range(2)]
    twins = [world.pending(actor, accounts[n % 2], "5", "Coffee") for n in range(10)]
    outcomes = race([partial(world.payment_processing.process, actor, payment_id=p.id) for p in twins])
    assert reasons(outcomes) == ["duplicate_transaction"] * 8
    assert [world.balance(account) for account in accounts] == [95, 95]


def test_opposite_transfers_at_once_neither_deadlock_nor_lose_a_penny(world: ServiceWorld) -> None:
    alice, alice_actor = world.user("alice@example.com")
    bob, bob_actor = world.user("bob@example.com")
    ours, theirs = world.account_of(alice, "500"), world.account_of(bob, "500")
    transfers = []
    for _ in range(10):
        for actor, source, target in ((alice_actor, ours, theirs), (bob_actor, theirs, ours)):
            payment = world.pending(
                actor, source, "7", payment_type=PaymentType.TRANSFER, counterparty_account_id=target.id
            )
            transfers.append((actor, payment))
    outcomes = race([partial(world.payment_processing.process, a, payment_id=p.id) for a, p in transfers])
    assert reasons(outcomes) == []
    assert (world.balance(ours), world.balance(theirs)) == (Decimal(500), Decimal(500))
    assert world.ledger.verify() == []


def test_overlapping_batches_at_once_execute_each_payment_exactly_once(world: ServiceWorld) -> None:
    user, actor = world.user()
    accounts = [world.account_of(user, "1000", account_type=AccountType.INVESTMENT) for _ in range(4)]
    payments = [world.pending(actor, accounts[n % 4], "3") for n in range(40)]
    batches = [payments[start : start + 20] for start in (0, 10, 20)] + [payments[::-1][:25]]
    outcomes = race(
        [partial(world.payment_processing.process_many, [(actor, p.id) for p in b]) for b in batches]
    )
    completed = [payment.id for batch in results(outcomes) for payment in results(batch)]
    assert sorted(completed) == sorted(payment.id for payment in payments)
    assert sum(world.balance(account) for account in accounts) == 4000 - 40 * 3
    assert world.ledger.verify() == []
