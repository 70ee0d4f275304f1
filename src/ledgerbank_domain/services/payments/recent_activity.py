"""What accounts and users did lately, as the limit and duplicate rules need it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ledgerbank_domain.banking.account import Account
from ledgerbank_domain.ledger.journal import Direction
from ledgerbank_domain.money.money import Money
from ledgerbank_domain.payments.payment import Payment, PaymentSignature
from ledgerbank_domain.payments.payment_limits import PaymentLimits, start_of_day
from ledgerbank_domain.ports.unit_of_work import UnitOfWork


@dataclass(slots=True)
class RecentActivity:
    """Read in two statements for a whole batch, and kept up to date while the batch runs."""

    spent: dict[UUID, Money]
    completed: dict[PaymentSignature, set[UUID]]

    @classmethod
    def gather(
        cls,
        work: UnitOfWork,
        *,
        accounts: Collection[Account],
        signatures: Collection[PaymentSignature],
        limits: PaymentLimits,
        now: datetime,
    ) -> "RecentActivity":
        """Reads it at ``now``; the locks that keep it true are the caller's to hold."""
        currency_of = {account.id: account.currency for account in accounts}
        spent = work.payments.spent_since(currency_of.keys(), start_of_day(now))
        completed = {}
        if limits.duplicate_window:
            completed = dict(work.payments.find_completed_since(signatures, now - limits.duplicate_window))
        return cls(
            spent={
                account_id: Money(amount, currency_of[account_id]) for account_id, amount in spent.items()
            },
            completed={signature: set(payment_ids) for signature, payment_ids in completed.items()},
        )

    def spent_from(self, account: Account) -> Money:
        """The account's COMPLETED debits of the current UTC day."""
        return self.spent.get(account.id, Money.zero(account.currency))

    def has_twin(self, signature: PaymentSignature, *, payment_id: UUID | None = None) -> bool:
        """Whether another payment with this signature completed within the duplicate window."""
        return bool(self.completed.get(signature, set()) - {payment_id})

    def include(self, payment: Payment, *, limits: PaymentLimits) -> None:
        """Counts a payment that was just completed."""
        if payment.direction is Direction.DEBIT:
            spent = self.spent.get(payment.user_bank_account_id, Money.zero(payment.currency))
            self.spent[payment.user_bank_account_id] = spent + payment.amount
        if limits.duplicate_window:
            self.completed.setdefault(payment.signature, set()).add(payment.id)
