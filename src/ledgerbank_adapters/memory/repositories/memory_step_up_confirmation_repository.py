"""Confirmations of payments and payees by a second factor, in memory."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from ledgerbank_adapters.memory.storage.memory_payment_tables import MemoryPaymentTables
from ledgerbank_adapters.memory.storage.memory_session import MemorySession
from ledgerbank_domain.payments.step_up import StepUpConfirmation, StepUpSubject
from ledgerbank_domain.ports.repositories.step_up_confirmation_repository import StepUpConfirmationRepository


class MemoryStepUpConfirmationRepository(StepUpConfirmationRepository):
    def __init__(self, session: MemorySession) -> None:
        self._session = session

    def add(self, confirmation: StepUpConfirmation) -> None:
        self._session.insert(self._tables.step_up_confirmations, confirmation)

    def take(
        self, user_id: UUID, subject: StepUpSubject, *, made_since: datetime | None, at: datetime
    ) -> bool:
        first = next(self._good(user_id, subject, made_since, at), None)
        if first is not None:
            self._session.delete(self._tables.step_up_confirmations, first)
        return first is not None

    def exists(
        self, user_id: UUID, subject: StepUpSubject, *, made_since: datetime | None, at: datetime
    ) -> bool:
        return next(self._good(user_id, subject, made_since, at), None) is not None

    def delete_expired(self, before: datetime, *, limit: int) -> int:
        expired = self._tables.confirmations_by_expiry.ids_before(True, before)[:limit]
        for confirmation in self._tables.step_up_confirmations.rows(expired):
            self._session.delete(self._tables.step_up_confirmations, confirmation)
        return len(expired)

    def _good(
        self, user_id: UUID, subject: StepUpSubject, made_since: datetime | None, at: datetime
    ) -> Iterator[StepUpConfirmation]:
        """In the order in which they expire."""
        found = self._tables.confirmations_of_subject.ids((user_id, subject.as_text()))
        for confirmation in self._tables.step_up_confirmations.rows(found):
            if confirmation.is_good(at=at) and (made_since is None or confirmation.inserted_at >= made_since):
                yield confirmation

    @property
    def _tables(self) -> MemoryPaymentTables:
        return self._session.tables.payment
