"""Authentication over HTTP: logging in, staying logged in, logging out."""

import attrs

from ledgerbank_adapters.http.fields.field_types import LOGIN_EMAIL, LOGIN_PASSWORD, REFRESH_TOKEN
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
from ledgerbank_adapters.http.users.auth_payloads import (
    LoginPayload,
    TokenPairPayload,
    ValidTokenPayload,
    login_payload,
    token_pair_payload,
    valid_token_payload,
)
from ledgerbank_adapters.http.users.user_payloads import UserPayload, user_payload
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.users.duty import EVERY_DUTY

REFRESH_ERRORS = (
    Reason.INVALID_TOKEN,
    Reason.TOKEN_EXPIRED,
    Reason.INVALID_TOKEN_TYPE,
    Reason.TOKEN_REVOKED,
)


@attrs.frozen(kw_only=True)
class LoginBody:
    email: str = attrs.field(metadata=LOGIN_EMAIL.metadata)
    password: str = attrs.field(metadata=LOGIN_PASSWORD.metadata)


@attrs.frozen(kw_only=True)
class RefreshTokenBody:
    refresh_token: str = attrs.field(metadata=REFRESH_TOKEN.metadata)


def log_in(call: Call[LoginBody, None]) -> Continued:
    body, auth = call.body(), call.services.auth
    proven = auth.prove_login(call.actor, email=body.email, password=body.password)

    def start_session() -> Answer:
        pair, user = auth.start_session(call.actor, proven)
        return Answer(data=login_payload(pair, user, auth.duty_of(user, has_second_factor=False)))

    return Continued(user_id=proven.user.id, act=start_session)


def refresh(call: Call[RefreshTokenBody, None]) -> Continued:
    auth = call.services.auth
    claims = auth.refresh_claims_of(call.actor, call.body().refresh_token)

    def refresh_session() -> Answer:
        return Answer(data=token_pair_payload(auth.refresh_session(call.actor, claims)))

    return Continued(user_id=claims.user_id, act=refresh_session)


def log_out(call: Call[RefreshTokenBody, None]) -> Continued:
    auth = call.services.auth
    claims = auth.refresh_claims_of(call.actor, call.body().refresh_token)

    def end_session() -> Answer:
        auth.end_session(call.actor, claims)
        return message_answer("Logged out successfully")

    return Continued(user_id=claims.user_id, act=end_session)


def log_out_everywhere(call: Call[None, None]) -> Answer:
    call.services.sessions.log_out_everywhere(call.actor)
    return message_answer("Logged out from all devices successfully")


def me(call: Call[None, None]) -> Answer:
    return Answer(data=user_payload(call.authenticated().user))


def validate_token(call: Call[None, None]) -> Answer:
    return Answer(data=valid_token_payload(call.authenticated()))


AUTH_OPERATIONS = (
    Operation(
        method="POST",
        path="/auth/login",
        handler=log_in,
        hashes_passwords=True,
        summary="Starts a session",
        access=Access.PUBLIC,
        counted_on_address=True,
        body=LoginBody,
        scope=NoKey.PUBLIC,
        answer=LoginPayload,
        errors=(
            Reason.INVALID_EMAIL_FORMAT,
            Reason.INVALID_CREDENTIALS,
            Reason.ACCOUNT_INACTIVE,
            Reason.SECOND_FACTOR_REQUIRED,
            Reason.EMAIL_NOT_VERIFIED,
        ),
    ),
    Operation(
        method="POST",
        path="/auth/refresh",
        handler=refresh,
        summary="Replaces a refresh token by the next pair of tokens",
        access=Access.PUBLIC,
        counted_on_address=True,
        body=RefreshTokenBody,
        scope=NoKey.PUBLIC,
        answer=TokenPairPayload,
        errors=REFRESH_ERRORS,
    ),
    Operation(
        method="POST",
        path="/auth/logout",
        handler=log_out,
        summary="Ends the session of a refresh token",
        access=Access.PUBLIC,
        counted_on_address=True,
        body=RefreshTokenBody,
        scope=NoKey.PUBLIC,
        answer=MessagePayload,
        errors=REFRESH_ERRORS,
    ),
    Operation(
        method="POST",
        path="/auth/logout-all",
        handler=log_out_everywhere,
        open_to_duty=EVERY_DUTY,
        summary="Ends every session of the caller",
        scope=NoKey.SESSIONS_ONLY,
        answer=MessagePayload,
    ),
    Operation(
        method="GET",
        path="/auth/me",
        handler=me,
        open_to_duty=EVERY_DUTY,
        summary="The caller",
        scope=NoKey.SESSIONS_ONLY,
        answer=UserPayload,
    ),
    Operation(
        method="GET",
        path="/auth/validate",
        handler=validate_token,
        open_to_duty=EVERY_DUTY,
        summary="Whose access token this is, and until when it counts",
        scope=NoKey.SESSIONS_ONLY,
        answer=ValidTokenPayload,
    ),
)
