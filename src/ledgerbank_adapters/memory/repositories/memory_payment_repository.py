"""Payments in memory."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from ledgerbank_adapters.memory.storage.memory_paging import page_of
from ledgerbank_adapters.memory.storage.memory_payment_tables import MemoryPaymentTables
from ledgerbank_adapters.memory.storage.memory_session import MemorySession
from ledgerbank_domain.identity.page import Page, PageRequest
from ledgerbank_domain.payments.payment import Payment, PaymentFilter, PaymentSignature
from ledgerbank_domain.ports.repositories.payment_repository import PaymentRepository


class MemoryPaymentRepository(PaymentRepository):
    def __init__(self, session: MemorySession) -> None:
        self._session = session

    def add_many(self, payments: Sequence[Payment]) -> None:
        for payment in payments:
            self._session.insert(self._tables.payments, payment)

    def save_many(self, payments: Sequence[Payment]) -> None:
        for payment in payments:
            self._session.update(self._tables.payments, payment)

    def find_many(self, payment_ids: Collection[UUID]) -> Mapping[UUID, Payment]:
        return self._tables.payments.find_all(payment_ids)

    def find_many_for_update(self, payment_ids: Collection[UUID]) -> Mapping[UUID, Payment]:
        return self._tables.payments.find_all(payment_ids)

    def find_free_for_update(self, payment_ids: Collection[UUID]) -> Mapping[UUID, Payment]:
        return self.find_many_for_update(payment_ids)

    def list_pending_of_user_for_update(self, user_id: UUID) -> list[Payment]:
        return self._tables.payments.rows(self._tables.pending_payments_of_user.ids(user_id))

    def list_pending_of_account_for_update(self, user_id: UUID, account_id: UUID) -> list[Payment]:
        pending = self.list_pending_of_user_for_update(user_id)
        return [payment for payment in pending if payment.user_bank_account_id == account_id]

    def list_page(self, wanted: PaymentFilter, *, request: PageRequest) -> Page[Payment]:
        payments = self._tables.payments.rows(self._tables.payments_of_user.ids(wanted.user_id))
        return page_of([payment for payment in reversed(payments) if _matches(payment, wanted)], request)

    def find_completed_since(
        self, signatures: Collection[PaymentSignature], since: datetime
    ) -> Mapping[PaymentSignature, frozenset[UUID]]:
        completed = self._tables.completed_payments_like
        return {signature: frozenset(completed.ids_since(signature, since)) for signature in signatures}

    @property
    def _tables(self) -> MemoryPaymentTables:
        return self._session.tables.payment


def _matches(payment: Payment, wanted: PaymentFilter) -> bool:
    return (
        wanted.direction in (None, payment.direction)
        and wanted.status in (None, payment.status)
        and wanted.payment_type in (None, payment.payment_type)
        and (wanted.inserted_from is None or payment.inserted_at >= wanted.inserted_from)
        and (wanted.inserted_to is None or payment.inserted_at <= wanted.inserted_to)
    )
