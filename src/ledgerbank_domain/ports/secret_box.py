"""Encryption of secrets that must be read again, and new secrets."""

from abc import abstractmethod
from typing import Protocol


class SecretBox(Protocol):
    """Authenticated encryption under a ring of keys: the newest seals, all of them open.

    Safe to share between threads.
    """

    @abstractmethod
    def seal(self, secret: str, *, bound_to: str) -> bytes:
        """The secret, encrypted for one place.

        ``bound_to`` names the row and column it is for: in another place it cannot be opened.
        """

    @abstractmethod
    def open(self, sealed: bytes, *, bound_to: str) -> str:
        """The secret that was sealed for this place.

        Raises ``configuration_error`` when no key of the ring opens it there.
        """

    @abstractmethod
    def is_outdated(self, sealed: bytes) -> bool:
        """Whether it was sealed with another key than the newest."""


class SecretGenerator(Protocol):
    """New secrets, from the operating system's own randomness."""

    @abstractmethod
    def new_secret(self) -> str:
        """256 random bits, base64url without padding. Safe to share between threads."""
