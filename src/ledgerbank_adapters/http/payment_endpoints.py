"""Drafting, looking at, executing and taking back payments."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from attrs import field, frozen

from ledgerbank_adapters.http.field_types import (
    AMOUNT,
    CURRENCY_CODE,
    DESCRIPTION,
    DIRECTION,
    PAYMENT_STATUS,
    PAYMENT_TYPE,
    RANGE_END,
    RANGE_START,
    UUID_FIELD,
)
from ledgerbank_adapters.http.http_operation import Answer, Call, Operation, Paging
from ledgerbank_adapters.http.paging_queries import OffsetQuery, offset_pagination
from ledgerbank_adapters.http.payment_payloads import (
    PaymentOutlookPayload,
    PaymentPayload,
    PaymentStatsPayload,
    RefusedPaymentPayload,
    ValidPaymentPayload,
    payment_outlook_payload,
    payment_payload,
    payment_stats_payload,
    payment_validation_payload,
)
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ledger.journal import Direction
from ledgerbank_domain.payments.payment import PaymentDraft, PaymentFilter, PaymentStatus, PaymentType

DRAFT_ERRORS = (
    Reason.INVALID_AMOUNT_FORMAT,
    Reason.NEGATIVE_AMOUNT,
    Reason.INVALID_DIRECTION,
    Reason.INVALID_PAYMENT_TYPE,
    Reason.INVALID_DESCRIPTION_FORMAT,
    Reason.INVALID_UUID_FORMAT,
    Reason.INVALID_CURRENCY_FORMAT,
    Reason.INVALID_COUNTERPARTY,
    Reason.ACCOUNT_NOT_FOUND,
    Reason.UNAUTHORIZED_ACCESS,
    Reason.INSUFFICIENT_PERMISSIONS,
)
ACCOUNT_RULE_ERRORS = (
    Reason.ACCOUNT_FROZEN,
    Reason.ACCOUNT_SUSPENDED,
    Reason.ACCOUNT_INACTIVE,
    Reason.CURRENCY_MISMATCH,
    Reason.AMOUNT_EXCEEDS_LIMIT,
)
FOUND_PAYMENT_ERRORS = (
    Reason.INVALID_UUID_FORMAT,
    Reason.PAYMENT_NOT_FOUND,
    Reason.INSUFFICIENT_PERMISSIONS,
)


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
            account_id=self.user_bank_account_id,
            currency_code=self.currency,
            counterparty_account_id=self.counterparty_account_id,
        )


@frozen(kw_only=True)
class PaymentListQuery(OffsetQuery):
    direction: Direction | None = field(default=None, metadata=DIRECTION.metadata)
    status: PaymentStatus | None = field(default=None, metadata=PAYMENT_STATUS.metadata)
    payment_type: PaymentType | None = field(default=None, metadata=PAYMENT_TYPE.metadata)
    date_from: datetime | None = field(default=None, metadata=RANGE_START.metadata)
    date_to: datetime | None = field(default=None, metadata=RANGE_END.metadata)


def create_payment(call: Call[PaymentBody, None]) -> Answer:
    payment = call.services.payments.create(call.actor, call.body().draft())
    return Answer(data=payment_payload(payment), location=f"/payments/{payment.id}")


def validate_payment(call: Call[PaymentBody, None]) -> Answer:
    validation = call.services.payments.validate(call.actor, call.body().draft())
    return Answer(data=payment_validation_payload(validation))


def list_payments(call: Call[None, PaymentListQuery]) -> Answer:
    query = call.query()
    wanted = PaymentFilter(
        user_id=call.actor.required_user_id(),
        direction=query.direction,
        status=query.status,
        payment_type=query.payment_type,
        inserted_from=query.date_from,
        inserted_to=query.date_to,
    )
    page = call.services.payments.list_page(wanted, request=query.page_request)
    return Answer(
        data=[payment_payload(payment) for payment in page.items], pagination=offset_pagination(page)
    )


def payment_stats(call: Call[None, None]) -> Answer:
    return Answer(data=payment_stats_payload(call.services.payments.stats(call.actor)))


def get_payment(call: Call[None, None]) -> Answer:
    return Answer(data=payment_payload(call.services.payments.get(call.actor, payment_id=call.path_id())))


def payment_status(call: Call[None, None]) -> Answer:
    outlook = call.services.payments.outlook(call.actor, payment_id=call.path_id())
    return Answer(data=payment_outlook_payload(outlook))


def process_payment(call: Call[None, None]) -> Answer:
    payment = call.services.processing.process(call.actor, payment_id=call.path_id())
    return Answer(data=payment_payload(payment))


def cancel_payment(call: Call[None, None]) -> Answer:
    return Answer(data=payment_payload(call.services.payments.cancel(call.actor, payment_id=call.path_id())))


PAYMENT_OPERATIONS = (
    Operation(
        method="POST",
        path="/payments",
        handler=create_payment,
        summary="Drafts a payment; no money moves yet",
        body=PaymentBody,
        answer=PaymentPayload,
        status=201,
        action="created",
        errors=(*DRAFT_ERRORS, *ACCOUNT_RULE_ERRORS),
    ),
    Operation(
        method="POST",
        path="/payments/validate",
        handler=validate_payment,
        summary="Tells whether a payment would be executed now; stores nothing",
        body=PaymentBody,
        answer=ValidPaymentPayload | RefusedPaymentPayload,
        action="validated",
        errors=DRAFT_ERRORS,
    ),
    Operation(
        method="GET",
        path="/payments",
        handler=list_payments,
        summary="The caller's own payments, newest first",
        query=PaymentListQuery,
        answer=list[PaymentPayload],
        action="listed",
        paging=Paging.OFFSET,
        errors=(
            Reason.INVALID_DIRECTION,
            Reason.INVALID_STATUS,
            Reason.INVALID_PAYMENT_TYPE,
            Reason.INVALID_DATETIME_FORMAT,
        ),
    ),
    Operation(
        method="GET",
        path="/payments/stats",
        handler=payment_stats,
        summary="The caller's accounts in figures, and his newest payments",
        answer=PaymentStatsPayload,
        action="stats_retrieved",
    ),
    Operation(
        method="GET",
        path="/payments/{id}",
        handler=get_payment,
        summary="One payment",
        answer=PaymentPayload,
        action="retrieved",
        errors=FOUND_PAYMENT_ERRORS,
    ),
    Operation(
        method="GET",
        path="/payments/{id}/status",
        handler=payment_status,
        summary="A payment, and whether the caller could process it now",
        answer=PaymentOutlookPayload,
        action="status_retrieved",
        errors=FOUND_PAYMENT_ERRORS,
    ),
    Operation(
        method="POST",
        path="/payments/{id}/process",
        handler=process_payment,
        summary="Executes a payment: now money moves",
        answer=PaymentPayload,
        action="processed",
        errors=(
            *FOUND_PAYMENT_ERRORS,
            Reason.ALREADY_PROCESSED,
            Reason.UNAUTHORIZED_ACCESS,
            *ACCOUNT_RULE_ERRORS,
            Reason.ACCOUNT_NOT_FOUND,
            Reason.INSUFFICIENT_FUNDS,
            Reason.DAILY_LIMIT_EXCEEDED,
            Reason.DUPLICATE_TRANSACTION,
        ),
    ),
    Operation(
        method="DELETE",
        path="/payments/{id}",
        handler=cancel_payment,
        summary="Takes a pending payment back for good",
        answer=PaymentPayload,
        action="cancelled",
        errors=(*FOUND_PAYMENT_ERRORS, Reason.ALREADY_PROCESSED),
    ),
)
