"""Approvals as JSON, and the answer of an endpoint whose act now waits for one."""

from collections.abc import Mapping
from typing import Any, TypedDict

from attrs import AttrsInstance, field, fields, frozen

from ledgerbank_adapters.http.fields.field_types import FieldType
from ledgerbank_adapters.http.fields.wire_values import (
    WireId,
    WireInstant,
    optional_wire_id,
    optional_wire_instant,
    wire_id,
    wire_instant,
)
from ledgerbank_adapters.http.operations.http_operation import Answer, OtherAnswer
from ledgerbank_domain.approvals.approval import MAX_REASON_LENGTH, Approval, parse_approval_reason
from ledgerbank_domain.errors.error_catalog import Reason

ACCEPTED = 202
REQUESTED = "approval_requested"

APPROVAL_REASON = FieldType(
    parse=parse_approval_reason,
    schema={
        "type": "string",
        "pattern": r"\S",
        "maxLength": MAX_REASON_LENGTH,
        "description": "Why; must be told where another administrator has to approve it, else unused.",
    },
)


class ApprovalPayload(TypedDict):
    """``changes`` tells each field that would change, with ``old`` and ``new``."""

    id: WireId
    act: str
    target_type: str | None
    target_id: WireId | None
    changes: Mapping[str, Any]
    reason: str
    status: str
    requested_by: WireId
    expires_at: WireInstant
    decided_by: WireId | None
    decided_at: WireInstant | None
    decision_reason: str | None
    inserted_at: WireInstant
    updated_at: WireInstant


@frozen(kw_only=True)
class AskedFor:
    """What a body holds besides where its act may take two administrators."""

    reason: str | None = field(default=None, metadata=APPROVAL_REASON.metadata)


ASKED_FOR = OtherAnswer(status=ACCEPTED, answer=ApprovalPayload, action=REQUESTED)
"""Of an operation that is done by one administrator alone, or asked for where it takes two."""

ASKING_ERRORS = (Reason.INVALID_FIELD_FORMAT, Reason.RESOURCE_ALREADY_EXISTS)
"""What asking may be refused by, beside what the act itself is."""


def fields_of_act(body: type[AttrsInstance]) -> list[str]:
    """What a body says about the act itself."""
    return [each.name for each in fields(body) if each.name not in {own.name for own in fields(AskedFor)}]


def approval_payload(approval: Approval) -> ApprovalPayload:
    return {
        "id": wire_id(approval.id),
        "act": approval.kind.value,
        "target_type": approval.kind.target_type,
        "target_id": optional_wire_id(approval.target_id),
        "changes": approval.changes,
        "reason": approval.reason,
        "status": approval.status.value,
        "requested_by": wire_id(approval.requested_by),
        "expires_at": wire_instant(approval.expires_at),
        "decided_by": optional_wire_id(approval.decided_by),
        "decided_at": optional_wire_instant(approval.decided_at),
        "decision_reason": approval.decision_reason,
        "inserted_at": wire_instant(approval.inserted_at),
        "updated_at": wire_instant(approval.updated_at),
    }


def asked_for(approval: Approval) -> Answer:
    """Nothing is done yet: where it stands is at ``Location``."""
    return Answer(
        data=approval_payload(approval),
        status=ACCEPTED,
        action=REQUESTED,
        location=f"/approvals/{approval.id}",
    )
