"""Forgotten passwords over HTTP: asking for a link, and choosing a new password by its token."""

import attrs

from ledgerbank_adapters.http.fields.field_types import MAIL_TOKEN, PASSWORD, PASSWORD_CONFIRMATION
from ledgerbank_adapters.http.operations.http_operation import (
    Access,
    Answer,
    Call,
    Continued,
    MessagePayload,
    NoKey,
    Operation,
    message_answer,
)
from ledgerbank_adapters.http.users.email_confirmation_endpoints import (
    MAIL_SENT,
    MAIL_TOKEN_ERRORS,
    EmailBody,
)
from ledgerbank_domain.errors.error_catalog import Reason

RESET = "Password updated successfully"
STARTED = "A mail with a link is on its way to the user"


@attrs.frozen(kw_only=True)
class PasswordResetBody:
    token: str = attrs.field(metadata=MAIL_TOKEN.metadata, repr=False)
    new_password: str = attrs.field(metadata=PASSWORD.metadata, repr=False)
    password_confirmation: str = attrs.field(metadata=PASSWORD_CONFIRMATION.metadata, repr=False)


def ask_for_reset(call: Call[EmailBody, None]) -> Answer:
    call.services.mail_requests.ask_for_password_reset(call.actor, email=call.body().email)
    return message_answer(MAIL_SENT)


def reset_password(call: Call[PasswordResetBody, None]) -> Continued:
    body, resets = call.body(), call.services.password_resets
    proven = resets.prove(
        call.actor,
        token=body.token,
        new_password=body.new_password,
        password_confirmation=body.password_confirmation,
    )

    def save_password() -> Answer:
        resets.save(call.actor, proven)
        return message_answer(RESET)

    return Continued(user_id=proven.user.id, act=save_password)


def start_reset(call: Call[None, None]) -> Answer:
    call.services.password_resets.start_for(call.actor, user_id=call.path_id())
    return message_answer(STARTED)


PASSWORD_RESET_OPERATIONS = (
    Operation(
        method="POST",
        path="/auth/password-reset",
        handler=ask_for_reset,
        summary="Mails a link to choose a new password by; tells nobody whether anybody has the address",
        access=Access.PUBLIC,
        scope=NoKey.PUBLIC,
        counted_on_address=True,
        body=EmailBody,
        answer=MessagePayload,
        status=202,
        errors=(Reason.INVALID_EMAIL_FORMAT,),
    ),
    Operation(
        method="POST",
        path="/auth/password-reset/confirm",
        handler=reset_password,
        hashes_passwords=True,
        summary="Sets a new password by the token that was mailed, and ends every session",
        access=Access.PUBLIC,
        scope=NoKey.PUBLIC,
        counted_on_address=True,
        body=PasswordResetBody,
        answer=MessagePayload,
        errors=(*MAIL_TOKEN_ERRORS, Reason.INVALID_PASSWORD_FORMAT),
    ),
    Operation(
        method="POST",
        path="/users/{id}/password-reset",
        handler=start_reset,
        summary="Mails a user a link to choose a new password by, which only they see",
        access=Access.ADMIN,
        scope=NoKey.SESSIONS_ONLY,
        answer=MessagePayload,
        status=202,
        errors=(Reason.INVALID_UUID_FORMAT, Reason.USER_NOT_FOUND, Reason.ACCOUNT_INACTIVE),
    ),
)
