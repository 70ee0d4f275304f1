"""What staff asked for: looking at it, approving, rejecting and withdrawing it."""

from attrs import field, frozen

from ledgerbank_adapters.http.approvals.approval_payloads import ApprovalPayload, approval_payload
from ledgerbank_adapters.http.fields.field_types import FieldType, member_of
from ledgerbank_adapters.http.fields.paging_queries import KeysetQuery, keyset_pagination
from ledgerbank_adapters.http.operations.http_operation import Access, Answer, Call, NoKey, Operation, Paging
from ledgerbank_domain.approvals.approval import (
    MAX_REASON_LENGTH,
    ApprovalFilter,
    ApprovalStatus,
    parse_approval_reason,
)
from ledgerbank_domain.errors.error_catalog import Reason

APPROVAL_STATUS = member_of(ApprovalStatus, Reason.INVALID_STATUS)
REJECTION_REASON = FieldType(
    parse=parse_approval_reason,
    schema={"type": "string", "pattern": r"\S", "maxLength": MAX_REASON_LENGTH},
)
FOUND_APPROVAL_ERRORS = (Reason.INVALID_UUID_FORMAT, Reason.RESOURCE_NOT_FOUND)
DECISION_ERRORS = (*FOUND_APPROVAL_ERRORS, Reason.INSUFFICIENT_PERMISSIONS, Reason.ALREADY_PROCESSED)


@frozen(kw_only=True)
class ApprovalListQuery(KeysetQuery):
    status: ApprovalStatus | None = field(default=None, metadata=APPROVAL_STATUS.metadata)


@frozen(kw_only=True)
class RejectionBody:
    reason: str = field(metadata=REJECTION_REASON.metadata)


def list_approvals(call: Call[None, ApprovalListQuery]) -> Answer:
    query = call.query()
    page = call.services.approvals.list_keyset(
        call.actor, ApprovalFilter(status=query.status), request=query.keyset_request()
    )
    return Answer(
        data=[approval_payload(approval) for approval in page.items], pagination=keyset_pagination(page)
    )


def get_approval(call: Call[None, None]) -> Answer:
    return Answer(data=approval_payload(call.services.approvals.get(call.actor, approval_id=call.path_id())))


def approve(call: Call[None, None]) -> Answer:
    approval = call.services.approvals.approve(call.actor, approval_id=call.path_id())
    return Answer(data=approval_payload(approval))


def reject(call: Call[RejectionBody, None]) -> Answer:
    approval_id = call.path_id()
    approval = call.services.approvals.reject(call.actor, approval_id=approval_id, reason=call.body().reason)
    return Answer(data=approval_payload(approval))


def withdraw(call: Call[None, None]) -> Answer:
    approval = call.services.approvals.withdraw(call.actor, approval_id=call.path_id())
    return Answer(data=approval_payload(approval))


APPROVAL_OPERATIONS = (
    Operation(
        method="GET",
        path="/approvals",
        handler=list_approvals,
        summary="What staff asked for and another administrator decides, by cursor, newest first",
        scope=NoKey.SESSIONS_ONLY,
        access=Access.ADMIN,
        query=ApprovalListQuery,
        answer=list[ApprovalPayload],
        paging=Paging.KEYSET,
        errors=(Reason.INVALID_STATUS, Reason.INVALID_CURSOR),
    ),
    Operation(
        method="GET",
        path="/approvals/{id}",
        handler=get_approval,
        summary="One approval, for administrators and for who asked",
        scope=NoKey.SESSIONS_ONLY,
        answer=ApprovalPayload,
        errors=FOUND_APPROVAL_ERRORS,
    ),
    Operation(
        method="POST",
        path="/approvals/{id}/approve",
        handler=approve,
        summary="Does what another of staff asked for, as it was asked",
        scope=NoKey.SESSIONS_ONLY,
        access=Access.ADMIN,
        answer=ApprovalPayload,
        action="approved",
        idempotent=True,
        errors=(
            *DECISION_ERRORS,
            # Whatever its use-case finds in the way by now.
            Reason.USER_NOT_FOUND,
            Reason.EMAIL_ALREADY_EXISTS,
            Reason.LAST_ADMINISTRATOR,
            Reason.ACCOUNT_NOT_FOUND,
            Reason.ACCOUNT_NOT_EMPTY,
            Reason.PAYMENT_NOT_FOUND,
            Reason.ALREADY_REVERSED,
            Reason.NOT_REVERSIBLE,
            Reason.ACCOUNT_INACTIVE,
            Reason.NEGATIVE_BALANCE,
            Reason.AMOUNT_EXCEEDS_LIMIT,
        ),
    ),
    Operation(
        method="POST",
        path="/approvals/{id}/reject",
        handler=reject,
        summary="Refuses what another of staff asked for",
        scope=NoKey.SESSIONS_ONLY,
        access=Access.ADMIN,
        body=RejectionBody,
        answer=ApprovalPayload,
        action="rejected",
        errors=(*DECISION_ERRORS, Reason.INVALID_FIELD_FORMAT),
    ),
    Operation(
        method="POST",
        path="/approvals/{id}/withdraw",
        handler=withdraw,
        summary="Who asked takes it back",
        scope=NoKey.SESSIONS_ONLY,
        answer=ApprovalPayload,
        action="withdrawn",
        errors=DECISION_ERRORS,
    ),
)
