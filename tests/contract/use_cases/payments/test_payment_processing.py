"""What processing promises, over every storage."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from tests.support.races import reasons
from tests.support.refusals import refusal
from tests.support.scenes.service_world import ServiceWorld

from ledgerbank_domain.banking.account import AccountStatus, AccountType
from ledgerbank_domain.banking.transaction import TransactionFilter
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import SYSTEM, Role
from ledgerbank_domain.identity.page import KeysetRequest, Sort
from ledgerbank_domain.ledger.journal import Direction, EntryKind
from ledgerbank_domain.payments.payment import PaymentStatus, PaymentType
from ledgerbank_domain.services.conduct.outcome import result_of
from ledgerbank_domain.users.user import UserStatus


def test_a_debit_takes_its_amount_and_leaves_a_line_that_shows_the_new_balance(world: ServiceWorld) -> None:
    user, actor = world.user()
    account = world.account_of(user, "100")
    payment = world.payment_processing.process(
        actor, payment_id=world.pending(actor, account, "30.25", "Rent").id
    )
    assert payment.status is PaymentStatus.COMPLETED
    assert payment.posted_at == world.clock.now()
    assert world.balance(account) == Decimal("69.75")
    with world.start_unit_of_work() as work:
        newest = work.transactions.list_keyset(
            TransactionFilter(account_id=account.id),
            request=KeysetRequest(sort=Sort(field="posted_at", descending=True)),
        ).items[0]
    assert (newest.kind, newest.direction) == (EntryKind.PAYMENT, Direction.DEBIT)
    assert (str(newest.amount), str(newest.balance_after)) == ("30.25", "69.75")
    assert newest.journal_entry_id == payment.journal_entry_id
    assert newest.payment_id == payment.id
    assert world.ledger.verify() == []


def test_a_credit_adds_its_amount_and_needs_no_funds_and_no_daily_limit(world: ServiceWorld) -> None:
    user, actor = world.user()
    account = world.account_of(user)
    credit = world.pending(
        actor, account, "9000", direction=Direction.CREDIT, payment_type=PaymentType.DEPOSIT
    )
    world.payment_processing.process(actor, payment_id=credit.id)
    assert world.balance(account) == Decimal(9000)


def test_a_transfer_held_here_moves_money_between_two_customers_in_one_entry(world: ServiceWorld) -> None:
    alice, alice_actor = world.user("alice@example.com")
    bob, _ = world.user("bob@example.com")
    source, target = world.account_of(alice, "100"), world.account_of(bob, "5")
    transfer = world.pending(
        alice_actor, source, "40", payment_type=PaymentType.TRANSFER, counterparty_account_id=target.id
    )
    done = world.payment_processing.process(alice_actor, payment_id=transfer.id)
    assert (world.balance(source), world.balance(target)) == (Decimal(60), Decimal(45))
    assert done.journal_entry_id is not None
    with world.start_unit_of_work() as work:
        entry = work.journal.find(done.journal_entry_id)
    assert entry is not None
    assert entry.kind is EntryKind.TRANSFER
    assert {posting.account for posting in entry.postings} == {source.ledger_account, target.ledger_account}
    assert world.ledger.verify() == []


def test_processing_is_done_once(world: ServiceWorld) -> None:
    user, actor = world.user()
    account = world.account_of(user, "100")
    payment = world.pending(actor, account)
    world.payment_processing.process(actor, payment_id=payment.id)
    assert (
        refusal(world.payment_processing.process_many([(actor, payment.id)])[0]) is Reason.ALREADY_PROCESSED
    )
    assert world.balance(account) == Decimal(90)


def test_a_payment_named_twice_in_a_batch_is_executed_once(world: ServiceWorld) -> None:
    user, actor = world.user()
    account = world.account_of(user, "100")
    payment = world.pending(actor, account)
    first, second = world.payment_processing.process_many([(actor, payment.id), (actor, payment.id)])
    assert result_of(first).status is PaymentStatus.COMPLETED
    assert refusal(second) is Reason.ALREADY_PROCESSED
    assert world.balance(account) == Decimal(90)


def test_an_empty_batch_has_no_outcomes(world: ServiceWorld) -> None:
    assert world.payment_processing.process_many([]) == []


def test_one_refused_payment_never_touches_its_neighbours(world: ServiceWorld) -> None:
    user, actor = world.user()
    account = world.account_of(user, "25")
    ids = [world.pending(actor, account, amount).id for amount in ("10", "500", "10")]
    outcomes = world.payment_processing.process_many(
        [(actor, payment_id) for payment_id in [*ids, world.ids.new_id()]]
    )
    assert [isinstance(outcome, DomainError) for outcome in outcomes] == [False, True, False, True]
    assert reasons(outcomes) == ["insufficient_funds", "payment_not_found"]
    assert world.balance(account) == Decimal(5)
    assert world.payments.get(actor, payment_id=ids[1]).status is PaymentStatus.PENDING
    assert world.ledger.verify() == []


def test_earlier_payments_of_a_batch_count_for_later_ones(world: ServiceWorld) -> None:
    user, actor = world.user()
    account = world.account_of(user, "5000")
    amounts = ["600", "300", "101", "100"]
    ids = [world.pending(actor, account, amount).id for amount in amounts]
    twins = [world.pending(actor, account, "1", "Same").id for _ in range(2)]
    outcomes = world.payment_processing.process_many([(actor, payment_id) for payment_id in ids])
    assert reasons(outcomes) == ["daily_limit_exceeded"]
    assert refusal(outcomes[2]) is Reason.DAILY_LIMIT_EXCEEDED
    world.clock.advance(timedelta(days=1))
    twin_outcomes = world.payment_processing.process_many([(actor, payment_id) for payment_id in twins])
    assert reasons(twin_outcomes) == ["duplicate_transaction"]


def test_the_daily_limit_may_be_reached_but_not_passed_and_begins_anew_at_midnight_utc(
    world: ServiceWorld,
) -> None:
    user, actor = world.user()
    account = world.account_of(user, "5000")
    world.clock.set(datetime(2026, 3, 1, 23, 59, 59, 999999, tzinfo=UTC))
    exactly, above = world.pending(actor, account, "1000"), world.pending(actor, account, "0.01")
    world.payment_processing.process(actor, payment_id=exactly.id)
    assert (
        refusal(world.payment_processing.process_many([(actor, above.id)])[0]) is Reason.DAILY_LIMIT_EXCEEDED
    )
    world.clock.advance(timedelta(microseconds=1))
    world.payment_processing.process(actor, payment_id=above.id)


def test_funds_may_be_used_up_to_the_credit_limit_and_not_a_penny_more(world: ServiceWorld) -> None:
    user, actor = world.user()
    account = world.account_of(user, "10", account_type=AccountType.CREDIT, credit_limit="90")
    too_much, all_of_it = world.pending(actor, account, "100.01"), world.pending(actor, account, "100")
    error = world.payment_processing.process_many([(actor, too_much.id)])[0]
    assert isinstance(error, DomainError)
    assert error.reason is Reason.INSUFFICIENT_FUNDS
    assert error.details == {"account_id": str(account.id), "available": "100.00", "requested": "100.01"}
    world.payment_processing.process(actor, payment_id=all_of_it.id)
    assert world.balance(account) == Decimal(-90)
    assert world.ledger.verify() == []


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (AccountStatus.FROZEN, Reason.ACCOUNT_FROZEN),
        (AccountStatus.SUSPENDED, Reason.ACCOUNT_SUSPENDED),
        (AccountStatus.INACTIVE, Reason.ACCOUNT_INACTIVE),
        (AccountStatus.CLOSED, Reason.ACCOUNT_INACTIVE),
    ],
)
def test_payments_from_or_to_an_account_that_is_not_active_are_refused_at_creation(
    world: ServiceWorld, status: AccountStatus, reason: Reason
) -> None:
    user, actor = world.user()
    other, _ = world.user("bob@example.com")
    usable, unusable = world.account_of(user, "10"), world.account_of(other, status=status)
    with pytest.raises(DomainError) as to_it:
        world.pending(actor, usable, payment_type=PaymentType.TRANSFER, counterparty_account_id=unusable.id)
    assert to_it.value.reason is reason
    own = world.account_of(user, status=status)
    with pytest.raises(DomainError) as from_it:
        world.pending(actor, own)
    assert from_it.value.reason is reason


def test_a_payment_of_a_user_who_is_no_longer_active_is_refused(world: ServiceWorld) -> None:
    user, actor = world.user()
    account = world.account_of(user, "100")
    payment = world.pending(actor, account)
    world.set_user_status(user, UserStatus.SUSPENDED)
    outcome = world.payment_processing.process_many([(SYSTEM, payment.id)])[0]
    assert refusal(outcome) is Reason.ACCOUNT_INACTIVE
    assert world.balance(account) == Decimal(100)


def test_owners_admins_and_workers_process_and_nobody_else_does(world: ServiceWorld) -> None:
    user, actor = world.user()
    account = world.account_of(user, "100")
    _, admin = world.user("admin@example.com", role=Role.ADMIN)
    for allowed in (actor, admin, SYSTEM):
        world.payment_processing.process(allowed, payment_id=world.pending(actor, account).id)
    payment = world.pending(actor, account)
    for role in (Role.USER, Role.SUPPORT):
        _, stranger = world.user(f"{role.value}@example.com", role=role)
        outcome = world.payment_processing.process_many([(stranger, payment.id)])[0]
        assert refusal(outcome) is Reason.INSUFFICIENT_PERMISSIONS


def test_users_credit_their_own_accounts_only_while_that_is_switched_on(world: ServiceWorld) -> None:
    user, actor = world.user()
    account = world.account_of(user)
    credit = world.pending(actor, account, direction=Direction.CREDIT)
    strict = world.with_limits(self_service_credits=False)
    assert (
        refusal(strict.payment_processing.process_many([(actor, credit.id)])[0])
        is Reason.INSUFFICIENT_PERMISSIONS
    )
    with pytest.raises(DomainError, match="insufficient_permissions"):
        strict.pending(actor, account, direction=Direction.CREDIT)
    _, admin = world.user("admin@example.com", role=Role.ADMIN)
    strict.payment_processing.process(admin, payment_id=credit.id)
    assert world.balance(account) == Decimal(10)


def test_a_balance_never_outgrows_storage(world: ServiceWorld) -> None:
    world = world.with_limits(max_single_amount=Decimal(9999999999999))
    user, actor = world.user()
    account = world.account_of(user)
    large = [
        world.pending(actor, account, "9999999999999", f"Big {n}", direction=Direction.CREDIT)
        for n in range(2)
    ]
    outcomes = world.payment_processing.process_many([(actor, payment.id) for payment in large])
    assert reasons(outcomes) == ["amount_exceeds_limit"]
    assert world.ledger.verify() == []


def test_every_executed_payment_is_audited_with_who_did_it(world: ServiceWorld) -> None:
    user, actor = world.user()
    account = world.account_of(user, "100")
    payment = world.pending(actor, account)
    world.payment_processing.process(actor, payment_id=payment.id)
    assert world.audit_names(payment.id) == ["payment.created", "payment.processed"]
