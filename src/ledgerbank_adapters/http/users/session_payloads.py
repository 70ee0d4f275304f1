"""Sessions as JSON shows them."""

from typing import TypedDict
from uuid import UUID

from ledgerbank_adapters.http.fields.wire_values import WireId, WireInstant, wire_id, wire_instant
from ledgerbank_domain.users.refresh_token import Session


class DevicePayload(TypedDict):
    """What the client says it is; null where it does not."""

    program: str | None
    system: str | None


class SessionPayload(TypedDict):
    """``current`` marks the session that asked. ``last_used_at`` is exact to a minute."""

    id: WireId
    created_at: WireInstant
    last_used_at: WireInstant
    expires_at: WireInstant
    ip: str | None
    user_agent: str | None
    device: DevicePayload
    current: bool


def session_payload(session: Session, *, current_id: UUID | None) -> SessionPayload:
    return {
        "id": wire_id(session.id),
        "created_at": wire_instant(session.created_at),
        "last_used_at": wire_instant(session.last_used_at),
        "expires_at": wire_instant(session.expires_at),
        "ip": session.ip,
        "user_agent": session.user_agent,
        "device": {"program": session.device.program, "system": session.device.system},
        "current": session.id == current_id,
    }
