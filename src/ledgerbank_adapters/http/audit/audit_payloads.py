"""Audit events as JSON."""

from collections.abc import Mapping
from typing import Any, TypedDict

from ledgerbank_adapters.http.exchange.http_answers import error_kind
from ledgerbank_adapters.http.fields.wire_values import (
    WireId,
    WireInstant,
    optional_wire_id,
    wire_id,
    wire_instant,
)
from ledgerbank_domain.audit.audit_event import AuditEvent


class AuditEventPayload(TypedDict):
    """``path`` is without the query; ``metadata`` holds no secret.

    ``count`` is how many alike within a minute the event stands for.
    """

    id: WireId
    occurred_at: WireInstant
    event: str
    severity: str
    outcome: str
    reason: str | None
    actor_user_id: WireId | None
    actor_role: str | None
    target_type: str | None
    target_id: WireId | None
    ip: str | None
    user_agent: str | None
    method: str | None
    path: str | None
    status: int | None
    correlation_id: str | None
    metadata: Mapping[str, Any]
    count: int


def audit_event_payload(event: AuditEvent) -> AuditEventPayload:
    origin = event.origin
    return {
        "id": wire_id(event.id),
        "occurred_at": wire_instant(event.occurred_at),
        "event": event.name.value,
        "severity": event.severity.value,
        "outcome": event.outcome.value,
        "reason": None if event.reason is None else event.reason.code,
        "actor_user_id": optional_wire_id(event.actor_user_id),
        "actor_role": None if event.actor_role is None else event.actor_role.value,
        "target_type": event.target_type,
        "target_id": optional_wire_id(event.target_id),
        "ip": origin.ip,
        "user_agent": origin.user_agent,
        "method": origin.method,
        "path": origin.path,
        "status": _status(event),
        "correlation_id": origin.correlation_id,
        "metadata": event.metadata,
        "count": event.count,
    }


def _status(event: AuditEvent) -> int | None:
    """A refusal inside a use-case knows its reason; what that is over HTTP is known here."""
    if event.status is None and event.reason is not None and event.origin.method is not None:
        return error_kind(event.reason).status
    return event.status
