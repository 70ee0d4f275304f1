"""What drafting, reading and cancelling payments promise, over every storage."""

from decimal import Decimal
from functools import partial
from uuid import UUID

import pytest
from tests.support.races import race, reasons
from tests.support.refusals import refused
from tests.support.scenes.service_world import Customer, DraftFields, ServiceWorld

from ledgerbank_domain.banking.account import AccountFilter, AccountStatus
from ledgerbank_domain.banking.transaction import Transaction, TransactionFilter
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.identity.actor import Actor, Role
from ledgerbank_domain.identity.page import KeysetRequest, PageRequest, Sort
from ledgerbank_domain.ledger.journal import Direction
from ledgerbank_domain.payments.payment import PaymentFilter, PaymentStatus, PaymentType
from ledgerbank_domain.users.user import UserStatus


@pytest.fixture
def alice(world: ServiceWorld) -> Customer:
    return world.user()


def test_a_new_payment_is_pending_and_moves_no_money(world: ServiceWorld, alice: Customer) -> None:
    user, actor = alice
    account = world.account_of(user, "5")
    payment = world.payments.create(actor, world.draft(account, "900", "Rent"))
    assert (payment.status, payment.user_id, str(payment.amount)) == (
        PaymentStatus.PENDING,
        user.id,
        "900.00",
    )
    assert world.payments.get(actor, payment_id=payment.id) == payment
    assert world.balance(account) == 5


def test_nobody_drafts_a_payment_from_anothers_account_not_even_an_admin(
    world: ServiceWorld, alice: Customer
) -> None:
    account = world.account_of(alice[0], "5")
    for role in Role:
        stranger = world.user(f"{role.value}@example.com", role=role)[1]
        assert refused(partial(world.pending, stranger, account)) == "unauthorized_access"
        assert (
            refused(partial(world.payments.validate, stranger, world.draft(account))) == "unauthorized_access"
        )


@pytest.mark.parametrize(
    ("currency", "amount", "reason"),
    [
        ("USD", "10", "currency_mismatch"),
        ("GBP", "1.001", "invalid_amount_format"),
        ("GBP", "10000.01", "amount_exceeds_limit"),
    ],
)
def test_a_draft_is_refused_for_the_first_rule_it_breaks(
    world: ServiceWorld, alice: Customer, currency: str, amount: str, reason: str
) -> None:
    user, actor = alice
    account = world.account_of(user, "5")
    draft = world.draft(account, amount, currency_code=currency)
    assert refused(lambda: world.payments.create(actor, draft)) == reason


def test_the_largest_single_amount_passes(world: ServiceWorld, alice: Customer) -> None:
    user, actor = alice
    world.pending(actor, world.account_of(user), "10000.00")


@pytest.mark.parametrize(("currency", "amount"), [("JPY", "100.0"), ("BHD", "1.2505")])
def test_an_amount_with_more_digits_than_its_currency_is_refused_even_when_they_are_zeros(
    world: ServiceWorld, alice: Customer, currency: str, amount: str
) -> None:
    user, actor = alice
    account = world.account_of(user, currency=currency)
    assert refused(lambda: world.pending(actor, account, amount)) == "invalid_amount_format"


def test_unknown_accounts_and_counterparties_are_not_found(world: ServiceWorld, alice: Customer) -> None:
    user, actor = alice
    account = world.account_of(user)
    unknown: DraftFields = {
        "payment_type": PaymentType.TRANSFER,
        "counterparty_account_id": world.ids.new_id(),
    }
    assert refused(lambda: world.pending(actor, account, **unknown)) == "account_not_found"
    assert (
        refused(lambda: world.payments.validate(actor, world.draft(account, **unknown)))
        == "account_not_found"
    )


def test_a_counterparty_must_hold_the_same_currency(world: ServiceWorld, alice: Customer) -> None:
    user, actor = alice
    account, foreign = world.account_of(user), world.account_of(user, currency="USD")
    transfer: DraftFields = {"payment_type": PaymentType.TRANSFER, "counterparty_account_id": foreign.id}
    assert refused(lambda: world.pending(actor, account, **transfer)) == "currency_mismatch"


def test_drafts_of_many_callers_are_stored_or_refused_one_by_one(
    world: ServiceWorld, alice: Customer
) -> None:
    bob, bob_actor = world.user("bob@example.com")
    ours, theirs = world.account_of(alice[0]), world.account_of(bob)
    outcomes = world.payments.create_many(
        [
            (alice[1], world.draft(ours)),
            (alice[1], world.draft(theirs)),
            (bob_actor, world.draft(theirs)),
            (bob_actor, world.draft(theirs, "1.234")),
        ]
    )
    assert reasons(outcomes) == ["unauthorized_access", "invalid_amount_format"]
    owners = {outcome.user_id for outcome in outcomes if not isinstance(outcome, DomainError)}
    assert owners == {alice[0].id, bob.id}


def test_a_user_who_was_suspended_meanwhile_drafts_nothing(world: ServiceWorld, alice: Customer) -> None:
    user, actor = alice
    account = world.account_of(user)
    world.set_user_status(user, UserStatus.SUSPENDED)
    assert refused(lambda: world.pending(actor, account)) == "token_revoked"


def test_validate_stores_nothing_and_finds_what_processing_would(
    world: ServiceWorld, alice: Customer
) -> None:
    user, actor = alice
    account = world.account_of(user, "1500")
    expectations = [
        ("10", None),
        ("1500.01", "insufficient_funds"),
        ("1000.01", "daily_limit_exceeded"),
        ("20000", "amount_exceeds_limit"),
    ]
    for amount, reason in expectations:
        assert world.objection(actor, world.draft(account, amount)) == reason
    world.payment_processing.process(actor, payment_id=world.pending(actor, account, "10", "Rent").id)
    assert world.objection(actor, world.draft(account)) == "duplicate_transaction"
    assert (
        world.payments.list_page(actor, PaymentFilter(user_id=user.id), request=PageRequest()).total_count
        == 1
    )


def test_validate_on_an_unusable_account_answers_that_rule(world: ServiceWorld, alice: Customer) -> None:
    user, actor = alice
    account = world.account_of(user, status=AccountStatus.FROZEN)
    assert world.objection(actor, world.draft(account)) == "account_frozen"


def test_validate_refuses_too_many_digits_as_bad_input(world: ServiceWorld, alice: Customer) -> None:
    user, actor = alice
    account = world.account_of(user, "10")
    assert (
        refused(lambda: world.payments.validate(actor, world.draft(account, "1.001")))
        == "invalid_amount_format"
    )


def test_owners_and_staff_see_a_payment_and_others_do_not(world: ServiceWorld, alice: Customer) -> None:
    user, actor = alice
    payment = world.pending(actor, world.account_of(user))
    for role in (Role.SUPPORT, Role.ADMIN):
        assert (
            world.payments.get(Actor(user_id=world.ids.new_id(), role=role), payment_id=payment.id) == payment
        )
    stranger = Actor(user_id=world.ids.new_id(), role=Role.USER)
    assert refused(lambda: world.payments.get(stranger, payment_id=payment.id)) == "insufficient_permissions"
    assert refused(lambda: world.payments.get(stranger, payment_id=world.ids.new_id())) == "payment_not_found"


def test_an_outlook_tells_whether_the_caller_could_process_it(world: ServiceWorld, alice: Customer) -> None:
    user, actor = alice
    payment = world.pending(actor, world.account_of(user, "100"))
    support = Actor(user_id=world.ids.new_id(), role=Role.SUPPORT)
    assert world.payments.outlook(actor, payment_id=payment.id).can_process
    assert not world.payments.outlook(support, payment_id=payment.id).can_process
    world.payment_processing.process(actor, payment_id=payment.id)
    outlook = world.payments.outlook(actor, payment_id=payment.id)
    assert (outlook.can_process, outlook.is_duplicate) == (False, False)


def test_a_cancelled_payment_is_final(world: ServiceWorld, alice: Customer) -> None:
    user, actor = alice
    payment = world.pending(actor, world.account_of(user, "100"))
    _, stranger = world.user("mallory@example.com")
    assert (
        refused(lambda: world.payments.cancel(stranger, payment_id=payment.id)) == "insufficient_permissions"
    )
    assert world.payments.cancel(actor, payment_id=payment.id).status is PaymentStatus.CANCELLED
    assert refused(lambda: world.payments.cancel(actor, payment_id=payment.id)) == "already_processed"
    assert (
        refused(lambda: world.payment_processing.process(actor, payment_id=payment.id)) == "already_processed"
    )
    assert refused(lambda: world.payments.cancel(actor, payment_id=world.ids.new_id())) == "payment_not_found"


def test_of_20_simultaneous_cancellations_exactly_one_succeeds(world: ServiceWorld, alice: Customer) -> None:
    user, actor = alice
    payment = world.pending(actor, world.account_of(user, "100"))
    outcomes = race([lambda: world.payments.cancel(actor, payment_id=payment.id)] * 20)
    assert reasons(outcomes) == ["already_processed"] * 19


def test_stats_show_the_callers_accounts_and_ten_newest_payments(
    world: ServiceWorld, alice: Customer
) -> None:
    user, actor = alice
    account = world.account_of(user, "100")
    world.account_of(world.user("bob@example.com")[0], "1")
    payments = [world.pending(actor, account) for _ in range(12)]
    stats = world.payments.stats(actor)
    assert [found.id for found in stats.accounts] == [account.id]
    assert [found.id for found in stats.recent_payments] == [payment.id for payment in reversed(payments)][
        :10
    ]


def test_accounts_are_seen_by_owners_and_staff_only(world: ServiceWorld, alice: Customer) -> None:
    user, actor = alice
    account = world.account_of(user, "3")
    stranger = world.user("bob@example.com")[1]
    support = Actor(user_id=world.ids.new_id(), role=Role.SUPPORT)
    for allowed in (actor, support):
        assert world.accounts.get(allowed, account_id=account.id) == account
    own = AccountFilter(user_id=user.id)
    assert refused(lambda: world.accounts.get(stranger, account_id=account.id)) == "unauthorized_access"
    assert refused(lambda: world.accounts.get(actor, account_id=world.ids.new_id())) == "account_not_found"
    listing = refused(lambda: world.accounts.list_page(stranger, own, request=PageRequest()))
    assert listing == "insufficient_permissions"
    assert world.accounts.list_page(support, own, request=PageRequest()).items == (account,)


def test_an_accounts_lines_are_seen_by_those_who_may_see_the_account(
    world: ServiceWorld, alice: Customer
) -> None:
    user, actor = alice
    account, other = world.account_of(user, "3"), world.account_of(user, "4")
    stranger = world.user("bob@example.com")[1]
    newest = KeysetRequest(sort=Sort(field="posted_at", descending=True))

    def lines(who: Actor, account_id: UUID) -> tuple[Transaction, ...]:
        return world.accounts.list_transactions(
            who, account_id=account_id, wanted=TransactionFilter(direction=Direction.CREDIT), request=newest
        ).items

    assert [line.amount.amount for line in lines(actor, account.id)] == [Decimal("3.00")]
    assert [line.amount.amount for line in lines(actor, other.id)] == [Decimal("4.00")]
    assert refused(lambda: lines(stranger, account.id)) == "unauthorized_access"
    assert refused(lambda: lines(actor, world.ids.new_id())) == "account_not_found"
