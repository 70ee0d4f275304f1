"""Requests that were given a key, and their answers, in storage."""

from abc import abstractmethod
from datetime import datetime
from typing import Protocol
from uuid import UUID

from ledgerbank_domain.idempotency.idempotency_record import IdempotencyRecord


class IdempotencyRepository(Protocol):
    """At most one record for each key of a user. Expired ones stay until they are replaced or removed."""

    @abstractmethod
    def add_if_free(self, record: IdempotencyRecord) -> bool:
        """Stores the record unless its user's key has one; tells whether it did.

        Waits for another unit of work that is storing the same key.
        """

    @abstractmethod
    def find_for_update(self, *, user_id: UUID, key: str) -> IdempotencyRecord | None:
        """The record of a user's key, expired or not, locked."""

    @abstractmethod
    def replace(self, record_id: UUID, record: IdempotencyRecord) -> bool:
        """Puts ``record`` where the record ``record_id`` of its user and key is; False when that is gone."""

    @abstractmethod
    def remove_unanswered(self, record: IdempotencyRecord) -> bool:
        """Removes it, by its id, unless it has an answer by now; tells whether it did."""

    @abstractmethod
    def delete_expired(self, before: datetime, *, limit: int) -> int:
        """Removes records that expired before then, longest ago first; returns how many, at most ``limit``.

        Rows that another unit of work holds are left to it.
        """
