"""Drafting, looking at and taking back payments."""

from datetime import datetime

from attrs import field, frozen

from ledgerbank_adapters.http.fields.field_reader import FieldReader
from ledgerbank_adapters.http.fields.field_types import (
    DIRECTION,
    PAYMENT_STATUS,
    PAYMENT_TYPE,
    RANGE_END,
    RANGE_START,
)
from ledgerbank_adapters.http.fields.paging_queries import OffsetQuery, offset_pagination
from ledgerbank_adapters.http.operations.http_operation import Answer, Call, Operation, Paging
from ledgerbank_adapters.http.payments.payment_bodies import PaymentBatchBody, PaymentBody
from ledgerbank_adapters.http.payments.payment_payloads import (
    PaymentBatchPayload,
    PaymentOutlookPayload,
    PaymentPayload,
    PaymentStatsPayload,
    RefusedPaymentPayload,
    ValidPaymentPayload,
    payment_batch_payload,
    payment_outlook_payload,
    payment_payload,
    payment_stats_payload,
    payment_validation_payload,
)
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Category, Reason
from ledgerbank_domain.identity.scope import Scope
from ledgerbank_domain.ledger.journal import Direction
from ledgerbank_domain.payments.payment import (
    Payment,
    PaymentDraft,
    PaymentFilter,
    PaymentStatus,
    PaymentType,
)
from ledgerbank_domain.services.conduct.outcome import Outcome

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
    Reason.ACCOUNT_FED_BY_BANK,
    Reason.CURRENCY_MISMATCH,
    Reason.AMOUNT_EXCEEDS_LIMIT,
)
FOUND_PAYMENT_ERRORS = (
    Reason.INVALID_UUID_FORMAT,
    Reason.PAYMENT_NOT_FOUND,
    Reason.INSUFFICIENT_PERMISSIONS,
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


def create_payments(call: Call[PaymentBatchBody, None]) -> Answer:
    drafts = [_draft_of(call.reader, item) for item in call.body().payments]
    readable = [draft for draft in drafts if isinstance(draft, PaymentDraft)]
    created = iter(call.services.payments.create_many([(call.actor, draft) for draft in readable]))
    outcomes: list[Outcome[Payment]] = [
        draft if isinstance(draft, DomainError) else next(created) for draft in drafts
    ]
    for outcome in outcomes:
        # A caller who has just lost their account is no matter of single items.
        if isinstance(outcome, DomainError) and outcome.category is Category.AUTHENTICATION:
            raise outcome
    return Answer(data=payment_batch_payload(outcomes))


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
    page = call.services.payments.list_page(call.actor, wanted, request=query.page_request)
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


def cancel_payment(call: Call[None, None]) -> Answer:
    return Answer(data=payment_payload(call.services.payments.cancel(call.actor, payment_id=call.path_id())))


def _draft_of(reader: FieldReader, item: object) -> Outcome[PaymentDraft]:
    try:
        return reader.read(PaymentBody, item).draft()
    except DomainError as error:
        return error


PAYMENT_OPERATIONS = (
    Operation(
        method="POST",
        path="/payments",
        handler=create_payment,
        summary="Drafts a payment; no money moves yet",
        body=PaymentBody,
        scope=Scope.PAYMENTS_WRITE,
        answer=PaymentPayload,
        status=201,
        action="created",
        idempotent=True,
        errors=(*DRAFT_ERRORS, *ACCOUNT_RULE_ERRORS, Reason.STEP_UP_REQUIRED),
    ),
    Operation(
        method="POST",
        path="/payments/batch",
        handler=create_payments,
        summary="Drafts up to 1,000 payments; each is created or refused by itself",
        body=PaymentBatchBody,
        scope=Scope.PAYMENTS_WRITE,
        answer=PaymentBatchPayload,
        action="batch_created",
        idempotent=True,
        errors=(Reason.INVALID_BATCH,),
    ),
    Operation(
        method="POST",
        path="/payments/validate",
        handler=validate_payment,
        summary="Tells whether a payment would be executed now; stores nothing",
        body=PaymentBody,
        scope=Scope.PAYMENTS_WRITE,
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
        scope=Scope.PAYMENTS_READ,
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
        summary="The caller's accounts in figures, and their newest payments",
        scope=Scope.PAYMENTS_READ,
        answer=PaymentStatsPayload,
        action="stats_retrieved",
    ),
    Operation(
        method="GET",
        path="/payments/{id}",
        handler=get_payment,
        summary="One payment",
        scope=Scope.PAYMENTS_READ,
        answer=PaymentPayload,
        action="retrieved",
        errors=FOUND_PAYMENT_ERRORS,
    ),
    Operation(
        method="GET",
        path="/payments/{id}/status",
        handler=payment_status,
        summary="A payment, and whether the caller could process it now",
        scope=Scope.PAYMENTS_READ,
        answer=PaymentOutlookPayload,
        action="status_retrieved",
        errors=FOUND_PAYMENT_ERRORS,
    ),
    Operation(
        method="DELETE",
        path="/payments/{id}",
        handler=cancel_payment,
        summary="Takes a pending payment back for good",
        scope=Scope.PAYMENTS_WRITE,
        answer=PaymentPayload,
        action="cancelled",
        errors=(*FOUND_PAYMENT_ERRORS, Reason.ALREADY_PROCESSED),
    ),
)
