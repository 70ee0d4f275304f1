"""The tables of payments, of payees, and of confirmations that payments wait for."""

from collections.abc import Hashable

from ledgerbank_adapters.memory.storage.memory_banking_tables import MemoryBankingTables
from ledgerbank_adapters.memory.storage.memory_identity_tables import MemoryIdentityTables
from ledgerbank_adapters.memory.storage.memory_index import OrderedIndex, UniqueIndex
from ledgerbank_adapters.memory.storage.memory_table import ForeignKey, MemoryTable
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.payments.payee import Payee
from ledgerbank_domain.payments.payment import Payment
from ledgerbank_domain.payments.step_up import StepUpConfirmation


class MemoryPaymentTables:
    """Payments, with indexes for what the rules ask: twins, and who was paid."""

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
        self.completed_payments_to = OrderedIndex[Payment](
            group_of=_paid_counterparty, order_of=lambda payment: payment.posted_at
        )
        self.payments = MemoryTable[Payment](
            "user_payments",
            indexes=[
                self.payments_of_user,
                self.pending_payments_of_user,
                self.completed_payments_like,
                self.completed_payments_to,
            ],
            references=[
                ForeignKey("user_id", identity.users, Reason.USER_NOT_FOUND),
                ForeignKey("user_bank_account_id", banking.accounts, Reason.ACCOUNT_NOT_FOUND),
                ForeignKey("counterparty_account_id", banking.accounts, Reason.ACCOUNT_NOT_FOUND),
            ],
        )
        self._create_payees(identity, banking)

    def _create_payees(self, identity: MemoryIdentityTables, banking: MemoryBankingTables) -> None:
        self.payee_by_account = UniqueIndex[Payee](
            "counterparty_account_id", lambda payee: (payee.user_id, payee.counterparty_account_id)
        )
        self.payees_of_user = OrderedIndex[Payee](
            group_of=lambda payee: payee.user_id, order_of=lambda payee: payee.inserted_at
        )
        self.payees = MemoryTable[Payee](
            "payees",
            unique=[self.payee_by_account],
            indexes=[self.payees_of_user],
            references=[
                ForeignKey("user_id", identity.users, Reason.USER_NOT_FOUND),
                ForeignKey("counterparty_account_id", banking.accounts, Reason.ACCOUNT_NOT_FOUND),
            ],
        )
        self.confirmations_of_subject = OrderedIndex[StepUpConfirmation](
            group_of=lambda confirmation: (confirmation.user_id, confirmation.subject.as_text()),
            order_of=lambda confirmation: confirmation.expires_at,
        )
        self.confirmations_by_expiry = OrderedIndex[StepUpConfirmation](
            group_of=lambda _: True, order_of=lambda confirmation: confirmation.expires_at
        )
        self.step_up_confirmations = MemoryTable[StepUpConfirmation](
            "step_up_confirmations",
            indexes=[self.confirmations_of_subject, self.confirmations_by_expiry],
            references=[ForeignKey("user_id", identity.users, Reason.USER_NOT_FOUND)],
        )


def _paid_counterparty(payment: Payment) -> Hashable | None:
    pays = payment.stands and payment.counterparty_account_id is not None
    return (payment.user_id, payment.counterparty_account_id) if pays else None
