"""Which payments were made lately, as the duplicate rule needs it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ledgerbank_domain.payments.payment import Payment, PaymentSignature
from ledgerbank_domain.payments.payment_limits import PaymentLimits
from ledgerbank_domain.ports.unit_of_work import UnitOfWork


@dataclass(slots=True)
class RecentActivity:
    """Read in one statement for a whole batch, and kept up to date while the batch runs."""

    completed: dict[PaymentSignature, set[UUID]]

    @classmethod
    def gather(
        cls,
        work: UnitOfWork,
        *,
        signatures: Collection[PaymentSignature],
        limits: PaymentLimits,
        now: datetime,
    ) -> "RecentActivity":
        """Reads it at ``now``; the locks that keep it true are the caller's to hold."""
        completed = {}
        if limits.duplicate_window:
            completed = dict(work.payments.find_completed_since(signatures, now - limits.duplicate_window))
        return cls(completed={signature: set(payment_ids) for signature, payment_ids in completed.items()})

    def has_twin(self, signature: PaymentSignature, *, payment_id: UUID | None = None) -> bool:
        """Whether another payment with this signature completed within the duplicate window."""
        return bool(self.completed.get(signature, set()) - {payment_id})

    def include(self, payment: Payment, *, limits: PaymentLimits) -> None:
        """Counts a payment that was just completed."""
        if limits.duplicate_window:
            self.completed.setdefault(payment.signature, set()).add(payment.id)
