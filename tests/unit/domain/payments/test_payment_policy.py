"""Who may do what with payments, row by row."""

from dataclasses import replace

import pytest
from tests.support.scenes.domain_samples import OWNER, STRANGER, a_payment, actor, an_account

from ledgerbank_domain.banking.account import Account
from ledgerbank_domain.identity.actor import ANONYMOUS, SYSTEM, Actor, Role
from ledgerbank_domain.ledger.journal import Direction
from ledgerbank_domain.payments.payment import PaymentType
from ledgerbank_domain.payments.payment_limits import PaymentLimits
from ledgerbank_domain.payments.payment_policy import (
    may_cancel_job_of_payment,
    may_cancel_payment,
    may_make_credit_payment,
    may_pay_from_account,
    may_process_payment,
    may_view_payment,
)

OPEN, CLOSED = PaymentLimits(self_service_credits=True), PaymentLimits(self_service_credits=False)
OWN = {role: actor(role, OWNER) for role in Role}
FOREIGN = {role: actor(role, STRANGER) for role in Role}
DEBIT, CREDIT = a_payment(direction=Direction.DEBIT), a_payment(direction=Direction.CREDIT)


def may_pay(who: Actor, account: Account) -> bool:
    return may_pay_from_account(who, account, payment_type=PaymentType.PAYMENT, direction=Direction.DEBIT)


@pytest.mark.parametrize("role", Role)
def test_everybody_pays_from_his_own_accounts_only(role: Role) -> None:
    assert may_pay(OWN[role], an_account())
    assert not may_pay(FOREIGN[role], an_account())


def test_workers_pay_for_anybody_and_nobody_for_none() -> None:
    assert may_pay(SYSTEM, an_account())
    assert not may_pay(ANONYMOUS, an_account())


@pytest.mark.parametrize(
    ("who", "when_closed"),
    [(OWN[Role.USER], False), (OWN[Role.SUPPORT], False), (OWN[Role.ADMIN], True), (SYSTEM, True)],
)
def test_money_from_outside_needs_the_switch_or_an_admin(who: Actor, when_closed: bool) -> None:
    assert may_make_credit_payment(who, OPEN, payer_id=OWNER)
    assert may_make_credit_payment(who, CLOSED, payer_id=OWNER) is when_closed


@pytest.mark.parametrize(
    ("who", "allowed"),
    [(OWN[Role.ADMIN], False), (FOREIGN[Role.ADMIN], True), (OWN[Role.USER], False), (SYSTEM, True)],
)
def test_where_acts_take_two_administrators_pay_in_for_others_alone(who: Actor, allowed: bool) -> None:
    closed = replace(CLOSED, staff_pay_in_for_others=True)
    assert may_make_credit_payment(who, closed, payer_id=OWNER) is allowed
    assert may_process_payment(who, CREDIT, closed) is allowed
    # Where everybody may, staff may as well.
    assert may_make_credit_payment(
        OWN[Role.ADMIN], replace(OPEN, staff_pay_in_for_others=True), payer_id=OWNER
    )
    assert may_process_payment(OWN[Role.ADMIN], DEBIT, closed)


@pytest.mark.parametrize(
    ("who", "allowed"),
    [
        (OWN[Role.USER], True),
        (OWN[Role.SUPPORT], True),
        (OWN[Role.ADMIN], True),
        (FOREIGN[Role.USER], False),
        (FOREIGN[Role.SUPPORT], True),
        (FOREIGN[Role.ADMIN], True),
        (SYSTEM, True),
        (ANONYMOUS, False),
    ],
)
def test_owners_and_staff_view_and_cancel(who: Actor, allowed: bool) -> None:
    assert may_view_payment(who, DEBIT) is allowed
    assert may_cancel_payment(who, DEBIT) is allowed


@pytest.mark.parametrize(
    ("who", "debit", "credit_when_open", "credit_when_closed"),
    [
        (OWN[Role.USER], True, True, False),
        (OWN[Role.SUPPORT], True, True, False),
        (OWN[Role.ADMIN], True, True, True),
        (FOREIGN[Role.USER], False, False, False),
        (FOREIGN[Role.SUPPORT], False, False, False),
        (FOREIGN[Role.ADMIN], True, True, True),
        (SYSTEM, True, True, True),
        (ANONYMOUS, False, False, False),
    ],
)
def test_who_may_process_what(
    who: Actor, debit: bool, credit_when_open: bool, credit_when_closed: bool
) -> None:
    assert may_process_payment(who, DEBIT, OPEN) is debit
    assert may_process_payment(who, DEBIT, CLOSED) is debit
    assert may_process_payment(who, CREDIT, OPEN) is credit_when_open
    assert may_process_payment(who, CREDIT, CLOSED) is credit_when_closed


@pytest.mark.parametrize(
    ("who", "allowed"),
    [
        (OWN[Role.USER], True),
        (OWN[Role.SUPPORT], True),
        (OWN[Role.ADMIN], True),
        (FOREIGN[Role.USER], False),
        (FOREIGN[Role.SUPPORT], False),
        (FOREIGN[Role.ADMIN], True),
        (SYSTEM, True),
        (ANONYMOUS, False),
    ],
)
def test_who_may_cancel_the_job_of_a_payment_whatever_its_direction(who: Actor, allowed: bool) -> None:
    assert may_cancel_job_of_payment(who, DEBIT) is allowed
    assert may_cancel_job_of_payment(who, CREDIT) is allowed
