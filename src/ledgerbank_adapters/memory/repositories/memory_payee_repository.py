"""Payees in memory."""

from collections.abc import Collection
from uuid import UUID

from ledgerbank_adapters.memory.storage.memory_paging import page_of
from ledgerbank_adapters.memory.storage.memory_payment_tables import MemoryPaymentTables
from ledgerbank_adapters.memory.storage.memory_session import MemorySession
from ledgerbank_domain.identity.page import Page, PageRequest
from ledgerbank_domain.payments.payee import Payee
from ledgerbank_domain.payments.step_up import PayeeKey
from ledgerbank_domain.ports.repositories.payee_repository import PayeeRepository


class MemoryPayeeRepository(PayeeRepository):
    def __init__(self, session: MemorySession) -> None:
        self._session = session

    def add(self, payee: Payee) -> None:
        self._session.insert(self._tables.payees, payee)

    def find(self, payee_id: UUID) -> Payee | None:
        return self._tables.payees.find(payee_id)

    def delete(self, payee: Payee) -> None:
        self._session.delete(self._tables.payees, payee)

    def list_page(self, user_id: UUID, *, request: PageRequest) -> Page[Payee]:
        oldest_first = self._tables.payees.rows(self._tables.payees_of_user.ids(user_id))
        return page_of(oldest_first[::-1], request)

    def find_known(self, keys: Collection[PayeeKey]) -> frozenset[PayeeKey]:
        return frozenset(key for key in keys if self._is_trusted(key) or self._was_paid(key))

    def _is_trusted(self, key: PayeeKey) -> bool:
        return self._tables.payee_by_account.find((key.user_id, key.account_id)) is not None

    def _was_paid(self, key: PayeeKey) -> bool:
        return bool(self._tables.completed_payments_to.ids((key.user_id, key.account_id)))

    @property
    def _tables(self) -> MemoryPaymentTables:
        return self._session.tables.payment
