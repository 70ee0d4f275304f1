"""API keys as JSON shows them."""

from typing import Annotated, TypedDict

from ledgerbank_adapters.http.fields.wire_values import (
    WireId,
    WireInstant,
    optional_wire_instant,
    wire_id,
    wire_instant,
)
from ledgerbank_domain.identity.scope import Scope
from ledgerbank_domain.services.users.api_key_service import CreatedApiKey
from ledgerbank_domain.users.api_key import ApiKey


class ApiKeyPayload(TypedDict):
    """``last_used_at`` and ``last_used_ip`` are noted once a minute at most."""

    id: WireId
    name: str
    scopes: list[Annotated[str, Scope]]
    allowed_networks: list[str]
    expires_at: WireInstant
    last_used_at: WireInstant | None
    last_used_ip: str | None
    inserted_at: WireInstant
    updated_at: WireInstant


class NewApiKeyPayload(ApiKeyPayload):
    """``key`` is shown this once: ``lb_<id>_<secret>``, to be sent as bearer token."""

    key: str


def api_key_payload(key: ApiKey) -> ApiKeyPayload:
    return {
        "id": wire_id(key.id),
        "name": key.name,
        "scopes": key.scope_names,
        "allowed_networks": list(key.allowed_networks),
        "expires_at": wire_instant(key.expires_at),
        "last_used_at": optional_wire_instant(key.last_used_at),
        "last_used_ip": key.last_used_ip,
        "inserted_at": wire_instant(key.inserted_at),
        "updated_at": wire_instant(key.updated_at),
    }


def new_api_key_payload(created: CreatedApiKey) -> NewApiKeyPayload:
    return {**api_key_payload(created.key), "key": created.text}
