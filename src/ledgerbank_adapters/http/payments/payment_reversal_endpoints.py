"""Reversals: undoing payments that were made by mistake."""

from attrs import field, frozen

from ledgerbank_adapters.http.fields.field_types import FieldType
from ledgerbank_adapters.http.operations.http_operation import Access, Answer, Call, NoKey, Operation
from ledgerbank_adapters.http.payments.payment_endpoints import FOUND_PAYMENT_ERRORS
from ledgerbank_adapters.http.payments.payment_payloads import PaymentPayload, payment_payload
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ledger.reversal_reason import MAX_REVERSAL_REASON_LENGTH, parse_reversal_reason

REVERSAL_REASON = FieldType(
    parse=parse_reversal_reason,
    schema={
        "type": "string",
        "pattern": r"\S",
        "maxLength": MAX_REVERSAL_REASON_LENGTH,
        "description": "Stands as the description of the lines that the reversal books.",
    },
)


@frozen(kw_only=True)
class ReversalBody:
    reason: str = field(metadata=REVERSAL_REASON.metadata)


def reverse_payment(call: Call[ReversalBody, None]) -> Answer:
    payment = call.services.reversals.reverse_payment(
        call.actor, payment_id=call.path_id(), reason=call.body().reason
    )
    return Answer(data=payment_payload(payment))


PAYMENT_REVERSAL_OPERATIONS = (
    Operation(
        method="POST",
        path="/payments/{id}/reverse",
        handler=reverse_payment,
        summary="Undoes an executed payment by an entry with its lines mirrored; it stays COMPLETED",
        access=Access.ADMIN,
        body=ReversalBody,
        scope=NoKey.SESSIONS_ONLY,
        answer=PaymentPayload,
        action="reversed",
        idempotent=True,
        errors=(
            Reason.INVALID_FIELD_FORMAT,
            *FOUND_PAYMENT_ERRORS,
            Reason.ALREADY_REVERSED,
            Reason.NOT_REVERSIBLE,
            Reason.ACCOUNT_INACTIVE,
            Reason.NEGATIVE_BALANCE,
            Reason.AMOUNT_EXCEEDS_LIMIT,
        ),
    ),
)
