"""What clients send to draft payments, one or many."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from attrs import field, frozen

from ledgerbank_adapters.http.fields.field_types import (
    AMOUNT,
    CURRENCY_CODE,
    DESCRIPTION,
    DIRECTION,
    PAYMENT_TYPE,
    UUID_FIELD,
    FieldType,
)
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ledger.journal import Direction
from ledgerbank_domain.payments.payment import PaymentDraft, PaymentType

MAX_BATCH_SIZE = 1000


@frozen(kw_only=True)
class PaymentBody:
    """``currency`` may be left out; when given it must be the account's."""

    amount: Decimal = field(metadata=AMOUNT.metadata)
    direction: Direction = field(metadata=DIRECTION.metadata)
    payment_type: PaymentType = field(metadata=PAYMENT_TYPE.metadata)
    description: str = field(metadata=DESCRIPTION.metadata)
    user_bank_account_id: UUID = field(metadata=UUID_FIELD.metadata)
    currency: str | None = field(default=None, metadata=CURRENCY_CODE.metadata)
    counterparty_account_id: UUID | None = field(default=None, metadata=UUID_FIELD.metadata)

    def draft(self) -> PaymentDraft:
        """Raises ``invalid_counterparty``."""
        return PaymentDraft(
            amount=self.amount,
            direction=self.direction,
            payment_type=self.payment_type,
            description=self.description,
            user_bank_account_id=self.user_bank_account_id,
            currency_code=self.currency,
            counterparty_account_id=self.counterparty_account_id,
        )


def _parse_batch(value: object) -> Sequence[Any]:
    """The items as they came: each is read, and refused, by itself."""
    if isinstance(value, list) and 1 <= len(value) <= MAX_BATCH_SIZE:
        return value
    raise DomainError(Reason.INVALID_BATCH)


PAYMENTS = FieldType(
    parse=_parse_batch,
    schema={
        "type": "array",
        "minItems": 1,
        "maxItems": MAX_BATCH_SIZE,
        "items": {
            "anyOf": [
                {"$ref": "#/components/schemas/PaymentBody"},
                {"description": "Anything else is refused by itself."},
            ]
        },
    },
)


@frozen(kw_only=True)
class PaymentBatchBody:
    """``payments`` holds bodies as those of POST /payments."""

    payments: Sequence[Any] = field(metadata=PAYMENTS.metadata)
