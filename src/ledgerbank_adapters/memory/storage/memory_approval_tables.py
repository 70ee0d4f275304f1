"""The table of what staff asked for and another administrator decides."""

from ledgerbank_adapters.memory.storage.memory_identity_tables import MemoryIdentityTables
from ledgerbank_adapters.memory.storage.memory_index import OrderedIndex, UniqueIndex
from ledgerbank_adapters.memory.storage.memory_table import ForeignKey, MemoryTable
from ledgerbank_domain.approvals.approval import Approval
from ledgerbank_domain.errors.error_catalog import Reason


class MemoryApprovalTables:
    """Approvals, by what is pending, by when that expires, and by when they were decided."""

    def __init__(self, identity: MemoryIdentityTables) -> None:
        self.pending_approval_about = UniqueIndex[Approval](
            "subject", lambda approval: (approval.kind, approval.subject) if approval.is_pending else None
        )
        self.waiting_approvals = OrderedIndex[Approval](
            group_of=lambda approval: True if approval.is_pending else None,
            order_of=lambda approval: approval.expires_at,
        )
        self.decided_approvals = OrderedIndex[Approval](
            group_of=lambda approval: None if approval.decided_at is None else True,
            order_of=lambda approval: approval.decided_at,
        )
        self.approvals = MemoryTable[Approval](
            "approvals",
            unique=[self.pending_approval_about],
            indexes=[self.waiting_approvals, self.decided_approvals],
            references=[
                ForeignKey("requested_by", identity.users, Reason.USER_NOT_FOUND),
                ForeignKey("decided_by", identity.users, Reason.USER_NOT_FOUND),
            ],
        )
