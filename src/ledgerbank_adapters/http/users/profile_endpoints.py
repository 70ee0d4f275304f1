"""The caller's own profile and password."""

from ledgerbank_adapters.http.approvals.approval_payloads import ASKED_FOR, ASKING_ERRORS, asked_for
from ledgerbank_adapters.http.operations.http_operation import (
    Answer,
    Call,
    Continued,
    MessagePayload,
    NoKey,
    Operation,
    message_answer,
)
from ledgerbank_adapters.http.users.user_bodies import PasswordChangeBody, ProfileChangesBody
from ledgerbank_adapters.http.users.user_endpoints import CHANGE_ERRORS
from ledgerbank_adapters.http.users.user_payloads import UserPayload, user_payload
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.services.approvals.user_acts import user_update
from ledgerbank_domain.users.duty import EVERY_DUTY

# The link that was mailed to the new address has to be followed first.
EMAIL_PENDING = "email_confirmation_sent"


def get_profile(call: Call[None, None]) -> Answer:
    return Answer(data=user_payload(call.authenticated().user))


def update_profile(call: Call[ProfileChangesBody, None]) -> Continued:
    body, services = call.body(), call.services
    changes, proven = body.changes(), None
    user_id = call.actor.required_user_id()
    if body.current_password is not None:
        proven = services.passwords.prove_current(call.actor, current_password=body.current_password)

    def save_profile() -> Answer:
        act = user_update(user_id, changes)
        asked = services.approvals.ask_if_needed(call.actor, act, reason=body.reason)
        if asked is not None:
            return asked_for(asked)
        user = services.users.update_profile(call.actor, changes, proven=proven)
        is_pending = changes.email not in (None, user.email)
        return Answer(data=user_payload(user), action=EMAIL_PENDING if is_pending else None)

    return Continued(user_id=user_id, act=save_profile)


def change_password(call: Call[PasswordChangeBody, None]) -> Continued:
    body, passwords = call.body(), call.services.passwords
    proven = passwords.prove_password_change(
        call.actor,
        current_password=body.current_password,
        new_password=body.new_password,
        password_confirmation=body.password_confirmation,
    )

    def save_password() -> Answer:
        passwords.save_new_password(call.actor, proven)
        return message_answer("Password updated successfully")

    return Continued(user_id=proven.user.id, act=save_password)


PROFILE_OPERATIONS = (
    Operation(
        method="GET",
        path="/profile",
        handler=get_profile,
        open_to_duty=EVERY_DUTY,
        summary="The caller",
        scope=NoKey.SESSIONS_ONLY,
        answer=UserPayload,
    ),
    Operation(
        method="PUT",
        path="/profile",
        handler=update_profile,
        summary="Changes the caller; role and status only an administrator's",
        hashes_passwords=True,
        body=ProfileChangesBody,
        scope=NoKey.SESSIONS_ONLY,
        answer=UserPayload,
        other_answer=ASKED_FOR,
        errors=(
            *CHANGE_ERRORS,
            *ASKING_ERRORS,
            Reason.INVALID_PASSWORD_FORMAT,
            Reason.INVALID_CREDENTIALS,
        ),
    ),
    Operation(
        method="PUT",
        path="/profile/password",
        handler=change_password,
        open_to_duty=EVERY_DUTY,
        hashes_passwords=True,
        summary="Sets a new password and ends every session",
        body=PasswordChangeBody,
        scope=NoKey.SESSIONS_ONLY,
        answer=MessagePayload,
        errors=(Reason.INVALID_PASSWORD_FORMAT, Reason.INVALID_CREDENTIALS),
    ),
)
