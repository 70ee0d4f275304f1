"""A payment and the states it passes through."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.text_rules import is_text, parse_text
from ledgerbank_domain.identity.value_rules import (
    plain_decimal,
    require_ids,
    require_instants,
    require_member,
    require_optional_ids,
    require_optional_instants,
    require_optional_member,
    require_optional_texts,
    require_texts,
)
from ledgerbank_domain.ledger.journal import Direction
from ledgerbank_domain.money.currency import Currency, parse_currency_code
from ledgerbank_domain.money.money import CEILING, SMALLEST_WRITTEN_AMOUNT, Money, require_money_moved

MAX_DESCRIPTION_LENGTH = 255
MAX_REFERENCE_LENGTH = 255


class PaymentType(Enum):
    """What a payer calls a payment. Only a TRANSFER may name a counterparty's account."""

    TRANSFER = "TRANSFER"
    PAYMENT = "PAYMENT"
    DEPOSIT = "DEPOSIT"
    WITHDRAWAL = "WITHDRAWAL"


class PaymentStatus(Enum):
    """COMPLETED and CANCELLED are final; FAILED goes back to PENDING when an admin retries its job."""

    PENDING = "PENDING"
    PROCESSING = "PROCESSING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


_MAY_BECOME = {
    PaymentStatus.PENDING: {PaymentStatus.PROCESSING, PaymentStatus.COMPLETED, PaymentStatus.CANCELLED},
    PaymentStatus.PROCESSING: {PaymentStatus.COMPLETED, PaymentStatus.FAILED, PaymentStatus.PENDING},
    PaymentStatus.FAILED: {PaymentStatus.PENDING},
    PaymentStatus.COMPLETED: frozenset[PaymentStatus](),
    PaymentStatus.CANCELLED: frozenset[PaymentStatus](),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentSignature:
    """What makes two payments look the same to the duplicate rule.

    Whose money goes from where to where, how much, and what for. The type does not count. No counterparty is
    the same as no counterparty.
    """

    user_id: UUID
    user_bank_account_id: UUID
    counterparty_account_id: UUID | None
    amount: Decimal
    currency_code: str
    description: str
    direction: Direction


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentDraft:
    """A payment as asked for: formats are right, nothing else has been looked at.

    ``currency_code`` may be left out; when given it must be the account's. Raises ``invalid_amount_format``,
    ``amount_too_small``, ``invalid_direction``, ``invalid_payment_type``, ``description_required``,
    ``description_too_long``, ``invalid_description_format``, ``invalid_uuid_format``,
    ``invalid_currency_format`` and ``invalid_counterparty``: whoever makes a batch of drafts out of input
    answers for each draft by itself.
    """

    amount: Decimal
    direction: Direction
    payment_type: PaymentType
    description: str
    user_bank_account_id: UUID
    currency_code: str | None = None
    counterparty_account_id: UUID | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "amount", _payable(self.amount))
        require_member(Direction, self.direction, Reason.INVALID_DIRECTION, field="direction")
        require_member(PaymentType, self.payment_type, Reason.INVALID_PAYMENT_TYPE, field="payment_type")
        object.__setattr__(self, "description", _described(self.description))
        require_ids(user_bank_account_id=self.user_bank_account_id)
        require_optional_ids(counterparty_account_id=self.counterparty_account_id)
        if self.currency_code is not None:
            object.__setattr__(self, "currency_code", _currency_code(self.currency_code))
        if self.counterparty_account_id is None:
            return
        transfers_out = self.payment_type is PaymentType.TRANSFER and self.direction is Direction.DEBIT
        if not transfers_out or self.counterparty_account_id == self.user_bank_account_id:
            raise DomainError(Reason.INVALID_COUNTERPARTY, field="counterparty_account_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """Money that a customer wants moved, from its draft to its entry.

    ``user_bank_account_id`` is the paying (or, for CREDIT, receiving) account. One that was reversed stays
    COMPLETED: ``reversal_entry_id`` is the entry that undid it.
    """

    id: UUID
    user_id: UUID
    user_bank_account_id: UUID
    amount: Money
    direction: Direction
    payment_type: PaymentType
    description: str
    status: PaymentStatus = PaymentStatus.PENDING
    counterparty_account_id: UUID | None = None
    posted_at: datetime | None = None
    failure_reason: str | None = None
    journal_entry_id: UUID | None = None
    reversed_at: datetime | None = None
    reversal_entry_id: UUID | None = None
    external_transaction_id: str | None = None
    inserted_at: datetime
    updated_at: datetime

    def __post_init__(self) -> None:
        require_ids(id=self.id, user_id=self.user_id, user_bank_account_id=self.user_bank_account_id)
        require_optional_ids(
            counterparty_account_id=self.counterparty_account_id,
            journal_entry_id=self.journal_entry_id,
            reversal_entry_id=self.reversal_entry_id,
        )
        require_money_moved(self.amount)
        require_member(Direction, self.direction, Reason.INVALID_DIRECTION, field="direction")
        require_member(PaymentType, self.payment_type, Reason.INVALID_PAYMENT_TYPE, field="payment_type")
        require_member(PaymentStatus, self.status, Reason.INVALID_STATUS, field="status")
        require_texts(MAX_DESCRIPTION_LENGTH, Reason.INVALID_DESCRIPTION_FORMAT, description=self.description)
        require_optional_texts(
            MAX_REFERENCE_LENGTH,
            failure_reason=self.failure_reason,
            external_transaction_id=self.external_transaction_id,
        )
        require_optional_instants(posted_at=self.posted_at, reversed_at=self.reversed_at)
        require_instants(inserted_at=self.inserted_at, updated_at=self.updated_at)

    @property
    def currency(self) -> Currency:
        """The currency of its amount, which is its account's."""
        return self.amount.currency

    @property
    def is_pending(self) -> bool:
        """Whether it waits: only then it can be processed at once, scheduled or cancelled."""
        return self.status is PaymentStatus.PENDING

    @property
    def stands(self) -> bool:
        """Whether it moved money that was not moved back: only then it counts as spent, and as a twin."""
        return self.status is PaymentStatus.COMPLETED and self.reversed_at is None

    @property
    def signature(self) -> PaymentSignature:
        """What the duplicate rule compares it by."""
        return PaymentSignature(
            user_id=self.user_id,
            user_bank_account_id=self.user_bank_account_id,
            counterparty_account_id=self.counterparty_account_id,
            amount=self.amount.amount,
            currency_code=self.currency.code,
            description=self.description,
            direction=self.direction,
        )

    def started(self, *, at: datetime) -> "Payment":
        """A job's attempt begins: PROCESSING. Raises ``already_processed`` unless it is PENDING."""
        return self._moved_to(PaymentStatus.PROCESSING, at=at)

    def completed(self, *, journal_entry_id: UUID, at: datetime) -> "Payment":
        """Its money moved by this entry, then. Raises ``already_processed`` unless it may still move."""
        return self._moved_to(
            PaymentStatus.COMPLETED,
            at=at,
            posted_at=at,
            journal_entry_id=journal_entry_id,
            failure_reason=None,
        )

    def cancelled(self, *, at: datetime) -> "Payment":
        """Taken back for good. Raises ``already_processed`` unless it is PENDING."""
        return self._moved_to(PaymentStatus.CANCELLED, at=at)

    def failed(self, reason: Reason, *, at: datetime) -> "Payment":
        """Its job was discarded for this reason. Raises ``already_processed`` unless it is PROCESSING."""
        return self._moved_to(PaymentStatus.FAILED, at=at, failure_reason=reason.code)

    def returned_to_pending(self, *, at: datetime) -> "Payment":
        """Its job will try again, or an administrator wants it tried again.

        Raises ``already_processed`` unless it is PROCESSING or FAILED.
        """
        return self._moved_to(PaymentStatus.PENDING, at=at, failure_reason=None)

    def reversed(self, *, entry_id: UUID, at: datetime) -> "Payment":
        """The payment whose money this entry moved back.

        Raises ``not_reversible`` when no money moved, and ``already_reversed``.
        """
        if self.status is not PaymentStatus.COMPLETED:
            raise DomainError(Reason.NOT_REVERSIBLE)
        if self.reversed_at is not None:
            raise DomainError(Reason.ALREADY_REVERSED)
        return replace(self, reversed_at=at, reversal_entry_id=entry_id, updated_at=at)

    def _moved_to(self, status: PaymentStatus, *, at: datetime, **changes: Any) -> "Payment":
        if status not in _MAY_BECOME[self.status]:
            raise DomainError(Reason.ALREADY_PROCESSED)
        return replace(self, status=status, updated_at=at, **changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFilter:
    """What a list of payments is narrowed to; None means any, ranges are inclusive."""

    user_id: UUID
    direction: Direction | None = None
    status: PaymentStatus | None = None
    payment_type: PaymentType | None = None
    inserted_from: datetime | None = None
    inserted_to: datetime | None = None

    def __post_init__(self) -> None:
        require_ids(user_id=self.user_id)
        require_optional_member(Direction, self.direction, Reason.INVALID_DIRECTION, field="direction")
        require_optional_member(PaymentStatus, self.status, Reason.INVALID_STATUS, field="status")
        require_optional_member(
            PaymentType, self.payment_type, Reason.INVALID_PAYMENT_TYPE, field="payment_type"
        )
        require_optional_instants(date_from=self.inserted_from, date_to=self.inserted_to)


def _payable(value: object) -> Decimal:
    amount = plain_decimal(value, field="amount")
    if amount <= 0:
        raise DomainError(Reason.AMOUNT_TOO_SMALL, field="amount")
    # Which digits the currency has is asked once the account is known: what no amount can be ends here.
    if amount >= CEILING or amount < SMALLEST_WRITTEN_AMOUNT:
        raise DomainError(Reason.INVALID_AMOUNT_FORMAT, field="amount")
    return amount


def _described(value: object) -> str:
    """1 to 255 characters, trimmed; of a subclass of ``str`` its text alone."""
    if value is None:
        raise DomainError(Reason.DESCRIPTION_REQUIRED, field="description")
    if not isinstance(value, str) or not is_text(value):
        raise DomainError(Reason.INVALID_DESCRIPTION_FORMAT, field="description")
    text = str.strip(value)
    if not text:
        raise DomainError(Reason.DESCRIPTION_REQUIRED, field="description")
    if len(text) > MAX_DESCRIPTION_LENGTH:
        raise DomainError(Reason.DESCRIPTION_TOO_LONG, field="description")
    return text


def _currency_code(value: object) -> str:
    try:
        return parse_currency_code(value)
    except DomainError as error:
        raise error.about("currency") from None


def parse_description(value: object) -> str:
    """1 to 255 characters, trimmed. Raises ``invalid_description_format``."""
    return parse_text(value, reason=Reason.INVALID_DESCRIPTION_FORMAT, max_length=MAX_DESCRIPTION_LENGTH)
