"""Second factors in storage."""

from abc import abstractmethod
from datetime import datetime
from typing import Protocol
from uuid import UUID

from ledgerbank_domain.users.second_factor import SecondFactor


class SecondFactorRepository(Protocol):
    """Of each user one that is confirmed, and one that waits for it, at most.

    Whoever writes them, or decides by them, holds the lock of their user.
    """

    @abstractmethod
    def add(self, factor: SecondFactor) -> None:
        """Stores a new factor. Raises ``resource_already_exists`` for a second one of the same standing."""

    @abstractmethod
    def save(self, factor: SecondFactor) -> None:
        """Updates a factor whose user is locked by this unit of work. Raises as :meth:`add`."""

    @abstractmethod
    def delete(self, factor: SecondFactor) -> None:
        """Removes a factor whose user is locked by this unit of work."""

    @abstractmethod
    def find(self, factor_id: UUID) -> SecondFactor | None:
        """The one with this id, if it exists."""

    @abstractmethod
    def find_confirmed(self, user_id: UUID) -> SecondFactor | None:
        """The one that the user is asked for."""

    @abstractmethod
    def find_unconfirmed(self, user_id: UUID) -> SecondFactor | None:
        """The one whose first code is awaited, or was."""

    @abstractmethod
    def list_sealed(self, *, after: UUID | None, limit: int) -> list[SecondFactor]:
        """Factors, by ascending id, from the one after ``after`` on; not locked."""

    @abstractmethod
    def delete_unconfirmed_before(self, before: datetime, *, limit: int) -> int:
        """Removes those made before then and never confirmed; returns how many, at most ``limit``.

        Rows that another unit of work holds are left to it.
        """
