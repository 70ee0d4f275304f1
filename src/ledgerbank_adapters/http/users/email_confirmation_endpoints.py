"""Confirming an e-mail address by the token that was mailed to it, and asking for that mail again."""

import attrs

from ledgerbank_adapters.http.fields.field_types import EMAIL, MAIL_TOKEN
from ledgerbank_adapters.http.operations.http_operation import (
    Access,
    Answer,
    Call,
    MessagePayload,
    NoKey,
    Operation,
    message_answer,
)
from ledgerbank_domain.errors.error_catalog import Reason

CONFIRMED = "E-mail address confirmed"
# What everybody is answered, whoever has the address, if anybody.
MAIL_SENT = "If that is called for, a mail is on its way to this address"
MAIL_TOKEN_ERRORS = (Reason.INVALID_TOKEN, Reason.TOKEN_EXPIRED)


@attrs.frozen(kw_only=True)
class MailTokenBody:
    token: str = attrs.field(metadata=MAIL_TOKEN.metadata, repr=False)


@attrs.frozen(kw_only=True)
class EmailBody:
    email: str = attrs.field(metadata=EMAIL.metadata)


def confirm_email(call: Call[MailTokenBody, None]) -> Answer:
    call.services.email_confirmations.confirm(call.actor, token=call.body().token)
    return message_answer(CONFIRMED)


def mail_confirmation(call: Call[EmailBody, None]) -> Answer:
    call.services.mail_requests.ask_for_confirmation(call.actor, email=call.body().email)
    return message_answer(MAIL_SENT)


EMAIL_CONFIRMATION_OPERATIONS = (
    Operation(
        method="POST",
        path="/auth/verify-email",
        handler=confirm_email,
        summary="Confirms an e-mail address by the token that was mailed to it",
        access=Access.PUBLIC,
        scope=NoKey.PUBLIC,
        counted_on_address=True,
        body=MailTokenBody,
        answer=MessagePayload,
        errors=(*MAIL_TOKEN_ERRORS, Reason.EMAIL_ALREADY_EXISTS),
    ),
    Operation(
        method="POST",
        path="/auth/verify-email/resend",
        handler=mail_confirmation,
        summary="Mails the token again to an address that is not confirmed yet; tells nobody whether it is",
        access=Access.PUBLIC,
        scope=NoKey.PUBLIC,
        counted_on_address=True,
        body=EmailBody,
        answer=MessagePayload,
        status=202,
        errors=(Reason.INVALID_EMAIL_FORMAT,),
    ),
)
