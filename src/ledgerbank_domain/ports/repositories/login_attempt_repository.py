"""Failed logins, and the networks that users logged in from, in storage."""

from abc import abstractmethod
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Protocol
from uuid import UUID

from ledgerbank_domain.users.login_failures import LoginFailures


class LoginAttemptRepository(Protocol):
    """One row for each subject, one for each user and network. All networks are texts, compared as such."""

    @abstractmethod
    def get_many_for_update(self, subjects: Collection[str], *, at: datetime) -> Mapping[str, LoginFailures]:
        """Those of each subject, locked in ascending order; one without any gets a row now."""

    @abstractmethod
    def find_for_update(self, subject: str) -> LoginFailures | None:
        """Those of the subject, if there are any, locked."""

    @abstractmethod
    def save(self, failures: LoginFailures) -> None:
        """Updates a row locked by this unit of work."""

    @abstractmethod
    def remember_network(self, user_id: UUID, network: str, *, at: datetime) -> None:
        """That the user logged in from there. What was remembered within the hour may stay as it is."""

    @abstractmethod
    def knows_network(self, user_id: UUID, network: str) -> bool:
        """Whether the user has logged in from there, as long as that is remembered."""

    @abstractmethod
    def delete_failures_before(self, before: datetime, *, limit: int) -> int:
        """Removes rows last changed before then, the oldest first; returns how many, at most ``limit``.

        Rows that another unit of work holds are left to it.
        """

    @abstractmethod
    def delete_networks_before(self, before: datetime, *, limit: int) -> int:
        """Removes networks nobody logged in from since then, as :meth:`delete_failures_before` does."""
