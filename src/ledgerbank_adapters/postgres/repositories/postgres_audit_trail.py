"""The audit trail in PostgreSQL."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Uuid, bindparam, select

from ledgerbank_adapters.postgres.schema.record_tables import audit_events
from ledgerbank_adapters.postgres.statements.postgres_pages import Condition, read_keyset
from ledgerbank_adapters.postgres.statements.postgres_session import PostgresSession
from ledgerbank_adapters.postgres.statements.postgres_set_statements import as_arrays, insert_statement
from ledgerbank_adapters.postgres.statements.postgres_storable_text import storable
from ledgerbank_domain.audit.audit_event import (
    AuditEvent,
    AuditFilter,
    AuditName,
    AuditOutcome,
    AuditSeverity,
)
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Origin, Role
from ledgerbank_domain.identity.page import Cursor, KeysetPage, KeysetRequest
from ledgerbank_domain.ports.audit_trail import AuditTrail

INSERT = (
    f"{insert_statement(audit_events)} ON CONFLICT (event, repeat_key, repeat_minute)"
    " WHERE repeat_key IS NOT NULL DO UPDATE SET occurrences = audit_events.occurrences + 1"
)
ABOUT = (
    select(audit_events)
    .where(audit_events.c.target_id == bindparam("target_id", type_=Uuid()))
    .order_by(audit_events.c.occurred_at, audit_events.c.id)
)
_REASONS = {reason.code: reason for reason in Reason}


class PostgresAuditTrail(AuditTrail):
    """What a client says about itself is kept readable: characters that cannot be stored become U+FFFD."""

    def __init__(self, session: PostgresSession) -> None:
        self._session = session

    def add_many(self, events: Sequence[AuditEvent]) -> None:
        if events:
            self._session.run_sql(INSERT, as_arrays([_row(event) for event in events]))

    def list_about(self, target_id: UUID) -> list[AuditEvent]:
        return [_event(row) for row in self._session.run(ABOUT, {"target_id": target_id})]

    def list_keyset(self, wanted: AuditFilter, *, request: KeysetRequest) -> KeysetPage[AuditEvent]:
        if request.sort.field != "occurred_at":
            raise ValueError(f"audit events cannot be sorted by {request.sort.field}")
        return read_keyset(
            self._session,
            select(audit_events).where(*_conditions(wanted)),
            audit_events,
            request=request,
            read=_event,
            cursor_of=lambda event: Cursor(field="occurred_at", value=event.occurred_at, id=event.id),
        )


def _conditions(wanted: AuditFilter) -> list[Condition]:
    event = audit_events.c
    conditions: list[Condition] = []
    if wanted.name is not None:
        conditions.append(event.event == wanted.name.value)
    if wanted.actor_user_id is not None:
        conditions.append(event.actor_user_id == wanted.actor_user_id)
    if wanted.outcome is not None:
        conditions.append(event.outcome == wanted.outcome.value)
    if wanted.occurred_from is not None:
        conditions.append(event.occurred_at >= wanted.occurred_from)
    if wanted.occurred_to is not None:
        conditions.append(event.occurred_at <= wanted.occurred_to)
    return conditions


def _storable(text: str | None) -> str | None:
    return None if text is None else storable(text)


def _storable_json(value: Any) -> Any:
    match value:
        case str():
            return _storable(value)
        case Mapping():
            return {_storable(str(key)): _storable_json(item) for key, item in value.items()}
        case list() | tuple():
            return [_storable_json(item) for item in value]
        case _:
            return value


def _row(event: AuditEvent) -> dict[str, Any]:
    origin = event.origin
    return {
        "id": event.id,
        "occurred_at": event.occurred_at,
        "event": event.name.value,
        "severity": event.severity.value,
        "outcome": event.outcome.value,
        "reason": None if event.reason is None else event.reason.code,
        "actor_user_id": event.actor_user_id,
        "actor_role": None if event.actor_role is None else event.actor_role.value,
        "target_type": event.target_type,
        "target_id": event.target_id,
        "ip": _storable(origin.ip),
        "user_agent": _storable(origin.user_agent),
        "method": _storable(origin.method),
        "path": _storable(origin.path),
        "status": event.status,
        "correlation_id": _storable(origin.correlation_id),
        "metadata": json.dumps(_storable_json(event.metadata)),
        "repeat_key": _storable(event.repeat_key),
        "repeat_minute": event.repeat_minute,
        "occurrences": event.count,
    }


def _event(row: Row[Any]) -> AuditEvent:
    return AuditEvent(
        id=row.id,
        occurred_at=row.occurred_at,
        name=AuditName(row.event),
        outcome=AuditOutcome(row.outcome),
        severity=AuditSeverity(row.severity),
        reason=None if row.reason is None else _REASONS[row.reason],
        actor_user_id=row.actor_user_id,
        actor_role=None if row.actor_role is None else Role(row.actor_role),
        target_type=row.target_type,
        target_id=row.target_id,
        origin=Origin(
            ip=row.ip,
            user_agent=row.user_agent,
            method=row.method,
            path=row.path,
            correlation_id=row.correlation_id,
        ),
        status=row.status,
        metadata=row.metadata,
        repeat_key=row.repeat_key,
        count=row.occurrences,
    )
