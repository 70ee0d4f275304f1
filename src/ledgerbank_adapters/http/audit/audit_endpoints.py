"""Reading the audit trail."""

from datetime import datetime
from uuid import UUID

from attrs import field, frozen

from ledgerbank_adapters.http.audit.audit_payloads import AuditEventPayload, audit_event_payload
from ledgerbank_adapters.http.fields.field_types import RANGE_END, RANGE_START, UUID_FIELD, member_of
from ledgerbank_adapters.http.fields.paging_queries import KeysetQuery, keyset_pagination
from ledgerbank_adapters.http.operations.http_operation import Access, Answer, Call, Operation, Paging
from ledgerbank_domain.audit.audit_event import AuditFilter, AuditName, AuditOutcome
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.scope import Scope
from ledgerbank_domain.ports.audit_trail import LATEST_FIRST

EVENT = member_of(AuditName, Reason.INVALID_FILTER)
OUTCOME = member_of(AuditOutcome, Reason.INVALID_FILTER)


@frozen(kw_only=True)
class AuditEventQuery(KeysetQuery):
    event: AuditName | None = field(default=None, metadata=EVENT.metadata)
    actor_user_id: UUID | None = field(default=None, metadata=UUID_FIELD.metadata)
    outcome: AuditOutcome | None = field(default=None, metadata=OUTCOME.metadata)
    date_from: datetime | None = field(default=None, metadata=RANGE_START.metadata)
    date_to: datetime | None = field(default=None, metadata=RANGE_END.metadata)


def list_audit_events(call: Call[None, AuditEventQuery]) -> Answer:
    query = call.query()
    page = call.services.audit_events.list_keyset(
        call.actor,
        AuditFilter(
            name=query.event,
            actor_user_id=query.actor_user_id,
            outcome=query.outcome,
            occurred_from=query.date_from,
            occurred_to=query.date_to,
        ),
        request=query.keyset_request(LATEST_FIRST),
    )
    return Answer(
        data=[audit_event_payload(event) for event in page.items], pagination=keyset_pagination(page)
    )


AUDIT_OPERATIONS = (
    Operation(
        method="GET",
        path="/audit-events",
        handler=list_audit_events,
        summary="What happened, by cursor, the latest first",
        access=Access.ADMIN,
        query=AuditEventQuery,
        scope=Scope.EVENTS_READ,
        answer=list[AuditEventPayload],
        paging=Paging.KEYSET,
        errors=(
            Reason.INVALID_FILTER,
            Reason.INVALID_UUID_FORMAT,
            Reason.INVALID_DATETIME_FORMAT,
            Reason.INVALID_CURSOR,
        ),
    ),
)
