"""Import records: which line stands for a bank's transaction, and whether it is settled."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class BankTransactionImport:
    """Which line stands for a bank's movement: one for each account and movement, for ever.

    ``transaction_id`` is the line that stands for it now. None: it was reversed, because the bank declined it
    after all. ``posted_at`` is the bank's word, by which it is asked again; lines may tell another time, for
    none is dated ahead of ours.
    """

    account_id: UUID
    external_transaction_id: str
    transaction_id: UUID | None
    pending: bool
    posted_at: datetime
    inserted_at: datetime
    updated_at: datetime

    def with_line(
        self, transaction_id: UUID, *, pending: bool, posted_at: datetime, at: datetime
    ) -> "BankTransactionImport":
        """The record once this line stands for the movement, and what the bank says of it."""
        return replace(
            self, transaction_id=transaction_id, pending=pending, posted_at=posted_at, updated_at=at
        )

    def void(self, *, at: datetime) -> "BankTransactionImport":
        """The record once no line stands for the movement any more."""
        return replace(self, transaction_id=None, pending=False, updated_at=at)
