"""Failed logins, and the clients that users logged in with, in storage."""

from abc import abstractmethod
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Protocol
from uuid import UUID

from ledgerbank_domain.users.login_client import LoginClient
from ledgerbank_domain.users.login_failures import LoginFailures


class LoginAttemptRepository(Protocol):
    """One row for each subject, one for each user and client. Networks and devices are compared as texts."""

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
    def remember_client(self, user_id: UUID, client: LoginClient, *, at: datetime) -> None:
        """That the user logged in with it. What was remembered within the hour may stay as it is."""

    @abstractmethod
    def knows_client(self, user_id: UUID, client: LoginClient) -> bool:
        """Whether the user has logged in with this device in this network, as long as that is remembered."""

    @abstractmethod
    def knows_any_client(self, user_id: UUID) -> bool:
        """Whether any login of the user is remembered."""

    @abstractmethod
    def knows_network(self, user_id: UUID, network: str) -> bool:
        """Whether the user has logged in from there, as long as that is remembered."""

    @abstractmethod
    def delete_failures_before(self, before: datetime, *, limit: int) -> int:
        """Removes rows last changed before then, the oldest first; returns how many, at most ``limit``.

        Rows that another unit of work holds are left to it.
        """

    @abstractmethod
    def delete_clients_before(self, before: datetime, *, limit: int) -> int:
        """Removes clients nobody logged in with since then, as :meth:`delete_failures_before` does."""
