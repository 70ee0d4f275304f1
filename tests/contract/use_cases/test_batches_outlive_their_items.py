"""In a batch what is wrong with one item is that item's own refusal, over every storage."""

from collections.abc import Sequence
from dataclasses import fields
from decimal import Decimal
from typing import Any, Unpack
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as for_all
from hypothesis import strategies as st
from tests.support.races import results
from tests.support.scenes.service_world import PASSWORD, DraftFields, ServiceWorld

from ledgerbank_domain.banking.account import Account
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.identity.actor import ANONYMOUS, NOWHERE, Actor, Role
from ledgerbank_domain.ledger.journal import Direction
from ledgerbank_domain.payments.payment import Payment, PaymentDraft, PaymentStatus, PaymentType
from ledgerbank_domain.services.conduct.outcome import result_of

EXAMPLES = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

odd_values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.decimals(),
    st.sampled_from([Decimal("1E+30"), Decimal("1E-400"), Decimal("-0"), Decimal("sNaN"), "DEBIT", "\x00"]),
    st.text(st.characters(), max_size=300),
    st.uuids(),
    st.uuids().map(str),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=2), st.none(), max_size=1),
    st.builds(object),
)
odd_drafts = st.dictionaries(
    st.sampled_from(
        [
            "amount",
            "direction",
            "payment_type",
            "description",
            "currency_code",
            "counterparty_account_id",
        ]
    ),
    odd_values,
    min_size=1,
)


def codes(outcomes: Sequence[object]) -> list[str | None]:
    return [outcome.reason.code if isinstance(outcome, DomainError) else None for outcome in outcomes]


def drafted(account: Account, amount: str = "0.01", **fields: Unpack[DraftFields]) -> PaymentDraft:
    asked: DraftFields = {"direction": Direction.DEBIT, "payment_type": PaymentType.PAYMENT}
    asked |= fields
    return PaymentDraft(
        amount=Decimal(amount), description=str(uuid4()), user_bank_account_id=account.id, **asked
    )


def oddly_drafted(account: Account, changes: dict[str, Any]) -> Any:
    """As an embedder reads a batch: what is no draft is that item's own outcome."""
    sound = drafted(account)
    fields_of_it = {field.name: getattr(sound, field.name) for field in fields(sound)}
    try:
        return PaymentDraft(**fields_of_it | changes)
    except DomainError as refusal:
        return refusal


@pytest.fixture
def customer(world: ServiceWorld) -> tuple[Actor, Account]:
    user, actor = world.user()
    return actor, world.account_of(user, "1000")


@EXAMPLES
@for_all(changes=st.lists(odd_drafts, min_size=1, max_size=4), junk=st.lists(odd_values, max_size=3))
def test_whatever_is_thrown_into_a_batch_of_drafts_its_neighbours_are_stored(
    world: ServiceWorld, customer: tuple[Actor, Account], changes: list[dict[str, Any]], junk: list[Any]
) -> None:
    actor, account = customer
    sound = [(actor, drafted(account)), (actor, drafted(account))]
    odd = [oddly_drafted(account, each) for each in changes]
    requests: list[Any] = [
        sound[0],
        *((actor, each) for each in odd),
        *junk,
        *((each, sound[0][1]) for each in junk),
        sound[1],
    ]

    outcomes = world.payments.create_many(requests)

    assert len(outcomes) == len(requests)
    assert all(isinstance(outcome, Payment | DomainError) for outcome in outcomes)
    assert codes([outcomes[0], outcomes[-1]]) == [None, None]


@EXAMPLES
@for_all(junk=st.lists(odd_values, min_size=1, max_size=5))
def test_whatever_is_thrown_into_a_batch_of_orders_its_neighbours_are_executed(
    world: ServiceWorld, customer: tuple[Actor, Account], junk: list[Any]
) -> None:
    actor, account = customer
    stored = world.payments.create_many([(actor, drafted(account)), (actor, drafted(account))])
    first, second = results(stored)
    requests: list[Any] = [
        (actor, first.id),
        *((actor, each) for each in junk),
        *((each, second.id) for each in junk),
        *junk,
        (actor, second.id),
    ]

    outcomes = world.payment_processing.process_many(requests)

    executed = [result_of(outcomes[0]), result_of(outcomes[-1])]
    assert [payment.status for payment in executed] == [PaymentStatus.COMPLETED] * 2
    assert all(isinstance(outcome, DomainError) for outcome in outcomes[1:-1])
    shown = world.payments.get_many(requests)
    assert [result_of(shown[0]).id, result_of(shown[-1]).id] == [first.id, second.id]
    assert all(isinstance(outcome, DomainError) for outcome in shown[1:-1])
    accounts = world.accounts.get_many([(actor, account.id), *junk, *((actor, each) for each in junk)])
    assert result_of(accounts[0]).id == account.id
    assert all(isinstance(outcome, DomainError) for outcome in accounts[1:])


@EXAMPLES
@for_all(junk=st.lists(odd_values, min_size=1, max_size=5))
def test_whatever_is_thrown_into_a_batch_of_callers_its_neighbours_are_recognised(
    world: ServiceWorld, customer: tuple[Actor, Account], junk: list[Any]
) -> None:
    pair, _ = world.auth.log_in(ANONYMOUS, email="alice@example.com", password=PASSWORD)
    claims = world.auth.codec.decode_access(pair.access_token, now=world.clock.now())

    outcomes = world.auth.authenticate_many(
        [
            (claims, NOWHERE),
            *junk,
            *((each, NOWHERE) for each in junk),
            *((claims, each) for each in junk),
            (claims, NOWHERE),
        ]
    )

    known = {result_of(outcome).user.id for outcome in (outcomes[0], outcomes[-1])}
    assert known == {customer[0].user_id}
    assert all(isinstance(outcome, DomainError) for outcome in outcomes[1:-1])


def test_each_item_is_refused_for_what_is_wrong_with_it(
    world: ServiceWorld, customer: tuple[Actor, Account]
) -> None:
    actor, account = customer
    sound = drafted(account)
    requests: list[Any] = [(actor, None), (None, sound), 5, (actor, sound, 1), (actor, sound)]
    outcomes = world.payments.create_many(requests)
    assert codes(outcomes) == ["invalid_field_format"] * 4 + [None]
    payment_id = result_of(outcomes[-1]).id
    orders: list[Any] = [(actor, str(payment_id)), (actor, None), ("alice", payment_id), (actor, payment_id)]
    assert codes(world.payment_processing.process_many(orders)) == [
        "invalid_uuid_format",
        "invalid_uuid_format",
        "invalid_field_format",
        None,
    ]


def test_amounts_that_only_the_account_can_judge_are_refused_by_themselves(
    world: ServiceWorld, customer: tuple[Actor, Account]
) -> None:
    actor, account = customer
    amounts = ["0.01", "0.001", "1E-60", "9999999999999", "1E+3", "0.02"]
    outcomes = world.payments.create_many([(actor, drafted(account, each)) for each in amounts])
    assert codes(outcomes) == [
        None,
        "invalid_amount_format",
        "invalid_amount_format",
        "amount_exceeds_limit",
        None,
        None,
    ]
    assert result_of(outcomes[4]).amount.amount.as_tuple() == Decimal("1000.00").as_tuple()


def test_a_payment_refused_while_it_is_booked_leaves_its_neighbours_alone(
    world: ServiceWorld, customer: tuple[Actor, Account]
) -> None:
    actor, account = customer
    receiver = world.account_of(world.user("bob@example.com")[0], "1")
    limits = world.with_limits(
        max_single_amount=Decimal(10**13), daily_limits={}, default_daily_limit=Decimal(10**13)
    )
    rich = world.account_of(world.user("carol@example.com")[0], "9999999999999.50")
    carol = Actor(user_id=rich.user_id, role=Role.USER)
    transfer: DraftFields = {"payment_type": PaymentType.TRANSFER, "counterparty_account_id": receiver.id}
    drafts = [
        (actor, drafted(account)),
        (carol, drafted(rich, "9999999999999.50", **transfer)),
        (actor, drafted(account)),
    ]
    payments = results(limits.payments.create_many(drafts))

    outcomes = limits.payment_processing.process_many(
        [(owner, payment.id) for (owner, _), payment in zip(drafts, payments, strict=True)]
    )

    assert codes(outcomes) == [None, "amount_exceeds_limit", None]
    assert world.ledger.verify() == []
