"""API keys over HTTP: what programs show instead of a person's token, and their owners look after."""

from ledgerbank_adapters.http.operations.http_operation import (
    Answer,
    Call,
    MessagePayload,
    NoKey,
    Operation,
    message_answer,
)
from ledgerbank_adapters.http.users.api_key_bodies import ApiKeyBody
from ledgerbank_adapters.http.users.api_key_payloads import (
    ApiKeyPayload,
    NewApiKeyPayload,
    api_key_payload,
    new_api_key_payload,
)
from ledgerbank_domain.errors.error_catalog import Reason


def create_api_key(call: Call[ApiKeyBody, None]) -> Answer:
    """The answer holds the key itself, this once: only a hash of it is kept.

    ``scopes`` narrow what its owner may do and never add to it. A mail tells the owner.
    """
    created = call.services.api_keys.create(call.actor, call.body().new_key())
    return Answer(data=new_api_key_payload(created), location=f"/api-keys/{created.key.id}")


def list_api_keys(call: Call[None, None]) -> Answer:
    return Answer(data=[api_key_payload(key) for key in call.services.api_keys.list_own(call.actor)])


def get_api_key(call: Call[None, None]) -> Answer:
    return Answer(data=api_key_payload(call.services.api_keys.get_own(call.actor, key_id=call.path_id())))


def revoke_api_key(call: Call[None, None]) -> Answer:
    """Whoever shows it from now on is refused."""
    call.services.api_keys.revoke_own(call.actor, key_id=call.path_id())
    return message_answer("API key revoked successfully")


API_KEY_OPERATIONS = (
    Operation(
        method="POST",
        path="/api-keys",
        handler=create_api_key,
        summary="Makes a key for a program of the caller",
        scope=NoKey.SESSIONS_ONLY,
        body=ApiKeyBody,
        answer=NewApiKeyPayload,
        status=201,
        action="created",
        errors=(
            Reason.INVALID_NAME_FORMAT,
            Reason.INVALID_SCOPE,
            Reason.INVALID_DATETIME_FORMAT,
            Reason.INVALID_FIELD_FORMAT,
            Reason.RESOURCE_ALREADY_EXISTS,
        ),
    ),
    Operation(
        method="GET",
        path="/api-keys",
        handler=list_api_keys,
        summary="The caller's keys that are not revoked, newest first",
        scope=NoKey.SESSIONS_ONLY,
        answer=list[ApiKeyPayload],
    ),
    Operation(
        method="GET",
        path="/api-keys/{id}",
        handler=get_api_key,
        summary="A key of the caller",
        scope=NoKey.SESSIONS_ONLY,
        answer=ApiKeyPayload,
        errors=(Reason.INVALID_UUID_FORMAT, Reason.RESOURCE_NOT_FOUND),
    ),
    Operation(
        method="DELETE",
        path="/api-keys/{id}",
        handler=revoke_api_key,
        summary="Revokes a key of the caller",
        scope=NoKey.SESSIONS_ONLY,
        answer=MessagePayload,
        errors=(Reason.INVALID_UUID_FORMAT, Reason.RESOURCE_NOT_FOUND),
    ),
)
