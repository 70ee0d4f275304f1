"""Payments in storage."""

from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.page import Page, PageRequest
from ledgerbank_domain.payments.payment import Payment, PaymentFilter, PaymentSignature
from ledgerbank_domain.ports.repositories.presence import present


class PaymentRepository(Protocol):
    """Payments, and what the rules ask of those that are completed."""

    @abstractmethod
    def add_many(self, payments: Sequence[Payment]) -> None:
        """Stores new payments; nothing moves by that."""

    @abstractmethod
    def save_many(self, payments: Sequence[Payment]) -> None:
        """Updates payments locked by this unit of work."""

    @abstractmethod
    def find_many(self, payment_ids: Collection[UUID]) -> Mapping[UUID, Payment]:
        """The payments that exist, by id."""

    @abstractmethod
    def find_many_for_update(self, payment_ids: Collection[UUID]) -> Mapping[UUID, Payment]:
        """The payments that exist, by id, locked in ascending order of id."""

    def find(self, payment_id: UUID) -> Payment | None:
        """The one with this id, if it exists."""
        return self.find_many([payment_id]).get(payment_id)

    def get(self, payment_id: UUID) -> Payment:
        """Raises ``payment_not_found``."""
        return present(self.find(payment_id), Reason.PAYMENT_NOT_FOUND)

    def get_for_update(self, payment_id: UUID) -> Payment:
        """Locked. Raises ``payment_not_found``."""
        return present(self.find_many_for_update([payment_id]).get(payment_id), Reason.PAYMENT_NOT_FOUND)

    @abstractmethod
    def find_free_for_update(self, payment_ids: Collection[UUID]) -> Mapping[UUID, Payment]:
        """The payments that no other unit of work holds, by id, locked: none is waited for."""

    @abstractmethod
    def list_pending_of_user_for_update(self, user_id: UUID) -> list[Payment]:
        """The user's PENDING payments, locked in ascending order of id."""

    @abstractmethod
    def list_pending_of_account_for_update(self, user_id: UUID, account_id: UUID) -> list[Payment]:
        """The PENDING payments on one of the user's accounts, locked in ascending order of id."""

    @abstractmethod
    def list_page(self, wanted: PaymentFilter, *, request: PageRequest) -> Page[Payment]:
        """Newest first (``inserted_at``, then ``id``)."""

    @abstractmethod
    def find_completed_since(
        self, signatures: Collection[PaymentSignature], since: datetime
    ) -> Mapping[PaymentSignature, frozenset[UUID]]:
        """For each signature the COMPLETED payments that bear it, posted at or after ``since``, not reversed.

        Signatures without any may be missing.
        """
