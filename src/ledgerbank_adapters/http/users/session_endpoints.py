"""Sessions over HTTP: where users are logged in, and ending that."""

from attrs import field, frozen

from ledgerbank_adapters.http.fields.field_types import FieldType
from ledgerbank_adapters.http.operations.http_operation import (
    ID_IN_PATH,
    Access,
    Answer,
    Call,
    MessagePayload,
    NoKey,
    Operation,
    message_answer,
)
from ledgerbank_adapters.http.users.session_payloads import SessionPayload, session_payload
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.users.session_ending import MAX_ENDING_REASON_LENGTH, parse_ending_reason

ENDING_REASON = FieldType(
    parse=parse_ending_reason,
    schema={
        "type": "string",
        "pattern": r"\S",
        "maxLength": MAX_ENDING_REASON_LENGTH,
        "description": "Why; it stands in the audit trail.",
    },
)
SESSION_IN_PATH = {**ID_IN_PATH, "session_id": ID_IN_PATH["id"]}


@frozen(kw_only=True)
class EndingQuery:
    reason: str | None = field(default=None, metadata=ENDING_REASON.metadata)


def list_sessions(call: Call[None, None]) -> Answer:
    sessions = call.services.sessions.list_own(call.actor)
    return Answer(data=[session_payload(session, current_id=call.actor.session_id) for session in sessions])


def revoke_session(call: Call[None, None]) -> Answer:
    call.services.sessions.revoke_own(call.actor, session_id=call.path_id())
    return message_answer("Session revoked successfully")


def list_sessions_of_user(call: Call[None, None]) -> Answer:
    sessions = call.services.session_administration.list_of_user(call.actor, user_id=call.path_id())
    return Answer(data=[session_payload(session, current_id=call.actor.session_id) for session in sessions])


def revoke_sessions_of_user(call: Call[None, EndingQuery]) -> Answer:
    user_id, reason = call.path_id(), call.query().reason
    call.services.session_administration.revoke_all_of_user(call.actor, user_id=user_id, reason=reason)
    return message_answer("Sessions revoked successfully")


def revoke_session_of_user(call: Call[None, EndingQuery]) -> Answer:
    user_id, session_id = call.path_id(), call.path_id("session_id")
    call.services.session_administration.revoke_of_user(
        call.actor, user_id=user_id, session_id=session_id, reason=call.query().reason
    )
    return message_answer("Session revoked successfully")


SESSION_OPERATIONS = (
    Operation(
        method="GET",
        path="/auth/sessions",
        handler=list_sessions,
        summary="The caller's live sessions, newest first",
        scope=NoKey.SESSIONS_ONLY,
        answer=list[SessionPayload],
    ),
    Operation(
        method="DELETE",
        path="/auth/sessions/{id}",
        handler=revoke_session,
        summary="Ends one session of the caller",
        scope=NoKey.SESSIONS_ONLY,
        answer=MessagePayload,
        errors=(Reason.INVALID_UUID_FORMAT, Reason.TOKEN_NOT_FOUND),
    ),
    Operation(
        method="GET",
        path="/users/{id}/sessions",
        handler=list_sessions_of_user,
        summary="A user's live sessions, newest first",
        access=Access.ADMIN,
        scope=NoKey.SESSIONS_ONLY,
        answer=list[SessionPayload],
        errors=(Reason.INVALID_UUID_FORMAT, Reason.USER_NOT_FOUND),
    ),
    Operation(
        method="DELETE",
        path="/users/{id}/sessions",
        handler=revoke_sessions_of_user,
        summary="Ends every session of a user, who may log in again",
        access=Access.ADMIN,
        scope=NoKey.SESSIONS_ONLY,
        query=EndingQuery,
        answer=MessagePayload,
        errors=(Reason.INVALID_UUID_FORMAT, Reason.INVALID_FIELD_FORMAT, Reason.USER_NOT_FOUND),
    ),
    Operation(
        method="DELETE",
        path="/users/{id}/sessions/{session_id}",
        handler=revoke_session_of_user,
        summary="Ends one session of a user",
        access=Access.ADMIN,
        scope=NoKey.SESSIONS_ONLY,
        query=EndingQuery,
        answer=MessagePayload,
        path_schemas=SESSION_IN_PATH,
        errors=(
            Reason.INVALID_UUID_FORMAT,
            Reason.INVALID_FIELD_FORMAT,
            Reason.USER_NOT_FOUND,
            Reason.TOKEN_NOT_FOUND,
        ),
    ),
)
