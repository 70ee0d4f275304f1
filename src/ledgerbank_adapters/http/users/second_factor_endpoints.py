"""The second factor over HTTP: setting it up, confirming, recovering, removing, and logging in with it."""

import attrs

from ledgerbank_adapters.http.approvals.approval_payloads import ASKED_FOR, ASKING_ERRORS, AskedFor, asked_for
from ledgerbank_adapters.http.fields.field_types import CHALLENGE, LOGIN_PASSWORD, ONE_TIME_CODE
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
from ledgerbank_adapters.http.users.auth_payloads import LoginPayload, login_payload
from ledgerbank_adapters.http.users.second_factor_payloads import (
    EnrolmentPayload,
    RecoveryCodesPayload,
    SecondFactorPayload,
    enrolment_payload,
    recovery_codes_payload,
    second_factor_payload,
)
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.services.approvals.user_acts import second_factor_removal
from ledgerbank_domain.users.duty import EVERY_DUTY, Duty

ENROLLING = frozenset({Duty.SECOND_FACTOR_ENROLMENT})
PROOF_ERRORS = (Reason.INVALID_CREDENTIALS, Reason.INVALID_SECOND_FACTOR)


@attrs.frozen(kw_only=True)
class EnrolmentBody:
    """``code`` is one of the second factor that is there already, if there is one."""

    current_password: str = attrs.field(metadata=LOGIN_PASSWORD.metadata)
    code: str | None = attrs.field(default=None, metadata=ONE_TIME_CODE.metadata)


@attrs.frozen(kw_only=True)
class ConfirmationBody:
    code: str = attrs.field(metadata=ONE_TIME_CODE.metadata)


@attrs.frozen(kw_only=True)
class FactorProofBody:
    """``code`` is one of the app, or a recovery code."""

    current_password: str = attrs.field(metadata=LOGIN_PASSWORD.metadata)
    code: str = attrs.field(metadata=ONE_TIME_CODE.metadata)


@attrs.frozen(kw_only=True)
class SecondFactorBody:
    """``challenge`` is what the login was answered with, ``code`` one of the app, or a recovery code."""

    challenge: str = attrs.field(metadata=CHALLENGE.metadata)
    code: str = attrs.field(metadata=ONE_TIME_CODE.metadata)


@attrs.frozen(kw_only=True)
class RemovalQuery(AskedFor):
    """Nothing but why, as a DELETE has no body here."""


def show(call: Call[None, None]) -> Answer:
    return Answer(data=second_factor_payload(call.services.second_factor.status(call.actor)))


def enrol(call: Call[EnrolmentBody, None]) -> Continued:
    body, service = call.body(), call.services.second_factor
    proven = service.prove_password(call.actor, current_password=body.current_password)

    def act() -> Answer:
        enrolment = service.enrol(call.actor, proven, code=body.code)
        return Answer(data=enrolment_payload(enrolment), location="/profile/totp")

    return Continued(user_id=proven.id, act=act)


def confirm(call: Call[ConfirmationBody, None]) -> Answer:
    codes = call.services.second_factor.confirm(call.actor, code=call.body().code)
    return Answer(data=recovery_codes_payload(codes))


def renew_recovery_codes(call: Call[FactorProofBody, None]) -> Continued:
    body, service = call.body(), call.services.second_factor
    proven = service.prove_password(call.actor, current_password=body.current_password)
    return Continued(
        user_id=proven.id,
        act=lambda: Answer(
            data=recovery_codes_payload(service.renew_recovery_codes(call.actor, proven, code=body.code))
        ),
    )


def remove(call: Call[FactorProofBody, None]) -> Continued:
    body, service = call.body(), call.services.second_factor
    proven = service.prove_password(call.actor, current_password=body.current_password)

    def act() -> Answer:
        service.remove(call.actor, proven, code=body.code)
        return _removed()

    return Continued(user_id=proven.id, act=act)


def remove_of_user(call: Call[None, RemovalQuery]) -> Answer:
    user_id = call.path_id()
    asked = call.services.approvals.ask_if_needed(
        call.actor, second_factor_removal(user_id), reason=call.query().reason
    )
    if asked is not None:
        return asked_for(asked)
    call.services.second_factor.remove_of(call.actor, user_id=user_id)
    return _removed()


def log_in_with_second_factor(call: Call[SecondFactorBody, None]) -> Continued:
    body, logins = call.body(), call.services.second_factor_logins
    user_id = logins.challenged(call.actor, challenge=body.challenge)

    def start_session() -> Answer:
        pair, user = logins.start_session(call.actor, challenge=body.challenge, code=body.code)
        duty = call.services.auth.duty_of(user, has_second_factor=True)
        return Answer(data=login_payload(pair, user, duty))

    return Continued(user_id=user_id, act=start_session)


def _removed() -> Answer:
    return message_answer("Second factor removed successfully")


SECOND_FACTOR_OPERATIONS = (
    Operation(
        method="POST",
        path="/auth/second-factor",
        handler=log_in_with_second_factor,
        summary="Finishes a login that was answered second_factor_required",
        access=Access.PUBLIC,
        counted_on_address=True,
        body=SecondFactorBody,
        scope=NoKey.PUBLIC,
        answer=LoginPayload,
        errors=(Reason.INVALID_TOKEN, Reason.TOKEN_EXPIRED, Reason.INVALID_SECOND_FACTOR),
    ),
    Operation(
        method="GET",
        path="/profile/totp",
        handler=show,
        summary="Whether the caller has a second factor",
        scope=NoKey.SESSIONS_ONLY,
        open_to_duty=EVERY_DUTY,
        answer=SecondFactorPayload,
    ),
    Operation(
        method="POST",
        path="/profile/totp",
        handler=enrol,
        hashes_passwords=True,
        summary="Makes a secret for an authenticator app; it counts once it is confirmed",
        body=EnrolmentBody,
        scope=NoKey.SESSIONS_ONLY,
        open_to_duty=ENROLLING,
        answer=EnrolmentPayload,
        status=201,
        errors=PROOF_ERRORS,
    ),
    Operation(
        method="POST",
        path="/profile/totp/confirm",
        handler=confirm,
        summary="Confirms the secret by a first code; answers the recovery codes, once",
        body=ConfirmationBody,
        scope=NoKey.SESSIONS_ONLY,
        open_to_duty=ENROLLING,
        answer=RecoveryCodesPayload,
        errors=(Reason.INVALID_SECOND_FACTOR, Reason.RESOURCE_NOT_FOUND),
    ),
    Operation(
        method="POST",
        path="/profile/totp/recovery-codes",
        handler=renew_recovery_codes,
        hashes_passwords=True,
        summary="New recovery codes; those from before count no more",
        body=FactorProofBody,
        scope=NoKey.SESSIONS_ONLY,
        answer=RecoveryCodesPayload,
        errors=(*PROOF_ERRORS, Reason.RESOURCE_NOT_FOUND),
    ),
    Operation(
        method="DELETE",
        path="/profile/totp",
        handler=remove,
        hashes_passwords=True,
        summary="Removes the caller's second factor; not that of staff who must have one",
        body=FactorProofBody,
        scope=NoKey.SESSIONS_ONLY,
        answer=MessagePayload,
        errors=(*PROOF_ERRORS, Reason.RESOURCE_NOT_FOUND),
    ),
    Operation(
        method="DELETE",
        path="/users/{id}/totp",
        handler=remove_of_user,
        summary="Removes the second factor of somebody who lost it; never one's own",
        access=Access.ADMIN,
        scope=NoKey.SESSIONS_ONLY,
        query=RemovalQuery,
        answer=MessagePayload,
        other_answer=ASKED_FOR,
        errors=(
            Reason.INVALID_UUID_FORMAT,
            Reason.USER_NOT_FOUND,
            Reason.RESOURCE_NOT_FOUND,
            Reason.MISSING_FIELDS,
            *ASKING_ERRORS,
        ),
    ),
)
