"""Reversals: undoing payments that were made by mistake."""

from attrs import field, frozen

from ledgerbank_adapters.http.approvals.approval_payloads import ASKED_FOR, asked_for
from ledgerbank_adapters.http.fields.field_types import FieldType
from ledgerbank_adapters.http.operations.http_operation import Access, Answer, Call, NoKey, Operation
from ledgerbank_adapters.http.payments.payment_endpoints import FOUND_PAYMENT_ERRORS
from ledgerbank_adapters.http.payments.payment_payloads import PaymentPayload, payment_payload
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ledger.reversal_reason import MAX_REVERSAL_REASON_LENGTH, parse_reversal_reason
from ledgerbank_domain.services.approvals.money_acts import payment_reversal

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
    payment_id, reason = call.path_id(), call.body().reason
    asked = call.services.approvals.ask_if_needed(
        call.actor, payment_reversal(payment_id, reason), reason=reason
    )
    if asked is not None:
        return asked_for(asked)
    payment = call.services.reversals.reverse_payment(call.actor, payment_id=payment_id, reason=reason)
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
        other_answer=ASKED_FOR,
        idempotent=True,
        errors=(
            Reason.INVALID_FIELD_FORMAT,
            *FOUND_PAYMENT_ERRORS,
            Reason.ALREADY_REVERSED,
            Reason.NOT_REVERSIBLE,
            Reason.ACCOUNT_INACTIVE,
            Reason.NEGATIVE_BALANCE,
            Reason.AMOUNT_EXCEEDS_LIMIT,
            Reason.RESOURCE_ALREADY_EXISTS,
        ),
    ),
)
