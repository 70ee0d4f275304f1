"""Confirming by a second factor what was held up for it."""

from typing import Annotated, TypedDict

from attrs import field, frozen

from ledgerbank_adapters.http.fields.field_types import CHALLENGE, ONE_TIME_CODE
from ledgerbank_adapters.http.fields.wire_values import (
    WireId,
    WireInstant,
    WireMoney,
    optional_wire_id,
    wire_instant,
    wire_money,
)
from ledgerbank_adapters.http.operations.http_operation import Answer, Call, NoKey, Operation
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.payments.step_up import StepUpAct, StepUpConfirmation


@frozen(kw_only=True)
class StepUpBody:
    """``challenge`` is what something was refused with, ``code`` one of the app or for recovery."""

    challenge: str = field(metadata=CHALLENGE.metadata)
    code: str = field(metadata=ONE_TIME_CODE.metadata)


class StepUpPayload(TypedDict):
    """What was confirmed: it goes through once, until ``expires_at``."""

    confirms: Annotated[str, StepUpAct]
    user_bank_account_id: WireId | None
    counterparty_account_id: WireId | None
    amount: WireMoney | None
    currency: str | None
    expires_at: WireInstant


def step_up_payload(confirmation: StepUpConfirmation) -> StepUpPayload:
    subject = confirmation.subject
    return {
        "confirms": subject.act.value,
        "user_bank_account_id": optional_wire_id(subject.user_bank_account_id),
        "counterparty_account_id": optional_wire_id(subject.counterparty_account_id),
        "amount": None if subject.amount is None else wire_money(subject.amount),
        "currency": None if subject.amount is None else subject.amount.currency.code,
        "expires_at": wire_instant(confirmation.expires_at),
    }


def step_up(call: Call[StepUpBody, None]) -> Answer:
    body = call.body()
    confirmation = call.services.step_up.confirm(call.actor, challenge=body.challenge, code=body.code)
    return Answer(data=step_up_payload(confirmation))


STEP_UP_OPERATIONS = (
    Operation(
        method="POST",
        path="/auth/step-up",
        handler=step_up,
        summary="Confirms a payment or a payee by a second factor: sent again, it goes through once",
        body=StepUpBody,
        scope=NoKey.SESSIONS_ONLY,
        answer=StepUpPayload,
        errors=(Reason.INVALID_SECOND_FACTOR, Reason.INVALID_TOKEN, Reason.TOKEN_EXPIRED),
    ),
)
