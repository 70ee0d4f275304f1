"""What every payment repository promises."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.support.racing_threads import order_of_getting_through, race
from tests.support.scenes.entity_builder import EntityBuilder

from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.page import PageRequest
from ledgerbank_domain.ledger.journal import Direction
from ledgerbank_domain.payments.payment import Payment, PaymentFilter, PaymentStatus, PaymentType
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork

START = datetime(2025, 3, 1, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)


def test_added_payments_are_found_as_they_were(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    account, other = given.an_account(), given.an_account()
    plain = given.new_payment(account, amount="0.01", description="Caf\u00e9 \U0001f600 '; --")
    transfer = given.new_payment(
        account,
        amount="9999999999999.99",
        payment_type=PaymentType.TRANSFER,
        counterparty_account_id=other.id,
    )
    yen = given.new_payment(given.an_account(currency="JPY"), amount=1, direction=Direction.CREDIT)
    payments = [plain, transfer, yen]

    given.stored(lambda work: work.payments.add_many(payments))
    given.stored(lambda work: work.payments.add_many([]))

    wanted = [payment.id for payment in payments]
    with start_unit_of_work() as work:
        assert work.payments.find_many([*wanted, given.ids.new_id()]) == {
            payment.id: payment for payment in payments
        }
        assert work.payments.find_many([]) == {}
        assert work.payments.find_many_for_update([plain.id, plain.id]) == {plain.id: plain}
        assert work.payments.find_many_for_update([]) == {}


def test_saved_payments_replace_the_old_ones(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    account = given.an_account()
    cancelled, failed, untouched = (given.a_payment(account) for _ in range(3))
    later = given.clock.now() + timedelta(seconds=1)
    changed = [
        cancelled.cancelled(at=later),
        failed.started(at=later).failed(Reason.INSUFFICIENT_FUNDS, at=later),
    ]

    given.stored(lambda work: work.payments.save_many(changed))
    given.stored(lambda work: work.payments.save_many([]))

    with start_unit_of_work() as work:
        found = work.payments.find_many([cancelled.id, failed.id, untouched.id])
    assert found == {payment.id: payment for payment in [*changed, untouched]}


def test_a_completed_payment_keeps_its_entry_and_its_time(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    _, completed = given.a_completed_payment(given.an_account(balance="100"), at=START + INSTANT)

    with start_unit_of_work() as work:
        assert work.payments.find_many([completed.id]) == {completed.id: completed}
        assert work.ledger.find_discrepancies() == []
    assert completed.posted_at == START + INSTANT


Lock = Callable[[UnitOfWork, Payment], list[Payment]]
LOCKS: dict[str, Lock] = {
    "find_many_for_update": lambda work, payment: list(
        work.payments.find_many_for_update([payment.id]).values()
    ),
    "list_pending_of_user_for_update": lambda work, payment: work.payments.list_pending_of_user_for_update(
        payment.user_id
    ),
}


@pytest.mark.parametrize("name", LOCKS)
def test_a_locked_payment_makes_a_second_unit_of_work_wait(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, name: str
) -> None:
    payment = given.a_payment(given.an_account())
    cancelled = payment.cancelled(at=given.clock.now() + INSTANT)
    seen: list[Payment] = []

    def hold(let_the_second_try: Callable[[], None]) -> None:
        with start_unit_of_work() as work:
            assert LOCKS[name](work, payment) == [payment]
            let_the_second_try()
            work.payments.save_many([cancelled])
            work.commit()

    def look() -> None:
        with start_unit_of_work() as work:
            seen.extend(work.payments.find_many_for_update([payment.id]).values())

    assert order_of_getting_through(hold, look) == ["first", "second"]
    assert seen == [cancelled]


def test_of_twenty_that_want_to_cancel_a_payment_one_sees_it_pending(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    payment = given.a_payment(given.an_account())

    def cancel(_: int) -> bool:
        with start_unit_of_work() as work:
            found = work.payments.find_many_for_update([payment.id])[payment.id]
            if not found.is_pending:
                return False
            work.payments.save_many([found.cancelled(at=given.clock.now())])
            work.commit()
        return True

    outcomes = race(cancel, threads=20)

    assert outcomes.count(True) == 1
    assert outcomes.count(False) == 19


def test_pending_payments_of_a_user_come_by_id_over_all_his_accounts(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    user = given.a_user()
    first, second = given.an_account(user), given.an_account(user)
    later = given.clock.now() + INSTANT
    pending = [given.a_payment(account) for account in (first, second, first)]
    done = given.a_payment(first)
    given.stored(lambda work: work.payments.save_many([done.cancelled(at=later)]))
    started = given.a_payment(first)
    given.stored(lambda work: work.payments.save_many([started.started(at=later)]))
    given.a_payment(given.an_account())

    with start_unit_of_work() as work:
        found = work.payments.list_pending_of_user_for_update(user.id)

    assert found == sorted(pending, key=lambda payment: payment.id)


@pytest.mark.parametrize("seed", range(3))
def test_pages_of_payments_are_newest_first_with_exact_totals(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, seed: int
) -> None:
    chance = random.Random(seed)
    account = given.an_account()
    payments = [
        given.new_payment(account, inserted_at=START + timedelta(minutes=chance.randrange(3)))
        for _ in range(11)
    ]
    given.stored(lambda work: work.payments.add_many(chance.sample(payments, len(payments))))
    given.a_payment(given.an_account())
    wanted = PaymentFilter(user_id=account.user_id)

    with start_unit_of_work() as work:
        pages = [
            work.payments.list_page(wanted, request=PageRequest(page=page, page_size=4))
            for page in range(1, 5)
        ]

    newest_first = sorted(payments, key=lambda payment: (payment.inserted_at, payment.id), reverse=True)
    assert [payment for page in pages for payment in page.items] == newest_first
    assert [len(page.items) for page in pages] == [4, 4, 3, 0]
    assert {page.total_count for page in pages} == {11}


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        ({}, [2, 1, 0]),
        ({"direction": Direction.CREDIT}, [1]),
        ({"status": PaymentStatus.PENDING}, [1, 0]),
        ({"status": PaymentStatus.CANCELLED}, [2]),
        ({"status": PaymentStatus.FAILED}, []),
        ({"payment_type": PaymentType.DEPOSIT}, [1]),
        ({"inserted_from": START + timedelta(hours=1)}, [2, 1]),
        ({"inserted_from": START + timedelta(hours=1) + INSTANT}, [2]),
        ({"inserted_to": START + timedelta(hours=1)}, [1, 0]),
        ({"inserted_to": START + timedelta(hours=1) - INSTANT}, [0]),
        (
            {"inserted_from": START, "inserted_to": START + timedelta(hours=2), "direction": Direction.DEBIT},
            [2, 0],
        ),
    ],
)
def test_a_list_of_payments_honours_every_filter(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, wanted: dict[str, Any], numbers: list[int]
) -> None:
    account = given.an_account()
    payments = [
        given.a_payment(account, inserted_at=START),
        given.a_payment(
            account,
            inserted_at=START + timedelta(hours=1),
            direction=Direction.CREDIT,
            payment_type=PaymentType.DEPOSIT,
        ),
        given.a_payment(account, inserted_at=START + timedelta(hours=2)),
    ]
    payments[2] = payments[2].cancelled(at=given.clock.now())
    given.stored(lambda work: work.payments.save_many([payments[2]]))

    with start_unit_of_work() as work:
        page = work.payments.list_page(
            PaymentFilter(user_id=account.user_id, **wanted), request=PageRequest(page_size=100)
        )

    assert list(page.items) == [payments[number] for number in numbers]
    assert page.total_count == len(numbers)


def test_a_twin_is_a_completed_payment_of_the_same_signature_posted_at_or_after_the_instant(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    user = given.a_user()
    first = given.an_account(user, balance="1000")
    second = given.an_account(user, balance="1000")
    like: dict[str, Any] = {"amount": "5.50", "description": "Coffee"}
    first, early = given.a_completed_payment(first, at=START - INSTANT, **like)
    first, exact = given.a_completed_payment(first, at=START, **like)
    first, late = given.a_completed_payment(
        first, at=START + INSTANT, payment_type=PaymentType.TRANSFER, **like
    )
    given.a_payment(first, **like)
    given.a_completed_payment(given.an_account(balance="10"), at=START, **like)
    for other in (
        {"amount": "5.51"},
        {"description": "coffee"},
        {"direction": Direction.CREDIT},
        {"payment_type": PaymentType.TRANSFER, "counterparty_account_id": second.id},
    ):
        first, _ = given.a_completed_payment(first, at=START, **(like | other))
    second, _ = given.a_completed_payment(second, at=START, **like)
    signature = early.signature
    nobodys = replace(signature, user_id=given.ids.new_id())

    with start_unit_of_work() as work:
        found = work.payments.find_completed_since([signature, nobodys], START)
        everything = work.payments.find_completed_since([signature], START - INSTANT)
        assert work.payments.find_completed_since([], START) == {}

    assert found[signature] == {exact.id, late.id}
    assert found.get(nobodys, frozenset()) == frozenset()
    assert everything[signature] == {early.id, exact.id, late.id}


def test_each_signature_gets_its_own_twins(start_unit_of_work: StartUnitOfWork, given: EntityBuilder) -> None:
    account = given.an_account(balance="1000")
    payments = []
    for description in ("One", "Two", "Three"):
        account, payment = given.a_completed_payment(account, description=description, at=START)
        payments.append(payment)

    with start_unit_of_work() as work:
        found = work.payments.find_completed_since([payment.signature for payment in payments[:2]], START)

    assert dict(found) == {payment.signature: {payment.id} for payment in payments[:2]}


def test_an_amount_written_with_other_digits_is_the_same_amount(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    _, payment = given.a_completed_payment(given.an_account(balance="10"), amount="5", at=START)
    asked = replace(payment.signature, amount=Decimal(5))

    with start_unit_of_work() as work:
        assert work.payments.find_completed_since([asked], START)[asked] == {payment.id}
