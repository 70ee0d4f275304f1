"""Approvals in memory."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from ledgerbank_adapters.memory.storage.memory_approval_tables import MemoryApprovalTables
from ledgerbank_adapters.memory.storage.memory_paging import SortFields, keyset_page_of
from ledgerbank_adapters.memory.storage.memory_session import MemorySession
from ledgerbank_domain.approvals.approval import ActKind, Approval, ApprovalFilter
from ledgerbank_domain.identity.page import KeysetPage, KeysetRequest
from ledgerbank_domain.ports.repositories.approval_repository import ApprovalRepository

_SORT_FIELDS: SortFields[Approval] = {"inserted_at": lambda approval: approval.inserted_at}


class MemoryApprovalRepository(ApprovalRepository):
    def __init__(self, session: MemorySession) -> None:
        self._session = session

    def add(self, approval: Approval) -> None:
        self._session.insert(
            self._tables.approvals,
            replace(
                approval,
                arguments=_as_json(approval.arguments),
                basis=_as_json(approval.basis),
                changes=_as_json(approval.changes),
            ),
        )

    def save(self, approval: Approval) -> None:
        stored = self._tables.approvals.find(approval.id)
        self._session.update(
            self._tables.approvals, approval if stored is None else _decided(stored, approval)
        )

    def find(self, approval_id: UUID) -> Approval | None:
        return self._tables.approvals.find(approval_id)

    def find_for_update(self, approval_id: UUID) -> Approval | None:
        return self._tables.approvals.find(approval_id)

    def find_pending_for_update(self, kind: ActKind, subject: str) -> Approval | None:
        pending = self._tables.pending_approval_about.find((kind, subject))
        return None if pending is None else self._tables.approvals.find(pending)

    def list_keyset(
        self, wanted: ApprovalFilter, *, now: datetime, request: KeysetRequest
    ) -> KeysetPage[Approval]:
        rows = [
            approval
            for approval in self._tables.approvals
            if wanted.status in (None, approval.as_of(now).status)
        ]
        return keyset_page_of(rows, request, _SORT_FIELDS)

    def list_overdue_for_update(self, now: datetime, *, limit: int) -> Sequence[Approval]:
        return self._tables.approvals.rows(self._tables.waiting_approvals.ids_until(True, now)[:limit])

    def delete_decided_before(self, before: datetime, *, limit: int) -> int:
        decided = self._tables.decided_approvals.ids_before(True, before)[:limit]
        for approval in self._tables.approvals.rows(decided):
            self._session.delete(self._tables.approvals, approval)
        return len(decided)

    @property
    def _tables(self) -> MemoryApprovalTables:
        return self._session.tables.approval


def _as_json(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """As JSON gives them back: what the caller does to their own mapping changes nothing here."""
    kept: Mapping[str, Any] = json.loads(json.dumps(dict(facts)))
    return kept


def _decided(stored: Approval, approval: Approval) -> Approval:
    """What was asked for never changes, only what became of it."""
    return replace(
        stored,
        target_id=approval.target_id,
        arguments=_as_json(approval.arguments),
        status=approval.status,
        decided_by=approval.decided_by,
        decided_at=approval.decided_at,
        decision_reason=approval.decision_reason,
        updated_at=approval.updated_at,
    )
