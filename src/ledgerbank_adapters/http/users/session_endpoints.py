"""Sessions over HTTP: where users are logged in, and ending that."""

from ledgerbank_adapters.http.operations.http_operation import Answer, Call, MessagePayload, NoKey, Operation
from ledgerbank_adapters.http.users.session_payloads import SessionPayload, session_payload
from ledgerbank_domain.errors.error_catalog import Reason


def list_sessions(call: Call[None, None]) -> Answer:
    sessions = call.services.sessions.list_own(call.actor)
    return Answer(data=[session_payload(session, current_id=call.actor.session_id) for session in sessions])


def revoke_session(call: Call[None, None]) -> Answer:
    call.services.sessions.revoke_own(call.actor, session_id=call.path_id())
    payload: MessagePayload = {"message": "Session revoked successfully"}
    return Answer(data=payload)


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
)
