"""A payment passes through its states in order, and no others."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from tests.support.scenes.domain_samples import ACCOUNT, NOW, OTHER_ACCOUNT, STRANGER, a_payment, gbp

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ledger.journal import Direction
from ledgerbank_domain.money.currency import CURRENCIES
from ledgerbank_domain.money.money import Money
from ledgerbank_domain.payments.payment import (
    Payment,
    PaymentDraft,
    PaymentStatus,
    PaymentType,
    parse_description,
)

LATER = NOW + timedelta(seconds=1)
ENTRY = UUID(int=7)
PENDING, PROCESSING, COMPLETED, FAILED, CANCELLED = PaymentStatus

STEPS: dict[PaymentStatus, Callable[[Payment], Payment]] = {
    PENDING: lambda payment: payment.returned_to_pending(at=LATER),
    PROCESSING: lambda payment: payment.started(at=LATER),
    COMPLETED: lambda payment: payment.completed(journal_entry_id=ENTRY, at=LATER),
    FAILED: lambda payment: payment.failed(Reason.INSUFFICIENT_FUNDS, at=LATER),
    CANCELLED: lambda payment: payment.cancelled(at=LATER),
}
ALLOWED = {
    (PENDING, COMPLETED),
    (PENDING, CANCELLED),
    (PENDING, PROCESSING),
    (PROCESSING, COMPLETED),
    (PROCESSING, FAILED),
    (PROCESSING, PENDING),
    (FAILED, PENDING),
}


@pytest.mark.parametrize("before", PaymentStatus)
@pytest.mark.parametrize("after", PaymentStatus)
def test_a_payment_changes_its_state_only_as_the_contract_says(
    before: PaymentStatus, after: PaymentStatus
) -> None:
    payment = a_payment(status=before)

    if (before, after) in ALLOWED:
        moved = STEPS[after](payment)
        assert (moved.status, moved.updated_at) == (after, LATER)
    else:
        with pytest.raises(DomainError) as refusal:
            STEPS[after](payment)
        assert refusal.value.reason is Reason.ALREADY_PROCESSED


def test_a_completed_payment_names_its_entry_and_time_and_no_failure() -> None:
    completed = a_payment(status=PROCESSING).completed(journal_entry_id=ENTRY, at=LATER)

    assert completed == a_payment(status=COMPLETED, journal_entry_id=ENTRY, posted_at=LATER, updated_at=LATER)


def test_a_failed_payment_keeps_the_reason_until_it_is_tried_again() -> None:
    failed = a_payment().started(at=NOW).failed(Reason.DAILY_LIMIT_EXCEEDED, at=LATER)

    assert failed.failure_reason == "daily_limit_exceeded"
    assert failed.returned_to_pending(at=LATER) == a_payment(updated_at=LATER)


def test_only_a_pending_payment_is_pending() -> None:
    assert [status for status in PaymentStatus if a_payment(status=status).is_pending] == [PENDING]


@pytest.mark.parametrize(
    "same",
    [
        {"id": UUID(int=42)},
        {"payment_type": PaymentType.WITHDRAWAL},
        {"status": COMPLETED},
        {"inserted_at": LATER},
        {"amount": gbp("10.0")},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_twins_may_differ_in_type_and_time(same: dict[str, Any]) -> None:
    assert replace(a_payment(), **same).signature == a_payment().signature


@pytest.mark.parametrize(
    "other",
    [
        {"user_id": STRANGER},
        {"user_bank_account_id": OTHER_ACCOUNT},
        {"counterparty_account_id": OTHER_ACCOUNT},
        {"amount": Money(Decimal("10.00"), CURRENCIES["EUR"])},
        {"amount": gbp("10.01")},
        {"description": "rent"},
        {"direction": Direction.CREDIT},
    ],
    ids=str,
)
def test_twins_have_one_payer_payee_amount_description_and_direction(other: dict[str, Any]) -> None:
    assert replace(a_payment(), **other).signature != a_payment().signature


def draft(**fields: Any) -> PaymentDraft:
    defaults = {
        "amount": Decimal(10),
        "direction": Direction.DEBIT,
        "payment_type": PaymentType.TRANSFER,
        "description": "Rent",
        "user_bank_account_id": ACCOUNT,
    }
    return PaymentDraft(**{**defaults, **fields})


@pytest.mark.parametrize("payment_type", PaymentType)
@pytest.mark.parametrize("direction", Direction)
def test_only_a_transfer_out_has_a_counterparty(payment_type: PaymentType, direction: Direction) -> None:
    draft(payment_type=payment_type, direction=direction)
    kind = {"payment_type": payment_type, "direction": direction, "counterparty_account_id": OTHER_ACCOUNT}

    if payment_type is PaymentType.TRANSFER and direction is Direction.DEBIT:
        assert draft(**kind).counterparty_account_id == OTHER_ACCOUNT
    else:
        with pytest.raises(DomainError) as refusal:
            draft(**kind)
        assert refusal.value.reason is Reason.INVALID_COUNTERPARTY


def test_nobody_transfers_to_the_paying_account() -> None:
    with pytest.raises(DomainError) as refusal:
        draft(counterparty_account_id=ACCOUNT)
    assert refusal.value.reason is Reason.INVALID_COUNTERPARTY


@pytest.mark.parametrize("text", ["R", "x" * 255, "\U0001f600" * 255])
def test_a_description_has_1_to_255_characters_after_trimming(text: str) -> None:
    assert parse_description(f"  {text}\n") == text


@pytest.mark.parametrize(
    "value", ["", "  ", "x" * 256, "a\x00", "\ud800", None, 5], ids=lambda v: repr(v)[:20]
)
def test_what_is_no_description_is_refused(value: object) -> None:
    with pytest.raises(DomainError) as refusal:
        parse_description(value)
    assert refusal.value.reason is Reason.INVALID_DESCRIPTION_FORMAT
