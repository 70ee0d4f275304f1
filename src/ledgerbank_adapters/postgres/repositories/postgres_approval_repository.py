"""Approvals in PostgreSQL."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, Row, Select, Text, Uuid, and_, bindparam, or_, select

from ledgerbank_adapters.postgres.schema.approval_tables import approvals
from ledgerbank_adapters.postgres.schema.column_kinds import INSTANT
from ledgerbank_adapters.postgres.statements.postgres_pages import Condition, read_keyset
from ledgerbank_adapters.postgres.statements.postgres_session import Parameters, PostgresSession
from ledgerbank_adapters.postgres.statements.postgres_set_statements import (
    as_arrays,
    insert_statement,
    update_statement,
)
from ledgerbank_domain.approvals.approval import ActKind, Approval, ApprovalFilter, ApprovalStatus
from ledgerbank_domain.identity.page import Cursor, KeysetPage, KeysetRequest
from ledgerbank_domain.ports.repositories.approval_repository import ApprovalRepository

INSERT = insert_statement(approvals)
UPDATE = update_statement(
    approvals,
    "target_id",
    "arguments",
    "status",
    "decided_by",
    "decided_at",
    "decision_reason",
    "updated_at",
)
BY_ID = select(approvals).where(approvals.c.id == bindparam("id", type_=Uuid()))
LOCK = BY_ID.with_for_update()
IS_PENDING = approvals.c.status == ApprovalStatus.PENDING.value
LOCK_PENDING = (
    select(approvals)
    .where(
        approvals.c.act == bindparam("act", type_=Text()),
        approvals.c.subject == bindparam("subject", type_=Text()),
        IS_PENDING,
    )
    .with_for_update()
)
LOCK_OVERDUE = (
    select(approvals)
    .where(IS_PENDING, approvals.c.expires_at <= bindparam("now", type_=INSTANT))
    .order_by(approvals.c.expires_at)
    .limit(bindparam("limit", type_=Integer()))
    .with_for_update(skip_locked=True)
)
# Picked in an array and then looked up by primary key: see postgres_job_statements.
DELETE_DECIDED = """
    DELETE FROM approvals
    WHERE id = ANY(ARRAY(
        SELECT id FROM approvals
        WHERE decided_at < %(before)s
        ORDER BY decided_at
        LIMIT %(limit)s
        FOR UPDATE SKIP LOCKED
    ))
"""


class PostgresApprovalRepository(ApprovalRepository):
    def __init__(self, session: PostgresSession) -> None:
        self._session = session

    def add(self, approval: Approval) -> None:
        self._session.run_sql(INSERT, as_arrays([_row(approval)]))

    def save(self, approval: Approval) -> None:
        if self._session.run_sql(UPDATE, as_arrays([_row(approval)])).rowcount != 1:
            raise LookupError(f"no approval {approval.id} to save")

    def find(self, approval_id: UUID) -> Approval | None:
        return self._find(BY_ID, {"id": approval_id})

    def find_for_update(self, approval_id: UUID) -> Approval | None:
        return self._find(LOCK, {"id": approval_id})

    def find_pending_for_update(self, kind: ActKind, subject: str) -> Approval | None:
        return self._find(LOCK_PENDING, {"act": kind.value, "subject": subject})

    def list_keyset(
        self, wanted: ApprovalFilter, *, now: datetime, request: KeysetRequest
    ) -> KeysetPage[Approval]:
        return read_keyset(
            self._session,
            select(approvals).where(*_conditions(wanted, now)),
            approvals,
            request=request,
            read=_approval,
            cursor_of=lambda approval: Cursor(
                field="inserted_at", value=approval.inserted_at, id=approval.id
            ),
        )

    def list_overdue_for_update(self, now: datetime, *, limit: int) -> Sequence[Approval]:
        return [_approval(row) for row in self._session.run(LOCK_OVERDUE, {"now": now, "limit": limit})]

    def delete_decided_before(self, before: datetime, *, limit: int) -> int:
        return self._session.run_sql(DELETE_DECIDED, {"before": before, "limit": limit}).rowcount

    def _find(self, statement: Select[Any], wanted: Parameters) -> Approval | None:
        row = self._session.run(statement, wanted).one_or_none()
        return None if row is None else _approval(row)


def _conditions(wanted: ApprovalFilter, now: datetime) -> list[Condition]:
    """One that has expired is so from that instant on, whenever its row is told."""
    is_overdue = and_(IS_PENDING, approvals.c.expires_at <= now)
    match wanted.status:
        case None:
            return []
        case ApprovalStatus.PENDING:
            return [IS_PENDING, approvals.c.expires_at > now]
        case ApprovalStatus.EXPIRED:
            return [or_(approvals.c.status == ApprovalStatus.EXPIRED.value, is_overdue)]
        case status:
            return [approvals.c.status == status.value]


def _row(approval: Approval) -> dict[str, Any]:
    return {
        "id": approval.id,
        "act": approval.kind.value,
        "target_id": approval.target_id,
        "subject": approval.subject,
        "arguments": json.dumps(dict(approval.arguments)),
        "basis": json.dumps(dict(approval.basis)),
        "changes": json.dumps(dict(approval.changes)),
        "reason": approval.reason,
        "requested_by": approval.requested_by,
        "status": approval.status.value,
        "expires_at": approval.expires_at,
        "decided_by": approval.decided_by,
        "decided_at": approval.decided_at,
        "decision_reason": approval.decision_reason,
        "inserted_at": approval.inserted_at,
        "updated_at": approval.updated_at,
    }


def _approval(row: Row[Any]) -> Approval:
    return Approval(
        id=row.id,
        kind=ActKind(row.act),
        target_id=row.target_id,
        subject=row.subject,
        arguments=row.arguments,
        basis=row.basis,
        changes=row.changes,
        reason=row.reason,
        requested_by=row.requested_by,
        status=ApprovalStatus(row.status),
        expires_at=row.expires_at,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        decision_reason=row.decision_reason,
        inserted_at=row.inserted_at,
        updated_at=row.updated_at,
    )
