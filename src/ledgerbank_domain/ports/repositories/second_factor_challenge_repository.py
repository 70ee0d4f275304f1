"""Challenges to second factors, in storage."""

from abc import abstractmethod
from datetime import datetime
from typing import Protocol

from ledgerbank_domain.users.second_factor_challenge import SecondFactorChallenge


class SecondFactorChallengeRepository(Protocol):
    """Challenges that were made; whoever writes one, or decides by it, holds the lock of its user."""

    @abstractmethod
    def add(self, challenge: SecondFactorChallenge) -> None:
        """Stores a new challenge."""

    @abstractmethod
    def save(self, challenge: SecondFactorChallenge) -> None:
        """Updates a challenge whose user is locked by this unit of work."""

    @abstractmethod
    def find_by_hash(self, secret_hash: str) -> SecondFactorChallenge | None:
        """The one that this is the hash of, spent or not."""

    @abstractmethod
    def delete_expired(self, before: datetime, *, limit: int) -> int:
        """Removes those that expired before then, used or not; returns how many, at most ``limit``.

        Rows that another unit of work holds are left to it.
        """
