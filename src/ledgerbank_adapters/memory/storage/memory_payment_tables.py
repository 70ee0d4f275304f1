"""The table of payments."""

from uuid import UUID

from ledgerbank_adapters.memory.storage.memory_banking_tables import MemoryBankingTables
from ledgerbank_adapters.memory.storage.memory_identity_tables import MemoryIdentityTables
from ledgerbank_adapters.memory.storage.memory_index import OrderedIndex, RunningTotalIndex
from ledgerbank_adapters.memory.storage.memory_table import ForeignKey, MemoryTable
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ledger.journal import Direction
from ledgerbank_domain.payments.payment import Payment


class MemoryPaymentTables:
    """Payments, with indexes for what the rules ask: twins, and what was spent."""

    def __init__(self, identity: MemoryIdentityTables, banking: MemoryBankingTables) -> None:
        self.payments_of_user = OrderedIndex[Payment](
            group_of=lambda payment: payment.user_id, order_of=lambda payment: payment.inserted_at
        )
        self.pending_payments_of_user = OrderedIndex[Payment](
            group_of=lambda payment: payment.user_id if payment.is_pending else None,
            order_of=lambda payment: payment.id,
        )
        self.completed_payments_like = OrderedIndex[Payment](
            group_of=lambda payment: payment.signature if payment.stands else None,
            order_of=lambda payment: payment.posted_at,
        )
        self.spending_of_account = RunningTotalIndex[Payment](
            group_of=_spending_account,
            order_of=lambda payment: payment.posted_at,
            amount_of=lambda payment: payment.amount.amount,
        )
        self.payments = MemoryTable[Payment](
            "user_payments",
            indexes=[
                self.payments_of_user,
                self.pending_payments_of_user,
                self.completed_payments_like,
                self.spending_of_account,
            ],
            references=[
                ForeignKey("user_id", identity.users, Reason.USER_NOT_FOUND),
                ForeignKey("user_bank_account_id", banking.accounts, Reason.ACCOUNT_NOT_FOUND),
                ForeignKey("counterparty_account_id", banking.accounts, Reason.ACCOUNT_NOT_FOUND),
            ],
        )


def _spending_account(payment: Payment) -> UUID | None:
    spends = payment.stands and payment.direction is Direction.DEBIT
    return payment.user_bank_account_id if spends else None
