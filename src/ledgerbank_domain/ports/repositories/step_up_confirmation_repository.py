"""Confirmations of payments and payees by a second factor, in storage."""

from abc import abstractmethod
from datetime import datetime
from typing import Protocol
from uuid import UUID

from ledgerbank_domain.payments.step_up import StepUpConfirmation, StepUpSubject


class StepUpConfirmationRepository(Protocol):
    """Confirmations that wait for what they are good for."""

    @abstractmethod
    def add(self, confirmation: StepUpConfirmation) -> None:
        """Stores a new confirmation."""

    @abstractmethod
    def take(
        self, user_id: UUID, subject: StepUpSubject, *, made_since: datetime | None, at: datetime
    ) -> bool:
        """Uses up one that is good then for this very subject; False: there is none.

        One from before ``made_since`` is none, as when the user's sessions were ended then. One that another
        unit of work is using up counts as gone, and is not waited for.
        """

    @abstractmethod
    def exists(
        self, user_id: UUID, subject: StepUpSubject, *, made_since: datetime | None, at: datetime
    ) -> bool:
        """Whether there is one that :meth:`take` would use up."""

    @abstractmethod
    def delete_expired(self, before: datetime, *, limit: int) -> int:
        """Removes those that expired before then; returns how many, at most ``limit``.

        Rows that another unit of work holds are left to it.
        """
